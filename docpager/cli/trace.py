"""``docpager trace``: what memory did for a question."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import click

from docpager.cli.console import Console
from docpager.cli.options import common_options, json_option
from docpager.errors import UsageError


@click.group()
def command() -> None:
    """Shows what memory did for a question."""


@command.command()
@click.argument("run")
@click.option("--question", "question_id", help="The question's id; not needed where the run has only one.")
@json_option
@common_options
@click.pass_obj
def show(console: Console, run: str, question_id: str | None, as_json: bool) -> None:
    """Lists the events of one question.

    RUN is the run's folder, or its name under outputs. Pages are named by the start of their segment_id.
    """
    from docpager.batch.run_folder import resolve_run
    from docpager.batch.tables import read_answers, read_trace

    folder = resolve_run(run)
    asked = [row["question_id"] for row in read_answers(folder, ["question_id"])]
    wanted = _chosen(question_id, asked, str(folder))
    events = [row for row in read_trace(folder) if row["question_id"] == wanted]
    if as_json:
        for row in events:
            console.put_json(row)
        return
    heads = ["step", "event", "pages", "page tokens", "resident", "capacity", "prompt", "ms", "arguments"]
    console.put_table(heads, [_cells(row) for row in events])


def _chosen(question_id: str | None, asked: list[str], where: str) -> str:
    if question_id is None and len(asked) == 1:
        return asked[0]
    if question_id in asked:
        return question_id
    near = get_close_matches(question_id or "", asked, n=5, cutoff=0.5) or asked[:5]
    some = ", ".join(near) + (", ..." if len(asked) > len(near) else "")
    if question_id is None:
        raise UsageError(f"{where} has {len(asked)} questions. Name one with --question: {some}.")
    raise UsageError(f"{where} has no question {question_id}. There are: {some}.")


def _cells(row: dict[str, Any]) -> list[object]:
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
