"""The root command, and how every command ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

import click

from docpager import __version__
from docpager.batch import interrupts
from docpager.cli.console import Console, ConsoleLog
from docpager.errors import DocpagerError

COMMANDS = {
    "ingest": "Reads files and folders into the archive.",
    "search": "Shows what the archive returns for words, without a model.",
    "ask": "Answers one question, with its citations.",
    "run": "Answers a file of questions, into a folder of Parquet files.",
    "verify": "Checks every citation of a run against the archive again.",
    "report": "Writes a run's answers, sources and paging stories as one HTML file.",
    "eval": "Scores a run's answers and citations against right ones.",
    "runs": "Lists runs, shows, compares, exports or removes them.",
    "trace": "Shows what memory did for a question, and replays it.",
    "tune": "Says which window and policy would have kept refaults within a bound.",
    "archive": "Shows what an archive holds, checks it, and keeps it in order.",
    "cache": "Shows or clears the model replies that are kept.",
    "config": "Shows the settings in force, or writes a file of them.",
    "doctor": "Finds out what a model's endpoint can do, and says what to set.",
    "bench": "Measures docpager on this machine.",
    "demo": "Ingests the sample collection and answers its questions.",
}
"""Every command and its help in one line, so that ``docpager --help`` imports none of them."""

EXIT_CODES = {
    "0": "done, or nothing to do",
    "1": "unexpected",
    "2": "usage: a flag, a setting or a combination that cannot be",
    "3": "finished, but some rows failed; the output is written",
    "4": "budget or time reached; the same command resumes",
    "5": "a quality gate failed",
    "65": "a question file that cannot be read, or holds no question",
    "66": "no such input, archive or run",
    "75": "locked, a disk that cannot be written, or the endpoint is down; try again later",
    "78": "configuration, credentials, a window too small, or an archive that is not ours to use",
    "130, 143": "interrupted; the same command resumes",
}


COMPLETION = "_DOCPAGER_COMPLETE"
"""The variable by which a shell asks for completions."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands in the order of ``COMMANDS``."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"docpager.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes where settings come from, and the exit codes."""
        with formatter.section("Settings"):
            formatter.write_text(
                "Every option has an environment variable, DOCPAGER_ and its name in capitals with underscores, and a "
                "key in the [ingest] or [run] table of a --config file. Flags win over the environment, "
                "the environment over the file, the file over defaults."
            )
        with formatter.section("Exit codes"):
            formatter.write_dl(list(EXIT_CODES.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="docpager", message="%(prog)s %(version)s")
def root() -> None:
    """Answers questions over large document collections, with citations that cannot be invented."""


def main(args: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code; every ending is written to stderr in words."""
    console = Console()
    try:
        with _ended_by_signals(), _told_by(console):
            _invoke(list(sys.argv[1:] if args is None else args), console)
            sys.stdout.flush()
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except BrokenPipeError:
        _let_go_of_stdout()
        return 0
    except (KeyboardInterrupt, EOFError, click.Abort):
        console.warn("Interrupted. The same command picks up where it stopped.")
        return 130
    except _Terminated:
        console.warn("Terminated. The same command picks up where it stopped.")
        return 128 + signal.SIGTERM
    except click.ClickException as error:
        if console.log_format == "text":
            error.show()
        else:
            console.warn(f"Error: {error.format_message()}")
        return error.exit_code
    except DocpagerError as error:
        return _ended_by(error, console, str(error), error.exit_code)
    except Exception as error:
        words = f"Unexpected {type(error).__name__}: {error}"
        return _ended_by(error, console, words if console.debug else f"{words} (--debug shows where)", 1)
    return 0


@contextmanager
def _told_by(console: Console) -> Iterator[None]:
    """Has what docpager's modules log told as messages of the command."""
    log, handler = logging.getLogger("docpager"), ConsoleLog(console)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


class _Terminated(BaseException):
    """SIGTERM came: everything that is open is closed on the way out."""


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    def end(number: int, _frame: FrameType | None) -> None:
        interrupts.note(number)
        raise _Terminated if number == signal.SIGTERM else KeyboardInterrupt

    interrupts.forget()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in interrupts.SIGNALS}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _invoke(args: list[str], console: Console) -> None:
    if COMPLETION in os.environ:
        root.main(args, prog_name="docpager", complete_var=COMPLETION)
    # Not root.main: it turns a closed pipe into exit code 1.
    with root.make_context("docpager", args, obj=console) as context:
        root.invoke(context)


def _ended_by(error: Exception, console: Console, words: str, code: int) -> int:
    if console.debug:
        console.warn("".join(traceback.format_exception(error)).rstrip())
    console.warn(f"Error: {words}")
    return code


def _let_go_of_stdout() -> None:
    # Python flushes stdout once more as it exits; nobody reads it any longer.
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
