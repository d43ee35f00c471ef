"""The usual peer with the run's own model: the best passages of one search and the question, in one plain prompt."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from docpager.analysis.evidence import bears
from docpager.analysis.gold_numbers import GoldNumber
from docpager.analysis.intervals import Share
from docpager.analysis.top_k import passage
from docpager.errors import ModelError
from docpager.protocols import Archive, ChatModel
from docpager.records import Message, ModelRequest, Question, Role, Usage

INSTRUCTIONS = "Answer the question in a few words from the passages."
MOST_REPLY_TOKENS = 200
_MARKERS = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True, slots=True)
class OnePrompt:
    """What the model made of one prompt."""

    k: int
    text: str | None
    """None where the model failed."""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    error_message: str | None = None

    def as_record(self, is_right: bool) -> dict[str, Any]:
        """The fields that a row has of it."""
        return {
            f"top_{self.k}_answer": self.text,
            f"top_{self.k}_right_by_words": is_right,
            f"top_{self.k}_prompt_tokens": self.usage.prompt_tokens,
            f"top_{self.k}_completion_tokens": self.usage.completion_tokens,
            f"top_{self.k}_seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Peers:
    """What one prompt each gave, by the number of passages in it, in the order of the questions."""

    found: Mapping[int, Sequence[OnePrompt]]
    right: Mapping[int, Sequence[bool]]
    """By the words of the answer."""

    def records(self, questions: int) -> Iterator[dict[str, Any]]:
        """The fields that each question's row has of its peers."""
        for row in range(questions):
            fields: dict[str, Any] = {}
            for k, answers in self.found.items():
                fields |= answers[row].as_record(self.right[k][row])
            yield fields

    def shares(self) -> Iterator[tuple[str, Share]]:
        """How often each peer was right."""
        for k, right in self.right.items():
            yield f"top {k} in one prompt: right by its words", Share.where(right)

    def costs(self) -> Iterator[tuple[str, Sequence[float]]]:
        """What each peer's prompts cost, by name."""
        for k, answers in self.found.items():
            yield f"top {k}: prompt tokens", [answer.usage.prompt_tokens for answer in answers]
            yield f"top {k}: completion tokens", [answer.usage.completion_tokens for answer in answers]
            yield f"top {k}: seconds", [answer.seconds for answer in answers]


async def ask_in_one_prompt(
    questions: Sequence[Question], archive: Archive, model: ChatModel, k: int, told: Callable[[], None]
) -> list[OnePrompt]:
    """Each question with its ``k`` best passages, one request after the other; ``told`` after each.

    The prompt is as long as the passages are: nothing bounds it but ``k``.
    """
    found = []
    for question in questions:
        hits = archive.search(question.question, limit=k)
        text = "\n".join(f"[{n}] {passage(hit)}" for n, hit in enumerate(hits, start=1))
        messages = (
            Message(Role.SYSTEM, INSTRUCTIONS),
            Message(Role.USER, f"{text}\nQuestion: {question.question}\nAnswer:"),
        )
        clock = time.monotonic()
        try:
            reply = await model.complete(ModelRequest(messages, (), MOST_REPLY_TOKENS))
        except ModelError as error:
            found.append(OnePrompt(k, None, seconds=time.monotonic() - clock, error_message=str(error)))
        else:
            found.append(OnePrompt(k, reply.text, reply.usage, time.monotonic() - clock))
        told()
    return found


def right_by_words(answer: str | None, golds: Iterable[str], question: str = "") -> bool:
    """Whether an answer's words give a gold answer: its number where it is one, else its letters and digits."""
    said = _MARKERS.sub("", answer or "")
    for gold in golds:
        number = GoldNumber.of(gold, question) if question else None
        if bears([said], [gold]) or (number is not None and number.is_given_by(said)):
            return True
    return False
