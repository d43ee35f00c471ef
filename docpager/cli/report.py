"""``docpager report``: a run as a page to read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from docpager.cli.console import Console, plural
from docpager.cli.options import common_options, json_option

if TYPE_CHECKING:
    from docpager.reporting.writing import WrittenReport


@click.command()
@click.argument("run")
@click.option(
    "--pictures",
    type=click.Choice(["crop", "all", "none"]),
    default="crop",
    show_default=True,
    help="Pictures of cited PDF pages: what stands around the quotes, whole pages, or none.",
)
@click.option("--against", metavar="RUN", help="An earlier run: tells what has changed since.")
@click.option("--archive", metavar="URI", help="The archive to look sources up in; by default the run's own.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Instead of report.html in RUN.")
@json_option
@common_options
@click.pass_obj
def command(
    console: Console,
    run: str,
    pictures: str,
    against: str | None,
    archive: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Writes a run's answers, sources and paging stories as one HTML file.

    RUN is the run's folder, or its name under outputs. The file needs no server and no network; what does not fit
    into 15 MB goes into a folder beside it.
    """
    from docpager.reviewing import write_report

    written = write_report(run, pictures=pictures, against=against, archive=archive, output=output)
    if as_json:
        console.put_json(
            {
                "report": str(written.path),
                "bytes": written.size,
                "questions": written.questions,
                "citations": written.citations,
                "pictures": written.pictures,
                "beside": None if written.beside is None else str(written.beside),
                "files_beside": written.files,
            }
        )
    else:
        console.put(str(written.path))
    console.say(summary(written))


def summary(written: WrittenReport) -> str:
    """What is in the report, and how large it is."""
    beside = f"; {plural(written.files, 'file')} more in {written.beside}" if written.beside else ""
    return (
        f"{plural(written.questions, 'question')}, {plural(written.citations, 'citation')}, "
        f"{plural(written.pictures, 'picture')} of pages; {written.size / 1e6:,.1f} MB{beside}"
    )
