"""``docpager config``: the settings in force, and where each came from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from docpager.cli.console import Console
from docpager.cli.options import common_options, config_option, json_option, settings_options
from docpager.cli.toml_file import TABLES
from docpager.redaction import header_without_value

SOURCES = {
    ParameterSource.DEFAULT: "default",
    ParameterSource.DEFAULT_MAP: "file",
    ParameterSource.ENVIRONMENT: "environment",
}

Setting = tuple[str, Any, str]


@click.group()
def command() -> None:
    """Shows the settings in force."""


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
    return f"# {name} is not set" if value is None else f"{name} = {_toml(value)}  # {source}"


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
