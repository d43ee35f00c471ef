"""What stands in an OpenDocument text or on a slide: headings, paragraphs, lists, tables, notes, boxes, formulas."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from docpager.errors import DocumentError
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.zip_parts import DAMAGES, parse_xml, read_part

_BLANKS = re.compile(r"[ \t\r\n]+")
DEEPEST = 200
"""Elements within elements."""

_DROPPED = frozenset(
    ("tracked-changes", "table-of-content", "forms", "sequence-decls", "user-field-decls", "variable-decls", "settings")
)
_TITLES = ("Title", "title")
_TEXTLESS = frozenset(("creator", "date", "date-string", "note-citation", "binary-data", "event-listeners"))


def local_name(element: Any) -> str:
    """An element's name without its namespace; empty for comments and the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: Any, name: str) -> str:
    """The attribute of this name in any namespace; empty where there is none."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def _collapsed(text: str | None) -> str:
    """Text with its blanks as one: what breaks lines or aligns has an element of its own."""
    return _BLANKS.sub(" ", text or "")


class Styles:
    """What styles say that matters for reading: which are titles, and which lists are numbered."""

    def __init__(self, roots: Iterable[Any]) -> None:
        self._parents: dict[str, str] = {}
        self._numbered: set[tuple[str, int]] = set()
        for root in roots:
            for style in root.iter("{*}style"):
                self._parents.setdefault(attribute(style, "name"), attribute(style, "parent-style-name"))
            for style in root.iter("{*}list-style"):
                for level in style.findall("{*}list-level-style-number"):
                    if attribute(level, "num-format"):
                        self._numbered.add((attribute(style, "name"), int(attribute(level, "level") or 1)))

    def is_title(self, style: str) -> bool:
        """Whether a paragraph of this style is the document's title."""
        for _ in range(20):
            if style in _TITLES:
                return True
            style = self._parents.get(style, "")
        return False

    def is_numbered(self, style: str, level: int) -> bool:
        """Whether items of a list of this style have numbers."""
        return (style, level) in self._numbered


class BlockWalk:
    """Walks a tree and adds its blocks; what hangs on a paragraph (notes, comments, boxes) follows it."""

    def __init__(self, composer: PageComposer, styles: Styles, archive: zipfile.ZipFile) -> None:
        self.composer = composer
        self._styles = styles
        self._archive = archive
        self._hanging: list[tuple[str, Any]] = []
        self._depth = 0

    def everything(self, element: Any) -> None:
        """Adds all that is in an element."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise DocumentError(f"Its elements are nested deeper than {DEEPEST} levels.")
        for child in element:
            self._block(child)
        self._depth -= 1

    def _block(self, child: Any) -> None:
        name = local_name(child)
        if name in _DROPPED:
            return
        if name == "h":
            level = attribute(child, "outline-level")
            self.composer.heading(self._text(child), int(level) if level.isdecimal() else 1)
        elif name == "p":
            self._paragraph(child)
        elif name == "list":
            self._list(child, 1, "")
        elif name == "table":
            self._table(child)
        elif name == "notes":
            self._notes(child)
        elif name == "frame" and attribute(child, "class") in ("title", "subtitle"):
            self.composer.heading(self._joined(child), 1)
        elif name == "frame":
            self._frame(child)
        elif name == "custom-shape" or name != "annotation":
            self.everything(child)
        self._settle()

    def _paragraph(self, element: Any) -> None:
        text = self._text(element)
        if self._styles.is_title(attribute(element, "style-name")):
            self.composer.heading(text, 1)
        else:
            self.composer.paragraph(text)

    def _settle(self) -> None:
        """Adds what hung on the paragraph before."""
        waiting, self._hanging = self._hanging, []
        for sign, element in waiting:
            if local_name(element) == "frame":
                self._frame(element)
            else:
                self.composer.paragraph(f"{sign} {self._joined(element)}")
            self._settle()

    def _frame(self, frame: Any) -> None:
        boxes = [child for child in frame if local_name(child) in ("text-box", "table")]
        for box in boxes:
            if local_name(box) == "table":
                self._block(box)
            else:
                self.everything(box)
        if not boxes:
            self.composer.paragraph(self._shown_object(frame))

    def _list(self, element: Any, level: int, style: str) -> None:
        style = attribute(element, "style-name") or style
        number = 0
        for item in element:
            if local_name(item) not in ("list-item", "list-header"):
                continue
            number += 1
            marker = f"{number}." if self._styles.is_numbered(style, level) else "-"
            is_first = True
            for child in item:
                name = local_name(child)
                if name == "list":
                    self._depth += 1
                    if self._depth > DEEPEST:
                        raise DocumentError(f"Its lists are nested deeper than {DEEPEST} levels.")
                    self._list(child, level + 1, style)
                    self._depth -= 1
                elif name in ("p", "h") and is_first:
                    text, is_first = self._text(child), False
                    if name == "h":
                        self.composer.heading(text, int(attribute(child, "outline-level") or level))
                    else:
                        self.composer.item(text, marker, level - 1)
                else:
                    self._block(child)
                self._settle()

    def _table(self, table: Any) -> None:
        from docpager.ingest.readers.opendocument_tables import table_cells

        self.composer.table(*table_cells(table, self._joined))

    def _notes(self, notes: Any) -> None:
        """What a speaker wrote below a slide."""
        inner = BlockWalk(PageComposer(), self._styles, self._archive)
        inner.everything(notes)
        text = inner.composer.page().text
        if text:
            self.composer.paragraph(f"Notes: {text}")

    def _joined(self, element: Any) -> str:
        """All text in an element on one line, as in a cell; what hangs on it follows the block."""
        if local_name(element) in ("p", "h"):
            return self._text(element)
        self._depth += 1
        if self._depth > DEEPEST:
            raise DocumentError(f"Its elements are nested deeper than {DEEPEST} levels.")
        parts = [self._joined(child) for child in element if local_name(child) not in (*_DROPPED, *_TEXTLESS)]
        self._depth -= 1
        return one_line(" ".join(parts))

    def _text(self, element: Any) -> str:
        """The text of a paragraph, a note in it as its number in brackets."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise DocumentError(f"Its elements are nested deeper than {DEEPEST} levels.")
        parts = [_collapsed(element.text)]
        for child in element:
            parts += [self._inline(child), _collapsed(child.tail)]
        self._depth -= 1
        return "".join(parts)

    def _inline(self, child: Any) -> str:
        name = local_name(child)
        if name == "s":
            return " "
        if name == "tab":
            return "\t"
        if name == "line-break":
            return "\n"
        if name == "note":
            sign = f"[{one_line(''.join(child.xpath('string(*[1])')))}]"
            self._hanging += [(sign, body) for body in child.findall("{*}note-body")]
            return sign
        if name == "annotation":
            self._hanging.append(("Comment:", child))
            return ""
        if name == "frame":
            if any(local_name(inner) in ("text-box", "table") for inner in child):
                self._hanging.append(("", child))
                return ""
            return self._shown_object(child)
        if not name or name in _DROPPED or name in _TEXTLESS or name == "ruby-text":
            return ""
        return self._text(child)

    def _shown_object(self, frame: Any) -> str:
        """A formula as it was typed, or what is said of a picture."""
        for held in frame.findall("{*}object"):
            part = posixpath.normpath(unquote(attribute(held, "href"))).strip("./")
            formula = self._formula(held, f"{part}/content.xml")
            if formula:
                return formula
        said = [one_line(part.text or "") for name in ("title", "desc") for part in frame.findall(f"{{*}}{name}")]
        return " ".join(filter(None, said))

    def _formula(self, held: Any, part: str) -> str:
        root = next(iter(held), None)
        try:
            if root is None:
                root = parse_xml(read_part(self._archive, part), part)
        except (*DAMAGES, DocumentError):
            return ""
        if local_name(root) != "math":
            return ""
        typed = next((one_line(note.text or "") for note in root.iter("{*}annotation")), "")
        return typed or one_line("".join(root.itertext()))
