"""``docpager cache``: the replies of models that are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, plural
from docpager.cli.options import common_options, config_option, json_option, settings_from, settings_options
from docpager.errors import MissingInputError
from docpager.settings import CacheSettings

if TYPE_CHECKING:
    from docpager.models.reply_store import ReplyStore


@click.group()
def command() -> None:
    """Shows or clears the model replies that are kept."""


@command.command()
@settings_options(CacheSettings, only=["cache_dir"])
@json_option
@config_option("run")
@common_options
@click.pass_obj
def stats(console: Console, /, as_json: bool, **values: Any) -> None:
    """Counts the replies and says where they are."""
    store = _opened(values)
    try:
        contents = store.contents()
    finally:
        store.close()
    oldest = contents.oldest_use and datetime.fromtimestamp(contents.oldest_use, UTC).isoformat(timespec="seconds")
    told = {
        "path": str(store.path),
        "replies": contents.replies,
        "size_bytes": contents.size_bytes,
        "unused_since": oldest,
    }
    if as_json:
        console.put_json(told)
        return
    for name, value in told.items():
        console.put(f"{name.replace('_', ' '):<14}  {f'{value:,}' if isinstance(value, int) else value or '-'}")


@command.command()
@settings_options(CacheSettings, only=["cache_dir"])
@click.option("--archive", metavar="URI", help="Only what came of this archive.")
@config_option("run")
@common_options
@click.pass_obj
def clear(console: Console, /, archive: str | None, **values: Any) -> None:
    """Removes kept replies, all of them or those over one archive, also from the disk."""
    store = _opened(values)
    try:
        count = store.clear(None if archive is None else str(Path(archive).resolve()))
    finally:
        store.close()
    console.say(f"{plural(count, 'reply', 'replies')} removed from {store.path}")


def _opened(values: dict[str, Any]) -> ReplyStore:
    from docpager.models.reply_store import FILE_NAME, ReplyStore, folder_of

    folder: Path = folder_of(settings_from(CacheSettings, values))
    if not (folder / FILE_NAME).exists():
        raise MissingInputError(
            f"There is no reply cache in {folder}; a run with a model behind an endpoint makes one."
        )
    return ReplyStore(folder)
