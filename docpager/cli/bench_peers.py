"""``--top-k``: beside the agent, the same model with the best passages of one search in one plain prompt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from docpager.cli.bench_asking import PERFECT, Bench
from docpager.cli.progress import Progress
from docpager.errors import UsageError
from docpager.settings import AgentSettings

if TYPE_CHECKING:
    from docpager.analysis.one_prompt import OnePrompt, Peers
    from docpager.protocols import Archive
    from docpager.records import Question

_HELP = "Also asks the same model with the best N passages in one prompt."
top_k_option = click.option("--top-k", "ks", metavar="N,N", default="", help=_HELP)


def ask_peers(
    bench: Bench,
    archive: Archive,
    settings: AgentSettings,
    sizes: Sequence[int],
    questions: Sequence[tuple[Question, Sequence[str]]],
) -> Peers:
    """Asks each question once for each of the numbers of passages."""
    from docpager.analysis.one_prompt import Peers, right_by_words

    found = {k: _asked(bench, archive, settings, k, [question for question, _ in questions]) for k in sizes}
    right = {
        k: [right_by_words(a.text, golds, q.question) for a, (q, golds) in zip(answers, questions, strict=True)]
        for k, answers in found.items()
    }
    return Peers(found, right)


def peers_asked_for(ks: str, settings: AgentSettings) -> list[int]:
    """The numbers of passages; raises ``UsageError`` where they are none, or no language model is named."""
    sizes = _sizes(ks)
    if sizes and settings.model in (PERFECT, "extractive"):
        raise UsageError(f"--top-k asks a language model, and {settings.model} is none. Name one with --model.")
    return sizes


def _asked(
    bench: Bench, archive: Archive, settings: AgentSettings, k: int, questions: Sequence[Question]
) -> list[OnePrompt]:
    from docpager.analysis.one_prompt import ask_in_one_prompt
    from docpager.wiring import chat_model, close_model

    done = 0

    def told() -> None:
        nonlocal done
        done += 1
        progress.show(done, len(questions))

    async def asked() -> list[OnePrompt]:
        model = chat_model(settings, bench.connection)
        try:
            return await ask_in_one_prompt(questions, archive, model, k, told)
        finally:
            await close_model(model)

    with Progress(bench.console, f"top {k}", total=len(questions)) as progress:
        return asyncio.run(asked())


def _sizes(ks: str) -> list[int]:
    try:
        found = sorted({int(k) for k in ks.split(",") if k.strip()})
    except ValueError:
        found = [0]
    if any(k < 1 for k in found):
        raise click.BadParameter(f"{ks!r} is no list of whole numbers from 1 with commas between them.")
    return found
