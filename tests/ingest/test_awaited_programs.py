"""What could not be read for lack of a program is read once, when it is there; and not again and again."""

from __future__ import annotations

import pytest
from optional_programs import needs_pandoc, needs_tesseract, no_programs
from scans import drawn, scanned_pdf

from docpager.errors import UsageError
from docpager.records import DocumentStatus, LastAction
from docpager.settings import IngestSettings

DOCBOOK = '<article xmlns="http://docbook.org/ns/docbook"><para>Marked text.</para></article>'
NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
RST = "Title\n=====\n\n* An item\n"


@pytest.fixture
def files(tmp_path, put):
    root = tmp_path / "files"
    put(root, "letter.dbk", DOCBOOK)
    put(root, "notes.ipynb", NOTEBOOK)
    put(root, "other/letter.dbk", DOCBOOK)
    put(root, "notes.rst", RST)
    put(root, "plain.txt", "Plain text.")
    return root


@pytest.fixture
def scans(tmp_path):
    root = tmp_path / "scans"
    root.mkdir()
    scanned_pdf(root / "scan.pdf", [drawn()])
    scanned_pdf(root / "mixed.pdf", ["Text.", drawn()])
    scanned_pdf(root / "text.pdf", ["Text alone."])
    drawn().save(root / "a.png")
    return root


def actions(archive):
    return {path: (row.status.value, row.last_action.value) for path, row in archive.rows().items()}


@needs_pandoc
def test_what_waits_for_pandoc_is_read_once_it_is_there(archive, files):
    with no_programs():
        archive.run(files)
        before = archive.rows()
        assert archive.run(files).by_action == {LastAction.UNCHANGED: 5}
    kinds = {path: (row.status, row.error_type) for path, row in before.items()}
    waits = (DocumentStatus.UNSUPPORTED, "NotInstalledError")
    read = (DocumentStatus.INDEXED, None)
    assert kinds == {
        "letter.dbk": waits,
        "notes.ipynb": waits,
        "other/letter.dbk": waits,
        "notes.rst": read,
        "plain.txt": read,
    }
    assert before["letter.dbk"].error_message == (
        "DOCBOOK is read by pandoc, which is not installed (pip install 'docpager[pandoc]', or a pandoc on PATH). "
        "Then ingest again."
    )
    assert before["notes.rst"].error_message.startswith("Read as plain text: pandoc, which knows RST, is not installed")
    report = archive.run(files)
    assert report.by_action == {LastAction.UPDATED: 4, LastAction.UNCHANGED: 1}
    after = archive.rows()
    assert {path for path, row in after.items() if row.status is not DocumentStatus.INDEXED} == {"notes.ipynb"}
    assert after["notes.ipynb"].status is DocumentStatus.EMPTY
    assert [after[name].reader for name in ("letter.dbk", "notes.ipynb", "notes.rst")] == ["pandoc"] * 3
    assert archive.texts(after["letter.dbk"]) == ["Marked text."]
    assert after["other/letter.dbk"].duplicate_of == after["letter.dbk"].doc_id
    assert archive.run(files).by_action == {LastAction.UNCHANGED: 5}


@needs_tesseract
def test_what_waits_for_tesseract_is_read_once_it_is_there(archive, scans):
    with no_programs():
        archive.run(scans)
        assert actions(archive)["scan.pdf"] == ("needs_ocr", "added")
        assert archive.run(scans).by_action == {LastAction.UNCHANGED: 4}
    archive.run(scans)
    assert actions(archive) == {
        "a.png": ("indexed", "updated"),
        "mixed.pdf": ("indexed", "updated"),
        "scan.pdf": ("indexed", "updated"),
        "text.pdf": ("indexed", "added"),
    }
    assert len(archive.texts(archive.rows()["mixed.pdf"])) == 2
    assert archive.run(scans).by_action == {LastAction.UNCHANGED: 4}


@needs_tesseract
def test_ocr_that_was_off_is_done_when_it_is_on_again(archive, scans):
    archive.run(scans, ocr="off")
    assert archive.run(scans, ocr="off").by_action == {LastAction.UNCHANGED: 4}
    assert archive.rows()["scan.pdf"].status is DocumentStatus.NEEDS_OCR
    assert archive.run(scans).by_action == {LastAction.UPDATED: 3, LastAction.UNCHANGED: 1}
    assert archive.run(scans, ocr="off").by_action == {LastAction.UNCHANGED: 4}


def test_ocr_is_auto_or_off():
    with pytest.raises(UsageError, match="ocr is one of auto, off, not 'on'"):
        IngestSettings(ocr="on")
