"""``docpager ask``: one question, its answer and its citations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from docpager.cli.answers import answer_lines, counts_line
from docpager.cli.console import Console, dollars
from docpager.cli.options import common_options, config_option, json_option, settings_from, settings_options
from docpager.cli.progress import Progress
from docpager.records import FAILED_EXIT_STATUSES, AnswerType, ModelReply, Usage
from docpager.settings import AgentSettings, ConnectionSettings, RunSettings


@click.command()
@click.argument("question")
@settings_options(RunSettings, only=["archive"])
@click.option(
    "--document",
    "documents",
    metavar="D",
    multiple=True,
    help="Only this document: path, its ending, title or id; repeatable.",
)
@click.option(
    "--answer-type",
    type=click.Choice([kind.value for kind in AnswerType]),
    default=AnswerType.TEXT.value,
    show_default=True,
    help="The form of answer that is asked for.",
)
@settings_options(AgentSettings)
@settings_options(ConnectionSettings)
@json_option
@config_option("run")
@common_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
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
            connection=settings_from(ConnectionSettings, values),
            documents=documents,
            answer_type=AnswerType(answer_type),
            progress=steps_shown(progress),
        )
    if as_json:
        console.put_json(answer)
    else:
        console.put("\n".join(answer_lines(answer)))
        console.say()
        console.say(counts_line(answer))
    if answer.exit_status in FAILED_EXIT_STATUSES:
        ctx.exit(3)


def steps_shown(progress: Progress) -> Callable[[ModelReply], None]:
    """Shows each reply of the model as one step: the calls in it, and the tokens and cost so far."""
    replies: list[Usage] = []

    def seen(reply: ModelReply) -> None:
        replies.append(reply.usage)
        total = sum(replies, Usage())
        calls = ", ".join(call.name for call in reply.tool_calls) or "no call"
        progress.show(len(replies), None, f"{calls}, {dollars(total.cost_usd)}")

    return seen
