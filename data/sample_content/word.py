"""Writes sources as Word documents whose bytes depend on the source alone."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path

from docx import Document
from docx.shared import Pt

from sample_content.blocks import Block, Source, plain

ZIP_DATE = (2021, 1, 1, 0, 0, 0)


def write_docx(source: Source, path: Path) -> None:
    """Writes one source with real Word headings, lists and tables."""
    document = Document()
    document.styles["Normal"].font.name = "Georgia"
    document.styles["Normal"].font.size = Pt(10.5)
    _set_properties(document, source.facts)
    document.sections[0].header.paragraphs[0].text = source.facts.get("header", "")
    for block in source.blocks:
        _add(document, block)
    stream = io.BytesIO()
    document.save(stream)
    path.write_bytes(_with_fixed_dates(stream.getvalue()))


def _set_properties(document: Document, facts: dict[str, str]) -> None:
    properties = document.core_properties
    written = datetime.fromisoformat(facts["date"])
    properties.title = facts["title"] if facts.get("metadata") != "none" else ""
    properties.author = facts.get("author", "")
    properties.last_modified_by = properties.author
    properties.comments = ""
    properties.created = properties.modified = properties.last_printed = written
    properties.revision = 1


def _add(document: Document, block: Block) -> None:
    if block.kind == "heading":
        document.add_heading(plain(block.text), level=block.level)
    elif block.kind == "paragraph":
        _add_text(document.add_paragraph(), block.text)
    elif block.kind == "break":
        document.add_page_break()
    elif block.kind in ("bullets", "numbers"):
        style = "List Bullet" if block.kind == "bullets" else "List Number"
        for item in block.items:
            _add_text(document.add_paragraph(style=style), item)
    elif block.kind == "table":
        if block.text:
            document.add_paragraph().add_run(plain(block.text)).bold = True
        table = document.add_table(rows=0, cols=len(block.rows[0]), style="Light Grid Accent 1")
        for row in block.rows:
            for cell, text in zip(table.add_row().cells, row):
                cell.text = plain(text)
        document.add_paragraph()


def _add_text(paragraph: object, text: str) -> None:
    for number, part in enumerate(text.split("**")):
        if part:
            paragraph.add_run(plain(part)).bold = number % 2 == 1  # type: ignore[attr-defined]


def _with_fixed_dates(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            new.writestr(entry, old.read(name))
    return stream.getvalue()
