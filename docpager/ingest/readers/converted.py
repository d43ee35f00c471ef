"""Formats that pandoc reads: it makes HTML of them, which is read as any other."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from docpager.errors import DocumentError, LimitExceededError, NotInstalledError
from docpager.ingest.readers import content
from docpager.ingest.readers.encoding import decode
from docpager.ingest.readers.programs import PANDOC, find_program, run_program
from docpager.ingest.readers.text import TextReader
from docpager.ingest.readers.web import HtmlReader
from docpager.records import ParsedDocument

FORMATS = {
    content.ORG: "org",
    content.RST: "rst",
    content.LATEX: "latex",
    content.NOTEBOOK: "ipynb",
    content.DOCBOOK: "docbook",
}
"""Pandoc's name of each format."""

_SUBTITLE = re.compile(r'<p class="subtitle">(.{0,1000}?)</p>', re.S)
READABLE_AS_TEXT = (content.ORG, content.RST, content.LATEX)
HEAP_MIB = 1536


class PandocReader:
    """Reads one of ``FORMATS`` as one paper page; ``seconds`` is the time that pandoc may take."""

    name = "pandoc"
    version = "1"

    def __init__(self, media_type: str, seconds: float = 60) -> None:
        self.media_type = media_type
        self.seconds = seconds

    def read(self, path: Path) -> ParsedDocument:
        """Reads a whole file; without pandoc as plain text where that can be, else ``NotInstalledError``."""
        data = path.read_bytes()
        if find_program(PANDOC) is None:
            return self._without_pandoc(data)
        text = decode(data)
        try:
            parsed = HtmlReader().parse(self._html(text.encode("utf-8", "replace")))
        except LimitExceededError:
            raise
        except DocumentError as error:
            if self.media_type not in READABLE_AS_TEXT:
                raise
            note = f"Read as plain text: {error}"
            parsed = replace(TextReader().parse(text), error_message=note)
        # Pandoc gives a dash where a document has no title.
        title = None if parsed.title == "-" else parsed.title
        return replace(parsed, media_type=self.media_type, reader=self.name, reader_version=self.version, title=title)

    def _html(self, data: bytes) -> str:
        # In its sandbox, pandoc opens no file and no address that a document names.
        limits = ["+RTS", f"-M{HEAP_MIB}M", "-RTS"]
        reading = [f"--from={FORMATS[self.media_type]}", "--to=html", "--standalone", "--sandbox", "--wrap=none", "-"]
        html = run_program(PANDOC, [*limits, *reading], data, seconds=self.seconds).decode("utf-8", "replace")
        return _SUBTITLE.sub(r"<h2>\1</h2>", html, count=1)

    def _without_pandoc(self, data: bytes) -> ParsedDocument:
        kind = FORMATS[self.media_type].upper()
        if self.media_type not in READABLE_AS_TEXT:
            raise NotInstalledError(kind, PANDOC.name, PANDOC.install)
        note = f"Read as plain text: pandoc, which knows {kind}, is not installed ({PANDOC.install})."
        return replace(TextReader().parse(decode(data)), media_type=self.media_type, error_message=note)
