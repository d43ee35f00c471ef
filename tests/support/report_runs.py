"""Runs to report on: written by the project's own writers, over documents that were really read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from worlds import WordCounter

from docpager.archive.in_memory import InMemoryArchive
from docpager.batch.executors.inline import InlineExecutor
from docpager.batch.manifest import RunIdentity, RunState, new_manifest
from docpager.batch.outputs import Totals
from docpager.batch.rows import rows_of, unasked_row
from docpager.batch.schemas import SCHEMAS, TableWriter
from docpager.ingest.pipeline import ingest
from docpager.models.embedding import NoEmbedder
from docpager.records import (
    Answer,
    Citation,
    Coverage,
    ExitStatus,
    PagingCounts,
    Question,
    TraceEvent,
    Usage,
    VerifyStatus,
    hex_id,
)
from docpager.settings import AgentSettings, IngestSettings, RunSettings

STARTED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def read_folder(root: Path) -> InMemoryArchive:
    """An archive of a folder's files, read by the readers themselves."""
    archive = InMemoryArchive()
    ingest([root], IngestSettings(), archive, NoEmbedder(), WordCounter(), InlineExecutor(), None)
    return archive


def pdf(pages: Iterable[Sequence[tuple[float, float, str]]], size: tuple[float, float] = (612, 792)) -> bytes:
    """A PDF with texts at places in points from the lower left corner, in 12-point Helvetica."""
    from reportlab.pdfgen.canvas import Canvas

    file = io.BytesIO()
    canvas = Canvas(file, pagesize=size, invariant=True)
    for texts in pages:
        canvas.setFont("Helvetica", 12)
        for x, y, text in texts:
            canvas.drawString(x, y, text)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def citation(
    archive: InMemoryArchive,
    path: str,
    quote: str,
    n: int = 1,
    *,
    claim: str = "",
    status: VerifyStatus = VerifyStatus.EXACT,
    page_number: int | None = None,
    after: str = "",
) -> Citation:
    """A citation of a quote, where it first stands in a document behind ``after``."""
    document = next(document for document in archive.documents() if document.path == path)
    pages = [page for page in archive.paper_pages(document.doc_id) if page_number in (None, page.page_number)]
    page = next((page for page in pages if quote in page.text), pages[0])
    start = page.text.find(quote, page.text.find(after) if after else 0)
    segments = archive.segments_of(document.doc_id, page_number=page.page_number)
    return Citation(
        citation_id=hex_id(path, quote, n),
        n=n,
        claim=claim or quote,
        doc_id=document.doc_id,
        doc_path=path,
        doc_title=document.title,
        doc_sha256=document.sha256,
        page_number=page.page_number,
        page_label=page.page_label,
        headings=segments[0].headings if segments else (),
        segment_id=segments[0].segment_id if segments else None,
        char_start=start if start >= 0 else None,
        char_end=start + len(quote) if start >= 0 else None,
        quote=quote,
        context_before=page.text[max(0, start - 50) : max(0, start)],
        context_after=page.text[start + len(quote) : start + len(quote) + 50] if start >= 0 else "",
        verify_status=status,
        match_score=1.0,
        supported=True,
        page_in_step=2,
        retrieval_rank=1,
        retrieval_score=0.9,
    )


def events(pages: Sequence[str], capacity: int = 1000, size: int = 300) -> tuple[TraceEvent, ...]:
    """A trace in which pages come one a step, and the oldest goes where there is no room for the next."""
    trace, resident = [TraceEvent(1, "ModelCall", arguments={"calls": ["search"]}, tokens_before=0, tokens_after=0)], 0
    found = {"query": "ferry dues", "documents": [], "first": 1, "results": len(pages)}
    trace.append(TraceEvent(1, "Search", tuple(pages), (), found, 0, 0, capacity))
    for step, page in enumerate(pages, 2):
        fault = {"refault": step > 4, "lines": "1-4"}
        trace.append(TraceEvent(step, "PageFault", (page,), (size,), fault, resident, resident, capacity))
        if resident + size > capacity:
            trace.append(TraceEvent(step, "Eviction", (page,), (size,), {}, resident, resident - size, capacity))
            resident -= size
        trace.append(
            TraceEvent(step, "PageIn", (page,), (size,), {"lines": "1-4"}, resident, resident + size, capacity)
        )
        resident += size
        if resident > 0.7 * capacity:
            trace.append(TraceEvent(step, "MemoryPressure", (), (), {}, resident, resident, capacity))
    trace.append(TraceEvent(len(pages) + 2, "Pin", tuple(pages[:1]), (size,), {}, resident, resident, capacity))
    ended = {"exit_status": "answered"}
    trace.append(TraceEvent(len(pages) + 2, "Answered", (), (), ended, resident, resident, capacity))
    return tuple(trace)


def answer(
    question_id: str,
    text: str | None = None,
    citations: Sequence[Citation] = (),
    *,
    status: ExitStatus = ExitStatus.ANSWERED,
    trace: tuple[TraceEvent, ...] = (),
    unread: Sequence[str] = (),
    read: Sequence[str] = (),
    **named: object,
) -> Answer:
    """What an agent says of a question, with figures that a run would have."""
    return Answer(
        question_id,
        status,
        text,
        confidence=0.8 if text else None,
        citations=tuple(citations),
        paging=PagingCounts(steps=max((event.step for event in trace), default=0)),
        coverage=Coverage((*read, *unread), tuple(read), len(unread), "read_limit", ("ferry dues",)),
        usage=Usage(prompt_tokens=1200, completion_tokens=80, cost_usd=0.0012),
        model="extractive",
        started_at=STARTED,
        finished_at=STARTED,
        latency_seconds=0.4,
        events=trace,
        **named,
    )


def write_run(
    folder: Path, asked: Iterable[tuple[Question, Answer | None]], *, archive: str = "memory:", **settings: object
) -> Path:
    """A finished run's folder; a question without an answer was invalid or never asked."""
    identity = RunIdentity("0" * 64, AgentSettings(**settings), "1", archive, "1", "none")
    folder.mkdir(parents=True, exist_ok=True)
    manifest = new_manifest("feedc0de", identity, {"name": "nightly.csv"}, RunSettings(archive=archive), STARTED)
    totals = Totals()
    writers = {
        name: TableWriter(folder / f"{name}.parquet", schema, manifest.footer) for name, schema in SCHEMAS.items()
    }
    for question, said in asked:
        if said is None:
            writers["answers"].add(unasked_row(question, manifest.facts), 500)
            continue
        rows = rows_of(question, said, manifest.facts)
        totals.add(rows.answer)
        writers["answers"].add(rows.answer, 500)
        for row in rows.citations:
            writers["citations"].add(row, 500)
        for row in rows.trace:
            writers["trace"].add(row, 200)
    for writer in writers.values():
        writer.finish()
        writer.commit()
    manifest.state, manifest.exit_code, manifest.finished_at = RunState.FINISHED, 0, "2026-03-01T09:31:00.000Z"
    manifest.counts, manifest.usage = dict(totals.counts), dict(totals.sums)
    manifest.save(folder)
    return folder
