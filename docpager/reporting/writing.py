"""Writes a run's report: one file that works from a mailbox, and a folder beside it for what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from docpager.analysis.run_diff import run_diff
from docpager.batch.columns import ANSWER_COLUMNS, CITATION_COLUMNS
from docpager.batch.manifest import read_manifest
from docpager.batch.tables import read_answers, read_citations
from docpager.protocols import Archive, Executor
from docpager.reporting.packing import Package
from docpager.reporting.sources import sources_of
from docpager.reporting.story_blocks import stories, unread_segments
from docpager.reporting.view import MOST_UNREAD, Materials, answer_key, report_view, unread_ids

MOST_BYTES = 15_000_000
"""Of the file: with the third that mail adds it stays below 25 MB, which mail servers carry."""
PICTURES = ("crop", "all", "none")


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """What was written."""

    path: Path
    size: int
    """Bytes of the file itself."""
    questions: int
    citations: int
    pictures: int
    beside: Path | None = None
    """The folder of what did not fit."""
    files: int = 0
    """Files in it."""


def write_report(
    run: Path,
    output: Path,
    archive: Archive | None,
    executor: Executor,
    *,
    pictures: str = "crop",
    against: Path | None = None,
    archive_note: str = "",
    most_bytes: int = MOST_BYTES,
) -> WrittenReport:
    """Writes the report of a run, whole; ``executor`` draws the pages, in processes that a file may bring down.

    Raises ``MissingInputError`` or ``DocpagerError`` where a run has no whole tables, ``TemporaryError`` where the
    file cannot be written.
    """
    # All columns by name: one that an older run does not have is unknown, not missing.
    answers = list(read_answers(run, [column.name for column in ANSWER_COLUMNS]))
    citations = list(read_citations(run, [column.name for column in CITATION_COLUMNS]))
    drawing = executor if pictures != "none" else None
    sources = sources_of(citations, archive, drawing, whole=pictures == "all")
    materials = Materials(
        read_manifest(run),
        answers,
        citations,
        sources.of,
        unread_segments((s for row in answers for s in unread_ids(row)[:MOST_UNREAD]), archive),
        None if against is None else run_diff(against, run),
        archive_note,
    )
    # Of two rows with one id, the first was asked.
    numbers = {answer_key(row): number for number, row in reversed(list(enumerate(answers, 1)))}
    questions = {answer_key(row): row["question"] for row in reversed(answers)}
    told = {numbers[key]: story for key, story in stories(run, questions, archive)}
    package = Package(output, most_bytes, told, sources.pictures)
    size = package.write(report_view(materials))
    beside = package.folder if package.beside else None
    counts = len(answers), len(citations), len(sources.pictures)
    return WrittenReport(output, size, *counts, beside, len(package.beside))
