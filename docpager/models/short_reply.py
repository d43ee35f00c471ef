"""What a weak model meant: its reply read leniently, and its words traced to the lines that bear them.

A reply is one of three: an answer with addresses, a wish for more, or that nothing was found. It may come as a call, as
JSON of another shape, or in plain words with addresses among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from docpager.errors import TranscriptError
from docpager.figures import DIGITS
from docpager.loose_json import first_object, loads
from docpager.models.short_prompt import CITE, ShortPrompt
from docpager.models.stemming import stems
from docpager.records import Address, ModelReply
from docpager.transcript import fold, parse_addresses

LEAST_SHARED = 0.6
"""A line bears an answer where it has all its numbers and so many of the words that it adds to the question."""
LONGEST_RANGE = 12
"""A range of more lines says nothing of where the answer stands."""
_SPACED = re.compile(r"\b[pP](\d+)\s*[:,]?\s*(?:lines?\s*)?(?<=[\s:])(\d+)")
_MARKS = re.compile(r"\s*[\[(]*\bp\d+:\d+(?:-(?:p\d+:)?\d+)?(?:[,;\s]+p\d+:\d+(?:-(?:p\d+:)?\d+)?)*[\])]*")
_NUMBER = re.compile(DIGITS)
_NOTHING = re.compile(
    r"\b(?:not|n't|cannot|no (?:line|page|answer|information|mention)|none)\b.{0,60}"
    r"\b(?:say|says|state|stated|mention\w*|contain\w*|hold|speak|found|provide\w*|answer\w*|specif\w+|available|given)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """An answer and the lines that bear it."""

    text: str
    addresses: tuple[Address, ...]
    traced: bool = False
    """Whether docpager, not the model, named the lines."""


@dataclass(frozen=True, slots=True)
class More:
    """A wish for other pages."""

    query: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """The pages do not say it."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A reply that is none of these, and what is wrong with it, for the model."""

    why: str


Meaning = Found | More | Nothing | Unusable


def meaning_of(reply: ModelReply, prompt: ShortPrompt) -> Meaning:
    """What a reply to a prompt means."""
    said = _said(reply)
    if said is None:
        return _in_words(reply.text, prompt)
    name, arguments = said
    if name == "more":
        return More(fold(str(arguments.get("query") or "")))
    if name in ("nothing", "abstain"):
        return Nothing()
    texts, cited = _answer_in(arguments)
    return _answer(" ".join(texts), cited, prompt)


def _said(reply: ModelReply) -> tuple[str, Mapping[str, Any]] | None:
    """Which of the three a reply chose, and its arguments; None where it only talks."""
    if reply.tool_calls:
        call = reply.tool_calls[0]
        try:
            arguments = loads(call.arguments or "{}")
        except ValueError:
            return None
        return call.name.lower(), arguments if isinstance(arguments, Mapping) else {}
    found = first_object(reply.text)
    if found is None:
        return None
    name = str(found.get("tool") or found.get("name") or "").lower()
    arguments = found.get("arguments", found.get("parameters", found))
    if not isinstance(arguments, Mapping):
        arguments = {"text": str(arguments)}
    if name in ("answer", "more", "nothing", "abstain"):
        return name, arguments
    # Without a name, the fields tell: {"answer": "...", "addresses": [...]}, {"query": "..."}, {"nothing": true}.
    chosen = next((key for key in ("more", "nothing", "abstain") if found.get(key)), None)
    if "query" in found or chosen == "more":
        return "more", {"query": found.get("query") or (found["more"] if isinstance(found.get("more"), str) else "")}
    return ("nothing", {}) if chosen else ("answer", found)


def _answer_in(arguments: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The words of an answer and what it cites, whatever the fields are called."""
    statements = arguments.get("statements")
    if isinstance(statements, list):
        parts = [_answer_in(s if isinstance(s, Mapping) else {"text": s}) for s in statements]
        return [text for texts, _ in parts for text in texts], [cited for _, listed in parts for cited in listed]
    texts = [str(arguments[key]) for key in ("text", "answer", "statement") if isinstance(arguments.get(key), str)]
    cited = [item for key in ("addresses", "address", "lines", "cite") for item in _listed(arguments.get(key))]
    return texts[:1], cited


def _listed(value: Any) -> Iterator[str]:
    if value:
        yield from map(str, value if isinstance(value, list) else [value])


def _in_words(text: str, prompt: ShortPrompt) -> Meaning:
    """A reply in plain words."""
    if not fold(text):
        return Unusable("Your reply was empty.")
    if "{" in text:
        return Unusable("Your reply is JSON that breaks off or cannot be read.")
    if _NOTHING.search(text) and not _addresses([text]):
        return Nothing()
    return _answer(text, [], prompt)


def _answer(text: str, cited: Iterable[str], prompt: ShortPrompt) -> Meaning:
    """An answer with the lines it cites where they bear it, else with those that do."""
    text = _plain(text)
    given = _addresses([*map(_plain, cited), text])
    words = fold(_MARKS.sub("", text))
    shown = tuple(address for address in given if _is_shown(address, prompt))
    if _only_asks(words, prompt.question):
        return Unusable("Your answer only repeats the question.")
    if not words:
        if not shown:
            return Unusable("Your answer has no words.")
        words = fold(" ".join(_text_of(address, prompt) for address in shown[:2]))
    if shown and any(bears(_text_of(address, prompt), words, prompt.question) for address in shown):
        return Found(words, shown)
    if traced := worked_out(words, prompt) or best_line(words, prompt):
        return Found(words, traced, traced=True)
    if shown:
        return Found(words, shown)
    if given:
        return Unusable(f"There is no line {given[0]} among the lines you were shown.")
    return Unusable("Your answer names no line, and no line says what it says.")


def _plain(text: str) -> str:
    """A text with its addresses written as docpager does: ``P7 line 2`` is ``p7:2``."""
    return _SPACED.sub(r"p\1:\2", text)


def _addresses(texts: Iterable[str]) -> tuple[Address, ...]:
    found: list[Address] = []
    for text in texts:
        try:
            found += parse_addresses(text)
        except TranscriptError:
            continue
    return tuple(a for a in dict.fromkeys(found) if a.last_line - a.first_line < LONGEST_RANGE)


def _is_shown(address: Address, prompt: ShortPrompt) -> bool:
    return all((address.handle, n) in prompt.lines for n in range(address.first_line, address.last_line + 1))


def _text_of(address: Address, prompt: ShortPrompt) -> str:
    return " ".join(prompt.lines[address.handle, n] for n in range(address.first_line, address.last_line + 1))


def _only_asks(words: str, question: str) -> bool:
    """Whether an answer says most of the question and nothing else; one of two things to choose from says less."""
    said, asked = set(stems(words)), set(stems(question))
    return bool(said) and said <= asked and len(said) > LEAST_SHARED * len(asked)


# Tracing


def bears(line: str, words: str, question: str) -> bool:
    """Whether a line has the numbers of an answer and most of the words it adds to the question."""
    return _shared(line, words, question) >= LEAST_SHARED


def worked_out(words: str, prompt: ShortPrompt) -> tuple[Address, ...]:
    """The lines a calculation rests on, where an answer's numbers are its result; none where they are none's."""
    numbers = set(map(_bare, _NUMBER.findall(words)))
    for told in prompt.aside:
        result, _, cited = told.rpartition(" = ")[2].partition(CITE)
        if numbers and numbers <= set(map(_bare, _NUMBER.findall(result))):
            return _addresses([cited])
    return ()


def best_line(words: str, prompt: ShortPrompt) -> tuple[Address, ...]:
    """The line that bears an answer best; none where none does."""
    asked = set(stems(prompt.question))
    best: tuple[float, float, Address] | None = None
    for (handle, number), line in prompt.lines.items():
        share = _shared(line, words, prompt.question)
        if share < LEAST_SHARED:
            continue
        of_question = len(asked & set(stems(line))) / (len(asked) or 1)
        if best is None or (share, of_question) > best[:2]:
            best = (share, of_question, Address(handle, number, number))
    return (best[2],) if best else ()


def _shared(line: str, words: str, question: str) -> float:
    """The share of an answer's own words that a line has; 0 where it lacks one of its numbers, or it has no words."""
    numbers = set(map(_bare, _NUMBER.findall(words)))
    if not numbers <= set(map(_bare, _NUMBER.findall(line))):
        return 0.0
    said = dict.fromkeys(stem for stem in stems(words) if not stem[:1].isdigit())
    asked = set(stems(question))
    own = [stem for stem in said if stem not in asked] or ([] if numbers else [*said])
    if not own:
        return 1.0 if numbers else 0.0
    held = set(stems(line))
    share = sum(stem in held for stem in own) / len(own)
    return max(share, LEAST_SHARED) if numbers and share >= LEAST_SHARED / 2 else share


def _bare(number: str) -> str:
    return re.sub(r"[^\d.]", "", number).rstrip(".")
