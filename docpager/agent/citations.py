"""Citations by line address, copied from the archive; a quote that a model typed is looked up there first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from docpager.agent.quoting import Found, TypedQuote, nearest_shown, trace_quotes
from docpager.quotes import find_quote
from docpager.records import VERIFIED_STATUSES, Address, Citation, Document, Segment, VerifyStatus, hex_id

if TYPE_CHECKING:
    from docpager.agent.workspace import Workspace

CONTEXT_CHARACTERS = 160
"""How much of the paper page stands on either side of a quote in ``citations``."""
NAMED_CHARACTERS = 60
"""How much of a typed quote a refusal repeats."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer and what it rests on: addresses, or quotes that the model typed."""

    text: str
    addresses: tuple[Address, ...] = ()
    quotes: tuple[TypedQuote, ...] = ()

    @property
    def cites(self) -> bool:
        """Whether it rests on anything."""
        return bool(self.addresses or self.quotes)


def rejected(work: Workspace, statements: Sequence[Statement]) -> dict[str, str]:
    """The addresses and typed quotes that cannot be cited as they are, each with the reason and what is near."""
    reasons = {str(a): work.never_shown(a) for s in statements for a in s.addresses}
    for quote, found in trace_quotes(work, (q for s in statements for q in s.quotes)).items():
        if found.status not in VERIFIED_STATUSES:
            name = quote.text if len(quote.text) <= NAMED_CHARACTERS else f"{quote.text[:NAMED_CHARACTERS]}..."
            reasons[f'"{name}"'] = _why(work, quote, found)
    return {cited: reason for cited, reason in reasons.items() if reason}


def _why(work: Workspace, quote: TypedQuote, found: Found) -> str:
    if quote.is_handle:
        return f"it names no line: write {quote.text}:1 for its first"
    if found.document is None:
        near = nearest_shown(work, quote.text)
        return f"it was found in no document{f'; nearest is {near}' if near else ''}"
    where = f"{work.document_name(found.document)}, page {found.page_number}"
    if found.handle:
        where += f", which is {found.handle}"
    if found.status is VerifyStatus.MISATTRIBUTED:
        claimed = f"not in {work.document_name(found.claimed)}" if found.claimed else "in a document you did not read"
        return f"it stands in {where}, {claimed}"
    return f"it stands in {where}, on lines you were not shown there"


def cite(work: Workspace, statements: Sequence[Statement], *, separator: str = " ") -> tuple[str, tuple[Citation, ...]]:
    """The answer's text with its citation numbers, and the citations, in order.

    Nothing that was cited is dropped: an address that cannot be cited keeps its row, with status ``not_found`` and an
    empty quote; a typed quote that stands nowhere keeps its own words.
    """
    traced = trace_quotes(work, (quote for statement in statements for quote in statement.quotes))
    citations: list[Citation] = []
    sentences = []
    for statement in statements:
        numbers = ""
        for citation in _of(work, statement, traced):
            citations.append(_numbered(work, citation, len(citations) + 1))
            numbers += f"[{len(citations)}]"
        sentences.append(f"{statement.text} {numbers}".strip())
    return separator.join(sentences), tuple(citations)


def _of(work: Workspace, statement: Statement, traced: Mapping[TypedQuote, Found]) -> Iterator[Citation]:
    for address in dict.fromkeys(statement.addresses):
        if work.never_shown(address):
            yield _blank(statement.text, str(address))
        else:
            yield _lines(work, statement.text, address)
    for quote in dict.fromkeys(statement.quotes):
        yield _quoted(work, statement.text, quote, traced[quote])


def _numbered(work: Workspace, citation: Citation, n: int) -> Citation:
    # Before it has a number, a citation's id holds what names the place it cites.
    return replace(citation, n=n, citation_id=hex_id(work.question.question_id, n, citation.citation_id))


def _lines(work: Workspace, claim: str, address: Address) -> Citation:
    """The lines at an address that was shown."""
    page_id = work.pager.table.by_handle(address.handle).page.page_id
    text = work.text(page_id)
    start, end = text.spans[address.first_line - 1][0], text.spans[address.last_line - 1][1]
    return _copied(work, claim, text.segment, text.document, start, end, address.first_line)


def _copied(
    work: Workspace, claim: str, segment: Segment, document: Document, first: int, last: int, line: int
) -> Citation:
    """A copy of ``segment.text[first:last]``, whose first line has this number, with all that is known of it."""
    quote, start, end = segment.text[first:last], segment.char_start + first, segment.char_start + last
    paper_page = work.archive.paper_page(document.doc_id, segment.page_number)
    page_text = paper_page.text if paper_page else ""
    status, score = VerifyStatus.EXACT, 1.0
    if page_text[start:end] != quote:
        match = find_quote(quote, page_text)
        status, score = (VerifyStatus.NORMALIZED, match.score) if match else (VerifyStatus.NOT_FOUND, 0.0)
        start, end = (match.start, match.end) if match else (start, end)
    ranking = work.ledger.ranking(segment.segment_id)
    return Citation(
        citation_id=hex_id(segment.segment_id, start, end),
        n=0,
        claim=claim,
        doc_id=document.doc_id,
        doc_path=document.path,
        doc_title=document.title,
        doc_sha256=document.sha256,
        page_number=segment.page_number,
        page_label=paper_page.page_label if paper_page else None,
        headings=segment.headings,
        segment_id=segment.segment_id,
        char_start=start,
        char_end=end,
        quote=quote,
        context_before=page_text[max(0, start - CONTEXT_CHARACTERS) : start],
        context_after=page_text[end : end + CONTEXT_CHARACTERS],
        verify_status=status,
        match_score=score,
        page_in_step=work.shown_at(segment.segment_id, line),
        retrieval_rank=ranking.rank if ranking else None,
        retrieval_score=ranking.score if ranking else None,
    )


def _quoted(work: Workspace, claim: str, quote: TypedQuote, found: Found) -> Citation:
    """What became of a quote the model typed.

    One that stands on lines that were shown is copied from there. Any other keeps the place the model gave it, if it
    gave one, and ``found_doc_path`` and ``found_page_number`` say where it stands.
    """
    if found.shown is not None:
        page_id, first, last = found.shown
        text = work.text(page_id)
        citation = _copied(work, claim, text.segment, text.document, first, last, found.first_line)
        exact = citation.verify_status is VerifyStatus.EXACT
        return replace(citation, verify_status=found.status, match_score=found.score) if exact else citation
    blank = replace(_blank(claim, f'"{quote.text}"'), quote=quote.text, verify_status=found.status)
    if found.claimed is not None:
        at = found.claimed
        blank = replace(blank, doc_id=at.doc_id, doc_path=at.path, doc_title=at.title, doc_sha256=at.sha256)
    if found.document is None:
        return blank
    return replace(
        blank,
        quote=found.text,
        match_score=found.score,
        found_doc_path=found.document.path,
        found_page_number=found.page_number,
    )


def _blank(claim: str, cited: str) -> Citation:
    return Citation(
        citation_id=cited,
        n=0,
        claim=claim,
        doc_id="",
        doc_path="",
        doc_title=None,
        doc_sha256=None,
        page_number=None,
        page_label=None,
        headings=(),
        segment_id=None,
        char_start=None,
        char_end=None,
        quote="",
        context_before="",
        context_after="",
        verify_status=VerifyStatus.NOT_FOUND,
        match_score=0.0,
    )
