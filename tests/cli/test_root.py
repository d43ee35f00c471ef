"""How commands end: words on stderr, a code, and help that costs nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from importlib import import_module

import click
import pytest

from docpager import __version__, errors
from docpager.cli import root
from docpager.errors import DocpagerError, LockedError

HEAVY = ["lancedb", "pyarrow", "openai", "tiktoken", "unstructured", "numpy", "pandas", "tqdm", "pypdf"]


def test_help_lists_every_command_and_exit_code(docpager):
    ended = docpager("--help")
    assert (ended.code, ended.err) == (0, "")
    for word in [*root.COMMANDS, *root.EXIT_CODES]:
        assert f"\n  {word} " in ended.out


def test_version(docpager):
    assert docpager("--version").out == f"docpager {__version__}\n"


@pytest.mark.parametrize("name", root.COMMANDS)
def test_the_line_in_the_list_is_the_first_of_the_command_s_own_help(name):
    command = import_module(f"docpager.cli.{name}").command
    assert command.help.splitlines()[0] == root.COMMANDS[name]


def all_commands(command=root.root, path=()):
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from all_commands(command.get_command(click.Context(command), name), (*path, name))


@pytest.mark.parametrize(("path", "command"), list(all_commands())[1:], ids=lambda value: None)
def test_every_command_has_help_and_every_option_a_sentence(path, command, docpager):
    ended = docpager(*path, "--help")
    assert ended.code == 0
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert (parameter.help or "").endswith("."), (path, parameter.name)


def test_every_exit_code_of_an_error_is_listed():
    codes = {vars(error).get("exit_code") for error in vars(errors).values() if isinstance(error, type)}
    assert {str(code) for code in codes - {None}} <= set(root.EXIT_CODES)


@pytest.mark.parametrize("words", [["--help"], ["--version"], *([name, "--help"] for name in root.COMMANDS)])
def test_help_imports_nothing_heavy(words):
    program = (
        "import sys\nfrom docpager.cli import main\n"
        f"code = main({words!r})\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "HEAVY []"


@pytest.fixture
def failing(monkeypatch):
    """Makes ``docpager config`` a command that raises."""

    def plant(error):
        @click.command()
        @click.option("--debug", is_flag=True)
        @click.pass_obj
        def command(console, debug):
            """Raises."""
            console.debug = debug
            raise error

        monkeypatch.setattr(import_module("docpager.cli.config"), "command", command)

    return plant


ENDINGS = [
    (DocpagerError("It went wrong."), 1, "Error: It went wrong.\n"),
    (LockedError("The run x", "x/.lock"), 75, "Error: The run x is in use by another docpager process (lock x/.lock)."),
    (ValueError("odd"), 1, "Error: Unexpected ValueError: odd (--debug shows where)\n"),
    (KeyboardInterrupt(), 130, "Interrupted. The same command picks up where it stopped.\n"),
    (BrokenPipeError(), 0, ""),
]


@pytest.mark.parametrize(("error", "code", "words"), ENDINGS)
def test_an_error_ends_in_words_and_its_code(error, code, words, failing, docpager):
    failing(error)
    ended = docpager("config")
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(words)
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("error", [ValueError("odd"), DocpagerError("It went wrong.")])
def test_debug_shows_where(error, failing, docpager):
    failing(error)
    ended = docpager("config", "--debug")
    assert ended.code == 1
    assert "Traceback (most recent call last)" in ended.err
    assert str(error) in ended.err.splitlines()[-1]


USAGE = [
    (["frobnicate"], "No such command 'frobnicate'."),
    (["config", "show", "--colour"], "No such option"),
    (["config", "show", "--config", "none.toml"], "Error: No configuration file at none.toml."),
]


@pytest.mark.parametrize(("words", "message"), USAGE)
def test_usage_errors(words, message, docpager):
    ended = docpager(*words)
    assert ended.code == (66 if "none.toml" in words else 2)
    assert message in ended.err
    assert ended.out == ""


SIGNALLED = """
import os, signal, sys
import click
from docpager.cli import config, main

@click.command()
def command():
    os.kill(os.getpid(), {number})
    signal.pause()

config.command = command
sys.exit(main(["config"]))
"""


@pytest.mark.parametrize(("number", "words"), [(signal.SIGINT, "Interrupted."), (signal.SIGTERM, "Terminated.")])
def test_a_signal_ends_a_command_in_words_and_its_code(number, words):
    program = SIGNALLED.format(number=int(number))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (128 + number, f"{words} The same command picks up where it stopped.\n")


def test_a_reader_that_goes_away_is_no_error():
    words = f"{sys.executable} -m docpager config show | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("0\n", "")
