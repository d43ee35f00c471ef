"""The sources of a run's citations: where each quote stands, in the stored text and, for PDFs, on a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from docpager.ingest.scan import sha256_of
from docpager.protocols import Archive, Executor
from docpager.quotes import QuotableText
from docpager.records import Document, VerifyStatus
from docpager.reporting.page_pictures import (
    Box,
    FileState,
    Picture,
    PicturesMade,
    PicturesWanted,
    QuoteOnPage,
    draw_pages,
    letters,
)

Row = Mapping[str, Any]

CONTEXT = 500
"""Characters of stored text on either side of a quote."""
PDF = "application/pdf"
PAGES_A_TASK = 16
"""So that many pages of one file neither wait for each other nor pass a task's time."""

_STATE_WORDS = {
    FileState.CHANGED: "The file has changed since it was read. This is its text as it was read.",
    FileState.GONE: "The file is no longer where it was read. This is its text as it was stored.",
    FileState.UNREADABLE: "The file could not be opened. This is its text as it was stored.",
}
_NO_PICTURE = "This page could not be drawn. This is its text as it was stored."
_NO_PLACE = "The lines could not be found on the picture; they are marked in the text."
_UNKNOWN = "The archive does not know this document any more. This is the text that the run kept."

_NOWHERE = "This quote was found in no document. It is shown as the model typed it."


@dataclass(slots=True)
class Source:
    """What a citation shows when it is opened."""

    before: str
    quote: str
    after: str
    notes: list[str] = field(default_factory=list)
    """What a reader must know of it: the file changed, is gone, cannot be drawn."""
    picture: int | None = None
    """The number of its picture."""
    marks: tuple[Box, ...] = ()
    page_number: int | None = None


@dataclass(slots=True)
class Sources:
    """The sources of all citations, by their position, and the pictures they share."""

    of: list[Source]
    pictures: list[Picture]


def sources_of(
    citations: Sequence[Row], archive: Archive | None, executor: Executor | None, *, whole: bool = False
) -> Sources:
    """Finds the source of every citation; draws pages where an executor is given to draw them in."""
    finder = _Finder(archive)
    pairs = [(finder.source(row), finder.place(row)) for row in citations]
    found, places = Sources([source for source, _ in pairs], []), [place for _, place in pairs]
    checked: dict[tuple[str, str | None], FileState] = {}
    wanted: dict[_File, dict[int, list[int]]] = {}
    for number, (row, place) in enumerate(zip(citations, places, strict=True)):
        if place.document is None or place.file is None:
            continue
        if place.document.media_type == PDF and executor is not None and place.page_number is not None:
            file = str(place.file), row["doc_sha256"]
            wanted.setdefault(file, {}).setdefault(place.page_number, []).append(number)
            continue
        read = place.document.doc_id, row["doc_sha256"]
        if read not in checked:
            checked[read] = _state(place.file, place.document.path, row["doc_sha256"])
        _tell(found.of[number], checked[read])
    if executor is not None and wanted:
        _draw(found, citations, places, wanted, executor, whole)
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    document: Document | None
    file: Path | None
    page_number: int | None
    letters_before: int | None = None


class _Finder:
    """Looks documents and pages up, each once while it is needed."""

    def __init__(self, archive: Archive | None) -> None:
        self._document: Callable[[str], Document | None] = lru_cache(4096)(
            archive.document if archive is not None else _nothing
        )
        self._page: Callable[[str, int], str | None] = lru_cache(64)(
            lambda doc_id, number: _text(archive, doc_id, number)
        )

    def source(self, row: Row) -> Source:
        """The text around a quote: from the archive, else as the run kept it."""
        text = self._text_as_read(row)
        held = None if text is None else _span(text, row)
        if text is None or held is None:
            source = Source(row["context_before"] or "", row["quote"], row["context_after"] or "")
        else:
            start, end = held
            source = Source(
                _from_a_line(text[max(0, start - CONTEXT) : start], start > CONTEXT),
                text[start:end],
                _to_a_line(text[end : end + CONTEXT], end + CONTEXT < len(text)),
            )
        source.page_number = _page_of(row)
        source.notes.extend(self._notes(row))
        return source

    def _text_as_read(self, row: Row) -> str | None:
        """The text of the page, where the archive still has it as the run read it."""
        number, document = _page_of(row), self._document(row["doc_id"]) if row["doc_id"] else None
        if number is None or document is None or row["doc_sha256"] not in (None, document.sha256):
            return None
        return self._page(document.doc_id, number)

    def _notes(self, row: Row) -> Iterator[str]:
        if row["verify_status"] == VerifyStatus.NOT_FOUND:
            yield _NOWHERE
        elif row["verify_status"] == VerifyStatus.MISATTRIBUTED and row["found_doc_path"]:
            page = f", page {row['found_page_number']}" if row["found_page_number"] else ""
            yield f"The quote stands in another document: {row['found_doc_path']}{page}."
        elif row["doc_id"] and self._document(row["doc_id"]) is None:
            yield _UNKNOWN

    def place(self, row: Row) -> _Place:
        """The file and page a quote is on, and how much of the page stands before it."""
        document = self._document(row["doc_id"]) if row["doc_id"] else None
        if document is None or row["verify_status"] in (VerifyStatus.MISATTRIBUTED, VerifyStatus.NOT_FOUND):
            return _Place(None, None, None)
        text = self._text_as_read(row)
        held = None if text is None else _span(text, row)
        before = None if text is None or held is None else len(letters(text[: held[0]]))
        return _Place(document, _file_of(document), _page_of(row), before)


def _nothing(_: str) -> None:
    return None


def _text(archive: Archive | None, doc_id: str, page_number: int) -> str | None:
    page = None if archive is None else archive.paper_page(doc_id, page_number)
    return None if page is None else page.text


def _page_of(row: Row) -> int | None:
    relocated = row["verify_status"] == VerifyStatus.RELOCATED
    number = (row["found_page_number"] if relocated else None) or row["page_number"]
    return None if number is None else int(number)


def _span(text: str, row: Row) -> tuple[int, int] | None:
    """Where the quote stands in the text of its page."""
    start, end = row["char_start"], row["char_end"]
    if start is not None and end is not None and start >= 0 and text[start:end] == row["quote"]:
        return int(start), int(end)
    match = QuotableText(text).find(row["quote"])
    return None if match is None else (match.start, match.end)


def _from_a_line(text: str, is_cut: bool) -> str:
    """The end of a text, from where a line begins in it, else a word."""
    if not is_cut:
        return text
    at = text.find("\n") if "\n" in text else text.find(" ")
    return "…" + text[at + 1 :]


def _to_a_line(text: str, is_cut: bool) -> str:
    if not is_cut:
        return text
    at = max(text.rfind("\n"), text.rfind(" "))
    return (text[:at] if at > 0 else text) + "…"


def _file_of(document: Document) -> Path | None:
    """The file on this machine; None where the archive does not know a folder for it."""
    if not document.root:
        return None
    file = Path(document.root) / document.path
    if not file.exists() and "#" in document.path:
        return Path(document.root) / document.path.partition("#")[0]
    return file


def _state(file: Path, path: str, sha256: str | None) -> FileState:
    """What became of a file that needs no picture; of a record of a collection, whether its file is there."""
    try:
        if not file.is_file():
            return FileState.GONE
        if sha256 is None or not file.as_posix().endswith(path):
            return FileState.SAME
        return FileState.SAME if sha256_of(file) == sha256 else FileState.CHANGED
    except OSError:
        return FileState.UNREADABLE


def _tell(source: Source, state: FileState) -> None:
    if words := _STATE_WORDS.get(state):
        source.notes.append(words)


_File = tuple[str, str | None]
"""A file's path and its SHA-256 when it was read."""


def _draw(
    found: Sources,
    citations: Sequence[Row],
    places: Sequence[_Place],
    wanted: Mapping[_File, Mapping[int, list[int]]],
    executor: Executor,
    whole: bool,
) -> None:
    """Draws every page once, whatever cites it; pictures are numbered in the order of the first citation."""
    requests = []
    for (path, sha256), pages in wanted.items():
        asked = [
            (page, tuple(QuoteOnPage(n, citations[n]["quote"], places[n].letters_before) for n in numbers))
            for page, numbers in pages.items()
        ]
        requests += [
            PicturesWanted(path, sha256, tuple(asked[n : n + PAGES_A_TASK]), whole)
            for n in range(0, len(asked), PAGES_A_TASK)
        ]
    for outcome in executor.map(draw_pages, requests):
        made = outcome.result or PicturesMade(FileState.UNREADABLE)
        pictures = {picture.page_number: picture for picture in made.pictures}
        for page_number, quotes in outcome.item.pages:
            _attach(found, made.state, pictures.get(page_number), [quote.key for quote in quotes])
    _number(found)


def _attach(found: Sources, state: FileState, picture: Picture | None, numbers: Iterable[int]) -> None:
    if picture is not None:
        found.pictures.append(picture)
    for number in numbers:
        source = found.of[number]
        if picture is None:
            source.notes.append(_STATE_WORDS.get(state, _NO_PICTURE))
            continue
        source.picture, source.marks = len(found.pictures) - 1, picture.marks[number]
        if not source.marks:
            source.notes.append(_NO_PLACE)


def _number(found: Sources) -> None:
    """Numbers the pictures as the citations come, so that those read first are kept in the file first."""
    order: dict[int, int] = {}
    for source in found.of:
        if source.picture is not None:
            source.picture = order.setdefault(source.picture, len(order))
    found.pictures = [found.pictures[old] for old in order]
