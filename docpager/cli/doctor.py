"""``docpager doctor``: what is installed beside docpager, what a model's endpoint can do, and what to set."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console
from docpager.cli.options import common_options, config_option, json_option, settings_from, settings_options
from docpager.settings import AgentSettings, ConnectionSettings

if TYPE_CHECKING:
    from docpager.models.openai.checkup import Checkup

MODEL_OPTIONS = ["model", "context_tokens", "window_tokens", "reply_tokens", "temperature", "extra_body"]
PATIENCE_SECONDS = 10
"""A person waits: an endpoint that is down is told sooner than in a run."""
REPLY_TOKENS = 1024


@click.command()
@settings_options(AgentSettings, only=MODEL_OPTIONS)
@settings_options(ConnectionSettings, defaults={"give_up_after_seconds": PATIENCE_SECONDS})
@json_option
@config_option("run")
@common_options
@click.pass_obj
def command(console: Console, /, as_json: bool, **values: Any) -> None:
    """Finds out what a model's endpoint can do, and says what to set.

    Says first which optional programs are installed: pandoc and Tesseract, which some documents need. Then makes five
    small calls: tools, JSON, a long prompt twice, a long reply. Without an endpoint there is nothing to find out: the
    built-in model, extractive, needs none.
    """
    from docpager.models.openai.checkup import advice
    from docpager.wiring import examine_endpoint

    settings, connection = settings_from(AgentSettings, values), settings_from(ConnectionSettings, values)
    if not as_json:
        for line in programs_found():
            console.put(line)
    if settings.model == AgentSettings().model and not connection.base_url and not os.environ.get("OPENAI_BASE_URL"):
        if as_json:
            console.put_json({"programs": _versions()})
            return
        console.put("No endpoint is set: questions are answered by extractive, which is built in and needs none.")
        console.put("To ask a language model: --base-url URL --model NAME, its key in OPENAI_API_KEY.")
        return
    found = examine_endpoint(settings, connection)
    said = [_models_to_choose(found)]
    if found.model:
        said = advice(
            found,
            window=settings.largest_window,
            reply_tokens=settings.reply_tokens or REPLY_TOKENS,
            request_timeout_seconds=connection.request_timeout_seconds,
        )
    if as_json:
        console.put_json({**asdict(found), "advice": said, "programs": _versions()})
        return
    for line in [*findings(found), *(f"-> {sentence}" for sentence in said)]:
        console.put(line)


def _models_to_choose(found: Checkup) -> str:
    if not found.listed_models:
        return "No model is named, and the endpoint lists none: set --model."
    return f"No model is named. Set --model to one that it has: {', '.join(found.listed_models[:20])}."


def findings(found: Checkup) -> list[str]:
    """What was found, one line each."""
    lines = [f"endpoint       {found.address}: answers"]
    if not found.model:
        return lines
    speeds = (found.read_tokens_per_second, found.write_tokens_per_second)
    read, written = ("unknown" if speed is None else f"{speed:,.0f}" for speed in speeds)
    ratio = "" if found.count_ratio is None else f", {found.count_ratio:.2f} of its tokens for one of ours"
    return [
        *lines,
        f"model          {found.model}",
        f"tools          {_yes(found.native_tools, 'called natively', 'not called natively')}",
        f"JSON replies   {_yes(found.json_replies, 'kept to', 'not kept to')}",
        f"window         {'not stated' if found.window is None else f'{found.window:,} tokens'}",
        f"usage          {_yes(found.reports_usage, 'reported', 'not reported')}{ratio}",
        f"prompt cache   {_yes(found.caches_prompts, 'used', 'not used')}",
        f"price          {'known' if found.price_known else 'not known'}",
        f"speed          reads {read}, writes {written} tokens a second",
        *(f"refused        {lesson}" for lesson in found.lessons),
        *(f"failed         {problem}" for problem in found.problems),
    ]


def programs_found() -> list[str]:
    """Which optional programs are there, one line each: what for, or how they come onto the machine."""
    from docpager.ingest.readers.ocr import installed_languages
    from docpager.ingest.readers.programs import PROGRAMS, TESSERACT, find_program, program_version

    lines = []
    for program in PROGRAMS:
        where = find_program(program)
        if where is None:
            found = f"not installed; for {program.purpose}: {program.install}"
        else:
            found = f"{program_version(program) or 'does not start'} ({where}); for {program.purpose}"
        if program is TESSERACT and where is not None:
            found += f"; languages: {', '.join(sorted(installed_languages() - {'osd'})) or 'none'}"
        lines.append(f"{program.name:<15}{found}")
    return lines


def _versions() -> dict[str, str | None]:
    from docpager.ingest.readers.programs import PROGRAMS, program_version

    return {program.name: program_version(program) for program in PROGRAMS}


def _yes(value: bool | None, yes: str, no: str) -> str:
    return "unknown" if value is None else yes if value else no
