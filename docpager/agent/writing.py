"""The tools that write: note, answer and abstain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from docpager.agent.arguments import Arguments
from docpager.agent.citations import Statement, rejected
from docpager.agent.main_context import Part
from docpager.agent.tool_result import Ending, ToolResult, shown
from docpager.agent.workspace import Workspace
from docpager.errors import ToolError
from docpager.records import Address
from docpager.records.views import NoticeView
from docpager.transcript import fold, parse_addresses

ABSTAIN_DEPTH = 5
"""``abstain`` is refused, once, while one of the first so many results of a query is unread."""


def note(work: Workspace, arguments: Arguments) -> ToolResult:
    """Keeps a finding in the notebook with the addresses it rests on."""
    text, addresses = arguments.text("text"), _addresses(arguments.texts("addresses"))
    _check_addresses(work, [Statement(text, addresses)])
    kept = work.notebook.add(text, addresses)
    for address in addresses:
        work.pager.touch(work.pager.table.by_handle(address.handle).page.page_id)
    work.note_event("Noted", {"note": kept.handle, "addresses": list(kept.addresses)})
    return shown(NoticeView(f"Noted as {kept.handle}."))


def answer(work: Workspace, arguments: Arguments) -> ToolResult:
    """Ends the question with statements and their addresses."""
    statements = _statements(arguments)
    refused = rejected(work, statements)
    if refused:
        work.note_event("CitationRejected", {str(a): reason for a, reason in refused.items()})
        if work.counts["CitationRejected"] == 1:
            raise ToolError(f"Not accepted: {_list(refused)}. Cite lines you were shown, then answer again.")
    if not any(s.addresses for s in statements):
        work.note_event("CitationRejected", {"": "no statement has an address"})
        if work.counts["CitationRejected"] == 1:
            raise ToolError("Not accepted: no statement has an address. Give each the lines that bear it, as in p7:12.")
    return ToolResult(
        [Part("")],
        ending=Ending(statements, tuple(arguments.texts("conflicts")), arguments.share("confidence")),
    )


def abstain(work: Workspace, arguments: Arguments) -> ToolResult:
    """Ends the question without an answer; refused once while a top result is unread and reading is possible."""
    unread = [page_id for page_id in work.ledger.unread_top(ABSTAIN_DEPTH) if work.may_read(page_id)]
    if unread and not work.counts["AbstainRefused"] and work.steps_left > 1:
        work.note_event("AbstainRefused", {"unread": len(unread)}, page_ids=tuple(unread))
        handles = " ".join(work.pager.table[page_id].page.handle for page_id in unread[:ABSTAIN_DEPTH])
        raise ToolError(f"Not yet: top results are unread ({handles}). Page them in first, then answer or abstain.")
    return ToolResult([Part("")], ending=Ending(abstain_reason=arguments.text("reason")))


def _statements(arguments: Arguments) -> tuple[Statement, ...]:
    statements = []
    for item in arguments.objects("statements"):
        text = fold(str(item.get("text") or ""))
        given = item.get("addresses") or []
        addresses = _addresses(map(str, given if isinstance(given, list) else [given])) or parse_addresses(text)
        if text:
            statements.append(Statement(text, addresses))
    if not statements:
        raise ToolError('answer needs statements: [{"text": "...", "addresses": ["p7:12-14"]}].')
    return tuple(statements)


def _addresses(texts: Iterable[str]) -> tuple[Address, ...]:
    return tuple(address for text in texts for address in parse_addresses(text))


def _check_addresses(work: Workspace, statements: Sequence[Statement]) -> None:
    refused = rejected(work, statements)
    if refused:
        work.note_event("CitationRejected", {str(a): reason for a, reason in refused.items()})
        raise ToolError(f"Not accepted: {_list(refused)}. Use addresses of lines you were shown.")


def _list(refused: Mapping[Address, str]) -> str:
    return "; ".join(f"{address} ({reason})" for address, reason in refused.items())
