"""Natural Questions over Wikipedia passages: the gold passage read, the gold answer in the lines cited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from docpager.analysis.bench_asking import AskAll, Asked, Chosen, answer_record, words_and_citations
from docpager.analysis.bench_data import data_file, json_records
from docpager.analysis.evidence import bears, bears_words, evidence_texts
from docpager.analysis.intervals import Share
from docpager.analysis.one_prompt import right_by_words
from docpager.analysis.risk_coverage import RiskPoint, risk_coverage
from docpager.protocols import Archive
from docpager.records import ExitStatus, Question
from docpager.settings import AgentSettings

CORPUS, QUESTIONS = "corpus.jsonl", "questions.jsonl"
_FIELDS = ("question_id", "question", "answers", "gold_id")


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question, the strings that answer it, and the passage that holds one of them."""

    question: Question
    answers: tuple[str, ...]
    gold_path: str
    """The passage's path in the archive."""


@dataclass(frozen=True, slots=True)
class OpenRow:
    """What became of one question."""

    question: OpenQuestion
    asked: Asked
    resident: bool
    """Whether the gold passage was read."""
    texts: tuple[str, ...]
    """What the answer cites, as far as it counts."""
    forced: tuple[float | None, bool]
    """Confidence, and whether it is right, were it never to abstain."""

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer, under whatever status."""
        return self.asked.answer.answer is not None

    @property
    def is_right(self) -> bool:
        """Whether the lines cited hold an answer string, by letters and digits."""
        return bears(self.texts, self.question.answers)

    @property
    def is_right_in_words(self) -> bool:
        """Whether they hold one as whole words."""
        return bears_words(self.texts, self.question.answers)

    @property
    def is_right_by_words(self) -> bool:
        """Whether the answer's own words hold one."""
        return right_by_words(self.asked.answer.answer, self.question.answers)

    def as_record(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return {
            "question_id": self.question.question.question_id,
            "gold_path": self.question.gold_path,
            "gold_answers": list(self.question.answers),
            "resident": self.resident,
            "right": self.is_right,
            "right_in_words": self.is_right_in_words,
            "right_by_words": self.is_right_by_words,
            "forced_confidence": self.forced[0],
            "forced_right": self.forced[1],
            **answer_record(self.asked),
        }


def corpus_file(data: Path) -> Path:
    """Where the passages are; raises ``MissingInputError``."""
    return data_file(data, CORPUS)


def open_questions(data: Path, choose: Chosen) -> list[OpenQuestion]:
    """The chosen questions; raises ``MissingInputError`` or ``QuestionFileError``."""
    return [
        OpenQuestion(
            Question(str(record["question_id"]), row, str(record["question"])),
            tuple(map(str, record["answers"])),
            f"{CORPUS}#{record['gold_id']}",
        )
        for row, record in enumerate(choose(json_records(data_file(data, QUESTIONS), _FIELDS)))
    ]


def bench_nq(
    questions: Sequence[OpenQuestion], archive: Archive, settings: AgentSettings, ask_all: AskAll
) -> list[OpenRow]:
    """Asks the questions; those that abstain once more at threshold 0, for the risk-coverage curve alone."""
    answers = ask_all([question.question for question in questions], settings)
    abstained = [q.question for q, a in zip(questions, answers) if a.answer.exit_status is ExitStatus.ABSTAINED]
    again = ask_all(abstained, replace(settings, abstain_threshold=0.0)) if abstained else []
    forced = {asked.answer.question_id: asked for asked in again}
    return [
        _row(question, asked, forced.get(question.question.question_id, asked), archive)
        for question, asked in zip(questions, answers, strict=True)
    ]


def _row(question: OpenQuestion, asked: Asked, forced: Asked, archive: Archive) -> OpenRow:
    read = archive.segments(asked.answer.coverage.read_segment_ids)
    documents = [archive.document(doc_id) for doc_id in {segment.doc_id for segment in read}]
    texts = evidence_texts(archive, forced.answer.citations)
    answered = forced.answer.answer is not None
    return OpenRow(
        question,
        asked,
        resident=any(document is not None and document.path == question.gold_path for document in documents),
        texts=tuple(texts) if forced is asked else (),
        forced=(forced.answer.confidence if answered else None, bears(texts, question.answers)),
    )


def open_shares(rows: Sequence[OpenRow]) -> Iterator[tuple[str, Share]]:
    """How often the evidence was read, and how the answers stand."""
    statuses = [row.asked.answer.exit_status for row in rows]
    yield "gold passage resident", Share.where(row.resident for row in rows)
    yield "gold answer in the lines cited", Share.where(row.is_right for row in rows)
    yield "the same, as whole words", Share.where(row.is_right_in_words for row in rows)
    yield "wrong", Share.where(row.is_answered and not row.is_right for row in rows)
    yield "abstained", Share.where(status is ExitStatus.ABSTAINED for status in statuses)
    yield "right, of those answered", Share.where(row.is_right for row in rows if row.is_answered)
    yield from words_and_citations((row.is_right_by_words for row in rows), [row.asked for row in rows])
    yield "right at threshold 0", Share.where(row.forced[1] for row in rows)


def curve(rows: Sequence[OpenRow]) -> list[RiskPoint]:
    """Risk by coverage over all questions; those abstained on with what they would have answered."""
    return risk_coverage(row.forced for row in rows)
