"""The tail: the state of memory and the question, rebuilt for each call."""

from __future__ import annotations

from docpager.agent.workspace import Workspace
from docpager.memory import PageState, PageTableEntry
from docpager.records.views import BudgetView, TailPage, TailView
from docpager.transcript import asked, fold

FEW_STEPS = 3
LITTLE_TO_READ = 0.1


def state_of(work: Workspace) -> TailView:
    """What the model is told of its memory now."""
    pinned = sum(frame.pinned for frame in work.pager.table.frames())
    budget = BudgetView(
        resident_tokens=work.pager.resident_tokens,
        capacity=work.pager.capacity,
        pinned=pinned,
        read_tokens=work.read_tokens,
        read_limit=work.settings.read_tokens,
        steps_left=work.steps_left,
    )
    return TailView(_page_table(work), tuple(work.notebook.notes), budget, _warning(work), asked(work.question))


def _page_table(work: Workspace) -> tuple[TailPage, ...]:
    """Resident pages, then those evicted last, as many as the tail has room for."""
    known = [entry for entry in work.pager.table if entry.state is not PageState.LISTED]
    rows: list[TailPage] = []
    room = work.plan.page_table
    for entry in sorted(known, key=lambda e: e.frame is None):
        row = _row(work, entry)
        room -= work.counter.count(f"{row.handle} | {row.document} | page 0 | {row.heading} | 0 | {row.state}\n") + 6
        if room < 0:
            break
        rows.append(row)
    return tuple(rows)


def _row(work: Workspace, entry: PageTableEntry) -> TailPage:
    tombstone = work.tombstone(entry.page.page_id)
    tokens = entry.frame.token_count if entry.frame else entry.page.token_count
    return TailPage(
        entry.page.handle,
        tombstone.document,
        tombstone.page_number,
        tombstone.heading[:40].strip(),
        tokens,
        entry.state,
    )


def _warning(work: Workspace) -> str:
    warnings = []
    if work.asks_for_notes:
        warnings.append(
            "you page in again and again what had to be evicted: note each finding with its addresses, unpin and "
            "page_out what is noted, then answer from your notes"
        )
    if work.queue_is_full:
        warnings.append("memory is nearly full: note what matters, the oldest messages go soon")
    if work.pager.under_pressure and not work.plan.flushes:
        warnings.append("memory is nearly full: note what matters, page_out or unpin what does not")
    if work.read_left < LITTLE_TO_READ * work.settings.read_tokens:
        warnings.append("the reading budget is nearly used up: answer with what you have")
    if work.steps_left < FEW_STEPS:
        warnings.append("few steps are left: answer or abstain now")
    return fold("; ".join(warnings))
