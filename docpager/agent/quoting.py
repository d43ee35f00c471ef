"""Where a quote that a model typed stands: on the lines it was shown, elsewhere in a document, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docpager.errors import ToolError
from docpager.quotes import QuotableText, QuoteMatch, locate
from docpager.records import Address, Document, VerifyStatus
from docpager.transcript import fold

if TYPE_CHECKING:
    from docpager.agent.workspace import Workspace

SEARCHED = 20
"""Other documents are looked through by so many hits of a search for the quote, and as many that hold its words."""
SCANNED_PAGES = 400
"""Paper pages of the documents named and read that are looked through, those named first."""
LEAST_SHARE = 0.3
"""A hit is compared letter by letter where it has this share of the quote's words."""
_HANDLE = re.compile(r"p\d+")
_PLACE = re.compile(r"(p\d+)(?::\d.*)?")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class TypedQuote:
    """Words that a model says stand in a document."""

    text: str
    document: str = ""
    """The document it names for them: a handle (``d2``), a path or title, or a page (``p7``); empty for none."""

    @property
    def is_handle(self) -> bool:
        """Whether it is the handle of a page rather than a quote."""
        return _HANDLE.fullmatch(self.text) is not None


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a typed quote, and where it stands."""

    status: VerifyStatus
    text: str = ""
    """As the archive has it."""
    score: float = 0.0
    document: Document | None = None
    page_number: int | None = None
    handle: str = ""
    """The page to bring in for it, where it stands on lines that were not shown."""
    claimed: Document | None = None
    """The document it was said or taken to stand in."""
    shown: tuple[str, int, int] | None = None
    """Segment and span within it, where it stands on lines that were shown."""
    first_line: int = 1
    last_line: int = 1

    @property
    def address(self) -> Address:
        """The lines it stands on; of use where it stands on lines that were shown."""
        return Address(self.handle, self.first_line, self.last_line)


def trace_quotes(work: Workspace, quotes: Iterable[TypedQuote]) -> dict[TypedQuote, Found]:
    """Looks for quotes on the lines shown, then in the documents named or read, then in all others.

    ``exact`` and ``normalized`` are kept for lines that were shown. On other lines of the document it names, or of one
    that was read, a quote is ``relocated``; in any other document ``misattributed``.
    """
    traced: dict[TypedQuote, Found] = {}
    left: dict[tuple[str, ...], list[TypedQuote]] = {}
    near: dict[str, Document] = {}
    for quote in dict.fromkeys(quotes):
        named = _named(work, quote.document)
        if found := _on_shown_lines(work, quote, named):
            traced[quote] = found
            continue
        documents = [named] if named else _read(work)
        near |= {document.doc_id: document for document in documents}
        left.setdefault(tuple(dict.fromkeys(d.doc_id for d in documents)), []).append(quote)
    for doc_ids, unseen in left.items():
        traced |= _elsewhere(work, unseen, [near[doc_id] for doc_id in doc_ids])
    return traced


def _read(work: Workspace) -> list[Document]:
    """The document the question is limited to, where it is one, and those that were read."""
    only = work.scope if len(work.scope) == 1 else []
    return [*only, *(work.text(page_id).document for page_id in work.ledger.read_ids)]


def _elsewhere(work: Workspace, quotes: Sequence[TypedQuote], near: Sequence[Document]) -> dict[TypedQuote, Found]:
    claimed = near[0] if len(near) == 1 else None
    places = _in_documents(work, [quote.text for quote in quotes], near)
    traced = {}
    for quote in quotes:
        if at := places.get(quote.text):
            traced[quote] = _found(work, VerifyStatus.RELOCATED, at, claimed=at[0])
        elif at := _in_others(work, quote.text):
            # A long document that was read can hold it beyond the pages that were looked through.
            status = VerifyStatus.RELOCATED if at[0] in near else VerifyStatus.MISATTRIBUTED
            traced[quote] = _found(work, status, at, claimed=at[0] if at[0] in near else claimed)
        else:
            traced[quote] = Found(VerifyStatus.NOT_FOUND, claimed=claimed)
    return traced


_At = tuple[Document, int, QuoteMatch, str]
"""A document, a paper page, the match and the page's text."""


def _named(work: Workspace, name: str) -> Document | None:
    """The document a model named by handle, path, title, page or address; None where there is no such one."""
    if match := _PLACE.fullmatch(name.strip("[] ")):
        handles = {entry.page.handle: entry.page.page_id for entry in work.pager.table}
        return work.text(handles[match[1]]).document if match[1] in handles else None
    try:
        documents = work.documents.resolve([name]) if name else []
    except ToolError:
        return None
    return documents[0] if len(documents) == 1 else None


def _on_shown_lines(work: Workspace, quote: TypedQuote, named: Document | None) -> Found | None:
    page_ids = [p for p in work.ledger.read_ids if named is None or work.text(p).document.doc_id == named.doc_id]
    held = locate(quote.text, (run for page_id in page_ids for run in _shown_runs(work, page_id)))
    if held is None:
        return None
    (page_id, start), match = held
    text = work.text(page_id)
    first, last = start + match.start, start + match.end
    lines = [n for n, (a, b) in enumerate(text.spans, start=1) if a < last and b > first]
    return Found(
        VerifyStatus.EXACT if match.exact else VerifyStatus.NORMALIZED,
        text.segment.text[first:last],
        match.score,
        text.document,
        text.segment.page_number,
        work.pager.table[page_id].page.handle,
        named or text.document,
        (page_id, first, last),
        lines[0],
        lines[-1],
    )


def _shown_runs(work: Workspace, page_id: str) -> Iterator[tuple[tuple[str, int], str]]:
    """The text of each run of lines that were shown, keyed by the page and where the run begins in it."""
    text = work.text(page_id)
    run: list[tuple[int, int]] = []
    for number, span in enumerate([*text.spans, None], start=1):
        if span is not None and work.shown_at(page_id, number) is not None:
            run.append(span)
        elif run:
            yield (page_id, run[0][0]), text.segment.text[run[0][0] : run[-1][1]]
            run = []


def _in_documents(work: Workspace, quotes: Sequence[str], documents: Sequence[Document]) -> dict[str, _At]:
    places: dict[str, _At] = {}
    left = SCANNED_PAGES
    for document in documents:
        for page in work.archive.paper_pages(document.doc_id)[: max(0, left)]:
            left -= 1
            text = QuotableText(page.text)
            for quote in quotes:
                if quote not in places and (match := text.find(quote)):
                    places[quote] = (document, page.page_number, match, page.text)
    return places


def _in_others(work: Workspace, quote: str) -> _At | None:
    """The best place among the hits of a search and a literal look-up; a bounded look, not every page there is."""
    words = fold(quote)[:400]
    segments = [hit.segment for hit in work.archive.search(words, limit=SEARCHED)] if _WORD.search(words) else []
    segments += work.archive.find(words, limit=SEARCHED) if words else []
    wanted = set(_WORD.findall(words.lower()))
    seen: set[tuple[str, int]] = set()
    for segment in segments:
        place = (segment.doc_id, segment.page_number)
        shared = len(wanted & set(_WORD.findall(segment.text.lower())))
        if place in seen or shared < LEAST_SHARE * len(wanted):
            continue
        seen.add(place)
        page, document = work.archive.paper_page(*place), work.archive.document(segment.doc_id)
        if page and document and (match := QuotableText(page.text).find(quote)):
            return document, page.page_number, match, page.text
    return None


def _found(work: Workspace, status: VerifyStatus, at: _At, *, claimed: Document | None) -> Found:
    document, page_number, match, text = at
    segments = work.archive.segments_of(document.doc_id, page_number=page_number)
    holding = next((s for s in segments if s.char_start < match.end and s.char_end > match.start), None)
    handle = work.list_page(holding).handle if holding else ""
    return Found(status, text[match.start : match.end], match.score, document, page_number, handle, claimed)


def nearest_shown(work: Workspace, quote: str) -> str:
    """The shown line that shares most words with a quote, as ``p3:4 "..."``; empty where none shares half."""
    wanted = set(_WORD.findall(quote.lower()))
    best, score = "", 0.5
    for page_id in work.ledger.read_ids:
        text = work.text(page_id)
        for number in range(1, len(text.spans) + 1):
            if work.shown_at(page_id, number) is None:
                continue
            line = text.line(number)
            share = len(wanted & set(_WORD.findall(line.lower()))) / max(1, len(wanted))
            if share > score:
                best, score = f'{work.pager.table[page_id].page.handle}:{number} "{fold(line)[:100]}"', share
    return best
