"""Options made from the fields of ``docpager.settings``: flag, environment variable, type, default and help."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_type_hints

import click

from docpager.cli.console import LOG_FORMATS, Console
from docpager.cli.toml_file import read_config
from docpager.settings import AUTO, CACHE_USES, LAYOUTS, OCR_USES, ORDERS, STRATEGIES, SUMMARIES

Record = TypeVar("Record")
Command = TypeVar("Command", bound=Callable[..., Any])

SHORT_FLAGS = {"output": "-o"}
BOUNDS = {"max_steps": 1, "limit": 1, "results_per_page": 1, "segment_tokens": 16}
"""The least value where it is not 0."""
METAVARS = {"archive": "URI", "output": "FOLDER", "model": "M", "language": "auto|xx", "sheet": "NAME"} | {
    "where": "EXPR",
    "cache_dir": "FOLDER",
    "on_finish": "CMD",
    "since": "RUN",
    "base_url": "URL",
    "api_key_file": "FILE",
    "header": "NAME: VALUE",
    "prices": "FILE",
    "extra_body": "JSON",
}
"""What stands for the value in help, where the type does not say enough."""
WHOLE = frozenset({"header"})
"""Lists whose values may hold commas: the option is repeated instead."""


def _policies() -> list[str]:
    from docpager.memory import REPLACEMENT_POLICIES

    return list(REPLACEMENT_POLICIES)


def _exit_statuses() -> list[str]:
    from docpager.records import ExitStatus

    return [status.value for status in ExitStatus]


CHOICES: dict[str, Callable[[], list[str]]] = {
    "policy": _policies,
    "tool_protocol": lambda: ["auto", "native", "json"],
    "layout": lambda: list(LAYOUTS),
    "summaries": lambda: list(SUMMARIES),
    "cache": lambda: list(CACHE_USES),
    "order": lambda: list(ORDERS),
    "autonomy": lambda: ["auto", "full", "assisted"],
    "strategy": lambda: list(STRATEGIES),
    "pdf_reader": lambda: ["auto", "pdfium", "pypdf"],
    "ocr": lambda: list(OCR_USES),
    "embedder": lambda: ["wordllama", "bge-small", "none"],
    "reranker": lambda: ["none", "cross-encoder"],
    "for_each": lambda: ["document"],
    "keep_transcripts": lambda: ["failed", "all", "none"],
    "fail_on": _exit_statuses,
    "retry": lambda: ["failed", *_exit_statuses()],
}


class Duration(click.ParamType[float]):
    """Seconds, written as ``60s``, ``5m``, ``2h`` or a bare number."""

    name = "duration"
    units: ClassVar[dict[str, float]] = {"": 1, "s": 1, "m": 60, "h": 3600}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds as a float."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", str(value).strip().lower())
        if match is None:
            self.fail(f"{value!r} is not a duration. Write 60s, 5m or 2h.", param, ctx)
        return float(match[1]) * self.units[match[2]]


class CountOrAuto(click.ParamType[int | str]):
    """A count of at least 1, or ``auto``."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """The count, or the word."""
        text = str(value).strip().lower()
        if text == AUTO:
            return AUTO
        if not (text.isdecimal() and int(text) >= 1):
            self.fail(f"{value!r} is neither a whole number from 1 nor {AUTO}.", param, ctx)
        return int(text)


class Words(click.ParamType[tuple[str, ...]]):
    """One or more words with commas between them; the option may also be repeated."""

    name = "words"
    envvar_list_splitter: ClassVar[str] = ","

    def __init__(self, choices: Iterable[str] = ()) -> None:
        self.choices = tuple(choices)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The words, without blanks around them."""
        if isinstance(value, tuple):
            return value
        words = tuple(word for part in str(value).split(",") if (word := part.strip()))
        for word in words:
            if self.choices and word not in self.choices:
                self.fail(f"{word!r} is not one of {', '.join(self.choices)}.", param, ctx)
        return words

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Globs and other words look different in help."""
        return "GLOB" if param.name in ("include", "exclude") else "A,B"


class WholeLine(click.ParamType[str]):
    """A text as it is; in an environment variable one a line."""

    name = "line"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text without blanks around it."""
        return str(value).strip()

    def split_envvar_value(self, rv: str) -> list[str]:
        """Its lines, without empty ones."""
        return [line for line in rv.split("\n") if line.strip()]


@cache
def sentences(record: type) -> dict[str, str]:
    """The sentence below each field of a settings record."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(record)).body if isinstance(node, ast.ClassDef))
    found = {}
    for statement, below in pairwise(body):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(sentence))):
                found[name] = sentence
    return found


def flag_name(field_name: str) -> str:
    """``file_timeout_seconds`` is ``file-timeout``: durations carry their own unit."""
    return field_name.removesuffix("_seconds").replace("_", "-")


def environment_names(field_name: str) -> list[str]:
    """The field's variable, and the flag's where it is shorter."""
    names = ["DOCPAGER_" + field_name.upper(), "DOCPAGER_" + flag_name(field_name).replace("-", "_").upper()]
    return list(dict.fromkeys(names))


def option_for(record: type, field: Field[Any], default: object = MISSING) -> Callable[[Command], Command]:
    """The click option of one field, with its own default where no other is given."""
    default = field.default if default is MISSING else default
    hint = get_type_hints(record)[field.name]
    flags = [f"--{flag_name(field.name)}", field.name]
    flags += [SHORT_FLAGS[field.name]] if field.name in SHORT_FLAGS else []
    attributes: dict[str, Any] = {
        "help": sentences(record)[field.name],
        "envvar": environment_names(field.name),
        "default": None if default is MISSING else default,
        "show_default": True,
    }
    if metavar := _metavar(field.name, hint):
        attributes["metavar"] = metavar
    if hint is bool:
        attributes |= {"is_flag": True, "show_default": False}
    elif field.name in WHOLE:
        attributes |= {"type": WholeLine(), "multiple": True, "show_default": False}
    elif hint == tuple[str, ...]:
        attributes |= {"type": Words(_choices(field.name)), "multiple": True, "callback": _flat, "show_default": False}
    elif field.name.endswith("_seconds"):
        attributes |= {"type": Duration(), "default": f"{default:g}s"}
    else:
        attributes |= {"type": _scalar(field.name, hint)}
    return click.option(*flags, **attributes)


def _metavar(name: str, hint: Any) -> str | None:
    if name in CHOICES or hint is bool or name.endswith("_seconds"):
        return None
    if name.endswith("_field"):
        return "F"
    return METAVARS.get(name) or (
        {int: "N", int | None: "N", int | str: "N|auto", float: "X", float | None: "X"}.get(hint)
    )


def _choices(name: str) -> list[str]:
    return CHOICES[name]() if name in CHOICES else []


def _flat(_ctx: click.Context, _param: click.Parameter, value: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(word for words in value for word in words)


def _scalar(name: str, hint: Any) -> click.ParamType[Any]:
    if name in CHOICES:
        return click.Choice(_choices(name))
    if hint in (int, int | None):
        return click.IntRange(min=BOUNDS.get(name, 0))
    if hint == int | str:
        return CountOrAuto()
    if hint in (float, float | None):
        share = name.endswith(("_share", "_watermark", "_threshold"))
        return click.FloatRange(min=0, max=1 if share else None)
    return click.STRING


def settings_options(
    record: type, *, only: Iterable[str] | None = None, defaults: Mapping[str, object] | None = None
) -> Callable[[Command], Command]:
    """Options for the fields of a settings record, in their order; a command may have ``defaults`` of its own."""
    wanted = None if only is None else frozenset(only)
    own = defaults or {}

    def decorate(command: Command) -> Command:
        for field in reversed(fields(record)):
            if wanted is None or field.name in wanted:
                command = option_for(record, field, own.get(field.name, MISSING))(command)
        return command

    return decorate


def settings_from(record: type[Record], values: Mapping[str, Any]) -> Record:
    """A settings record of the options' values."""
    names = [field.name for field in fields(record) if field.name in values]  # type: ignore[arg-type]
    return record(**{name: values[name] for name in names})


def _remember(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
        setattr(ctx.ensure_object(Console), name, value)

    return callback


def _load_config(table: str) -> Callable[[click.Context, click.Parameter, Path | None], None]:
    def callback(ctx: click.Context, _param: click.Parameter, value: Path | None) -> None:
        if value is not None:
            ctx.default_map = read_config(value)[table]

    return callback


def common_options(command: Command) -> Command:
    """``--quiet``, ``--debug`` and ``--log-format``."""
    command = click.option(
        "--log-format",
        type=click.Choice(LOG_FORMATS),
        is_eager=True,
        expose_value=False,
        callback=_remember("log_format"),
        envvar="DOCPAGER_LOG_FORMAT",
        default=LOG_FORMATS[0],
        show_default=True,
        help="How messages on stderr are written: as text, or as JSON lines.",
    )(command)
    for name, help_text in (("debug", "Shows where an error came from."), ("quiet", "Says nothing on success.")):
        flags = [f"--{name}", *(["-q"] if name == "quiet" else [])]
        command = click.option(
            *flags,
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_remember(name),
            envvar=f"DOCPAGER_{name.upper()}",
            help=help_text,
        )(command)
    return command


def config_option(table: str) -> Callable[[Command], Command]:
    """``--config FILE.toml``, whose ``[table]`` gives the defaults."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=_load_config(table),
        envvar="DOCPAGER_CONFIG",
        metavar="FILE.toml",
        help=f"Takes settings from the [{table}] table of this file.",
    )


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Writes JSON lines to stdout, and nothing else there."
)
