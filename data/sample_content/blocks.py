"""The sources' small markup: front matter, then headings, paragraphs, lists, tables, page breaks and notices."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BULLET = re.compile(r"- +(.*)")
_NUMBERED = re.compile(r"\d+\. +(.*)")


@dataclass(frozen=True)
class Block:
    """One element of a source; ``kind`` is heading, paragraph, bullets, numbers, table, break, hidden or chart."""

    kind: str
    text: str = ""
    level: int = 0
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Source:
    """A source file: its front matter, its body as written and the body's blocks."""

    facts: dict[str, str]
    body: str
    blocks: list[Block] = field(default_factory=list)


def parse_source(text: str, tables: dict[str, str]) -> Source:
    """Parses a source; ``{{name}}`` stands for one of ``tables``, written in the same markup."""
    head, _, body = text.partition("\n---\n")
    facts = dict(line.split(": ", 1) for line in head.splitlines() if line.strip())
    body = re.sub(r"\{\{([\w ]+)\}\}", lambda match: tables[match.group(1)].strip(), body).strip() + "\n"
    return Source(facts, body, parse_blocks(body))


def parse_blocks(body: str) -> list[Block]:
    """Blocks are parted by blank lines."""
    return [_block(part.strip("\n")) for part in re.split(r"\n\s*\n", body.strip("\n")) if part.strip()]


def _block(part: str) -> Block:
    lines = part.split("\n")
    first = lines[0]
    if first.startswith("#"):
        marks, _, title = first.partition(" ")
        return Block("heading", title, level=len(marks))
    if first == "<<<":
        return Block("break")
    if first.startswith("!! "):
        return Block("hidden", " ".join(line.removeprefix("!! ") for line in lines))
    if first.startswith("%% "):
        return Block("chart", first.removeprefix("%% "), rows=_rows(lines[1:]))
    if first.startswith(("|", "::")):
        caption = first.removeprefix("::").strip() if first.startswith("::") else ""
        return Block("table", caption, rows=_rows(lines))
    for kind, pattern in (("bullets", _BULLET), ("numbers", _NUMBERED)):
        if pattern.match(first):
            return Block(kind, items=_items(lines, pattern))
    return Block("paragraph", " ".join(line.strip() for line in lines))


def _rows(lines: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in lines
        if line.startswith("|") and not line.startswith("|---")
    )


def _items(lines: list[str], pattern: re.Pattern[str]) -> tuple[str, ...]:
    items: list[str] = []
    for line in lines:
        match = pattern.match(line)
        if match:
            items.append(match.group(1))
        else:
            items[-1] += " " + line.strip()
    return tuple(items)


def plain(text: str) -> str:
    """The text without ``**bold**`` and ``*italic*`` marks."""
    return re.sub(r"\*{1,2}(.+?)\*{1,2}", r"\1", text)


def inline_html(text: str) -> str:
    """Escapes the text and writes its bold and italic marks as ``<b>`` and ``<i>``."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    return re.sub(r"(?<!\w)\*(?!\s)(.+?)\*", r"<i>\1</i>", text)


def is_number(cell: str) -> bool:
    """Tells whether a table cell holds a figure (or stands empty for one)."""
    return bool(re.fullmatch(r"\(?[+−-]?[\d,.]+%?\)?|–|Note|\d+|", plain(cell)))
