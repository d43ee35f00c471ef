"""What a perfect reader knows beforehand: for each question the answers, or the pages they stand on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.errors import MissingInputError, QuestionFileError
from docpager.transcript import ANSWER_REQUESTS, fold

_ASKED_FOR = re.compile("|".join(re.escape(" " + fold(text)) for text in ANSWER_REQUESTS.values()))
_TITLE = re.compile(r' "[^"]*"$')
"""The title that may stand behind a document's path."""
_EXAMPLE = '{"question": "...", "answers": ["..."], "pages": [{"document": "...", "page_number": 1}]}'


@dataclass(frozen=True, slots=True)
class GoldPage:
    """A paper page that bears the answer."""

    document: str
    """Its path, the end of it, or the file's name with or without its ending."""
    page_number: int | None = None
    """From 1; None: any page of the document."""

    def is_shown_as(self, document: str, page_number: int) -> bool:
        """Whether a page with this document, as the model sees it (``d3 reports/acme.pdf``), is this one."""
        if self.page_number not in (None, page_number):
            return False
        path = _TITLE.sub("", document.split(" ", 1)[-1])
        name = path.rsplit("/", 1)[-1]
        return path.endswith("/" + self.document) or self.document in (path, name, name.rsplit(".", 1)[0])


@dataclass(frozen=True, slots=True)
class GoldAnswer:
    """What ends a perfect reader's work on one question."""

    question: str
    answers: tuple[str, ...] = ()
    """Any of them is the answer. Where pages are given too, they are said, and the pages are looked for."""
    pages: tuple[GoldPage, ...] = ()
    """Any of them is the evidence."""
    follow: str = ""
    """The first key of a chain: its value is looked for, then that value's own, until a value is no key: the answer."""

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> GoldAnswer:
        """A row of a gold file; raises ``ValueError`` for one that lacks what it needs."""
        question, answers, pages = row.get("question"), row.get("answers") or (), row.get("pages") or ()
        if not isinstance(question, str) or not question.strip():
            raise ValueError("it has no question")
        if not answers and not pages and not row.get("follow"):
            raise ValueError("it has neither answers nor pages, and no key to follow")
        return cls(
            question,
            tuple(map(str, [answers] if isinstance(answers, str) else answers)),
            tuple(GoldPage(str(page["document"]), page.get("page_number")) for page in pages),
            str(row.get("follow") or ""),
        )


class Gold:
    """Gold answers by their question's text."""

    def __init__(self, answers: Iterable[GoldAnswer]) -> None:
        self._answers = {_key(answer.question): answer for answer in answers}

    def __len__(self) -> int:
        return len(self._answers)

    @classmethod
    def load(cls, path: Path | str) -> Gold:
        """Reads a JSONL file, one question a line::

            {"question": "Who is captain?", "answers": ["Jon Dahl"]}
            {"question": "What was revenue?", "pages": [{"document": "acme-10k.pdf", "page_number": 42}]}
            {"question": "What does key a3 lead to in the end?", "follow": "a3"}

        Other members, as ``question_id``, are passed over. Raises ``MissingInputError`` for a file that is not there
        and ``QuestionFileError``, naming the line, for one that cannot be read.
        """
        try:
            lines = Path(path).read_text(encoding="utf-8").split("\n")
        except OSError as error:
            raise MissingInputError(f"Cannot read the gold file {path}: {error.strerror}.") from None
        answers = []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                answers.append(GoldAnswer.read(json.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise QuestionFileError(
                    f"Line {number} of the gold file {path} cannot be used: {error}. Write each as {_EXAMPLE}."
                ) from None
        return cls(answers)

    def find(self, asked: str) -> GoldAnswer | None:
        """The gold for a question as the model is asked it; None where there is none."""
        return self._answers.get(_key(asked))


def _key(question: str) -> str:
    """A question's words without what is asked for behind it, as in ``(Answer with a date.)``."""
    return fold(_ASKED_FOR.sub("", " " + fold(question))).casefold()
