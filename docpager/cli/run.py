"""``docpager run``: a file of questions, answered into a folder of Parquet files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, dollars, duration, plural
from docpager.cli.dry_run import rehearsal_lines, rehearsal_record
from docpager.cli.options import common_options, config_option, json_option, settings_from, settings_options
from docpager.cli.progress import Progress
from docpager.records import FAILED_EXIT_STATUSES, ExitStatus
from docpager.settings import AgentSettings, CacheSettings, ConnectionSettings, RunSettings

if TYPE_CHECKING:
    from docpager.batch.run_report import RunProgress, RunReport


@click.command()
@click.argument("questions")
@settings_options(RunSettings)
@settings_options(AgentSettings)
@settings_options(ConnectionSettings)
@settings_options(CacheSettings)
@click.option("--dry-run", is_flag=True, help="Says what would be asked and what it may cost; writes and asks nothing.")
@json_option
@config_option("run")
@common_options
@click.pass_context
def command(ctx: click.Context, /, questions: str, dry_run: bool, as_json: bool, **values: Any) -> None:
    """Answers a file of questions, into a folder of Parquet files.

    QUESTIONS is a csv, tsv, xlsx, jsonl, parquet or txt file with a column named question, or - for standard input.
    The same command continues a run that was interrupted.
    """
    from docpager.running import rehearse_run, run_questions

    console: Console = ctx.obj
    agent_settings, run_settings = settings_from(AgentSettings, values), settings_from(RunSettings, values)
    connection, cache = settings_from(ConnectionSettings, values), settings_from(CacheSettings, values)
    if dry_run:
        told = rehearse_run(questions, agent_settings, run_settings, connection=connection)
        if as_json:
            console.put_json(rehearsal_record(told))
        for line in [] if as_json else rehearsal_lines(told):
            console.put(line)
        return
    with Progress(console, "questions") as progress:
        shown = QuestionsShown(progress)
        report = run_questions(
            questions, agent_settings, run_settings, connection=connection, cache=cache, progress=shown
        )
    if as_json:
        console.put_json(as_record(report))
    for line in failed_rows(report.folder, FAILED_EXIT_STATUSES | set(run_settings.fail_on)):
        console.warn(line)
    for line in report_lines(report):
        console.say(line)
    if report.error is not None:
        console.warn(f"Error: {report.error}")
    elif report.counts.get(ExitStatus.SKIPPED.value):
        console.warn("Interrupted. The same command continues this run.")
    if run_settings.on_finish is not None:
        told_at_the_end(console, run_settings.on_finish, report)
    ctx.exit(report.exit_code)


def told_at_the_end(console: Console, command: str, report: RunReport) -> None:
    """Has a shell command told how the run ended; what becomes of it changes nothing of that."""
    told = {
        "DOCPAGER_RUN": str(report.folder.resolve()),
        "DOCPAGER_EXIT_CODE": str(report.exit_code),
        "DOCPAGER_COUNTS": ", ".join(status_words(report.counts)),
    }
    try:
        # The person's own words in the person's own shell, as in a crontab.
        code = subprocess.run(["sh", "-c", command], env=os.environ | told, check=False).returncode  # noqa: S603, S607
    except OSError as error:
        console.warn(f"--on-finish could not be run: {error}")
        return
    if code:
        console.warn(f"--on-finish ended with exit code {code}: {command}")


class QuestionsShown:
    """Shows how far a run is: questions, tokens, cost, and how they ended."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._has_begun = False

    def update(self, progress: RunProgress) -> None:
        """Shows one state."""
        if not self._has_begun:
            self._has_begun = True
            self._progress.go_on_from(progress.done)
        ended = ", ".join(status_words(progress.statuses))
        details = [f"{progress.tokens:,} tokens", dollars(progress.cost_usd), *([ended] if ended else [])]
        facts = {"tokens": progress.tokens, "cost_usd": progress.cost_usd, "exit_statuses": dict(progress.statuses)}
        self._progress.show(progress.done, progress.total, ", ".join(details), **facts)


def status_words(counts: Any) -> list[str]:
    """``20 answered``, ``5 abstained``, in the order of the statuses."""
    return [f"{counts[status]:,} {status.value.replace('_', ' ')}" for status in ExitStatus if counts.get(status.value)]


def report_lines(report: RunReport) -> list[str]:
    """What a run came to, in its last lines."""
    total = sum(report.counts.values())
    lines = carried_lines(report)
    if report.already_finished:
        lines.append("This run is finished; nothing was asked. Start over with --fresh.")
    elif report.resumed:
        lines.append(f"Continued an earlier run: {plural(report.asked, 'question')} asked now.")
    lines.append(f"{plural(total, 'question')}: {', '.join(status_words(report.counts))}")
    cited, verified = citation_counts(report.folder)
    lines.append(f"{verified:,} of {plural(cited, 'citation')} verified")
    tokens = int((report.usage.get("prompt_tokens") or 0) + (report.usage.get("completion_tokens") or 0))
    lines.append(f"{tokens:,} tokens, {dollars(report.usage.get('cost_usd'))}, {duration(report.seconds)}")
    if (apart := report.usage.get("count_error")) is not None:
        lines.append(f"token counts at most {apart:.1%} apart from the endpoint's")
    lines += [str(report.folder / f"{table}.parquet") for table in ("answers", "citations", "trace")]
    return lines


def carried_lines(report: RunReport) -> list[str]:
    """What was carried over from which run, and why the rest was not."""
    if report.since is None:
        return []
    lines = [f"{plural(report.carried, 'answer')} carried over from {report.since}"]
    if report.asked_again:
        why = "; ".join(f"{count:,} {reason}" for reason, count in report.asked_again.items())
        lines.append(f"{plural(report.asked, 'question')} asked: {why}")
    return lines


def failed_rows(folder: Path, statuses: Collection[str], most: int = 10) -> list[str]:
    """The first rows that make a run end with exit code 3, each with its reason."""
    from docpager.batch.tables import read_answers

    rows = read_answers(folder, ["question_id", "doc_path", "exit_status", "error_type", "error_message"])
    failed = [row for row in rows if row["exit_status"] in statuses]
    lines = []
    for row in failed[:most]:
        why = row["error_message"] or row["error_type"] or "see answers.parquet"
        name = f"{row['question_id']} of {path}" if (path := row.get("doc_path")) else row["question_id"]
        lines.append(f"Question {name}: {row['exit_status'].replace('_', ' ')}: {' '.join(why.split())}")
    return lines + ([f"and {len(failed) - most:,} more"] if len(failed) > most else [])


def citation_counts(folder: Path) -> tuple[int, int]:
    """Citations of a run in all, and those that are verified."""
    from docpager.batch.tables import read_answers

    rows = list(read_answers(folder, ["n_citations", "n_verified"]))
    return sum(row["n_citations"] for row in rows), sum(row["n_verified"] for row in rows)


def as_record(report: RunReport) -> dict[str, object]:
    """A run's report as ``--json`` writes it."""
    cited, verified = citation_counts(report.folder)
    return {
        "folder": str(report.folder),
        "run_id": report.run_id,
        "exit_code": report.exit_code,
        "counts": dict(report.counts),
        "usage": dict(report.usage),
        "n_citations": cited,
        "n_verified": verified,
        "asked": report.asked,
        "carried": report.carried,
        "asked_again": dict(report.asked_again),
        "since": report.since,
        "resumed": report.resumed,
        "already_finished": report.already_finished,
        "seconds": round(report.seconds, 3),
        "error": None if report.error is None else str(report.error),
    }
