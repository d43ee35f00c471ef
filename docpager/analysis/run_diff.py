"""What became of the questions from one run to the next: answers, citations, documents, cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.batch.manifest import read_manifest
from docpager.batch.tables import read_answers

_COLUMNS = [
    *("question_id", "doc_id", "doc_path", "question", "exit_status", "answer", "answer_value", "citations"),
    *("prompt_tokens", "completion_tokens", "cost_usd", "carried_from_run_id"),
]
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One question whose answer or citations are no longer the same."""

    question_id: str
    doc_path: str | None
    """The document it was asked of alone, if it was."""
    kind: str
    """added, removed, status, answer or citations: the first of these that applies."""
    before: str | None
    after: str | None
    lost: tuple[str, ...]
    """What was cited and no longer is, as ``path, page 4: quote``."""
    gained: tuple[str, ...]

    def as_record(self) -> dict[str, Any]:
        """The change as JSON has it."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class RunDiff:
    """Two runs side by side, by question_id and the document asked of."""

    before: Path
    after: Path
    changes: tuple[Change, ...]
    same: int
    carried: int
    """Rows of the later run that were carried over."""
    new_documents: tuple[str, ...]
    """Paths cited in the later run alone."""
    lost_documents: tuple[str, ...]
    tokens: tuple[int, int]
    cost_usd: tuple[float | None, float | None]
    settings: tuple[str, ...]
    """Settings and other parts of the identity that differ, the archive's generation among them."""

    def as_record(self) -> dict[str, Any]:
        """The comparison without its changes, as JSON has it."""
        named = {name: getattr(self, name) for name in self.__slots__ if name != "changes"}
        return {**named, "before": str(self.before), "after": str(self.after), "changed": len(self.changes)}


def run_diff(before: Path, after: Path) -> RunDiff:
    """Compares two runs; raises ``MissingInputError`` or ``DocpagerError`` where one has no whole tables."""
    from docpager.batch.manifest import differing_parts

    earlier, later = _rows(before), _rows(after)
    changes = tuple(_changes(earlier, later))
    cited = [
        {citation["doc_path"] for row in rows.values() for citation in row["citations"]} for rows in (earlier, later)
    ]
    parts = [read_manifest(run).identity_parts for run in (before, after)]
    return RunDiff(
        before,
        after,
        changes,
        same=len(earlier.keys() & later.keys()) - sum(change.kind not in ("added", "removed") for change in changes),
        carried=sum(row["carried_from_run_id"] is not None for row in later.values()),
        new_documents=tuple(sorted(cited[1] - cited[0])),
        lost_documents=tuple(sorted(cited[0] - cited[1])),
        tokens=(_tokens(earlier.values()), _tokens(later.values())),
        cost_usd=(_cost(earlier.values()), _cost(later.values())),
        settings=tuple(differing_parts(*parts)),
    )


def _rows(run: Path) -> dict[tuple[str, str | None], Row]:
    return {(row["question_id"], row["doc_id"]): row for row in read_answers(run, _COLUMNS)}


def _changes(
    earlier: Mapping[tuple[str, str | None], Row], later: Mapping[tuple[str, str | None], Row]
) -> Iterator[Change]:
    for key in [*later, *(key for key in earlier if key not in later)]:
        before, after = earlier.get(key), later.get(key)
        if before is None or after is None:
            kind = "added" if before is None else "removed"
        elif before["exit_status"] != after["exit_status"]:
            kind = "status"
        elif (before["answer"], before["answer_value"]) != (after["answer"], after["answer_value"]):
            kind = "answer"
        elif _cited(before) != _cited(after):
            kind = "citations"
        else:
            continue
        cited, cites = _cited(before), _cited(after)
        lost = tuple(line for line in cited if line not in cites)
        gained = tuple(line for line in cites if line not in cited)
        row = after or before or {}
        yield Change(key[0], row["doc_path"], kind, _told(before), _told(after), lost, gained)


def _cited(row: Row | None) -> list[str]:
    found = row["citations"] if row else ()
    return [f"{c['doc_path']}, page {c['page_number']}: {' '.join((c['quote'] or '').split())}" for c in found]


def _told(row: Row | None) -> str | None:
    """An answer as it is shown beside another: in words, else how it ended."""
    return None if row is None else row["answer"] or str(row["exit_status"])


def _tokens(rows: Sequence[Row] | Any) -> int:
    return sum((row["prompt_tokens"] or 0) + (row["completion_tokens"] or 0) for row in rows)


def _cost(rows: Sequence[Row] | Any) -> float | None:
    known = [row["cost_usd"] for row in rows if row["cost_usd"] is not None]
    return sum(known) if known else None
