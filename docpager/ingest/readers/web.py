"""HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docpager.errors import DocumentError, LimitExceededError
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.dates import parse_date
from docpager.ingest.readers.encoding import decode
from docpager.ingest.readers.hidden_elements import HIDDEN_TEXT, drop_hidden, is_hidden
from docpager.records import BlockKind, ParsedDocument

DEEPEST = 200
"""Elements within elements whose structure is read; below, only their text (tags that were never closed nest so)."""
WIDEST = 1000
"""The most cells one cell may span."""

_DROPPED_WORDS = """
script style noscript template head nav svg math iframe object embed canvas audio video map select button
datalist dialog input textarea
"""
_DROPPED = frozenset(_DROPPED_WORDS.split())
_BLOCKS_WORDS = """
address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer
form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu ol p pre search section summary table tbody
td tfoot th thead title tr ul caption
"""
_BLOCKS = frozenset(_BLOCKS_WORDS.split())
_LISTS = frozenset(("ul", "ol", "menu", "dir"))
_OPENING_SIGNS = frozenset(("$", "€", "£", "¥", "(", "$(", "US$"))
_CLOSING_SIGNS = frozenset((")", "%", ")%", "%)"))
_BLANKS = re.compile(r"\s+")
_HEADING = re.compile(r"h([1-6])$")
_NOTE_SIGN = "doc-noteref"
_DATE_NAMES = (
    "article:published_time",
    "datepublished",
    "dc.date",
    "dc.date.issued",
    "dcterms.issued",
    "dcterms.created",
    "dcterms.date",
    "citation_publication_date",
    "publication_date",
    "pubdate",
    "date",
)
_ENCODING = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", re.I)


class HtmlReader:
    """Reads HTML as it would be seen: no scripts, styles, menus or hidden parts."""

    name = "html"
    version = "3"

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file as one paper page."""
        data = path.read_bytes()
        return self.parse(decode_html(data))

    def parse(self, text: str) -> ParsedDocument:
        """A text that is already decoded, as one paper page."""
        root = parse_tree(text)
        composer = PageComposer()
        if root is None:
            return composer.document("text/html", self.name, self.version)
        has_hidden = drop_hidden(root)
        _Walk(composer).everything(_body(root))
        return composer.document(
            "text/html",
            self.name,
            self.version,
            error_message=HIDDEN_TEXT if has_hidden else None,
            title=_title(root),
            language=_language(root),
            published_at=parse_date(_date(root)),
        )


def parse_tree(text: str) -> Any:
    """The root element of a text; None where there is none, ``DocumentError`` where lxml gives up."""
    from lxml import etree, html

    # An XML declaration in a str is an error to lxml, and NULs end the text.
    text = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", text.replace("\x00", ""), count=1)
    if not text.strip():
        return None
    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8", huge_tree=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser, ensure_head_body=True)
    except etree.ParserError:
        return None  # nothing but comments
    except (etree.LxmlError, ValueError) as error:
        raise DocumentError(f"lxml cannot parse it as HTML: {one_line(str(error))}") from error
    # What is beyond libxml2's limits it drops without a word but this one.
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise LimitExceededError("Its elements are nested too deep, or too long, to be read whole.")
    return root


def compose_html(composer: PageComposer, text: str) -> None:
    """Adds the blocks of a piece of HTML, as it stands within Markdown or a mail."""
    root = parse_tree(text)
    if root is not None:
        drop_hidden(root)
        _Walk(composer).everything(_body(root))


def table_rows(text: str) -> tuple[list[list[str]], int | None]:
    """The cells of the first table in a piece of HTML, and how many rows are heads (None where it does not say)."""
    root = parse_tree(text)
    table = None if root is None else root.find(".//table")
    return ([], 0) if table is None else _rows(table)


def decode_html(data: bytes) -> str:
    """A file of HTML as text, in the encoding it names or seems to have."""
    named = _ENCODING.search(data[:4096])
    if named and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode(named[1].decode("ascii"))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def _body(root: Any) -> Any:
    body = root.find("body")
    return root if body is None else body


def _title(root: Any) -> str | None:
    found = root.xpath("string(//head/title)") or _meta(root, ("og:title", "dc.title", "citation_title"))
    return one_line(found) or one_line(root.xpath("string((//h1)[1])")) or None


def _language(root: Any) -> str | None:
    found = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang") or ""
    match = re.match(r"[A-Za-z]{2,3}(?=$|[-_])", found.strip())
    return match[0].lower() if match else None


def _date(root: Any) -> str:
    return _meta(root, _DATE_NAMES) or root.xpath("string((//time/@datetime)[1])")


def _meta(root: Any, names: tuple[str, ...]) -> str:
    """The content of the first of these ``meta`` elements, in the order of the names."""
    found: dict[str, str] = {}
    for element in root.iter("meta"):
        name = element.get("name") or element.get("property") or element.get("itemprop") or ""
        found.setdefault(name.lower(), element.get("content") or "")
    return next((found[name] for name in names if found.get(name)), "")


class _Walk:
    """Walks a tree and adds its blocks; text outside any block element becomes paragraphs of its own."""

    def __init__(self, composer: PageComposer) -> None:
        self.composer = composer
        self._text: list[str] = []
        self._lists: list[int | None] = []
        self._marker = ""

    def everything(self, element: Any) -> None:
        """Adds all that is in an element."""
        self._inside(element, 0)
        self._end_block()

    def _inside(self, element: Any, depth: int) -> None:
        self._add_text(element.text)
        for child in element:
            self._child(child, depth + 1)
            self._add_text(child.tail)

    def _add_text(self, text: str | None) -> None:
        if text:
            self._text.append(_BLANKS.sub(" ", text))

    def _child(self, child: Any, depth: int) -> None:
        tag = child.tag if isinstance(child.tag, str) else ""
        if tag == "math" and not is_hidden(child):
            self._add_text(_formula(child))
        if not tag or tag in _DROPPED or is_hidden(child) or child.get("role") == "doc-backlink":
            return
        if _NOTE_SIGN in (child.get("role"), f"doc-{child.get('epub:type')}"):
            self._add_text(f"[{one_line(_inner_text(child)).strip('[]()')}]")
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img":
            self._add_text(child.get("alt"))
        elif depth > DEEPEST:
            self._add_text(f" {_inner_text(child)} ")
        elif tag in _BLOCKS:
            self._end_block()
            self._block(tag, child, depth)
            self._end_block()
        else:
            self._inside(child, depth)

    def _block(self, tag: str, child: Any, depth: int) -> None:
        if _HEADING.match(tag):
            self.composer.heading(_inner_text(child), int(tag[1]))
        elif tag == "table":
            self._table(child, depth)
        elif tag == "pre":
            self.composer.add(BlockKind.PARAGRAPH, _inner_text(child))
        elif tag in _LISTS:
            self._lists.append(_first_number(child) if tag == "ol" else None)
            self._inside(child, depth)
            self._end_block()
            self._lists.pop()
        else:
            self._marker = self._next_marker() if tag == "li" else self._marker
            self._inside(child, depth)

    def _next_marker(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "-"
        self._lists[-1] = number + 1
        return f"{number}."

    def _end_block(self) -> None:
        text, self._text = "".join(self._text), []
        if not text.strip():
            return
        if self._marker:
            self.composer.item(text, self._marker, max(0, len(self._lists) - 1))
            self._marker = ""
        elif self._lists:
            self.composer.add(BlockKind.LIST_ITEM, f"{'  ' * len(self._lists)}{one_line(text)}")
        else:
            self.composer.paragraph(text)

    def _table(self, table: Any, depth: int) -> None:
        if _is_layout(table):
            self._inside(table, depth)
            return
        for caption in _own(table, "caption"):
            self.composer.paragraph(one_line(_inner_text(caption)))
        self.composer.table(*_rows(table))


def _formula(math: Any) -> str:
    """A formula as it was typed, where it says that, or the signs in it."""
    typed = one_line(math.xpath("string((.//annotation[contains(@encoding, 'tex')])[1])")) or math.get("alttext")
    return typed or one_line("".join(math.xpath(".//text()[not(ancestor::annotation)]")))


def _inner_text(element: Any) -> str:
    """The text of an element and all in it, but for scripts and styles."""
    return "".join(text for text in element.xpath(".//text()") if text.getparent().tag not in _DROPPED or text.is_tail)


def _first_number(element: Any) -> int:
    start = element.get("start") or ""
    return int(start) if re.fullmatch(r"\d{1,6}", start) else 1


def _own(table: Any, *tags: str) -> Iterator[Any]:
    """Elements of a table that are not part of a table within it."""
    for element in table.iter(*tags):
        if next(element.iterancestors("table"), None) is table:
            yield element


def _is_layout(table: Any) -> bool:
    """Whether a table only places things: it has tables in it, one column, or whole texts as cells."""
    if table.get("role") in ("presentation", "none") or table.find(".//table") is not None:
        return True
    rows = [[cell for cell in _own_cells(row) if one_line(_inner_text(cell))] for row in _own(table, "tr")]
    if all(len(row) < 2 for row in rows):
        return True
    return any(len(cell.findall(".//p")) > 3 or cell.find(".//h1") is not None for row in rows for cell in row)


def _own_cells(row: Any) -> list[Any]:
    return [cell for cell in row if cell.tag in ("td", "th")]


def _rows(table: Any) -> tuple[list[list[str]], int | None]:
    """The rows of a table as cells in their columns, and how many at its top are heads (None where it does not say)."""
    grid: list[list[str | None]] = []
    heads = 0
    from_above: dict[int, _Spanning] = {}
    for row in _own(table, "tr"):
        if is_hidden(row):
            continue
        cells = _own_cells(row)
        line: list[str | None] = []
        for cell in cells:
            _take_from_above(line, from_above)
            text = "" if is_hidden(cell) else one_line(_inner_text(cell))
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            if height > 1:
                from_above[len(line)] = _Spanning(height - 1, text, width)
            line += [text, *[None] * (width - 1)]
        _take_from_above(line, from_above)
        is_head = bool(cells) and (all(cell.tag == "th" for cell in cells) or row.getparent().tag == "thead")
        if any(line):
            heads += is_head and heads == len(grid)
            grid.append(line)
    return merged_columns(grid), heads or None


@dataclass(slots=True)
class _Spanning:
    """A cell that reaches into rows below its own: each is read by itself, so it stands in each of them."""

    rows: int
    text: str
    width: int


def _take_from_above(line: list[str | None], from_above: dict[int, _Spanning]) -> None:
    """Adds the cells of rows above that reach into this row here."""
    while (cell := from_above.get(len(line))) is not None and cell.rows:
        cell.rows -= 1
        line += [cell.text, *[None] * (cell.width - 1)]


def _span(cell: Any, name: str) -> int:
    text = cell.get(name) or ""
    return min(WIDEST, max(1, int(text))) if re.fullmatch(r"\d{1,6}", text) else 1


def merged_columns(grid: Sequence[Sequence[str | None]]) -> list[list[str]]:
    """A table without empty columns, its ``$``, ``)`` and ``%`` beside their figures and heads above what they span.

    A cell is None where the one to its left spans it.
    """
    width = max(map(len, grid), default=0)
    spanned = [any(row[column : column + 1] == [None] for row in map(list, grid)) for column in range(width)]
    rows = [[cell or "" for cell in row] + [""] * (width - len(row)) for row in grid]
    for row in rows:
        _join_signs(row)
    columns: list[list[str]] = []
    for column in range(width):
        cells = [row[column] for row in rows]
        if columns and spanned[column] and not any(a and b for a, b in zip(columns[-1], cells)):
            columns[-1] = [a or b for a, b in zip(columns[-1], cells)]
        elif any(cells):
            columns.append(cells)
    return [list(row) for row in zip(*columns)]


def _join_signs(row: list[str]) -> None:
    """Moves a cell that is only a sign to the figure it belongs to."""
    for column, cell in enumerate(row):
        if cell in _OPENING_SIGNS:
            following = next((c for c in range(column + 1, min(column + 3, len(row))) if row[c]), None)
            if following is not None and any(map(str.isdigit, row[following])):
                row[column], row[following] = "", cell + row[following]
        elif cell in _CLOSING_SIGNS:
            before = next((c for c in range(column - 1, max(-1, column - 3), -1) if row[c]), None)
            if before is not None and any(map(str.isdigit, row[before])):
                row[column], row[before] = "", row[before] + cell
