"""The tools that write: note, answer and abstain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from docpager.agent.arguments import Arguments
from docpager.agent.citations import Statement, rejected
from docpager.agent.main_context import Part
from docpager.agent.notebook import SHORTENED
from docpager.agent.quoting import TypedQuote, trace_quotes
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
    text, addresses = arguments.text("text"), addresses_of(work, arguments.texts("addresses"))
    kept = work.notebook.add(text, addresses)
    touched = work.touch(addresses)
    work.note_event("Noted", {"note": kept.handle, "addresses": list(kept.addresses)}, page_ids=touched)
    cut = ", cut to the room that is left" if kept.text.endswith(SHORTENED) and kept.text != fold(text) else ""
    return shown(NoticeView(f"Noted as {kept.handle}{cut}."))


def answer(work: Workspace, arguments: Arguments) -> ToolResult:
    """Ends the question with statements and what they rest on; refused once where that cannot be cited as it is."""
    statements = _statements(arguments)
    refused = rejected(work, statements)
    if refused:
        work.note_event("CitationRejected", refused)
        if work.counts["CitationRejected"] == 1:
            raise ToolError(f"Not accepted: {_list(refused)}. Cite lines you were shown, then answer again.")
    if not any(s.cites for s in statements):
        work.note_event("CitationRejected", {"": "no statement has an address"})
        if work.counts["CitationRejected"] == 1:
            raise ToolError("Not accepted: no statement has an address. Give each the lines that bear it, as in p7:12.")
    return ToolResult(
        [Part("")],
        ending=Ending(statements, tuple(arguments.texts("conflicts")), arguments.share("confidence")),
    )


def abstain(work: Workspace, arguments: Arguments) -> ToolResult:
    """Ends the question without an answer; refused once while a top result is unread and reading is possible."""
    top = [] if work.settings.reads_as_given else work.ledger.unread_top(ABSTAIN_DEPTH)
    unread = [page_id for page_id in top if work.may_read(page_id)]
    if unread and not work.counts["AbstainRefused"] and work.steps_left > 1:
        work.note_event("AbstainRefused", {"unread": len(unread)}, page_ids=tuple(unread))
        handles = " ".join(work.pager.table[page_id].page.handle for page_id in unread[:ABSTAIN_DEPTH])
        raise ToolError(f"Not yet: top results are unread ({handles}). Page them in first, then answer or abstain.")
    ending = Ending(abstain_reason=arguments.text("reason"), confidence=arguments.share("confidence"))
    return ToolResult([Part("")], ending=ending)


def addresses_of(work: Workspace, texts: Iterable[str]) -> tuple[Address, ...]:
    """The addresses in some texts; a typed quote stands for the lines it stands on.

    Raises ``ToolError`` for lines that were not shown, and for what is neither.
    """
    addresses, quotes = _cited(texts)
    refused = rejected(work, [Statement("", addresses, quotes)])
    if refused:
        work.note_event("CitationRejected", refused)
        raise ToolError(f"Not accepted: {_list(refused)}. Use addresses of lines you were shown.")
    return tuple(dict.fromkeys([*addresses, *(found.address for found in trace_quotes(work, quotes).values())]))


def _statements(arguments: Arguments) -> tuple[Statement, ...]:
    statements = []
    for item in arguments.objects("statements"):
        text = fold(str(item.get("text") or ""))
        addresses, quotes = _cited(map(str, _listed(item.get("addresses"))))
        quotes += tuple(quote for given in _listed(item.get("quotes")) if (quote := _typed(given, item)).text)
        if text:
            statements.append(Statement(text, addresses or (() if quotes else parse_addresses(text)), quotes))
    if not statements:
        raise ToolError('answer needs statements: [{"text": "...", "addresses": ["p7:12-14"]}].')
    return tuple(statements)


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given] if given else []


def _typed(given: Any, statement: Mapping[str, Any]) -> TypedQuote:
    """A typed quote: a text, or ``{"text": ..., "document": ...}``; its document can be named by the statement."""
    document = statement.get("document") or ""
    if isinstance(given, Mapping):
        document = given.get("document") or document
        given = given.get("text") or given.get("quote") or ""
    return TypedQuote(fold(str(given)).strip('"“”'), str(document))


def _cited(texts: Iterable[str]) -> tuple[tuple[Address, ...], tuple[TypedQuote, ...]]:
    """The addresses in some texts, and as typed quotes the texts that hold none."""
    addresses: list[Address] = []
    quotes: list[TypedQuote] = []
    for text in texts:
        found = parse_addresses(text)
        addresses += found
        if not found and fold(text):
            quotes.append(_typed(text, {}))
    return tuple(addresses), tuple(quotes)


def _list(refused: Mapping[str, str]) -> str:
    return "; ".join(f"{cited} ({reason})" for cited, reason in refused.items())
