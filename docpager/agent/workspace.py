"""All that belongs to one question while it is worked on: memory, texts, notes, ledger, counts and events."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from docpager.agent.budget import WindowPlan
from docpager.agent.coverage import CoverageLedger
from docpager.agent.documents import DocumentIndex
from docpager.agent.note_store import MemoryNotes
from docpager.agent.notebook import Notebook
from docpager.agent.recall_storage import RecallStorage
from docpager.agent.sizing import WindowSizes
from docpager.errors import UnknownPageError
from docpager.lines import Span, line_spans
from docpager.memory import (
    REPLACEMENT_POLICIES,
    LineRange,
    MemoryEvent,
    Page,
    PageFault,
    Pager,
    Place,
    Readahead,
    Resized,
    Thrashing,
    Watermarks,
)
from docpager.protocols import Archive, NoteStore, TokenCounter
from docpager.records import Address, Document, Question, Segment, SegmentKind, ToolCall, TraceEvent
from docpager.records.views import PageView, TombstoneView
from docpager.settings import AgentSettings
from docpager.transcript import fold, parse_addresses, render_view

TITLE_CHARACTERS = 60
"""So much of a document's title is shown beside its path."""
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instruction|prompt|rule|previous|above|question)"
    r"|\byou are (?:now|an? (?:ai|assistant|language model))\b|\bsystem prompt\b"
    r"|\b(?:ai|llm|language models?|assistants?)\b.{0,40}\b(?:must|should|shall)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PageText:
    """A listed page's source and the spans of its lines."""

    segment: Segment
    document: Document
    spans: tuple[tuple[int, int], ...]

    def line(self, number: int) -> str:
        """Line ``number``, from 1, as it stands in the archive."""
        start, end = self.spans[number - 1]
        return self.segment.text[start:end]


@lru_cache(maxsize=4096)
def _spans(text: str, kind: SegmentKind) -> tuple[Span, ...]:
    """The lines of a segment; the same segments are listed for many questions."""
    return tuple(line_spans(text, kind))


class Workspace:
    """One question's memory and everything known about it."""

    def __init__(
        self,
        question: Question,
        *,
        archive: Archive,
        documents: DocumentIndex,
        counter: TokenCounter,
        settings: AgentSettings,
        plan: WindowPlan,
        sizes: WindowSizes,
        others: NoteStore | None = None,
    ) -> None:
        self.question = question
        self.archive = archive
        self.documents = documents
        self.counter = counter
        self.settings = settings
        self.plan = plan
        self.sizes = sizes
        self.readahead = Readahead() if settings.readahead else None
        self.trims_refaults = False
        """Pages that come back are shown only by the lines that bear on the question."""
        self.queue_is_full = False
        """The last request took more of the window than the pressure watermark allows, where all share one queue."""
        self.asks_for_notes = False
        """The tail asks the model to note and unpin before all else."""
        self.scope = documents.resolve(question.documents) if question.documents else []
        marks = Watermarks(settings.low_watermark, settings.high_watermark, settings.pressure_watermark)
        # Where the queue is flushed it is full before memory is; a page that is larger than the rest of it takes turns.
        as_needed = Watermarks(low=1, high=1, pressure=1)
        self.pager = Pager(
            plan.capacity,
            REPLACEMENT_POLICIES["fifo" if plan.flushes else settings.policy](),
            as_needed if plan.flushes or settings.reads_as_given else marks,
        )
        self.ledger = CoverageLedger()
        self.notebook = Notebook(plan.notebook, counter.count)
        self.recall = RecallStorage()
        self.remembered = MemoryNotes()
        self.others = others
        """What other questions remembered; None where that is not shared."""
        self.tainted = False
        """Something that speaks like orders was shown, or a note that had been written beside such."""
        self.step = 0
        self.read_tokens = 0
        self.instructions_found = 0
        self.counts: Counter[str] = Counter()
        self.refaults = 0
        self.paged = 0
        """Calls that paged in: what one of them asked for came in together."""
        self.events: list[TraceEvent] = []
        self._texts: dict[str, PageText] = {}
        self._shown: dict[str, dict[int, int]] = {}

    # Pages

    def list_page(self, segment: Segment) -> Page:
        """Gives a segment its handle, the first time it is named."""
        if segment.segment_id not in self._texts:
            document = self.archive.document(segment.doc_id)
            if document is None:
                raise LookupError(f"Segment {segment.segment_id} belongs to no document: {segment.doc_id}.")
            spans = _spans(segment.text, segment.kind)
            self._texts[segment.segment_id] = PageText(segment, document, spans)
            whole = self._view(segment.segment_id, f"p{len(self.pager.table) + 1}", LineRange(1, max(1, len(spans))))
            self.pager.table.list_page(
                segment.segment_id,
                token_count=self.counter.count(render_view(whole)),
                line_count=max(1, len(spans)),
                provenance=f"{document.path}, page {segment.page_number}",
            )
        return self.pager.table[segment.segment_id].page

    def segment_at(self, place: Place, *, near: int) -> Segment | None:
        """The segment at a place of its document, on paper page ``near`` or one of the two after it."""
        for page_number in range(near, near + 3):
            for segment in self.archive.segments_of(place.doc_id, page_number=page_number):
                if segment.ordinal == place.ordinal:
                    return segment
        return None

    def text(self, page_id: str) -> PageText:
        """The source of a listed page."""
        return self._texts[page_id]

    def document_name(self, document: Document) -> str:
        """A document as the model sees it: handle and path, and its title where that says more."""
        named = f"{self.documents.handle(document.doc_id)} {document.path}"
        title = fold(document.title or "").replace('"', "'")
        says_more = set(re.findall(r"\w+", title.lower())) - set(re.findall(r"[^\W_]+", document.path.lower()))
        return f'{named} "{title[:TITLE_CHARACTERS].strip()}"' if says_more else named

    def page_view(self, page_id: str, lines: LineRange) -> PageView:
        """Lines of a page as they are shown."""
        return self._view(page_id, self.pager.table[page_id].page.handle, lines)

    def _view(self, page_id: str, handle: str, lines: LineRange) -> PageView:
        text = self._texts[page_id]
        numbers = range(lines.first, min(lines.last, len(text.spans)) + 1)
        return PageView(
            handle,
            self.document_name(text.document),
            text.segment.page_number,
            tuple(fold(heading) for heading in text.segment.headings),
            tuple(fold(column) for column in text.segment.prefix.split("\n") if column.strip()),
            tuple((number, fold(text.line(number))) for number in numbers),
            len(text.spans),
        )

    def tombstone(self, page_id: str) -> TombstoneView:
        """What is left of a page in the context when it goes."""
        page, text = self.pager.table[page_id].page, self._texts[page_id]
        heading = fold(text.segment.headings[-1])[:60].strip() if text.segment.headings else ""
        return TombstoneView(
            page.handle, self.document_name(text.document), text.segment.page_number, heading, page.token_count
        )

    def show(self, page_id: str, lines: LineRange) -> None:
        """Records that these lines were rendered now: from now on they can be cited."""
        shown = self._shown.setdefault(page_id, {})
        text = self._texts[page_id]
        for number in range(lines.first, lines.last + 1):
            if number not in shown and number <= len(text.spans):
                shown[number] = self.step
                self.instructions_found += bool(_ORDERS.search(text.line(number)))
        self.ledger.read(page_id)

    def keep(self, call: ToolCall, result: str) -> None:
        """Keeps a call and its result for ``recall``; one that speaks like orders taints what is remembered later."""
        self.recall.add(self.step, call, result)
        self.tainted |= bool(_ORDERS.search(result))

    def shown_at(self, page_id: str, number: int) -> int | None:
        """The step at which a line was first rendered; None if it never was."""
        return self._shown.get(page_id, {}).get(number)

    def never_shown(self, address: Address) -> str | None:
        """Why an address cannot be cited; None if all its lines were shown."""
        try:
            page_id = self.pager.table.by_handle(address.handle).page.page_id
        except UnknownPageError:
            return f"there is no page {address.handle}"
        total = len(self._texts[page_id].spans)
        if address.last_line > total:
            return f"{address.handle} has {total} lines"
        missing = [n for n in range(address.first_line, address.last_line + 1) if self.shown_at(page_id, n) is None]
        return f"line {missing[0]} of {address.handle} was never shown" if missing else None

    def noted_page_ids(self) -> set[str]:
        """Ids of the pages that notes rest on."""
        addresses = parse_addresses(" ".join(address for note in self.notebook.notes for address in note.addresses))
        return {self.pager.table.by_handle(address.handle).page.page_id for address in addresses}

    def touch(self, addresses: Iterable[Address]) -> tuple[str, ...]:
        """Notes a reference to the page of each address, as far as it is resident; returns their ids in order."""
        page_ids = tuple(self.pager.table.by_handle(address.handle).page.page_id for address in addresses)
        for page_id in page_ids:
            self.pager.touch(page_id)
        return page_ids

    def readahead_account(self, cited: Iterable[str]) -> dict[str, Any]:
        """How many of the pages brought ahead were used: referenced, pinned, noted or cited."""
        if self.readahead is None:
            return {}
        for page_id in {*cited, *self.noted_page_ids()}:
            self.readahead.use(page_id)
        accuracy = self.readahead.accuracy
        return {"prefetch_accuracy": accuracy, "prefetch_wasted_tokens": self.readahead.wasted_tokens}

    # Size

    def grow(self, reason: str) -> bool:
        """Grows the window by a step, as long as the model's own is larger."""
        larger = self.sizes.above(self.plan.window)
        if larger is None:
            return False
        self.resize(self.plan.resized(self.settings, larger), reason)
        return True

    def resize(self, plan: WindowPlan, reason: str) -> list[str]:
        """Divides the window anew; returns the ids of pages that no longer fit.

        Refaults count anew from here, because something was done about them.
        """
        self.plan = plan
        self.notebook.capacity = plan.notebook
        self.pager.working_set.count_anew()
        events = self.pager.resize(plan.capacity)
        self.record(*events, reason=reason)
        return [page_id for event in events for page_id in event.page_ids]

    # Reading budget

    @property
    def read_left(self) -> int:
        """Tokens of document text that may still be shown."""
        return self.settings.read_tokens - self.read_tokens

    @property
    def steps_left(self) -> int:
        """Model calls that may still be made."""
        return self.settings.max_steps - self.step

    def may_read(self, page_id: str) -> bool:
        """Whether the reading budget holds one more page."""
        return self.reading_cost(page_id, self.pager.table[page_id].page.all_lines) <= self.read_left

    def reading_cost(self, page_id: str, lines: LineRange) -> int:
        """Tokens of document text in some lines of a page, without the addresses before them."""
        text = self._texts[page_id]
        if lines.first == 1 and lines.last >= len(text.spans) and text.segment.token_count:
            return text.segment.token_count
        return self.counter.count("\n".join(text.line(n) for n in range(lines.first, lines.last + 1)))

    # Events

    def record(self, *events: MemoryEvent, **more: Any) -> None:
        """Adds memory's events to the trace, with ``more`` among their arguments."""
        for event in events:
            arguments: dict[str, Any] = dict(more)
            if isinstance(event, PageFault):
                arguments["refault"] = event.refault
                self.refaults += event.refault
            if isinstance(lines := getattr(event, "lines", None), LineRange):
                arguments |= {"lines": str(lines), "handle": self.pager.table[event.page_ids[0]].page.handle}
            if isinstance(event, Resized):
                arguments |= {"capacity_before": event.capacity_before, "window": self.plan.window}
            if isinstance(event, Thrashing):
                arguments |= {"refault_rate": event.refault_rate, "working_set_tokens": event.working_set_tokens}
                arguments["action"] = event.action
            self.note_event(
                event.name,
                arguments,
                page_ids=event.page_ids,
                page_tokens=event.page_tokens,
                tokens_before=event.tokens_before,
                tokens_after=event.tokens_after,
                capacity=event.capacity,
            )

    def note_event(self, event: str, arguments: Mapping[str, Any] | None = None, **fields: Any) -> None:
        """Adds one event to the trace, with the resident tokens where it brings none of its own."""
        resident = self.pager.resident_tokens
        fields = {"tokens_before": resident, "tokens_after": resident, "capacity": self.pager.capacity} | fields
        self.counts[event] += 1
        self.events.append(
            TraceEvent(step=self.step, event=event, arguments=dict(arguments or {}), at=datetime.now(UTC), **fields)
        )


def arguments_json(arguments: Mapping[str, Any]) -> str:
    """Arguments as compact JSON text."""
    return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
