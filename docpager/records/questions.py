"""A question, and everything its answer carries: statements, citations, counts and the events behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar


class AnswerType(StrEnum):
    """What form of answer a question asks for."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    LIST = "list"
    CHOICE = "choice"


class ExitStatus(StrEnum):
    """How work on one question ended. An answer may stand beside the limits."""

    ANSWERED = "answered"
    UNVERIFIED = "unverified"
    """Answered, but no citation could be verified."""
    ABSTAINED = "abstained"
    STEP_LIMIT = "step_limit"
    TOKEN_LIMIT = "token_limit"  # noqa: S105
    COST_LIMIT = "cost_limit"
    TIME_LIMIT = "time_limit"
    THRASHING = "thrashing"
    MODEL_ERROR = "model_error"
    INTERNAL_ERROR = "internal_error"
    INVALID = "invalid"
    SKIPPED = "skipped"


FAILED_EXIT_STATUSES = frozenset({ExitStatus.MODEL_ERROR, ExitStatus.INTERNAL_ERROR, ExitStatus.INVALID})
"""Statuses that make a run end with exit code 3."""


class VerifyStatus(StrEnum):
    """How a citation stands against the archive."""

    EXACT = "exact"
    NORMALIZED = "normalized"
    """The same letters and digits, other spacing or punctuation."""
    RELOCATED = "relocated"
    """Elsewhere in the same document."""
    MISATTRIBUTED = "misattributed"
    """In another document."""
    NOT_FOUND = "not_found"
    STALE = "stale"
    """The document changed since the run; the quote stood in the version that was read."""


class StopReason(StrEnum):
    """Why reading stopped."""

    ALL_READ = "all_read"
    """Nothing that search listed was unread when the model ended."""
    READ_LIMIT = "read_limit"
    """The model ended, and no unread page that search listed fits the reading budget."""
    ANSWERED = "answered"
    """The model answered while listed pages were unread and could have been read."""
    ABSTAINED = "abstained"
    STEP_LIMIT = "step_limit"
    TOKEN_LIMIT = "token_limit"  # noqa: S105
    COST_LIMIT = "cost_limit"
    TIME_LIMIT = "time_limit"
    THRASHING = "thrashing"
    MODEL_ERROR = "model_error"


VERIFIED_STATUSES = frozenset({VerifyStatus.EXACT, VerifyStatus.NORMALIZED})


@dataclass(frozen=True, slots=True)
class Question:
    """One row of a question file. ``invalid_reason`` says why a row cannot be asked; it still gets an answer row."""

    question_id: str
    row: int
    """Position in the question file, from 0."""
    question: str
    documents: tuple[str, ...] = ()
    """Paths, path endings, titles or doc_ids that limit the scope; empty: the whole archive."""
    answer_type: AnswerType = AnswerType.TEXT
    input: Mapping[str, str] = field(default_factory=dict)
    """The question file's other columns."""
    invalid_reason: str | None = None
    doc_id: str | None = None
    """The document it is asked of alone, where each document is; then ``documents`` holds nothing else."""
    doc_path: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Lines ``first_line`` to ``last_line`` (from 1, inclusive) of the page with this handle, as in ``p7:12-14``."""

    handle: str
    first_line: int
    last_line: int

    def __str__(self) -> str:
        lines = f"{self.first_line}" if self.first_line == self.last_line else f"{self.first_line}-{self.last_line}"
        return f"{self.handle}:{lines}"


@dataclass(frozen=True, slots=True)
class Citation:
    """One row of ``citations``: a quote that docpager copied from the archive, and how it was checked."""

    citation_id: str
    n: int
    """The number in square brackets in the answer, from 1."""
    claim: str
    doc_id: str
    doc_path: str
    doc_title: str | None
    doc_sha256: str | None
    page_number: int | None
    page_label: str | None
    headings: tuple[str, ...]
    segment_id: str | None
    char_start: int | None
    char_end: int | None
    quote: str
    context_before: str
    context_after: str
    verify_status: VerifyStatus
    match_score: float | None = None
    supported: bool | None = None
    page_in_step: int | None = None
    retrieval_rank: int | None = None
    retrieval_score: float | None = None
    found_doc_path: str | None = None
    """Where a quote stands that is not where it was said to stand."""
    found_page_number: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and cost of model calls; None where the endpoint did not say."""

    prompt_tokens: int = 0
    cached_tokens: int | None = None
    completion_tokens: int = 0
    reasoning_tokens: int | None = None
    cost_usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            _known_sum(self.cached_tokens, other.cached_tokens),
            self.completion_tokens + other.completion_tokens,
            _known_sum(self.reasoning_tokens, other.reasoning_tokens),
            _known_sum(self.cost_usd, other.cost_usd),
        )


Number = TypeVar("Number", int, float)


def _known_sum(a: Number | None, b: Number | None) -> Number | None:
    if a is None:
        return b
    return a if b is None else a + b


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One row of ``trace``: something that happened to memory, or a call to model or archive."""

    step: int
    event: str
    page_ids: tuple[str, ...] = ()
    page_tokens: tuple[int, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    tokens_before: int | None = None
    tokens_after: int | None = None
    capacity: int | None = None
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    milliseconds: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PagingCounts:
    """How memory was used for one question."""

    steps: int = 0
    searches: int = 0
    page_ins: int = 0
    page_outs: int = 0
    evictions: int = 0
    faults: int = 0
    refaults: int = 0
    prefetches: int = 0
    context_peak_tokens: int = 0
    """The largest request, counted as it was sent: all messages and tool schemas."""
    capacity_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """What search ranked, what was read, and what was not."""

    ranked_segment_ids: tuple[str, ...] = ()
    read_segment_ids: tuple[str, ...] = ()
    ranked_unread: int = 0
    stop_reason: str = ""
    """A ``StopReason``; empty where reading never began."""
    queries: tuple[str, ...] = ()
    """The queries that ran, in order, each once."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything the agent has to say about one question; a run adds where and when it was asked."""

    question_id: str
    exit_status: ExitStatus
    answer: str | None = None
    answer_value: float | None = None
    answer_unit: str | None = None
    answer_date: date | None = None
    conflicts: tuple[str, ...] = ()
    abstain_reason: str | None = None
    error_type: str | None = None
    error_message: str | None = None
    confidence: float | None = None
    citations: tuple[Citation, ...] = ()
    paging: PagingCounts = field(default_factory=PagingCounts)
    coverage: Coverage = field(default_factory=Coverage)
    usage: Usage = field(default_factory=Usage)
    cacheable_tokens: int | None = None
    counted_tokens: int | None = None
    """Our own count of the requests whose tokens the endpoint counted too."""
    count_error: float | None = None
    """How far our count was from the endpoint's in the worst of them, as a share of the endpoint's."""
    tool_protocol: str | None = None
    autonomy: str | None = None
    """Who steered: full is the model, assisted the built-in reader."""
    embed_tokens: int | None = None
    instructions_found: int = 0
    """Lines in the pages read that speak to the model as if they were orders."""
    model: str = ""
    model_reported: str | None = None
    attempts: int = 1
    from_cache: bool = False
    """Whether all replies it rests on came from the reply cache, where other runs or questions had put them."""
    replayed_tokens: int = 0
    """Prompt and completion tokens of replies that others had paid for."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    latency_seconds: float | None = None
    events: tuple[TraceEvent, ...] = ()
    transcript: tuple[Mapping[str, Any], ...] = ()
    """Every request and reply as it was sent, for ``transcripts/``."""
