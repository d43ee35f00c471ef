"""``docpager ask``: one question, its answer and its citations."""

from __future__ import annotations

from typing import Any

import click

from docpager.cli.answers import answer_lines, counts_line
from docpager.cli.console import Console
from docpager.cli.options import common_options, config_option, json_option, settings_from, settings_options
from docpager.cli.progress import Progress
from docpager.records import FAILED_EXIT_STATUSES, AnswerType, TraceEvent
from docpager.settings import AgentSettings, RunSettings


@click.command()
@click.argument("question")
@settings_options(RunSettings, only=["archive"])
@click.option(
    "--document", "documents", multiple=True, help="Only this document: path, its ending, title or id; repeatable."
)
@click.option(
    "--answer-type",
    type=click.Choice([kind.value for kind in AnswerType]),
    default=AnswerType.TEXT.value,
    show_default=True,
    help="The form of answer that is asked for.",
)
@settings_options(AgentSettings)
@json_option
@config_option("run")
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    question: str,
    archive: str,
    documents: tuple[str, ...],
    answer_type: str,
    as_json: bool,
    **values: Any,
) -> None:
    """Answers one question, with its citations."""
    from docpager.wiring import ask_question

    console: Console = ctx.obj
    settings = settings_from(AgentSettings, values)
    with Progress(console, "steps") as progress:
        answer = ask_question(
            question,
            settings,
            archive=archive,
            documents=documents,
            answer_type=AnswerType(answer_type),
            progress=lambda event: progress.show(event.step, None, event_words(event)),
        )
    if as_json:
        console.put_json(answer)
    else:
        console.put("\n".join(answer_lines(answer)))
        console.say()
        console.say(counts_line(answer))
    if answer.exit_status in FAILED_EXIT_STATUSES:
        ctx.exit(3)


def event_words(event: TraceEvent) -> str:
    """An event in a few words, for the progress bar."""
    memory = f", {event.tokens_after:,} tokens in memory" if event.tokens_after is not None else ""
    return f"{event.event}{memory}"
