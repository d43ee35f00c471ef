"""Formats that pandoc reads, from real files; and pandoc itself, kept from files and addresses."""

from __future__ import annotations

import pytest
from optional_programs import needs_pandoc, no_programs

from docpager.errors import DocumentError, LimitExceededError, NotInstalledError
from docpager.ingest.readers import choose_reader
from docpager.ingest.readers.ocr import OcrOptions
from docpager.ingest.readers.programs import PANDOC, find_program, program_version, run_program
from docpager.records import BlockKind, DocumentStatus

H, P, L, T, R = (BlockKind(kind) for kind in ("heading", "paragraph", "list_item", "table_head", "table_row"))

RST = """Pump Handbook
=============

Maintenance
-----------

Clean the filter *every* week. [1]_

====  ====
Part  Price
====  ====
Seal  12
====  ====

.. [1] Or twice a month.
"""
ORG = "#+TITLE: Pump Handbook\n* Maintenance\nClean the filter.\n| Part | Price |\n|------+-------|\n| Seal | 12 |\n"
TEX = r"""\documentclass{article}\title{Pump Handbook}\begin{document}\maketitle
\section{Maintenance} Clean the filter\footnote{Or twice a month.}: $E = mc^2$.
\begin{tabular}{ll}Part & Price \\ \hline Seal & 12 \\\end{tabular}
\end{document}
"""
NOTEBOOK = """{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
{"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# Maintenance\\n", "Clean the filter."]},
{"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1, "source": ["print(6 * 7)"],
"outputs": [{"output_type": "stream", "name": "stdout", "text": ["42\\n"]}]}]}
"""
DOCBOOK = """<?xml version="1.0"?><article xmlns="http://docbook.org/ns/docbook" version="5.0">
<info><title>Pump Handbook</title></info><section><title>Maintenance</title><para>Clean the filter.</para></section>
</article>"""

FILES = [
    (
        "a.rst",
        RST,
        [
            (H, "Pump Handbook"),
            (H, "Maintenance"),
            (P, "Clean the filter every week.[1]"),
            (T, "Part | Price"),
            (R, "Seal | 12"),
            (L, "1. Or twice a month."),
        ],
    ),
    (
        "a.org",
        ORG,
        [(H, "Pump Handbook"), (H, "Maintenance"), (P, "Clean the filter."), (T, "Part | Price"), (R, "Seal | 12")],
    ),
    (
        "a.tex",
        TEX,
        [
            (H, "Pump Handbook"),
            (H, "Maintenance"),
            (P, "Clean the filter[1]: E = mc2."),
            (T, "Part | Price"),
            (R, "Seal | 12"),
            (L, "1. Or twice a month."),
        ],
    ),
    ("a.ipynb", NOTEBOOK, [(H, "Maintenance"), (P, "Clean the filter."), (P, "print(6 * 7)"), (P, "42")]),
    ("a.dbk", DOCBOOK, [(H, "Pump Handbook"), (H, "Maintenance"), (P, "Clean the filter.")]),
]


@needs_pandoc
@pytest.mark.parametrize(("name", "text", "expected"), FILES, ids=[name for name, *_ in FILES])
def test_a_file_becomes_its_blocks(tmp_path, name, text, expected):
    (tmp_path / name).write_text(text, encoding="utf-8")
    entry, note = choose_reader(tmp_path / name)
    parsed = entry.reader().read(tmp_path / name)
    page = parsed.pages[0]
    assert [(b.kind, page.text[b.char_start : b.char_end]) for b in page.blocks] == expected
    assert (parsed.status, parsed.reader, parsed.media_type) == (DocumentStatus.INDEXED, "pandoc", entry.media_type)
    assert note is None
    assert parsed.title in (None, "Pump Handbook")


@needs_pandoc
def test_text_in_another_encoding_is_read(tmp_path):
    (tmp_path / "a.rst").write_text("Größe\n=====\n\nÜber 5 €, naïve façade.\n", encoding="cp1252")
    parsed = choose_reader(tmp_path / "a.rst")[0].reader().read(tmp_path / "a.rst")
    assert parsed.pages[0].text == "Größe\n\nÜber 5 €, naïve façade."


@needs_pandoc
def test_what_pandoc_cannot_read_is_read_as_plain_text_where_it_is_text(tmp_path):
    (tmp_path / "a.tex").write_text(r"\documentclass{article}\begin{document} An unfinished \section{draft")
    parsed = choose_reader(tmp_path / "a.tex")[0].reader().read(tmp_path / "a.tex")
    assert "An unfinished" in parsed.pages[0].text
    assert parsed.error_message.startswith("Read as plain text: pandoc ended with exit code ")
    (tmp_path / "a.ipynb").write_text("{")
    with pytest.raises(DocumentError, match="pandoc ended with exit code"):
        choose_reader(tmp_path / "a.ipynb")[0].reader().read(tmp_path / "a.ipynb")


@needs_pandoc
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.rst", "Before\n\n.. include:: {secret}\n\nAfter\n"),
        ("a.tex", r"Before \input{{{secret}}} After"),
        ("a.org", "Before\n#+INCLUDE: {secret}\nAfter\n"),
    ],
)
def test_a_document_cannot_bring_in_other_files(tmp_path, name, text):
    secret = tmp_path / "secret.tex"
    secret.write_text("Another file's words.")
    (tmp_path / name).write_text(text.format(secret=secret))
    parsed = choose_reader(tmp_path / name)[0].reader().read(tmp_path / name)
    assert "Another file" not in parsed.pages[0].text
    assert "After" in parsed.pages[0].text


@needs_pandoc
def test_pandoc_has_a_time_limit(tmp_path):
    (tmp_path / "a.rst").write_text(RST * 2000)
    with pytest.raises(LimitExceededError, match=r"pandoc took longer than 0 s\."):
        choose_reader(tmp_path / "a.rst")[0].reader(ocr=OcrOptions(seconds=0.05)).read(tmp_path / "a.rst")


def test_without_pandoc_text_is_read_as_text_and_the_rest_names_what_is_missing(tmp_path):
    (tmp_path / "a.rst").write_text(RST)
    (tmp_path / "a.dbk").write_text(DOCBOOK)
    with no_programs():
        assert program_version(PANDOC) is None
        parsed = choose_reader(tmp_path / "a.rst")[0].reader().read(tmp_path / "a.rst")
        with pytest.raises(NotInstalledError, match=r"DOCBOOK is read by pandoc, .*pip install 'docpager\[pandoc\]'"):
            choose_reader(tmp_path / "a.dbk")[0].reader().read(tmp_path / "a.dbk")
        with pytest.raises(DocumentError, match="pandoc is not installed"):
            run_program(PANDOC, ["--version"], b"", seconds=5)
    assert (parsed.reader, parsed.media_type, parsed.status) == ("text", "text/x-rst", DocumentStatus.INDEXED)
    assert "Clean the filter *every* week." in parsed.pages[0].text


@needs_pandoc
def test_a_program_is_started_with_few_variables_and_says_what_fails(monkeypatch):
    monkeypatch.setenv("DOCPAGER_API_KEY", "secret")
    assert find_program(PANDOC) is not None
    said = run_program(PANDOC, ["--from=markdown", "--to=plain"], b"hello", seconds=20)
    assert said == b"hello\n"
    with pytest.raises(DocumentError, match=r"pandoc ended with exit code \d+: .*nonsense"):
        run_program(PANDOC, ["--from=nonsense"], b"", seconds=20)
    assert program_version(PANDOC).startswith("pandoc")
