"""Plain text and Markdown."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.dates import parse_date
from docpager.ingest.readers.encoding import decode
from docpager.records import BlockKind, OutlineHeading, ParsedDocument

if TYPE_CHECKING:
    from markdown_it.token import Token

_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+|\f")
_ITEM = re.compile(r"\s{0,12}(?:[-*•–‣◦]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)])\s+\S")
_HEADER_LINE = re.compile(r"[A-Z][\w-]{1,24}( [\w-]{1,24}){0,2}:(\s|$)")
_PAIR = re.compile(r"""\s*["']?[^\s:=]{1,80}["']?\s?[:=]\s\S""")
"""A name and its value, as lists of settings and keys have them, one a line."""
_COLUMNS = re.compile(r"\S(?: {3,}|\t)\s*\S")
_UNDERLINE = re.compile(r"\s*(=+|-+|~+|\*+)\s*$")
_NAMED_HEADING = re.compile(
    r"(?:item|note|section|chapter|part|article|appendix|annex|exhibit|schedule)\s+[\dIVX]", re.I
)
_NUMBERED_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+[^\W\d_]")
_NARROWEST_WRAP = 45
_WIDEST_WRAP = 130
_LONGEST_HEADING = 90
_FIXED_LINES = 4


class TextReader:
    """Reads plain text: paragraphs wrapped by hand become one line again, everything else keeps its lines."""

    name = "text"
    version = "2"

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file, in whatever encoding it seems to have."""
        return self.parse(decode(path.read_bytes()))

    def parse(self, text: str, title: str | None = None) -> ParsedDocument:
        """Text that is already decoded, as one paper page."""
        composer = PageComposer()
        compose_text(composer, text)
        return composer.document("text/plain", self.name, self.version, title=title)


def compose_text(composer: PageComposer, text: str) -> None:
    """Adds the blocks of plain text, set apart by blank lines."""
    blocks = [block.strip("\n") for block in _BLANK_LINES.split(text.replace("\r\n", "\n").replace("\r", "\n"))]
    lines_of = [[line.rstrip() for line in block.split("\n") if line.strip()] for block in blocks if block.strip()]
    width = _wrap_width(lines_of)
    for position, lines in enumerate(lines_of):
        if len(lines) > 1 and _UNDERLINE.match(lines[1]) and len(lines[0]) <= _LONGEST_HEADING:
            composer.heading(lines[0], 1 if "=" in lines[1] else 2)
            lines = lines[2:]
        if not lines:
            continue
        level = _heading_level(lines) if position + 1 < len(lines_of) else 0
        if level:
            composer.heading(lines[0], level)
        else:
            _compose_lines(composer, lines, width)


def _wrap_width(blocks: Sequence[Sequence[str]]) -> int:
    """The column at which paragraphs are wrapped by hand; 0 where they are not."""
    inner = sorted(len(line) for lines in blocks if len(lines) > 2 for line in lines[:-1])
    if not inner:
        return 0
    width = inner[int(0.98 * (len(inner) - 1))]
    return width if _NARROWEST_WRAP <= width <= _WIDEST_WRAP else 0


def _heading_level(lines: Sequence[str]) -> int:
    line = lines[0].strip()
    if len(lines) > 1 or len(line) > _LONGEST_HEADING or line[-1] in ".,;:!?" or _COLUMNS.search(line):
        return 0
    numbered = _NUMBERED_HEADING.match(line)
    if numbered and len(line) <= 60:
        return 1 + numbered[1].count(".")
    letters = [c for c in line if c.isalpha()]
    in_capitals = len(letters) >= 4 and line.upper() == line and line.lower() != line
    return 1 if in_capitals or _NAMED_HEADING.match(line) else 0


def _compose_lines(composer: PageComposer, lines: Sequence[str], width: int) -> None:
    if all("\t" in line.strip() for line in lines) and len({line.count("\t") for line in lines}) == 1 < len(lines):
        composer.table([line.split("\t") for line in lines])
        return
    paragraph: list[str] = []
    for item, group in _items(lines):
        if item:
            if paragraph:
                composer.paragraph("\n".join(paragraph))
                paragraph = []
            composer.add(BlockKind.LIST_ITEM, "\n".join(_joined(group, width)))
        else:
            paragraph += [line.strip() if _COLUMNS.search(line) is None else line for line in _joined(group, width)]
    if paragraph:
        # Columns set with blanks keep them: they are all that is left of a table.
        composer.add(BlockKind.PARAGRAPH, "\n".join(paragraph))


def _items(lines: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Groups of lines: a list item with the indented lines that go on with it, or lines that are no list."""
    group: list[str] = []
    in_item = False
    for line in lines:
        starts = _ITEM.match(line) is not None
        goes_on = in_item and line[:2].isspace()
        if group and (starts or (in_item and not goes_on)):
            yield in_item, group
            group = []
        if starts or not group:
            in_item = starts
        group.append(line)
    if group:
        yield in_item, group


def _joined(lines: Sequence[str], width: int) -> list[str]:
    """The lines of a block, as one when they were clearly wrapped."""
    if len(lines) > 1 and _is_wrapped(lines, width):
        return [one_line(" ".join(lines))]
    return list(lines)


def _is_wrapped(lines: Sequence[str], width: int) -> bool:
    if not width or any(_COLUMNS.search(line.strip()) for line in lines):
        return False
    if all(_HEADER_LINE.match(line) for line in lines[:2]) or _are_records(lines):
        return False
    shortest = 0.8 * width
    for line, following in itertools.pairwise(lines):
        # A line was wrapped when the next line's first word would have made it too long.
        if len(line) > _WIDEST_WRAP or len(line) + 1 + len(following.split()[0]) <= shortest:
            return False
    return True


def _are_records(lines: Sequence[str]) -> bool:
    """Whether each line says something of its own: a name and its value, or as many characters as every other line.

    Prose wrapped by hand is ragged; where it is justified, blanks in its lines show that.
    """
    if all(map(_PAIR.match, lines)):
        return True
    return len(lines) >= _FIXED_LINES and len(set(map(len, lines))) == 1 and not any("  " in line for line in lines)


class MarkdownReader:
    """Reads Markdown, tables and simple front matter included."""

    name = "markdown"
    version = "1"

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file as one paper page."""
        front, text = _front_matter(decode(path.read_bytes()))
        composition = _MarkdownComposition()
        composition.compose(text)
        title = front.get("title") or next((h.title for h in composition.headings if h.level == 1), None)
        date = next((found for key in ("date", "published_at", "published") if (found := front.get(key))), None)
        return composition.composer.document(
            "text/markdown",
            self.name,
            self.version,
            title=title,
            language=front.get("lang") or front.get("language"),
            published_at=parse_date(date),
        )


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The ``key: value`` lines between two lines of ``---`` at the very top, and the text below them."""
    match = re.match(r"---[ \t]*\r?\n(.{0,20000}?)\r?\n---[ \t]*(?:\r?\n|$)", text, re.S)
    if match is None:
        return {}, text
    pairs = (line.partition(":") for line in match[1].splitlines())
    values = {key.strip().lower(): value.strip().strip("\"'") for key, colon, value in pairs if colon and key.strip()}
    return ({}, text) if not values else (values, text[match.end() :])


class _MarkdownComposition:
    """Walks Markdown's tokens and adds their blocks."""

    def __init__(self) -> None:
        self.composer = PageComposer()
        self.headings: list[OutlineHeading] = []
        self._lists: list[int | None] = []
        self._marker = ""
        self._rows: list[list[str]] = []

    def compose(self, text: str) -> None:
        """Adds every block of a Markdown text."""
        from markdown_it import MarkdownIt

        tokens = MarkdownIt("commonmark").enable("table").parse(text)
        for token, inline in zip(tokens, [*tokens[1:], None]):
            self._add(token, inline_text(inline) if inline is not None and inline.type == "inline" else "")

    def _add(self, token: Token, text: str) -> None:
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
                self.headings.append(OutlineHeading(level, one_line(text), 1))
                self.composer.heading(text, level)
            case "paragraph_open":
                self._paragraph(text)
            case "fence" | "code_block":
                self.composer.add(BlockKind.PARAGRAPH, token.content)
            case "html_block":
                from docpager.ingest.readers.web import compose_html

                compose_html(self.composer, token.content)
            case "th_open" | "td_open":
                self._rows[-1].append(text)
            case "tr_open":
                self._rows.append([])
            case "table_close":
                self.composer.table(self._rows, heads=1)
                self._rows = []
            case _:
                self._list(token)

    def _paragraph(self, text: str) -> None:
        if self._marker:
            self.composer.item(text, self._marker, len(self._lists) - 1)
            self._marker = ""
        elif self._lists:
            self.composer.add(BlockKind.LIST_ITEM, f"{'  ' * len(self._lists)}{one_line(text)}")
        else:
            self.composer.paragraph(text)

    def _list(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                number = self._lists[-1]
                self._marker = "-" if number is None else f"{number}."
                self._lists[-1] = None if number is None else number + 1


def inline_text(token: Token) -> str:
    """What a reader of the page would see of an inline token; a soft break is a space, a hard one a newline."""
    pieces = []
    for child in token.children or ():
        match child.type:
            case "text" | "code_inline":
                pieces.append(child.content)
            case "softbreak":
                pieces.append(" ")
            case "hardbreak":
                pieces.append("\n")
            case "image":
                pieces.append(inline_text(child))
            case "html_inline" if child.content.lower().startswith("<br"):
                pieces.append("\n")
    return "".join(pieces)
