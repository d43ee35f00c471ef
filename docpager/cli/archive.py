"""``docpager archive``: what an archive holds, and its upkeep."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import click

from docpager.cli import archive_upkeep as upkeep
from docpager.cli.console import Console
from docpager.cli.options import Words, common_options, config_option, json_option, settings_options
from docpager.records import Document, DocumentStatus
from docpager.settings import IngestSettings

STATUSES = [status.value for status in DocumentStatus if status is not DocumentStatus.REMOVED]


@click.group()
def command() -> None:
    """Shows what an archive holds, checks it, and keeps it in order."""


command.add_command(upkeep.check)
command.add_command(upkeep.optimize)
command.add_command(upkeep.remove)


@command.command()
@settings_options(IngestSettings, only=["archive"])
@json_option
@config_option("ingest")
@common_options
@click.pass_obj
def stats(console: Console, archive: str, as_json: bool) -> None:
    """Counts documents, paper pages, segments and tokens."""
    from docpager.wiring import open_archive

    opened = open_archive(archive)
    media_types = Counter(row.media_type or "unknown" for row in opened.documents())
    counts = {**asdict(opened.stats()), "media_types": dict(media_types.most_common())}
    if as_json:
        console.put_json(counts)
        return
    for name, value in counts.items():
        shown = ", ".join(f"{n:,} {key}" for key, n in value.items()) if isinstance(value, dict) else value
        console.put(f"{name.replace('_', ' '):<14}  {f'{shown:,}' if isinstance(shown, int) else shown}")


@command.command()
@settings_options(IngestSettings, only=["archive"])
@click.option(
    "--status", "statuses", type=Words(STATUSES), multiple=True, help=f"Only documents so: {', '.join(STATUSES)}."
)
@json_option
@config_option("ingest")
@common_options
@click.pass_obj
def documents(console: Console, archive: str, statuses: tuple[tuple[str, ...], ...], as_json: bool) -> None:
    """Lists the documents, their status and why."""
    from docpager.wiring import open_archive

    wanted = {status for several in statuses for status in several}
    rows = [row for row in open_archive(archive).documents() if not wanted or row.status.value in wanted]
    if as_json:
        for row in rows:
            console.put_json(row)
        return
    heads = ["doc_id", "status", "pages", "segments", "tokens", "path", "reason"]
    console.put_table(heads, [_cells(row) for row in rows])


def _cells(row: Document) -> list[object]:
    reason = row.error_message or (f"same content as {row.duplicate_of}" if row.duplicate_of else "")
    return [row.doc_id, row.status.value, row.page_count, row.segment_count, row.token_count, row.path, reason]


@command.command()
@settings_options(IngestSettings, only=["archive"])
@json_option
@config_option("ingest")
@common_options
@click.pass_obj
def versions(console: Console, archive: str, as_json: bool) -> None:
    """Lists the versions that can still be opened, newest first."""
    from docpager.wiring import open_archive

    opened = open_archive(archive)
    try:
        found = opened.versions()
    finally:
        opened.close()
    if as_json:
        for version in found:
            console.put_json(version)
        return
    read_now = dict(zip(("documents", "pages", "segments"), map(int, opened.generation.split("."))))
    rows = [
        [
            version.table,
            version.version,
            f"{version.written_at:%Y-%m-%d %H:%M:%S}",
            "" if version.rows is None else version.rows,
            "newest" if read_now[version.table] == version.version else "",
        ]
        for version in found
    ]
    console.put_table(["table", "version", "written (UTC)", "rows", ""], rows)
