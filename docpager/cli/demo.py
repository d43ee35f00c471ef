"""``docpager demo``: the whole path on the sample collection."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli import ingest as ingesting
from docpager.cli import run as running
from docpager.cli.answers import WIDTH
from docpager.cli.console import Console, duration
from docpager.cli.options import common_options
from docpager.cli.progress import Progress
from docpager.cli.verify import summary
from docpager.errors import MissingInputError
from docpager.records import ExitStatus
from docpager.settings import AgentSettings, IngestSettings, RunSettings

if TYPE_CHECKING:
    from docpager.analysis.verify import VerifyReport
    from docpager.batch.run_report import RunReport
    from docpager.ingest.report import IngestReport

ARCHIVE = "data/demo.lancedb"
OUTPUT = "outputs/demo"
CONTEXT_TOKENS = 4096
SHOWN = 3
COLUMNS = ["question_id", "question", "exit_status", "answer", "abstain_reason", "citations", "context_peak_tokens"]

Row = dict[str, Any]


@click.command()
@common_options
@click.pass_context
def command(ctx: click.Context, /) -> None:
    """Ingests the sample collection and answers its questions.

    The archive is data/demo.lancedb and the run outputs/demo, both under the working directory. No network, no key.
    """
    console: Console = ctx.obj
    started, sample = time.monotonic(), sample_folder()
    ingested = _ingest(console, sample)
    ran, rows = _run(console, sample)
    verified = _verify(console, ran.folder)
    for line in examples(rows):
        console.put(line)
    for line in [*ended(rows), *running.report_lines(ran)]:
        console.say(line)
    console.say(f"the whole demo took {duration(time.monotonic() - started)}")
    ctx.exit(ingested.exit_code() or ran.exit_code or verified.exit_code)


def _ingest(console: Console, sample: Path) -> IngestReport:
    from docpager.wiring import ingest_folder

    settings = IngestSettings(archive=ARCHIVE)
    console.say(f"1. Ingest {sample / 'documents'} into {ARCHIVE}")
    with Progress(console, "documents") as progress:
        report = ingest_folder(sample / "documents", settings, progress=ingesting.DocumentsShown(progress))
    failures = ingesting.reasons(report.failures, report.failed)
    _tell(console, [*failures, *ingesting.report_lines(report, settings)])
    return report


def _run(console: Console, sample: Path) -> tuple[RunReport, list[Row]]:
    from docpager.batch.tables import read_answers
    from docpager.running import run_questions

    questions = sample / "questions.csv"
    settings = AgentSettings(context_tokens=CONTEXT_TOKENS), RunSettings(archive=ARCHIVE, output=OUTPUT, fresh=True)
    console.say(f"2. Ask {questions} in a window of {CONTEXT_TOKENS:,} tokens, without a language model")
    with Progress(console, "questions") as progress:
        report = run_questions(questions, *settings, progress=running.QuestionsShown(progress))
    rows = list(read_answers(report.folder, COLUMNS))
    peak = max((row["context_peak_tokens"] or 0 for row in rows), default=0)
    _tell(console, [f"largest request {peak:,} tokens"])
    return report, rows


def _verify(console: Console, run: Path) -> VerifyReport:
    from docpager.reviewing import verify_run

    console.say("3. Verify every citation against the archive")
    report = verify_run(run)
    _tell(console, [summary(report)])
    return report


def ended(rows: list[Row]) -> Iterator[str]:
    """Which questions were answered, and which were not."""
    for status in (ExitStatus.ANSWERED, ExitStatus.ABSTAINED):
        ids = [row["question_id"] for row in rows if row["exit_status"] == status]
        yield textwrap.fill(f"{status.value}: {', '.join(ids) or 'none'}", WIDTH, subsequent_indent="  ")


def sample_folder() -> Path:
    """The sample collection: shipped with the package, or beside it in a checkout."""
    package = Path(str(files("docpager")))
    for folder in (package.parent / "data" / "sample", package / "_sample"):
        if (folder / "questions.csv").exists():
            return folder
    raise MissingInputError(f"The sample collection is not in this installation, neither beside nor in {package}.")


def examples(rows: list[Row]) -> Iterator[str]:
    """Answers from files of different kinds, each with its quotes; and one question without an answer."""
    kinds: set[str] = set()
    for row in rows:
        cited = {Path(citation["doc_path"].partition("#")[0]).suffix for citation in row["citations"]}
        if row["exit_status"] == ExitStatus.ANSWERED and cited - kinds and len(kinds) < SHOWN:
            kinds |= cited
            yield from example(row)
    for row in rows:
        if row["exit_status"] == ExitStatus.ABSTAINED:
            yield from example(row)
            break


def example(row: Row) -> Iterator[str]:
    """A question, its answer, and the quotes it rests on."""
    yield ""
    yield f"{row['question_id']}  {row['question']}"
    yield from _wrapped(row["answer"] or f"No answer: {row['abstain_reason']}", "     ")
    for citation in row["citations"]:
        yield f"     [{citation['n']}] {citation['doc_path']}, page {citation['page_number']}"
        yield from _wrapped(f'"{citation["quote"]}"', "         ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent=indent, subsequent_indent=indent)


def _tell(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.say(f"   {line}")
    console.say()
