"""``docpager ingest``: files and folders into the archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, duration, plural
from docpager.cli.options import common_options, config_option, json_option, settings_from, settings_options
from docpager.cli.progress import Progress
from docpager.peak_memory import peak_memory_mib
from docpager.records import Document, DocumentStatus, LastAction
from docpager.settings import IngestSettings

if TYPE_CHECKING:
    from docpager.ingest.report import IngestFailure, IngestReport

SLOW_SECONDS = 1.0
"""From here on the slowest documents are named."""
MOST_SLOW = 3
MOST_REASONS = 20
"""So many failed documents are named; ``docpager archive documents --status failed`` lists all."""


@click.command()
@click.argument("paths", nargs=-1, required=True)
@settings_options(IngestSettings)
@json_option
@config_option("ingest")
@common_options
@click.pass_context
def command(ctx: click.Context, /, paths: tuple[str, ...], as_json: bool, **values: Any) -> None:
    """Reads files and folders into the archive.

    Unchanged files are not read again. A file that cannot be read gets its row, with the reason, and exit code 3.
    """
    from docpager.wiring import ingest_folder

    console: Console = ctx.obj
    settings = settings_from(IngestSettings, values)
    with Progress(console, "documents") as progress:
        report = ingest_folder(paths, settings, progress=DocumentsShown(progress))
    if as_json:
        console.put_json(as_record(report, settings))
    for line in reasons(report.failures, report.failed):
        console.warn(line)
    for line in report_lines(report, settings):
        console.say(line)
    ctx.exit(report.exit_code(strict=settings.strict))


class DocumentsShown:
    """Shows how far an ingest is: documents, pages, segments, and what failed."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._total: int | None = None
        self._counts: Counter[str] = Counter()

    def expect(self, documents: int) -> None:
        """So many documents will be looked at, in all."""
        self._total = documents

    def advance(self, document: Document, pages: int, segments: int) -> None:
        """A document is settled."""
        self._counts.update(documents=1, pages=pages, segments=segments)
        at = self._counts
        details = f"{plural(at['pages'], 'page')}, {plural(at['segments'], 'segment')}"
        self._progress.show(at["documents"], self._total, details)


def reasons(failures: list[IngestFailure], count: int) -> Iterator[str]:
    """Which documents failed, and why."""
    for failure in failures[:MOST_REASONS]:
        why = " ".join((failure.error_message or failure.error_type or "no reason given").split())
        yield f"{failure.path}: {failure.status.value}: {why}"
    if count > MOST_REASONS:
        yield f"and {count - MOST_REASONS:,} more; docpager archive documents --status failed lists them"


def report_lines(report: IngestReport, settings: IngestSettings) -> Iterator[str]:
    """What an ingest came to, in its last lines."""
    yield from reasons(report.notes, len(report.notes))
    statuses = [f"{report.by_status[s]:,} {s.value}" for s in DocumentStatus if report.by_status[s]]
    actions = [f"{report.by_action[a]:,} {a.value}" for a in LastAction if report.by_action[a]]
    done = ", ".join(actions) or "nothing done"
    yield f"{plural(report.documents, 'document')}: {', '.join(statuses) or 'none'} ({done})"
    if report.pages:
        read = [plural(report.pages, "page"), plural(report.segments, "segment"), plural(report.tokens, "token")]
        rate = report.pages / report.seconds if report.seconds else 0.0
        yield f"{', '.join(read)} read in {duration(report.seconds)} ({rate:,.0f} pages a second)"
        slow = [f"{s.path} {duration(s.seconds)}" for s in report.slowest[:MOST_SLOW] if s.seconds >= SLOW_SECONDS]
        if slow:
            yield f"slowest: {', '.join(slow)}"
    else:
        yield f"nothing had to be read, {duration(report.seconds)}"
    yield f"peak memory {peak_memory_mib():,} MiB, largest worker {report.worker_peak_mib:,} MiB"
    yield f"archive {settings.archive}"


def as_record(report: IngestReport, settings: IngestSettings) -> dict[str, object]:
    """A report as ``--json`` writes it."""
    return {
        "archive": settings.archive,
        "exit_code": report.exit_code(strict=settings.strict),
        "documents": report.documents,
        "statuses": {status.value: count for status, count in report.by_status.items()},
        "actions": {action.value: count for action, count in report.by_action.items()},
        "duplicates": report.duplicates,
        "pages": report.pages,
        "segments": report.segments,
        "tokens": report.tokens,
        "seconds": round(report.seconds, 3),
        "cpu_seconds": {stage: round(seconds, 3) for stage, seconds in report.cpu_seconds.items()},
        "busy_seconds": {who: round(seconds, 3) for who, seconds in report.busy_seconds.items()},
        "slowest": [asdict(slow) | {"seconds": round(slow.seconds, 3)} for slow in report.slowest],
        "peak_memory_mib": peak_memory_mib(),
        "largest_worker_mib": report.worker_peak_mib,
        "failures": [_failure(failure) for failure in report.failures],
        "notes": [_failure(failure) for failure in report.notes],
    }


def _failure(failure: IngestFailure) -> dict[str, object]:
    return {
        "path": failure.path,
        "status": failure.status.value,
        "error_type": failure.error_type,
        "error_message": failure.error_message,
        "last_action": failure.last_action.value,
    }
