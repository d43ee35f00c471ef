"""``docpager runs``: what has been run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, dollars, duration, plural
from docpager.cli.options import common_options, json_option
from docpager.cli.run import status_words
from docpager.errors import UsageError

if TYPE_CHECKING:
    from docpager.batch.retention import KnownRun

ANSWER_COLUMNS = ["question_id", "exit_status", "n_verified", "n_citations", "steps", "question", "answer"]
REASON_COLUMNS = ["abstain_reason", "error_message"]
QUESTION_CHARACTERS = 60


@click.group()
def command() -> None:
    """Lists runs, shows, compares, exports or removes them."""


@command.command("list")
@click.option("--outputs", default="outputs", show_default=True, help="The folder that holds the runs.")
@json_option
@common_options
@click.pass_obj
def list_runs(console: Console, outputs: str, as_json: bool) -> None:
    """Lists the runs of a folder, newest first."""
    found = _known(console, outputs)
    if as_json:
        for run in found:
            console.put_json({"folder": str(run.folder), **_facts(run.manifest), "state": run.state})
        return
    rows = [
        [run.folder.name, run.state, m.exit_code, m.started_at[:19], m.model, ", ".join(status_words(m.counts))]
        for run in found
        for m in [run.manifest]
    ]
    console.put_table(["run", "state", "exit code", "started (UTC)", "model", "questions"], rows)


def _known(console: Console, outputs: str) -> list[KnownRun]:
    """The runs of a folder, newest first; says which could not be read."""
    from docpager.batch.retention import KnownRun, known_runs
    from docpager.errors import MissingInputError

    if not Path(outputs).is_dir():
        raise MissingInputError(f"There is no folder {outputs}. Name the one that holds the runs with --outputs.")
    found: list[KnownRun] = []
    for run in known_runs(Path(outputs)):
        if isinstance(run, KnownRun):
            found.append(run)
        else:
            console.warn(str(run))
    return found


@command.command()
@click.argument("before")
@click.argument("after")
@json_option
@common_options
@click.pass_obj
def diff(console: Console, before: str, after: str, as_json: bool) -> None:
    """Compares two runs: changed answers, lost and new citations, documents, cost.

    BEFORE and AFTER are runs' folders, or their names under outputs.
    """
    from docpager.analysis.run_diff import run_diff
    from docpager.batch.run_folder import resolve_run

    found = run_diff(resolve_run(before), resolve_run(after))
    if as_json:
        console.put_json(found.as_record())
        for change in found.changes:
            console.put_json(change.as_record())
        return
    for change in found.changes:
        of = f" of {change.doc_path}" if change.doc_path else ""
        console.put(f"{change.question_id}{of}: {change.kind}")
        for mark, text in [("-", change.before), ("+", change.after)]:
            if text is not None and change.kind != "citations":
                console.put(f"  {mark} {' '.join(text.split())}")
        for mark, lines in [("-", change.lost), ("+", change.gained)]:
            for line in lines:
                console.put(f"  {mark} [{line}]")
    if found.changes:
        console.put()
    carried = f", {found.carried:,} of them carried over" if found.carried else ""
    console.put(f"{plural(len(found.changes), 'question')} changed, {found.same:,} the same{carried}")
    for what, paths in [("now cited", found.new_documents), ("no longer cited", found.lost_documents)]:
        if paths:
            console.put(f"{what}: {', '.join(paths)}")
    console.put(f"tokens {found.tokens[0]:,} -> {found.tokens[1]:,}, {' -> '.join(map(dollars, found.cost_usd))}")
    if found.settings:
        console.put(f"different: {'; '.join(found.settings)}")


@command.command()
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="Keeps the newest N of each question file.")
@click.option("--older-than", "days", type=click.FloatRange(min=0), metavar="DAYS", help="Removes only older ones.")
@click.option("--outputs", default="outputs", show_default=True, help="The folder that holds the runs.")
@click.option("--dry-run", is_flag=True, help="Says what would go, and removes nothing.")
@json_option
@common_options
@click.pass_obj
def prune(console: Console, keep: int | None, days: float | None, outputs: str, dry_run: bool, as_json: bool) -> None:
    """Removes finished runs with all their files.

    A run that is not finished stays, and so does whatever is no run of docpager's.
    """
    from docpager.batch.retention import prunable, remove_run

    if keep is None and days is None:
        raise UsageError("Say which runs go: --keep N, --older-than DAYS, or both.")
    gone = prunable(_known(console, outputs), keep=keep, older_than_days=days)
    for run in gone:
        if not dry_run:
            remove_run(run)
        if as_json:
            console.put_json({"folder": str(run.folder), "removed": not dry_run})
        else:
            console.put(str(run.folder))
    console.say(f"{plural(len(gone), 'run')} {'would be removed' if dry_run else 'removed'}")


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
