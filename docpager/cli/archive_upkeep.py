"""``docpager archive check``, ``optimize`` and ``remove``: the upkeep of an archive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from docpager.cli.console import Console, plural
from docpager.cli.options import (
    Duration,
    common_options,
    config_option,
    json_option,
    settings_from,
    settings_options,
)
from docpager.settings import IngestSettings

if TYPE_CHECKING:
    from docpager.archive.checking import Damage
    from docpager.upkeep import Repair

MOST_DAMAGE = 20
"""So many are told one by one; ``--json`` tells them all."""
DAMAGED = 5
LOST = 3
READING = [
    "archive",
    "workers",
    "file_timeout_seconds",
    "file_memory_mib",
    "pdf_reader",
    "text_field",
    "id_field",
    "title_field",
    "language",
    "segment_tokens",
    "lock_wait_seconds",
]
"""The settings of an ingest that a document is read again with."""


@click.command()
@settings_options(IngestSettings, only=READING)
@click.option("--repair", is_flag=True, help="Leaves out what is damaged, and reads those documents again.")
@json_option
@config_option("ingest")
@common_options
@click.pass_context
def check(ctx: click.Context, /, repair: bool, as_json: bool, **values: Any) -> None:
    """Verifies every file, hash, span, index and reference, and names what is damaged.

    Exit code 5 if anything is. With --repair what is damaged is left out and read again from its file; 3 if a file for
    that is gone: its document stays, as failed.
    """
    from docpager.upkeep import check_archive, repair_archive

    console: Console = ctx.obj
    settings = settings_from(IngestSettings, values)
    if repair:
        mended = repair_archive(settings)
        _tell(console, iter(mended.damage), as_json)
        _tell_repair(console, mended, as_json)
        ctx.exit(LOST if mended.lost or mended.nameless else 0)
    found = _tell(console, check_archive(settings.archive), as_json)
    if found:
        console.warn(
            f"{plural(found, 'thing')} wrong with {settings.archive}; docpager archive check --repair mends it"
        )
        ctx.exit(DAMAGED)
    console.say(f"{settings.archive} is whole")


@click.command()
@settings_options(IngestSettings, only=["archive", "lock_wait_seconds"])
@click.option("--older-than", type=Duration(), metavar="DURATION", help="Also drops versions of that age; 0s is all.")
@json_option
@config_option("ingest")
@common_options
@click.pass_obj
def optimize(console: Console, archive: str, lock_wait_seconds: float, older_than: float | None, as_json: bool) -> None:
    """Indexes what is new, compacts, and drops versions of more than two days that nobody reads."""
    from docpager.upkeep import optimize_archive

    age = None if older_than is None else timedelta(seconds=older_than)
    before, after = optimize_archive(archive, older_than=age, wait_seconds=lock_wait_seconds)
    if as_json:
        console.put_json({"archive": archive, "bytes_before": before, "bytes_after": after})
    console.say(f"{archive}: {before:,} bytes before, {after:,} now")


@click.command()
@click.argument("names", nargs=-1, metavar="[DOCUMENT]...")
@settings_options(IngestSettings, only=["archive", "lock_wait_seconds"])
@click.option("--where", metavar="EXPR", help="Documents it is true of, as in run --where.")
@click.option("--dry-run", is_flag=True, help="Says which, and removes nothing.")
@json_option
@config_option("ingest")
@common_options
@click.pass_obj
def remove(
    console: Console,
    names: tuple[str, ...],
    archive: str,
    lock_wait_seconds: float,
    where: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Deletes documents for good: rows, old versions, what indexes know of them, kept replies.

    DOCUMENT is a path, the ending or a pattern of one, a title or an id. Runs keep what they quoted.
    """
    from docpager.upkeep import documents_to_erase, erase_documents

    found = documents_to_erase(archive, names, where)
    for document in found:
        if as_json:
            console.put_json(document)
        else:
            console.put(f"{document.doc_id}  {document.path}")
    if dry_run or not found:
        console.say(f"{plural(len(found), 'document')} would be removed from {archive}")
        return
    erased = erase_documents(archive, found, wait_seconds=lock_wait_seconds)
    replies = f", and {plural(erased.replies, 'kept reply', 'kept replies')} over it" if erased.replies else ""
    console.say(f"{plural(len(found), 'document')} removed from {archive}{replies}")
    console.say("A file that is still in an ingested folder comes back with the next ingest. Runs keep their quotes.")
    if erased.readers:
        console.warn(
            f"{plural(erased.readers, 'process')} still reading {archive} keep the versions they began with on the "
            "disk. When they have ended: docpager archive optimize --older-than 0s"
        )


def _tell(console: Console, damage: Iterator[Damage], as_json: bool) -> int:
    """Names what is damaged; returns how much it is."""
    count = 0
    for count, found in enumerate(damage, start=1):
        if as_json:
            console.put_json(found)
        elif count <= MOST_DAMAGE:
            console.warn(str(found))
    if not as_json and count > MOST_DAMAGE:
        console.warn(f"and {count - MOST_DAMAGE:,} more; --json tells them all")
    return count


def _tell_repair(console: Console, mended: Repair, as_json: bool) -> None:
    if as_json:
        console.put_json(
            {
                "damage": len(mended.damage),
                "read_again": [document.path for document in mended.read_again],
                "lost": [document.path for document in mended.lost],
                "nameless": mended.nameless,
            }
        )
    if not mended.damage and not mended.read_again and not mended.lost:
        console.say("nothing was damaged")
        return
    for document in mended.lost:
        console.warn(f"{document.path}: it was damaged, and cannot be read again; its row stays, as failed")
    if mended.nameless:
        console.warn(f"{plural(mended.nameless, 'document')} lost even their paths: ingest their folders again")
    again, lost = plural(len(mended.read_again), "document"), len(mended.lost)
    console.say(f"{again} read again, {lost} lost; what was damaged is left out")
