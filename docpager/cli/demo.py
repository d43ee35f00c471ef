"""``docpager demo``: the whole path on the sample collection."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

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
    from docpager.batch.tables import read_answers
    from docpager.wiring import ingest_folder, run_questions, verify_run

    console: Console = ctx.obj
    started = time.monotonic()
    sample = sample_folder()
    ingest_settings = IngestSettings(archive=ARCHIVE)
    console.say(f"1. Ingest {sample / 'documents'} into {ARCHIVE}")
    with Progress(console, "documents") as progress:
        ingested = ingest_folder(sample / "documents", ingest_settings, progress=ingesting.DocumentsShown(progress))
    failures = ingesting.reasons(ingested.failures, ingested.failed)
    _tell(console, [*failures, *ingesting.report_lines(ingested, ingest_settings)])

    agent_settings = AgentSettings(context_tokens=CONTEXT_TOKENS)
    run_settings = RunSettings(archive=ARCHIVE, output=OUTPUT, fresh=True)
    console.say(f"2. Ask {sample / 'questions.csv'} in a window of {CONTEXT_TOKENS:,} tokens, without a language model")
    with Progress(console, "questions") as progress:
        ran = run_questions(
            sample / "questions.csv", agent_settings, run_settings, progress=running.QuestionsShown(progress)
        )
    rows = list(read_answers(ran.folder, COLUMNS))
    peak = max((row["context_peak_tokens"] or 0 for row in rows), default=0)
    _tell(console, [f"largest request {peak:,} tokens"])

    console.say("3. Verify every citation against the archive")
    verified = verify_run(ran.folder)
    _tell(console, [summary(verified)])

    for line in examples(rows):
        console.put(line)
    for status in (ExitStatus.ANSWERED, ExitStatus.ABSTAINED):
        ids = [row["question_id"] for row in rows if row["exit_status"] == status]
        console.say(textwrap.fill(f"{status.value}: {', '.join(ids) or 'none'}", WIDTH, subsequent_indent="  "))
    for line in running.report_lines(ran):
        console.say(line)
    console.say(f"the whole demo took {duration(time.monotonic() - started)}")
    ctx.exit(ingested.exit_code() or ran.exit_code or verified.exit_code)


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
