"""FinanceBench: filings as PDFs, questions with the paper pages that bear the answer, beside top-k at equal cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.analysis.bench_asking import AskAll, Asked, Chosen, answer_record, words_and_citations
from docpager.analysis.bench_data import data_file, json_records
from docpager.analysis.evidence import PagesReached, pages_of
from docpager.analysis.gold_numbers import GoldNumber
from docpager.analysis.intervals import Share
from docpager.analysis.one_prompt import right_by_words
from docpager.analysis.top_k import TopK, top_k
from docpager.errors import QuestionFileError
from docpager.protocols import Archive, TokenCounter
from docpager.records import ExitStatus, Question
from docpager.settings import AgentSettings

PDFS, QUESTIONS = "pdfs", "questions.jsonl"
_FIELDS = ("question_id", "question", "answer", "evidence")


@dataclass(frozen=True, slots=True)
class FinanceQuestion:
    """A question, its gold answer, and the paper pages it rests on."""

    question: Question
    answer: str
    gold: frozenset[tuple[str, int]]

    @property
    def number(self) -> GoldNumber | None:
        """The gold answer where it is one number."""
        return GoldNumber.of(self.answer, self.question.question)


@dataclass(frozen=True, slots=True)
class FinanceRow:
    """What became of one question."""

    question: FinanceQuestion
    asked: Asked
    pages: PagesReached
    equal_cost: TopK
    """One prompt of as many tokens as the question cost, cached ones at a tenth."""
    equal_text: TopK
    """One prompt of as many tokens as the document text that was shown."""

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer, under whatever status."""
        return self.asked.answer.answer is not None

    @property
    def number_right(self) -> bool | None:
        """Whether the answer gives the gold number; None where the gold answer is none."""
        number, answer = self.question.number, self.asked.answer
        return None if number is None else number.is_given_by(answer.answer, answer.answer_value)

    @property
    def number_right_as_stated(self) -> bool | None:
        """The same, a number without a scale word taken as it stands."""
        number, answer = self.question.number, self.asked.answer
        return None if number is None else number.is_given_by(answer.answer, answer.answer_value, as_stated=True)

    @property
    def number_verdict(self) -> str | None:
        """right, wrong or abstained; None where the gold answer is no number."""
        right = self.number_right
        return None if right is None else "right" if right else "wrong" if self.is_answered else "abstained"

    @property
    def is_right_by_words(self) -> bool:
        """Whether the answer's own words give the gold number, or the gold text."""
        return right_by_words(self.asked.answer.answer, [self.question.answer], self.question.question.question)

    def as_record(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return {
            "question_id": self.question.question.question_id,
            "gold_pages": sorted(self.pages.gold),
            "gold_answer": self.question.answer,
            "any_resident": self.pages.any_read,
            "all_resident": self.pages.all_read,
            "any_cited": self.pages.any_cited,
            "pages_read": len(self.pages.read),
            "cited_pages": sorted(self.pages.cited),
            "number": self.number_verdict,
            "number_as_stated": self.number_right_as_stated,
            "right_by_words": self.is_right_by_words,
            **answer_record(self.asked),
            **_top_k_record("top_k_equal_cost", self.equal_cost, self.pages.gold),
            **_top_k_record("top_k_equal_text", self.equal_text, self.pages.gold),
        }


def _top_k_record(name: str, found: TopK, gold: frozenset[tuple[str, int]]) -> dict[str, Any]:
    return {
        name: found.k,
        f"{name}_tokens": found.prompt_tokens,
        f"{name}_any": bool(gold & found.pages),
        f"{name}_all": gold <= found.pages,
    }


def pdf_folder(data: Path) -> Path:
    """Where the filings are; raises ``MissingInputError``."""
    return data_file(data, PDFS)


def finance_questions(data: Path, choose: Chosen) -> list[FinanceQuestion]:
    """The chosen questions; raises ``MissingInputError`` or ``QuestionFileError``."""
    path = data_file(data, QUESTIONS)
    records = choose(json_records(path, _FIELDS))
    return [_question(row, record, path) for row, record in enumerate(records)]


def _question(row: int, record: dict[str, Any], path: Path) -> FinanceQuestion:
    try:
        gold = frozenset((str(e["document"]), int(e["page"])) for e in record["evidence"])
    except (TypeError, KeyError, ValueError):
        gold = frozenset()
    if not gold:
        raise QuestionFileError(f"{record['question_id']} in {path} has no evidence with document and page.")
    return FinanceQuestion(
        Question(str(record["question_id"]), row, str(record["question"])), str(record["answer"]), gold
    )


def bench_financebench(
    questions: Sequence[FinanceQuestion],
    archive: Archive,
    settings: AgentSettings,
    ask_all: AskAll,
    counter: TokenCounter,
) -> list[FinanceRow]:
    """Asks the questions of an archive that holds all filings, and searches it once more for the top-k peers."""
    answers = ask_all([question.question for question in questions], settings)
    return [_row(question, asked, archive, counter) for question, asked in zip(questions, answers, strict=True)]


def _row(question: FinanceQuestion, asked: Asked, archive: Archive, counter: TokenCounter) -> FinanceRow:
    answer, text = asked.answer, question.question.question
    cited = frozenset((c.doc_path, c.page_number) for c in answer.citations if c.page_number is not None)
    reached = PagesReached(question.gold, pages_of(archive, answer.coverage.read_segment_ids), cited)
    equal_cost = top_k(archive, text, asked.cost_tokens, counter)
    return FinanceRow(question, asked, reached, equal_cost, top_k(archive, text, asked.shown_tokens, counter))


def evidence_shares(rows: Sequence[FinanceRow]) -> Iterator[tuple[str, Share]]:
    """How often the gold pages were reached and cited, by us and by the peers."""
    yield "any gold page resident", Share.where(row.pages.any_read for row in rows)
    yield "all gold pages resident", Share.where(row.pages.all_read for row in rows)
    for name, peers in (("cost", [r.equal_cost for r in rows]), ("text", [r.equal_text for r in rows])):
        pairs = [(row.pages.gold, peer.pages) for row, peer in zip(rows, peers, strict=True)]
        yield f"top-k at equal {name}: any", Share.where(bool(gold & found) for gold, found in pairs)
        yield f"top-k at equal {name}: all", Share.where(gold <= found for gold, found in pairs)
    yield "gold page cited", Share.where(row.pages.any_cited for row in rows)
    hit = sum(len(row.pages.gold & row.pages.cited) for row in rows)
    yield "citation precision (pages)", Share(hit, sum(len(row.pages.cited) for row in rows))
    yield "citation recall (pages)", Share(hit, sum(len(row.pages.gold) for row in rows))
    yield from words_and_citations((row.is_right_by_words for row in rows), [row.asked for row in rows])


def answer_shares(rows: Sequence[FinanceRow]) -> Iterator[tuple[str, Share]]:
    """How questions ended, and the verdicts on those whose gold answer is a number."""
    statuses = [row.asked.answer.exit_status for row in rows]
    yield "abstained, of all", Share.where(status is ExitStatus.ABSTAINED for status in statuses)
    yield (
        "ended otherwise unanswered",
        Share.where(
            not row.is_answered and status is not ExitStatus.ABSTAINED
            for row, status in zip(rows, statuses, strict=True)
        ),
    )
    verdicts = [row.number_verdict for row in rows if row.number_verdict is not None]
    for verdict in ("right", "wrong", "abstained"):
        yield f"numeric answers: {verdict}", Share.where(found == verdict for found in verdicts)
    yield "numeric answers: right, scale said", Share.where(row.number_right_as_stated for row in rows)
