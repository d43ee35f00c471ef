"""RTF, read here: converters drop notes, mistake character sets, or lose what follows a character."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docpager.errors import DocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.rtf_blocks import BlockBuilder, ParagraphForm
from docpager.ingest.readers.rtf_tokens import CODEPAGES, Token, codec, tokens
from docpager.records import ParsedDocument

DEEPEST = 1000
"""Groups within groups."""

_SIGNS = {"~": " ", "_": "-", "\n": "\n", "\r": "\n", "\t": "\t", "\\": "\\", "{": "{", "}": "}"}
_CHARACTERS = {
    "tab": "\t",
    "line": "\n",
    "lbr": "\n",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
}
_SKIPPED_WORDS = """
colortbl pict objdata header headerl headerr headerf footer footerl footerr footerf ftnsep
ftnsepc ftncn aftnsep aftnsepc aftncn filetbl nonesttables nonshppict shprslt fldinst xe tc txe rxe sp pgdsctbl
"""
_SKIPPED = frozenset(_SKIPPED_WORDS.split())
_TABLES = ("stylesheet", "fonttbl", "info")
_SAID = ("title", "creatim", "revtim")
_KNOWN_STARRED = frozenset(("footnote", "annotation", "shpinst", "shptxt"))
_MARKERS = ("listtext", "pntext")
_ASIDES = ("footnote", "annotation", "shptxt")
_HEADING_NAME = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop|заголовок)\s*([1-9])$", re.I)


@dataclass(slots=True)
class _Group:
    """What holds until the group ends."""

    codepage: int | str
    skipped_after_unicode: int = 1
    destination: str = ""
    """Empty for the text itself, else what becomes of it; "skip" is nothing."""
    is_hidden: bool = False
    opened: str = ""
    """The aside or the marker that this very group opened."""


class RtfReader:
    """Reads RTF as one paper page; a note stands after its paragraph."""

    name = "rtf"
    version = "1"

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file; raises ``DocumentError`` for one that does not begin as RTF does."""
        return self.parse(path.read_bytes())

    def parse(self, data: bytes) -> ParsedDocument:
        """The bytes of a file as one paper page."""
        if not data.startswith(b"{\\rtf"):
            raise DocumentError("This is no RTF: it does not begin with {\\rtf.")
        reading = _Reading()
        for token in tokens(data):
            reading.take(token)
        reading.end()
        message = None if reading.is_whole else "The file ends early: what follows may be missing."
        return reading.composer.document(
            content.RTF,
            self.name,
            self.version,
            title=one_line(reading.title) or None,
            published_at=reading.date(),
            error_message=message,
        )


class _Reading:
    """One file on its way to blocks."""

    def __init__(self) -> None:
        self.composer = PageComposer()
        self.title = ""
        self.is_whole = False
        self._headings: dict[int, int] = {}
        self._builder = BlockBuilder(self.composer, self._headings)
        self._group = _Group(1252)
        self._stack: list[_Group] = []
        self._ansi: int | str = 1252
        self._fonts: dict[int, int | str] = {}
        self._font = self._default_font = 0
        self._bytes = bytearray()
        self._to_skip = 0
        self._is_starred = False
        self._notes = 0
        self._has_sign = False
        self._marker: list[str] = []
        self._style = (0, "")
        self._style_level: int | None = None
        self._times: dict[str, dict[str, int]] = {}

    def take(self, token: Token) -> None:
        """Takes the next token."""
        if token.kind in ("byte", "text"):
            self._take_bytes(token)
            return
        self._flush()
        if token.kind == "{":
            self._open()
        elif token.kind == "}":
            self._close()
        elif token.kind == "sign":
            self._take_sign(token.value)
        else:
            self._take_word(token.value, token.number)

    def end(self) -> None:
        """The file ends."""
        self._flush()
        self._builder.end()

    def date(self) -> datetime | None:
        """When the document was changed last, or else made."""
        for name in ("revtim", "creatim"):
            time = self._times.get(name, {})
            try:
                return datetime(time["yr"], time["mo"], time["dy"], time.get("hr", 0), time.get("min", 0), tzinfo=UTC)
            except (KeyError, ValueError, OverflowError):
                continue
        return None

    def _take_bytes(self, token: Token) -> None:
        self._is_starred = False
        data = token.data
        if self._to_skip:
            count = min(self._to_skip, len(data))
            self._to_skip -= count
            data = data[count:]
        self._bytes += data

    def _flush(self) -> None:
        """Decodes the bytes that came one after the other: a character may have several."""
        if self._bytes:
            data, self._bytes = bytes(self._bytes), bytearray()
            self._put(data.decode(codec(self._group.codepage), "replace"))

    def _put(self, text: str) -> None:
        destination = self._group.destination
        if destination == "stylesheet":
            self._put_style(text)
        elif destination == "title":
            self.title += text
        elif destination == "marker":
            self._marker.append(text)
        elif not destination and not self._group.is_hidden:
            self._has_sign = False
            self._builder.add(text)

    def _put_style(self, text: str) -> None:
        number, name = self._style
        self._style = (number, name + text)
        if ";" in text:
            name = one_line(self._style[1].split(";")[0])
            match = _HEADING_NAME.match(name)
            level = int(match[1]) if match else 1 if name.lower() == "title" else self._style_level
            if level is not None:
                self._headings[number] = level
            self._style, self._style_level = (0, ""), None

    def _open(self) -> None:
        self._to_skip = 0
        if len(self._stack) >= DEEPEST:
            raise DocumentError(f"Its groups are nested deeper than {DEEPEST:,} levels.")
        self._stack.append(self._group)
        self._group = replace(self._group, opened="")

    def _close(self) -> None:
        self._to_skip = 0
        self._is_starred = False
        if not self._stack:
            return
        opened = self._group.opened
        if opened == "marker":
            self._builder.marker = one_line("".join(self._marker))
        elif opened:
            self._builder.end_aside()
        self._group = self._stack.pop()
        self.is_whole = self.is_whole or not self._stack

    def _take_sign(self, sign: str) -> None:
        if sign == "*":
            self._is_starred = True
        elif self._to_skip:
            self._to_skip -= 1
        elif sign in "\r\n":
            self._take_word("par", None)
        elif sign in _SIGNS:
            self._put(_SIGNS[sign])

    def _take_word(self, word: str, number: int | None) -> None:
        is_starred, self._is_starred = self._is_starred, False
        group = self._group
        if self._to_skip and word != "u":
            self._to_skip -= 1
            return
        if word == "u" and number is not None:
            self._put(chr(number % 0x10000))
            self._to_skip = group.skipped_after_unicode
        elif self._has_destination(word, is_starred):
            return
        elif word in _CHARACTERS:
            self._put(_CHARACTERS[word])
        elif word in _GENERAL:
            _GENERAL[word](self, 1 if number is None else number)
        elif group.destination.endswith("tim"):
            self._times.setdefault(group.destination, {})[word] = number or 0
        elif not group.destination and word in _MARKS:
            _MARKS[word](self._builder, 1 if number is None else number)

    def _has_destination(self, word: str, is_starred: bool) -> bool:
        """Whether the word says what becomes of the rest of its group."""
        group = self._group
        if word in _TABLES or (group.destination == "info" and word in _SAID):
            group.destination = word
        elif word in _ASIDES and group.destination in ("", "shape"):
            group.destination, group.opened = "", word
            self._begin_aside(word)
        elif word == "shpinst" and not group.destination:
            group.destination = "shape"
        elif word in _MARKERS and not group.destination:
            group.destination, group.opened = "marker", "marker"
            self._marker = []
        elif word in _SKIPPED or (is_starred and word not in _KNOWN_STARRED):
            if group.destination not in ("stylesheet", "fonttbl"):
                group.destination = "skip"
        else:
            return False
        return True

    def _begin_aside(self, word: str) -> None:
        sign = {"footnote": f"[{self._notes + 1}]", "annotation": "Comment:"}.get(word, "")
        if word == "footnote":
            if not self._has_sign:
                self._builder.add(sign)
            self._notes += 1
        self._builder.begin_aside(sign)

    def set_character_set(self, codepage: int | str) -> None:
        """The character set of all fonts that name none."""
        self._ansi = codepage
        self._group.codepage = codepage

    def set_font(self, number: int) -> None:
        """The font from here on, or the one that is described."""
        self._font = number
        if self._group.destination != "fonttbl":
            self._group.codepage = self._fonts.get(number, self._ansi)

    def set_default_font(self, number: int) -> None:
        """The font where none is named."""
        self._default_font = number

    def set_font_charset(self, number: int) -> None:
        """The character set of the font that is described."""
        if self._group.destination == "fonttbl" and number in CODEPAGES:
            self._fonts[self._font] = CODEPAGES[number]

    def set_font_codepage(self, number: int) -> None:
        """The code page of the font that is described."""
        if self._group.destination == "fonttbl" and number:
            self._fonts[self._font] = number

    def set_skipped(self, number: int) -> None:
        """How many characters stand for those who do not know the one before."""
        self._group.skipped_after_unicode = max(0, min(number, 100))

    def hide(self, number: int) -> None:
        """Whether what follows is hidden."""
        self._group.is_hidden = number != 0

    def make_plain(self, _: int) -> None:
        """Characters are as they are by default."""
        self._group.is_hidden = False
        self._group.codepage = self._fonts.get(self._default_font, self._ansi)

    def put_note_sign(self, _: int) -> None:
        """The number of the note that follows; within the note it is known."""
        if not self._group.destination and not self._builder.is_aside:
            self._builder.add(f"[{self._notes + 1}]")
            self._has_sign = True

    def set_style(self, number: int) -> None:
        """The style from here on, or the one that is described."""
        if self._group.destination == "stylesheet":
            self._style = (number, "")
        elif not self._group.destination:
            self._builder.form.style = number

    def set_outline_level(self, number: int) -> None:
        """The depth of a heading from 0, of the paragraph or of the style that is described; 9 is none."""
        level = number + 1 if 0 <= number < 9 else None
        if self._group.destination == "stylesheet":
            self._style_level = level
        elif not self._group.destination:
            self._builder.form.heading = level


def _character_set(codepage: int | str) -> Callable[[_Reading, int], None]:
    return lambda reading, _: reading.set_character_set(codepage)


_GENERAL: dict[str, Callable[[_Reading, int], None]] = {
    "ansi": _character_set(1252),
    "mac": _character_set("mac_roman"),
    "pc": _character_set(437),
    "pca": _character_set(850),
    "ansicpg": _Reading.set_character_set,
    "deff": _Reading.set_default_font,
    "f": _Reading.set_font,
    "fcharset": _Reading.set_font_charset,
    "cpg": _Reading.set_font_codepage,
    "uc": _Reading.set_skipped,
    "v": _Reading.hide,
    "deleted": _Reading.hide,
    "plain": _Reading.make_plain,
    "chftn": _Reading.put_note_sign,
    "s": _Reading.set_style,
    "outlinelevel": _Reading.set_outline_level,
}
"""What words with a meaning for characters, fonts and styles do."""


def _new_form(builder: BlockBuilder, _: int) -> None:
    builder.form = ParagraphForm()


def _in_table(builder: BlockBuilder, _: int) -> None:
    builder.form.in_table = True


def _list_depth(builder: BlockBuilder, number: int) -> None:
    builder.form.list_depth = max(0, min(number, 8))


_MARKS: dict[str, Callable[[BlockBuilder, int], Any]] = {
    **dict.fromkeys(("par", "sect", "page", "nestcell"), lambda builder, _: builder.end_paragraph()),
    "pard": _new_form,
    "intbl": _in_table,
    "ilvl": _list_depth,
    "cell": lambda builder, _: builder.end_cell(),
    "row": lambda builder, _: builder.end_row(),
    "trowd": lambda builder, _: builder.begin_row(),
    "trhdr": lambda builder, _: builder.head_row(),
    "clmrg": lambda builder, _: builder.span_cell(),
    "cellx": lambda builder, _: builder.define_cell(),
}
"""What words that shape paragraphs and tables do."""
