"""``docpager runs``: what has been run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from docpager.cli.console import Console, dollars, duration, plural
from docpager.cli.options import common_options, json_option
from docpager.cli.run import status_words
from docpager.errors import UsageError

ANSWER_COLUMNS = ["question_id", "exit_status", "n_verified", "n_citations", "steps", "question", "answer"]
REASON_COLUMNS = ["abstain_reason", "error_message"]
QUESTION_CHARACTERS = 60


@click.group()
def command() -> None:
    """Lists runs, shows one, or exports its answers."""


@command.command("list")
@click.option("--outputs", default="outputs", show_default=True, help="The folder that holds the runs.")
@json_option
@common_options
@click.pass_obj
def list_runs(console: Console, outputs: str, as_json: bool) -> None:
    """Lists the runs of a folder, newest first."""
    from docpager.batch.manifest import Manifest, read_manifest
    from docpager.errors import DocpagerError, MissingInputError

    if not Path(outputs).is_dir():
        raise MissingInputError(f"There is no folder {outputs}. Name the one that holds the runs with --outputs.")
    found: list[tuple[Path, Manifest]] = []
    for file in Path(outputs).glob("*/manifest.json"):
        try:
            found.append((file.parent, read_manifest(file.parent)))
        except DocpagerError as error:
            console.warn(str(error))
    found.sort(key=lambda pair: pair[1].started_at, reverse=True)
    if as_json:
        for folder, manifest in found:
            console.put_json({"folder": str(folder), **_facts(manifest)})
        return
    rows = [
        [folder.name, m.state, m.exit_code, m.started_at[:19], m.model, ", ".join(status_words(m.counts))]
        for folder, m in found
    ]
    console.put_table(["run", "state", "exit code", "started (UTC)", "model", "questions"], rows)


@command.command()
@click.argument("run")
@json_option
@common_options
@click.pass_obj
def show(console: Console, run: str, as_json: bool) -> None:
    """Shows a run: its settings, counts and answers.

    RUN is the run's folder, or its name under outputs.
    """
    from docpager.batch.manifest import read_manifest
    from docpager.batch.run_folder import resolve_run
    from docpager.batch.tables import read_answers

    folder = resolve_run(run)
    manifest = read_manifest(folder)
    answers = list(read_answers(folder, [*ANSWER_COLUMNS, *REASON_COLUMNS, "doc_id", "doc_path"]))
    if as_json:
        console.put_json({"folder": str(folder), **_facts(manifest), "settings": manifest.settings})
        for row in answers:
            console.put_json(row)
        return
    usage = manifest.usage
    tokens = int((usage.get("prompt_tokens") or 0) + (usage.get("completion_tokens") or 0))
    console.put(f"{folder}  {manifest.state}, exit code {manifest.exit_code}, started {manifest.started_at}")
    console.put(f"archive {manifest.archive} at generation {manifest.archive_generation}, model {manifest.model}")
    console.put(", ".join([f"{key} {value}" for key, value in manifest.settings["agent"].items() if key != "model"]))
    console.put(
        f"{', '.join(status_words(manifest.counts))}; {tokens:,} tokens, {dollars(usage.get('cost_usd'))}, "
        f"{duration(usage.get('latency_seconds') or 0)} of work"
    )
    heads = ["question_id", "exit_status", "verified", "cited", "steps", "question", "answer"]
    rows = [_cells(row) for row in answers]
    if manifest.settings["run"].get("for_each") is not None:
        where = manifest.settings["run"].get("where")
        documents = len({row["doc_id"] for row in answers if row["doc_id"] is not None})
        console.put(f"each of {plural(documents, 'document')} alone{f', where {where}' if where else ''}")
        heads.insert(1, "document")
        rows = [[cells[0], row["doc_path"], *cells[1:]] for cells, row in zip(rows, answers, strict=True)]
    console.put()
    console.put_table(heads, rows)


@command.command()
@click.argument("run")
@click.option("--pivot", is_flag=True, help="Lays a --for-each run out: documents down, questions across.")
@click.option(
    "--format", "named", type=click.Choice(["csv", "jsonl", "xlsx"]), help="By default what FILE ends in, else csv."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Instead of stdout.")
@common_options
@click.pass_obj
def export(console: Console, run: str, pivot: bool, named: str | None, output: Path | None) -> None:
    """Writes a run's answers for a spreadsheet.

    RUN is the run's folder, or its name under outputs. Cells that a spreadsheet would run as a formula get an
    apostrophe in csv, and are text in xlsx.
    """
    from docpager.analysis.export import answers_sheet, pivot_sheet
    from docpager.analysis.sheets import WRITERS, format_of, whole_file
    from docpager.batch.run_folder import resolve_run

    kind = format_of(output, named)
    if output is None and kind == "xlsx" and sys.stdout.isatty():
        raise UsageError("A workbook is no text to show here. Name a file with -o.")
    folder = resolve_run(run)
    write = WRITERS[kind]
    sheet = pivot_sheet(folder) if pivot else answers_sheet(folder)
    if output is None:
        write(sheet, sys.stdout.buffer)
        return
    with whole_file(output) as file:
        write(sheet, file)
    console.say(str(output))


def _cells(row: dict[str, Any]) -> list[object]:
    question = " ".join(row["question"].split())
    short = question if len(question) <= QUESTION_CHARACTERS else question[: QUESTION_CHARACTERS - 3] + "..."
    why = row["abstain_reason"] or row["error_message"]
    return [*(row[name] for name in ANSWER_COLUMNS[:5]), short, row["answer"] or (f"({why})" if why else None)]


def _facts(manifest: object) -> dict[str, object]:
    names = ["run_id", "state", "exit_code", "started_at", "finished_at", "model", "archive", "archive_generation"]
    return {name: getattr(manifest, name) for name in [*names, "counts", "usage"]}
