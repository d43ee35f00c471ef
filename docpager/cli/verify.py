"""``docpager verify``: every citation of a run against the archive again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from docpager.cli.console import Console, plural
from docpager.cli.options import common_options, json_option

if TYPE_CHECKING:
    from docpager.analysis.verify import CheckedCitation, VerifyReport


@click.command()
@click.argument("run")
@click.option("--archive", help="The archive to look in; by default the one that was asked.")
@json_option
@common_options
@click.pass_context
def command(ctx: click.Context, /, run: str, archive: str | None, as_json: bool) -> None:
    """Checks every citation of a run against the archive again.

    RUN is the run's folder, or its name under outputs. No model is asked. Exit code 5 if a citation fails.
    """
    from docpager.reviewing import verify_run

    console: Console = ctx.obj
    report = verify_run(run, archive=archive)
    if as_json:
        for citation in report.failed:
            console.put_json(citation)
        console.put_json(as_record(report))
    for line in [*map(failure_line, report.failed), *report.disagreements]:
        console.warn(line)
    console.say(summary(report))
    ctx.exit(report.exit_code)


def failure_line(citation: CheckedCitation) -> str:
    """One failed citation: which, where it points, and what is there."""
    quote = " ".join(citation.quote.split())
    short = quote if len(quote) <= 80 else quote[:77] + "..."
    page = "" if citation.page_number is None else f", page {citation.page_number}"
    elsewhere = ""
    if citation.found_doc_path is not None:
        elsewhere = f"; it stands in {citation.found_doc_path}, page {citation.found_page_number}"
    return (
        f"Question {citation.question_id} [{citation.n}] {citation.doc_path}{page}: "
        f'{citation.found.value}{elsewhere}: "{short}"'
    )


def summary(report: VerifyReport) -> str:
    """How many citations were checked, and how they stand."""
    stand = ", ".join(f"{count:,} {status.value}" for status, count in report.counts.most_common())
    line = f"{plural(report.checked, 'citation')} of {report.run_folder} checked"
    line += f": {stand}" if stand else ""
    if not report.same_archive:
        line += "; the archive has changed since the run"
    return line


def as_record(report: VerifyReport) -> dict[str, object]:
    """A report as ``--json`` writes it, after the failed citations."""
    return {
        "run": str(report.run_folder),
        "run_id": report.run_id,
        "checked": report.checked,
        "counts": {status.value: count for status, count in report.counts.items()},
        "failed": len(report.failed),
        "changed": report.changed,
        "disagreements": report.disagreements,
        "same_archive": report.same_archive,
        "exit_code": report.exit_code,
    }
