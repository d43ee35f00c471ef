"""``docpager config``: the settings in force, where each came from, and a file to start from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from docpager.batch.disk import write_whole
from docpager.cli.config_file import commented_settings, toml_value
from docpager.cli.console import Console
from docpager.cli.options import common_options, config_option, json_option, settings_options
from docpager.cli.toml_file import TABLES
from docpager.errors import TemporaryError, UsageError
from docpager.redaction import header_without_value

SOURCES = {
    ParameterSource.DEFAULT: "default",
    ParameterSource.DEFAULT_MAP: "file",
    ParameterSource.ENVIRONMENT: "environment",
}

Setting = tuple[str, Any, str]


@click.group()
def command() -> None:
    """Shows the settings in force, or writes a file of them."""


@command.command()
@click.option(
    "--config", type=click.Path(path_type=Path), envvar="DOCPAGER_CONFIG", metavar="FILE.toml", help="The file."
)
@json_option
@common_options
@click.pass_obj
def show(console: Console, config: Path | None, as_json: bool) -> None:
    """Prints every setting and its source, as TOML.

    What it prints can be given to --config.
    """
    for table, settings in {table: list(in_force(table, config)) for table in TABLES}.items():
        if as_json:
            for name, value, source in settings:
                console.put_json({"table": table, "name": name, "value": value, "source": source})
        else:
            console.put("\n".join([f"[{table}]", *(_line(*setting) for setting in settings), ""]))


@command.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("docpager.toml"))
@click.option("--force", is_flag=True, help="Replaces a file that is there.")
@common_options
@click.pass_obj
def init(console: Console, file: Path, force: bool) -> None:
    """Writes FILE (docpager.toml) with every setting, its default and what it is for.

    All are commented out: given to --config as it stands, it changes nothing.
    """
    if file.is_dir():
        raise UsageError(f"{file} is a folder. Name a file, as in {file / 'docpager.toml'}.")
    if not force and (file.exists() or file.is_symlink()):
        raise UsageError(f"{file} is there already. Name another file, or replace it with --force.")
    try:
        write_whole(file, commented_settings().encode())
    except OSError as error:
        raise TemporaryError(f"Cannot write {file}: {error.strerror or error}.") from error
    console.say(f"Wrote {file}. Give it with --config {file}, or set DOCPAGER_CONFIG.")


def in_force(table: str, config: Path | None) -> Iterator[Setting]:
    """Name, value and source of each setting of a table, as a command with no flags would have them."""

    def nothing() -> None:
        """Stands for a command that has every option of the table."""

    for record in reversed(TABLES[table]):
        nothing = settings_options(record)(nothing)
    probe = click.command(config_option(table)(nothing))
    arguments = [] if config is None else ["--config", str(config)]
    with probe.make_context("docpager", arguments) as context:
        for name, value in context.params.items():
            source = context.get_parameter_source(name) or ParameterSource.DEFAULT
            yield name, _without_secrets(name, value), SOURCES.get(source, source.name.lower())


def _without_secrets(name: str, value: Any) -> Any:
    return tuple(map(header_without_value, value)) if name == "header" else value


def _line(name: str, value: Any, source: str) -> str:
    return f"# {name} is not set" if value is None else f"{name} = {toml_value(value)}  # {source}"
