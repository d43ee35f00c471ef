"""README.md is compiled: what stands between its markers is what the program says. ``--update-docs`` rewrites it."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from docpager.batch.columns import TABLES
from docpager.cli.root import EXIT_CODES, root
from docpager.testing.__main__ import parser as endpoint_options

BLOCK = re.compile(r"(<!-- begin: (?P<name>[\w-]+) -->\n)(?P<body>.*?)(<!-- end: (?P=name) -->)", re.DOTALL)
WIDTH = 110


def commands(
    command: click.Command = root, path: tuple[str, ...] = ("docpager",)
) -> Iterator[tuple[str, click.Command]]:
    """Every command with its full name, in the order of the help."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from commands(inner, (*path, name))


def folded(title: str, body: str) -> str:
    """Reference that is there for those who look for it."""
    return f"<details><summary>{title}</summary>\n\n{body}\n</details>\n"


def help_texts() -> str:
    parts = []
    for name, command in commands():
        context = click.Context(command, info_name=name, terminal_width=WIDTH, max_content_width=WIDTH)
        context.help_option_names = ["-h", "--help"]
        text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
        parts.append(folded(f"<code>{name} --help</code>", f"```text\n{text}\n```\n"))
    return "\n".join(parts)


def exit_codes() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["| code | meaning |", "|---|---|", *rows, ""])


def schemas() -> str:
    parts = []
    for name, columns in TABLES.items():
        rows = [f"| `{c.name}` | {c.type}{' or null' if c.nullable else ''} | {c.description} |" for c in columns]
        table = "\n".join(["| column | type | what |", "|---|---|---|", *rows, ""])
        parts.append(folded(f"<code>{name}.parquet</code>", table))
    return "\n".join(parts)


def example(file: str = "readme_example.py") -> str:
    code = (Path(__file__).parent / file).read_text(encoding="utf-8")
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(compile(code, file, "exec"), {"__name__": "__main__"})
    return f"```python\n{code}```\n\n```text\n{shown.getvalue().rstrip()}\n```\n"


def endpoint_help() -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(WIDTH))
        text = endpoint_options().format_help()
    return folded("<code>python -m docpager.testing --help</code>", f"```text\n{text}```\n")


BLOCKS: dict[str, Callable[[], str]] = {
    "example": example,
    "testing-example": lambda: example("readme_testing_example.py"),
    "testing-help": endpoint_help,
    "exit-codes": exit_codes,
    "schemas": schemas,
    "help": help_texts,
}


@pytest.fixture(scope="module")
def readme(repository: Path) -> Path:
    return repository / "README.md"


def block(text: str, name: str) -> str:
    (match,) = (found for found in BLOCK.finditer(text) if found["name"] == name)
    return match["body"]


def with_block(text: str, name: str, body: str) -> str:
    return BLOCK.sub(lambda found: found[1] + body + found[4] if found["name"] == name else found[0], text)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_generated_block_is_what_the_program_says(name, readme, update_docs):
    made = BLOCKS[name]()
    text = readme.read_text(encoding="utf-8")
    if update_docs:
        readme.write_text(with_block(text, name, made), encoding="utf-8")
        return
    # Blanks aside: another version of click may wrap lines elsewhere.
    assert block(text, name).split() == made.split(), "README.md is out of date. Rewrite it with: make docs"


def test_the_readme_has_every_block_once(readme):
    names = [found["name"] for found in BLOCK.finditer(readme.read_text(encoding="utf-8"))]
    assert sorted(names) == sorted(BLOCKS)


def test_a_block_that_is_out_of_date_is_found_and_rewritten():
    text = "before\n<!-- begin: help -->\nold words\n<!-- end: help -->\nafter\n"
    assert block(text, "help") == "old words\n"
    assert with_block(text, "help", "new\n") == "before\n<!-- begin: help -->\nnew\n<!-- end: help -->\nafter\n"


def test_every_command_the_readme_names_exists(readme):
    known = {name for name, _ in commands()}
    text = readme.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL))
    named = set(re.findall(r"^docpager ([a-z]+)", code, re.MULTILINE)) | set(re.findall(r"`docpager ([a-z]+)", text))
    assert named
    assert {f"docpager {name}" for name in named} <= known


def test_every_make_target_the_readme_names_exists(readme, repository):
    targets = set(re.findall(r"^([\w-]+):", (repository / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([\w-]+)`|^make ([\w-]+)", readme.read_text(encoding="utf-8"), re.MULTILINE))
    assert {a or b for a, b in named} <= targets


def test_ci_calls_the_readme_s_test_command(readme, repository):
    script = (repository / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nmake test\n" in script
    assert "\nmake test " in readme.read_text(encoding="utf-8")
