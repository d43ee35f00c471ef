"""``docpager trace``: what memory did for a question."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, plural
from docpager.cli.options import common_options, json_option
from docpager.cli.trace_replay import replay
from docpager.errors import DocpagerError, UsageError

if TYPE_CHECKING:
    from docpager.analysis.told_run import Story
    from docpager.batch.manifest import Manifest
    from docpager.protocols import Archive

Row = dict[str, Any]


@click.group()
def command() -> None:
    """Shows what memory did for a question, and replays it."""


command.add_command(replay)


@command.command()
@click.argument("run")
@click.argument("question_id", required=False)
@click.option("--question", "named", metavar="QUESTION_ID", help="The same as the argument.")
@click.option("--document", metavar="NAME", help="In a --for-each run: the path, its ending or the id of one.")
@click.option("--archive", metavar="URI", help="Names the pages from this archive; by default from the run's own.")
@click.option("--events", "bare", is_flag=True, help="Lists the bare events instead, as they stand in the trace.")
@json_option
@common_options
@click.pass_obj
def show(
    console: Console,
    run: str,
    question_id: str | None,
    named: str | None,
    document: str | None,
    archive: str | None,
    bare: bool,
    as_json: bool,
) -> None:
    """Tells the paging story of one question, step by step; of the first, unless told.

    RUN is the run's folder, or its name under outputs. The bar beside a step is how full memory was when it was over.
    """
    from docpager.analysis.told_run import events_of, story_of
    from docpager.batch.manifest import read_manifest
    from docpager.batch.run_folder import resolve_run
    from docpager.batch.tables import read_answers

    folder = resolve_run(run)
    asked = list(read_answers(folder, ["question_id", "doc_id", "doc_path"]))
    chosen = _chosen(asked, question_id or named, document, str(folder))
    question, doc_id = chosen["question_id"], chosen["doc_id"]
    if bare:
        _put_events(console, events_of(folder, question, doc_id), as_json)
        return
    manifest = read_manifest(folder)
    story = story_of(folder, question, doc_id, _archive(console, archive, manifest))
    if as_json:
        _put_records(console, story)
        return
    _put_story(console, story, manifest)
    if (question_id or named or document) is None and len(asked) > 1:
        console.say(_hint(run, asked))


@command.command()
@click.argument("run")
@click.argument("question_id", required=False)
@click.option("--document", metavar="NAME", help="In a --for-each run: the path, its ending or the id of one.")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Instead of stdout.")
@common_options
@click.pass_obj
def plot(console: Console, run: str, question_id: str | None, document: str | None, output: Path | None) -> None:
    """Draws the paging story of one question as SVG: tokens in memory over steps, and what happened in each.

    RUN is the run's folder, or its name under outputs; without QUESTION_ID it is the first. The picture is legible
    on light and on dark.
    """
    from docpager.analysis.sheets import whole_file
    from docpager.analysis.told_run import events_of
    from docpager.batch.run_folder import resolve_run
    from docpager.batch.tables import read_answers
    from docpager.reporting.story_picture import standing_alone, story_svg
    from docpager.reporting.text import folded

    folder = resolve_run(run)
    asked = list(read_answers(folder, ["question_id", "doc_id", "doc_path", "question"]))
    chosen = _chosen(asked, question_id, document, str(folder))
    events = events_of(folder, chosen["question_id"], chosen["doc_id"])
    picture = standing_alone(story_svg(events, folded(chosen["question"])))
    if output is None:
        console.put(picture.rstrip())
        return
    with whole_file(output) as file:
        file.write(picture.encode())
    console.say(str(output))


def _chosen(asked: Sequence[Row], question_id: str | None, document: str | None, where: str) -> Row:
    """The row asked for: the first that bears the question's id and the document's name."""
    rows = [row for row in asked if question_id is None or row["question_id"] == question_id]
    if not rows:
        raise UsageError(f"{where} has no question {question_id}. There are: {_near(question_id, asked)}.")
    if document is None:
        return rows[0]
    if all(row["doc_id"] is None for row in asked):
        raise UsageError(f"{where} asked the whole archive, not each document alone: leave --document out.")
    found = [row for row in rows if document == row["doc_id"] or (row["doc_path"] or "").endswith(document)]
    if not found:
        some = ", ".join(row["doc_path"] for row in rows[:5] if row["doc_path"])
        raise UsageError(f"{where} did not ask a document {document}. There are: {some}, ...")
    return found[0]


def _near(question_id: str | None, asked: Sequence[Row]) -> str:
    ids = list(dict.fromkeys(row["question_id"] for row in asked))
    near = get_close_matches(question_id or "", ids, n=5, cutoff=0.5) or ids[:5]
    return ", ".join(near) + (", ..." if len(ids) > len(near) else "")


def _hint(run: str, asked: Sequence[Row]) -> str:
    grid = asked[0]["doc_id"] is not None
    return (
        f"The first of {plural(len(asked), 'answer')}. Another: docpager trace show {run} QUESTION_ID"
        f"{' --document NAME' if grid else ''}; docpager runs show {run} lists them."
    )


def _archive(console: Console, uri: str | None, manifest: Manifest) -> Archive | None:
    """The archive that names the pages, as the run saw it if that is still there; None where it is gone."""
    from docpager.wiring import open_archive

    if uri is not None:
        return open_archive(uri)
    try:
        return open_archive(manifest.archive, generation=manifest.archive_generation)
    except DocpagerError:
        pass
    try:
        return open_archive(manifest.archive)
    except DocpagerError as error:
        console.say(f"Only cited pages have names here: {error}")
    return None


def _put_story(console: Console, story: Story, manifest: Manifest) -> None:
    from docpager.cli.story import Ink, StoryPrinter

    width = shutil.get_terminal_size((100, 24)).columns
    printer = StoryPrinter.for_steps(story.steps, width, Ink.of_stdout())
    answer, settings = story.answer, manifest.settings["agent"]
    of = f" of {answer['doc_path']}" if answer["doc_path"] else ""
    console.put(printer.ink.style(printer.ink.plain(f"Question {answer['question_id']}{of}"), bold=True))
    for line in printer.wrapped(answer["question"]):
        console.put(line)
    if story.steps:
        console.put()
        for line in printer.wrapped(_window(story, settings)):
            console.put(line)
        console.put(printer.heads())
    for step in story.steps:
        for line in printer.step_lines(step):
            console.put(line)
    console.put()
    for line in printer.answer_lines(answer):
        console.put(line)
    for citation in story.citations:
        for line in printer.citation_lines(citation):
            console.put(line)
    console.put()
    for line in printer.counts_lines(story.counts):
        console.put(line)


def _window(story: Story, settings: Row) -> str:
    capacity = next((step.capacity for step in story.steps if step.capacity), None)
    size = settings["context_tokens"]
    window = f"window {size:,} tokens" if isinstance(size, int) else f"window {size}"
    pages = f", {capacity:,} of them for pages" if capacity else ""
    return f"{settings['model']}, {window}{pages}, policy {settings['policy']}"


def _put_records(console: Console, story: Story) -> None:
    """The story as JSON lines: the question, its steps, its citations, its counts."""
    console.put_json({"record": "question", **story.answer})
    for step in story.steps:
        console.put_json({"record": "step", **asdict(step)})
    for citation in story.citations:
        console.put_json({"record": "citation", **citation})
    console.put_json({"record": "counts", **asdict(story.counts)})


def _put_events(console: Console, events: Sequence[Row], as_json: bool) -> None:
    if as_json:
        for row in events:
            console.put_json(row)
        return
    heads = ["step", "event", "pages", "page tokens", "resident", "capacity", "prompt", "ms", "arguments"]
    console.put_table(heads, [_cells(row) for row in events])


def _cells(row: Row) -> list[object]:
    pages = row["page_ids"] or []
    shown = " ".join(page_id[:8] for page_id in pages[:3]) + (f" and {len(pages) - 3} more" if len(pages) > 3 else "")
    return [
        row["step"],
        row["event"],
        shown,
        sum(row["page_tokens"] or []) if pages else None,
        row["tokens_after"],
        row["capacity"],
        row["prompt_tokens"],
        None if row["milliseconds"] is None else round(row["milliseconds"]),
        "" if row["arguments"] in (None, "{}") else row["arguments"],
    ]
