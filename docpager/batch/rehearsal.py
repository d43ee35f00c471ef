"""What a run would do, before it does anything: which questions it asks, and what that may cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from docpager.batch.carrying import Carrier
from docpager.batch.journal import EarlierJournal, key_of
from docpager.batch.manifest import MANIFEST_NAME, Manifest, RunIdentity, RunState, read_manifest
from docpager.batch.retrying import statuses_to_retry
from docpager.batch.run_folder import OUTPUTS
from docpager.batch.tables import read_answers
from docpager.errors import DocpagerError
from docpager.protocols import Archive
from docpager.records import DocumentStatus, Question
from docpager.settings import RunSettings, settings_sha256

LOW, HIGH = 0.1, 0.9
"""The range told is of these quantiles."""
WITH_TEXT = (DocumentStatus.INDEXED, DocumentStatus.PARTIAL)
MOST_IDS = 10
"""So many questions are named."""
MOST_RUNS = 20
"""So many earlier runs are looked at, the newest."""


@dataclass(frozen=True, slots=True)
class Range:
    """From the 10th to the 90th percentile of what a question used, times the questions to ask."""

    low: float
    high: float

    @classmethod
    def of(cls, each: Iterable[float | None], times: int) -> Range | None:
        """None where nothing is known."""
        known = sorted(value for value in each if value is not None)
        if not known:
            return None
        low, high = (known[min(len(known) - 1, int(share * len(known)))] for share in (LOW, HIGH))
        return cls(low * times, high * times)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would be asked, and what it may use."""

    questions: int
    invalid: int
    finished: int
    """Already answered in the run that would be continued."""
    carried: int
    """Would be carried over."""
    to_ask: int
    question_ids: tuple[str, ...]
    """The first of those to ask."""
    documents: int
    """Documents with text in the archive."""
    folder: Path | None
    """The run that would be continued."""
    model: str
    context_tokens: int | str
    tokens: Range | None = None
    """Prompt and completion tokens."""
    cost_usd: Range | None = None
    """None where no earlier run knows a price."""
    based_on: int = 0
    """Earlier questions that the ranges are told from."""
    same_settings: bool = True
    """Whether those were asked with the same settings, or only of the same model."""
    asked_again: dict[str, int] = field(default_factory=dict)
    """Why questions would not be carried over."""


def rehearse(
    questions: Iterable[Question],
    identity: RunIdentity,
    settings: RunSettings,
    archive: Archive,
    carrier: Carrier | None = None,
    outputs: Path = OUTPUTS,
) -> Rehearsal:
    """Looks at everything a run would look at, and writes nothing."""
    continued = None if settings.fresh else _continued(identity, settings, outputs)
    journal = None if continued is None else EarlierJournal(continued[0], continued[1].run_id)
    again = statuses_to_retry(settings.retry)
    counts = dict.fromkeys(("questions", "invalid", "finished", "carried"), 0)
    ids: list[str] = []
    to_ask = 0
    for question in questions:
        counts["questions"] += 1
        earlier = journal.read(key_of(question)) if journal else None
        if question.invalid_reason is not None:
            counts["invalid"] += 1
        elif earlier is not None and earlier.answer["exit_status"] not in again:
            counts["finished"] += 1
        elif earlier is None and carrier is not None and carrier.rows(question, "") is not None:
            counts["carried"] += 1
        else:
            to_ask += 1
            ids += [question.question_id] if len(ids) < MOST_IDS else []
    used, is_same = _used_before(identity, outputs)
    return Rehearsal(
        **counts,
        to_ask=to_ask,
        question_ids=tuple(ids),
        documents=sum(document.status in WITH_TEXT for document in archive.documents()),
        folder=continued[0] if continued else None,
        model=identity.settings.model,
        context_tokens=identity.settings.context_tokens,
        tokens=Range.of((tokens for tokens, _ in used), to_ask),
        cost_usd=Range.of((cost for _, cost in used), to_ask),
        based_on=len(used),
        same_settings=is_same,
        asked_again=dict(carrier.reasons) if carrier else {},
    )


def _continued(identity: RunIdentity, settings: RunSettings, outputs: Path) -> tuple[Path, Manifest] | None:
    """The run that would be continued: the one named, else the newest of this identity that is not finished."""
    found = [
        (folder, manifest)
        for folder, manifest in _runs([Path(settings.output)] if settings.output else _folders(outputs))
        if manifest.identity == identity.sha256
        and (settings.output or settings.retry or manifest.state != RunState.FINISHED)
    ]
    return max(found, key=lambda run: run[1].started_at, default=None)


def _used_before(identity: RunIdentity, outputs: Path) -> tuple[list[tuple[int, float | None]], bool]:
    """Tokens and cost of questions that were asked before, with the same settings or else of the same model."""
    runs = sorted(_runs(_folders(outputs)), key=lambda run: run[1].started_at, reverse=True)
    of_model = [run for run in runs if run[1].model == identity.settings.model]
    same = [run for run in of_model if run[1].settings_sha256 == settings_sha256(identity.settings)]
    used = _used_in(same[:MOST_RUNS])
    return (used, True) if used else (_used_in(of_model[:MOST_RUNS]), False)


def _used_in(runs: Sequence[tuple[Path, Manifest]]) -> list[tuple[int, float | None]]:
    columns = ["steps", "prompt_tokens", "completion_tokens", "cost_usd", "from_cache", "carried_from_run_id"]
    found = []
    for folder, _ in runs:
        if not (folder / "answers.parquet").exists():
            continue
        for row in read_answers(folder, columns):
            if row["steps"] and row["prompt_tokens"] and not row["from_cache"] and row["carried_from_run_id"] is None:
                found.append((row["prompt_tokens"] + (row["completion_tokens"] or 0), row["cost_usd"]))
    return found


def _folders(outputs: Path) -> list[Path]:
    return [path.parent for path in outputs.glob(f"*/{MANIFEST_NAME}")]


def _runs(folders: Iterable[Path]) -> Iterator[tuple[Path, Manifest]]:
    for folder in folders:
        try:
            yield folder, read_manifest(folder)
        except DocpagerError:
            continue
