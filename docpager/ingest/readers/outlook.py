"""MSG: a mail as Outlook saves it, read as other mail is; olefile takes the file apart."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from docpager.errors import DocpagerError, DocumentError
from docpager.ingest.readers import content
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.encoding import decode
from docpager.ingest.readers.mail import DEEPEST, compose_attachments, compose_headers
from docpager.ingest.readers.text import compose_text
from docpager.ingest.readers.web import compose_html, decode_html
from docpager.records import ParsedDocument

_SUBJECT, _HEADERS, _BODY, _HTML, _RTF = 0x0037, 0x007D, 0x1000, 0x1013, 0x1009
_SENT, _DELIVERED = 0x0039, 0x0E06
_SENDERS = ((0x0042, (0x5D02, 0x0065)), (0x0C1A, (0x5D01, 0x0C1F)))
"""Properties of who wrote a mail, and of who sent it for them: the name, the addresses."""
_RECIPIENT_NAME, _RECIPIENT_ADDRESSES, _RECIPIENT_KIND = 0x3001, (0x39FE, 0x3003), 0x0C15
_SHOWN_RECIPIENTS = {"To": 0x0E04, "Cc": 0x0E03, "Bcc": 0x0E02}
_KINDS = {1: "To", 2: "Cc", 3: "Bcc"}
_FILE_NAMES, _FILE_TYPE, _FILE = (0x3707, 0x3704, 0x3001), 0x370E, 0x3701
_HIDDEN = 0x7FFE
_CODEPAGES = (0x3FDE, 0x3FFD)
_INTEGER, _BOOLEAN, _TIME, _TEXT, _UNICODE, _BYTES, _OBJECT = 0x0003, 0x000B, 0x0040, 0x001E, 0x001F, 0x0102, 0x000D
_PROPERTIES = "__properties_version1.0"
_ROOT_HEADER, _EMBEDDED_HEADER, _PART_HEADER = 32, 24, 8
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class OutlookReader:
    """Reads one mail, its header lines first; mail attached to it too, other attachments are listed by name."""

    name = "outlook"
    version = "1"
    media_type = content.MSG

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file as one paper page; raises ``DocumentError`` for a damaged one."""
        import olefile

        composer = PageComposer()
        try:
            with olefile.OleFileIO(path) as file:
                mail = _Storage(file, (), _ROOT_HEADER)
                _compose(composer, mail, 0)
                has_rtf_only = not mail.has_body() and mail.has(_RTF, _BYTES)
                title, date = one_line(mail.text(_SUBJECT)), mail.date()
        except (DocpagerError, MemoryError):
            raise
        except Exception as error:  # olefile raises nearly anything on a damaged file
            raise DocumentError(f"It cannot be read ({type(error).__name__}: {one_line(str(error))[:300]}).") from error
        return composer.document(
            self.media_type,
            self.name,
            self.version,
            title=title or None,
            published_at=date,
            error_message="Its text is kept as RTF only, and was not read." if has_rtf_only else None,
        )


class _Storage:
    """A message, recipient or attachment: its properties, by their numbers."""

    def __init__(self, file: Any, path: tuple[str, ...], header: int, codepage: int | None = None) -> None:
        self._file = file
        self._path = path
        self._fixed = dict(self._fixed_properties(header))
        self._codepage = next((found for pid in _CODEPAGES if (found := self.integer(pid)) is not None), codepage)

    def has(self, pid: int, kind: int) -> bool:
        """Whether there is a property that is kept as a stream of its own."""
        return bool(self._file.exists(self._place(pid, kind)))

    def data(self, pid: int, kind: int = _BYTES) -> bytes:
        """The bytes of such a property; none where it is not there."""
        if not self.has(pid, kind) or self._file.get_type(self._place(pid, kind)) != 2:
            return b""
        with self._file.openstream(self._place(pid, kind)) as stream:
            return bytes(stream.read())

    def size(self, pid: int) -> int:
        """How many bytes such a property has."""
        return int(self._file.get_size(self._place(pid, _BYTES))) if self.has(pid, _BYTES) else 0

    def text(self, pid: int) -> str:
        """A property's text; empty where it is not there."""
        if self.has(pid, _UNICODE):
            return self.data(pid, _UNICODE).decode("utf-16-le", "replace").rstrip("\0")
        data = self.data(pid, _TEXT).rstrip(b"\0")
        try:
            return data.decode("utf-8" if self._codepage == 65001 else f"cp{self._codepage}")
        except (LookupError, UnicodeDecodeError):
            return decode(data) if data else ""

    def first_text(self, pids: tuple[int, ...]) -> str:
        """The text of the first of these properties that has any."""
        return next((text for pid in pids if (text := one_line(self.text(pid)))), "")

    def integer(self, pid: int) -> int | None:
        """A property that is a number, or true (1) or false (0)."""
        for kind, form in ((_INTEGER, "<i"), (_BOOLEAN, "<B")):
            if (value := self._fixed.get((pid, kind))) is not None:
                return int(struct.unpack_from(form, value)[0])
        return None

    def date(self) -> datetime | None:
        """When the mail was sent, or else delivered."""
        for pid in (_SENT, _DELIVERED):
            value = self._fixed.get((pid, _TIME))
            if value and (ticks := struct.unpack("<Q", value)[0]):
                try:
                    return _EPOCH + timedelta(seconds=ticks // 10_000_000)
                except OverflowError:
                    continue
        return None

    def has_body(self) -> bool:
        """Whether there is text in a form that is read."""
        return any(self.has(pid, kind) for pid in (_BODY, _HTML) for kind in (_UNICODE, _TEXT, _BYTES))

    def parts(self, prefix: str) -> list[_Storage]:
        """The recipients or the attachments."""
        depth = len(self._path)
        names = {
            path[depth]
            for path in self._file.listdir(streams=True, storages=False)
            if len(path) > depth + 1 and tuple(path[:depth]) == self._path and path[depth].startswith(prefix)
        }
        return [_Storage(self._file, (*self._path, name), _PART_HEADER, self._codepage) for name in sorted(names)]

    def message(self) -> _Storage | None:
        """The message that an attachment is; None where it is a file."""
        path = (*self._path, f"__substg1.0_{_FILE:04X}{_OBJECT:04X}")
        if not self._file.exists("/".join((*path, _PROPERTIES))):
            return None
        return _Storage(self._file, path, _EMBEDDED_HEADER, self._codepage)

    def _place(self, pid: int, kind: int) -> str:
        return "/".join((*self._path, f"__substg1.0_{pid:04X}{kind:04X}"))

    def _fixed_properties(self, header: int) -> Iterator[tuple[tuple[int, int], bytes]]:
        place = "/".join((*self._path, _PROPERTIES))
        if not self._file.exists(place):
            return
        with self._file.openstream(place) as stream:
            held = stream.read()[header:]
        for kind, pid, value in struct.iter_unpack("<HH4x8s", held[: len(held) // 16 * 16]):
            yield (pid, kind), value


def _compose(composer: PageComposer, mail: _Storage, depth: int) -> None:
    if depth > DEEPEST:
        raise DocumentError(f"Its messages are nested deeper than {DEEPEST} levels.")
    compose_headers(composer, _headers(mail))
    data = mail.data(_HTML)
    html = decode_html(data) if data else mail.text(_HTML)
    shown = PageComposer()
    if html.strip():
        compose_html(shown, html)
    if shown:
        compose_html(composer, html)
    else:
        compose_text(composer, mail.text(_BODY))
    files = []
    for part in mail.parts("__attach_version1.0_#"):
        inner = part.message()
        if inner is not None:
            composer.heading(f"Attached message: {one_line(inner.text(_SUBJECT)) or 'no subject'}", min(depth + 2, 6))
            _compose(composer, inner, depth + 1)
        elif not part.integer(_HIDDEN):
            kind = one_line(part.text(_FILE_TYPE)) or content.BINARY
            files.append((part.first_text(_FILE_NAMES) or "without a name", kind, part.size(_FILE)))
    compose_attachments(composer, files)


def _headers(mail: _Storage) -> dict[str, str]:
    senders = (_address(mail, name, addresses) for name, addresses in _SENDERS)
    people: dict[str, list[str]] = {}
    for person in mail.parts("__recip_version1.0_#"):
        kind = _KINDS.get((person.integer(_RECIPIENT_KIND) or 1) & 3, "To")
        people.setdefault(kind, []).append(_address(person, _RECIPIENT_NAME, _RECIPIENT_ADDRESSES))
    date = mail.date()
    found = {"From": next(filter(None, senders), "")}
    for kind, shown in _SHOWN_RECIPIENTS.items():
        found[kind] = ", ".join(filter(None, people.get(kind, ()))) or one_line(mail.text(shown))
    found["Date"] = format_datetime(date) if date else ""
    found["Subject"] = one_line(mail.text(_SUBJECT))
    return {name: value for name, value in found.items() if value}


def _address(person: _Storage, name: int, addresses: tuple[int, ...]) -> str:
    """A name with its address; those that only an Exchange server knows are left out."""
    said = one_line(person.text(name)).strip("'")
    address = next((text for pid in addresses if "@" in (text := one_line(person.text(pid)))), "")
    if not address or address == said:
        return said
    return f"{said} <{address}>" if said else address
