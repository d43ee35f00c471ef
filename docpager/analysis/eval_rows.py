"""One question of a run beside what is known to be right: the answer, its citations, and the paper pages read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from docpager.analysis.eval_gold import Gold, same_document
from docpager.analysis.eval_words import exact_match, said, token_f1
from docpager.analysis.evidence import bears, bears_words, evidence_texts, letters_and_digits, pages_of
from docpager.analysis.gold_numbers import GoldNumber
from docpager.protocols import Archive
from docpager.records import VERIFIED_STATUSES, Citation, ExitStatus, VerifyStatus
from docpager.table_rows import is_year

Row = Mapping[str, Any]
_PASSAGE_LETTERS = 24
"""So many letters and digits make a passage that is found nowhere by chance."""


class Verdict(StrEnum):
    """What became of a question."""

    CORRECT = "correct"
    """The gold answer was given; or nothing was, where nothing answers the question."""
    WRONG = "wrong"
    """An answer was given, and it is not the gold one."""
    ABSTAINED = "abstained"
    """No answer was given, though there is one."""
    FAILED = "failed"
    """No answer was given, and not by choice: an error, a limit, an invalid row."""


@dataclass(frozen=True, slots=True)
class EvalRow:
    """A row of ``eval.parquet``. None is unknown or not applicable, never zero."""

    question_id: str
    doc_id: str | None
    question: str
    exit_status: str
    answer: str | None
    gold_answers: list[str] | None
    """None where the gold file has no row for the question; empty where nothing answers it."""
    verdict: str | None
    exact_match: float | None = None
    token_f1: float | None = None
    numeric_match: float | None = None
    """None where the gold answer is no number."""
    answer_in_citations: float | None = None
    any_gold_read: float | None = None
    all_gold_read: float | None = None
    any_gold_cited: float | None = None
    all_gold_cited: float | None = None
    citation_precision: float | None = None
    """The share of the citations that stand on gold pages; None where nothing is cited."""
    citation_recall: float | None = None
    """The share of the gold pages that are cited; None where nothing is answered."""
    verified: float | None = None
    """The share of the citations that are exact or normalized."""
    confidence: float | None = None
    n_citations: int | None = None
    steps: int | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    cacheable_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    latency_seconds: float | None = None
    judge_model: str | None = None
    judge_correct: float | None = None
    judge_entailed: float | None = None
    judge_error: str | None = None
    """Why the judge gave no judgement."""
    quotes: list[str] = field(default_factory=list)
    """The texts cited."""

    @property
    def has_gold(self) -> bool:
        """Whether the gold file has a row for it."""
        return self.gold_answers is not None

    @property
    def is_right(self) -> bool:
        """Whether its verdict is correct."""
        return self.verdict == Verdict.CORRECT

    def judged(self, **found: Any) -> EvalRow:
        """The row with a judge's columns."""
        return replace(self, **found)


def eval_row(answer: Row, cited: Sequence[Row], gold: Gold | None, archive: Archive | None) -> EvalRow:
    """A question's row; without an archive what was read is unknown, and lines are the quotes as they are kept."""
    quotes = [row["quote"] for row in cited]
    counted = {name: answer.get(name) for name in _COUNTED}
    row = EvalRow(
        answer["question_id"],
        answer["doc_id"],
        answer["question"],
        answer["exit_status"],
        answer["answer"],
        None if gold is None else list(gold.answers),
        None if gold is None else str(verdict(answer, gold)),
        verified=_share(row["verify_status"] in VERIFIED_STATUSES for row in cited),
        quotes=quotes,
        **counted,
    )
    if gold is None:
        return row
    return replace(row, **_words(answer, cited, gold, archive), **_pages(answer, cited, gold, archive))


_COUNTED = (
    *("confidence", "n_citations", "steps", "prompt_tokens", "cached_tokens", "cacheable_tokens"),
    *("completion_tokens", "cost_usd", "latency_seconds"),
)


def verdict(answer: Row, gold: Gold) -> Verdict:
    """What became of a question, by its answer's own words."""
    if answer["answer"] is None:
        abstained = answer["exit_status"] == ExitStatus.ABSTAINED
        if abstained and not gold.answerable:
            return Verdict.CORRECT
        return Verdict.ABSTAINED if abstained else Verdict.FAILED
    if not gold.answerable:
        return Verdict.WRONG
    numbers = gold_numbers(gold, answer["question"])
    words = said(answer["answer"])
    right = any(_given(number, answer) for number in numbers) or exact_match(words, gold.answers)
    # A gold answer that is a number is compared as one: its digits also stand in other numbers and in dates.
    texts = [text for text in gold.answers if _number(text, gold, answer["question"]) is None]
    return Verdict.CORRECT if right or bears_words([words], texts) else Verdict.WRONG


def gold_numbers(gold: Gold, question: str) -> list[GoldNumber]:
    """Those of the gold answers that are one number each, with the gold file's unit and tolerance."""
    found = [_number(answer, gold, question) for answer in gold.answers]
    return [number for number in found if number is not None]


def _number(text: str, gold: Gold, question: str) -> GoldNumber | None:
    """A gold answer as a number; None where it is none, or a year: that is a word like others."""
    number = GoldNumber.of(f"{text} {gold.unit}", question) if gold.unit else None
    number = number or GoldNumber.of(text, gold.unit or question)
    if number is None or is_year(number.figure, text):
        return None
    return number if gold.tolerance is None else replace(number, tolerance=gold.tolerance)


def _given(number: GoldNumber, answer: Row) -> bool:
    return number.is_given_by(answer["answer"], answer["answer_value"])


def _words(answer: Row, cited: Sequence[Row], gold: Gold, archive: Archive | None) -> dict[str, Any]:
    """How the answer's words and its cited lines compare; nothing where there is no answer, or nothing answers."""
    if not gold.answerable or not gold.answers:
        return {}
    numbers, words = gold_numbers(gold, answer["question"]), said(answer["answer"])
    texts = _cited_texts(cited, archive)
    return {
        "exact_match": float(exact_match(words, gold.answers)),
        "token_f1": token_f1(words, gold.answers),
        "numeric_match": float(any(_given(number, answer) for number in numbers)) if numbers else None,
        "answer_in_citations": float(
            bears(texts, gold.answers) or any(number.is_given_by(text) for number in numbers for text in texts)
        ),
    }


def _cited_texts(cited: Sequence[Row], archive: Archive | None) -> list[str]:
    """The lines cited, as far as they count: the first 3 lines and 90 words of the answer."""
    if archive is None:
        return [row["quote"] for row in cited]
    names = [f.name for f in fields(Citation)]
    found: list[dict[str, Any]] = [{name: row.get(name) for name in names} for row in cited]
    return evidence_texts(archive, [Citation(**(row | _status(row))) for row in found])


def _status(row: Row) -> dict[str, VerifyStatus]:
    return {"verify_status": VerifyStatus(row["verify_status"])}


def _pages(answer: Row, cited: Sequence[Row], gold: Gold, archive: Archive | None) -> dict[str, Any]:
    answered = answer["answer"] is not None
    if not gold.pages:
        return _passages(answer, cited, gold, archive) if gold.texts else {}
    read_ids = answer["read_segment_ids"]
    read = None if archive is None or read_ids is None else pages_of(archive, read_ids)
    places = [(row["doc_path"], row["page_number"]) for row in cited]
    on_gold = [any(_same(page, place) for page in gold.pages) for place in places]
    reached = None if read is None else [any(_same(page, place) for place in read) for page in gold.pages]
    shown = [any(_same(page, place) for place in places) for page in gold.pages]
    return {
        "any_gold_read": None if reached is None else float(any(reached)),
        "all_gold_read": None if reached is None else float(all(reached)),
        "any_gold_cited": float(any(shown)),
        "all_gold_cited": float(all(shown)),
        "citation_precision": _share(on_gold),
        "citation_recall": _share(shown) if answered else None,
    }


def _passages(answer: Row, cited: Sequence[Row], gold: Gold, archive: Archive | None) -> dict[str, Any]:
    """The same for evidence that is given by its words alone: read where a segment read holds it, or part of it."""
    wanted = [letters_and_digits(text) for text in gold.texts]
    ids = answer["read_segment_ids"]
    read: list[str] | None = None
    if archive is not None and ids is not None:
        read = [letters_and_digits(segment.text) for segment in archive.segments(list(dict.fromkeys(ids)))]
    quotes = [letters_and_digits(row["quote"]) for row in cited]
    reached = None if read is None else [any(_overlap(text, one) for one in read) for text in wanted]
    shown = [any(_overlap(text, quote) for quote in quotes) for text in wanted]
    return {
        "any_gold_read": None if reached is None else float(any(reached)),
        "all_gold_read": None if reached is None else float(all(reached)),
        "any_gold_cited": float(any(shown)),
        "all_gold_cited": float(all(shown)),
        "citation_precision": _share(any(_overlap(text, quote) for text in wanted) for quote in quotes),
        "citation_recall": _share(shown) if answer["answer"] is not None else None,
    }


def _overlap(text: str, other: str) -> bool:
    """Whether one holds the other; what is too short to be found by design has to be all of it."""
    short, long = sorted((text, other), key=len)
    return bool(short) and short in long and (len(short) >= _PASSAGE_LETTERS or short == text)


def _same(page: tuple[str, int], place: tuple[str | None, int | None]) -> bool:
    return page[1] == place[1] and place[0] is not None and same_document(page[0], place[0])


def _share(marks: Iterable[bool]) -> float | None:
    found = list(marks)
    return sum(found) / len(found) if found else None


def pair(golds: Sequence[Gold], answers: Sequence[Row]) -> Iterator[tuple[Row, Gold | None]]:
    """Each answer with its gold row: by the question's id, else by its words."""
    by_id = {gold.question_id: gold for gold in golds if gold.question_id is not None}
    by_words = {_folded(gold.question): gold for gold in golds if gold.question is not None}
    for answer in answers:
        yield answer, by_id.get(answer["question_id"]) or by_words.get(_folded(answer["question"]))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
