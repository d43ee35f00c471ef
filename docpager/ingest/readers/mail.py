"""Mail: the text that its parts show, forwarded messages within, and attachments by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

from docpager.errors import DocpagerError, DocumentError
from docpager.ingest.readers.composer import PageComposer, one_line
from docpager.ingest.readers.dates import parse_date
from docpager.ingest.readers.encoding import decode
from docpager.ingest.readers.text import compose_text
from docpager.ingest.readers.web import compose_html
from docpager.records import ParsedDocument

DEEPEST = 20
"""Messages and parts within one another."""

MAIL_HEADERS = ("From", "To", "Cc", "Bcc", "Date", "Subject")


class EmailReader:
    """Reads one mail, its header lines first; attachments are listed by name and not read."""

    name = "email"
    version = "2"
    media_type = "message/rfc822"

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file as one paper page; raises ``DocumentError`` for what the parser cannot take apart."""
        try:
            message = BytesParser(policy=default).parsebytes(path.read_bytes())
            composer = PageComposer()
            _message(composer, message, 0)
            headers = _headers(message)
        except (DocpagerError, MemoryError, OSError):
            raise
        except Exception as error:  # the parser of headers raises nearly anything on hostile ones
            raise DocumentError(f"It cannot be read ({type(error).__name__}: {one_line(str(error))[:300]}).") from error
        return composer.document(
            self.media_type,
            self.name,
            self.version,
            title=headers.get("Subject"),
            published_at=parse_date(headers.get("Date")),
        )


def compose_headers(composer: PageComposer, headers: Mapping[str, str]) -> None:
    """Adds a mail's header lines as one paragraph."""
    composer.paragraph("\n".join(f"{name}: {value}" for name, value in headers.items()))


def compose_attachments(composer: PageComposer, attachments: Iterable[tuple[str, str, int]]) -> None:
    """Adds a line for each attachment: its name, its media type, its bytes."""
    lines = [f"Attachment: {one_line(name)} ({kind}, {size:,} bytes)" for name, kind, size in attachments]
    if lines:
        composer.paragraph("\n".join(lines))


def _message(composer: PageComposer, message: EmailMessage, depth: int) -> None:
    compose_headers(composer, _headers(message))
    attachments: list[tuple[str, str, int]] = []
    _part(composer, message, depth, attachments)
    compose_attachments(composer, attachments)


def _headers(message: EmailMessage) -> dict[str, str]:
    found = {}
    for name in MAIL_HEADERS:
        try:
            value = str(message[name] or "")
        except Exception:  # a header that the parser cannot parse is still text
            value = next((str(raw) for key, raw in message.raw_items() if key.lower() == name.lower()), "")
        if one_line(value):
            found[name] = one_line(value)
    return found


def _part(composer: PageComposer, part: Any, depth: int, attachments: list[tuple[str, str, int]]) -> None:
    """Adds what a part shows; what it does not show becomes an attachment."""
    kind = part.get_content_type()
    if depth > DEEPEST:
        raise DocumentError(f"Its parts are nested deeper than {DEEPEST} levels.")
    if kind == "message/rfc822" and part.is_multipart():
        for inner in part.get_payload():
            composer.heading(f"Forwarded message: {_headers(inner).get('Subject', 'no subject')}", min(depth + 2, 6))
            _message(composer, inner, depth + 1)
    elif part.get_content_disposition() == "attachment" or (part.get_filename() and kind != "text/html"):
        attachments.append(_attachment(part))
    elif kind == "multipart/alternative":
        chosen = _best(part.get_payload())
        if chosen is not None:
            _part(composer, chosen, depth + 1, attachments)
    elif part.is_multipart():
        for inner in part.get_payload():
            _part(composer, inner, depth + 1, attachments)
    elif kind == "text/html":
        compose_html(composer, _text(part))
    elif kind in ("text/plain", "text/enriched", "text/markdown", "text/rfc822-headers"):
        compose_text(composer, _unflowed(part, _text(part)))
    else:
        attachments.append(_attachment(part))


def _best(parts: Any) -> Any:
    """The alternative that says most: the last of those that are read, HTML before plain text, with text in it."""
    known = [part for part in parts if part.get_content_maintype() in ("text", "multipart", "message")]
    rich = [part for part in known if part.get_content_type() in ("text/html", "multipart/related", "multipart/mixed")]
    for part in [*reversed(rich), *reversed(known)]:
        composer = PageComposer()
        _part(composer, part, 0, [])
        if composer:
            return part
    return parts[-1] if parts else None


def _text(part: Any) -> str:
    """A part's text in the encoding it names, or in the one it seems to have."""
    data = part.get_payload(decode=True) or b""
    charset = part.get_content_charset()
    if charset:
        try:
            return str(data.decode(charset))
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)


def _unflowed(part: Any, text: str) -> str:
    """``format=flowed`` text with the lines joined that end with a blank (RFC 3676)."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    joiner = "" if str(part.get_param("delsp", "")).lower() == "yes" else " "
    lines: list[str] = []
    flows = False
    for line in text.splitlines():
        if flows and not line.startswith(">"):
            lines[-1] = lines[-1][:-1] + joiner + line
        else:
            lines.append(line)
        flows = line.endswith(" ") and line != "-- "
    return "\n".join(lines)


def _attachment(part: Any) -> tuple[str, str, int]:
    data = b"" if part.is_multipart() else part.get_payload(decode=True) or b""
    return part.get_filename() or "without a name", part.get_content_type(), len(data)
