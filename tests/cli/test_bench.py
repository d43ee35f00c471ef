"""``docpager bench``: figures measured now, beside the peers in the same run."""

import json

import pytest
from reportlab.pdfgen.canvas import Canvas


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b"):
        canvas = Canvas(str(tmp_path / f"{name}.pdf"))
        for number in range(3):
            canvas.drawString(72, 700, f"Page {number} of {name} speaks of ferries.")
            canvas.showPage()
        canvas.save()
    (tmp_path / "note.txt").write_text("No PDF.")
    return tmp_path


def test_ingest_is_measured_beside_bare_extraction(docpager, folder):
    ended = docpager("bench", "ingest", folder, "--workers", 1, "--json")
    figures = json.loads(ended.out)
    assert ended.code == 0
    assert figures["documents"] == 2
    assert figures["pdfium"]["pages"] == 6
    assert figures["pypdf"]["pages"] == 2
    assert figures["ingest"]["pages"] == 7
    assert set(figures["cpu_seconds"]) == {"read", "segment", "count", "embed", "write"}
    assert figures["share_of_pdfium"] > 0
    assert figures["second_ingest_seconds"] < figures["ingest"]["seconds"]


def test_lines_name_each_rate(docpager, folder):
    out = docpager("bench", "ingest", folder / "a.pdf", "--workers", 1).out
    for name in ("PDFium alone", "pypdf alone", "whole ingest", "CPU seconds by stage", "second ingest", "peak memory"):
        assert name in out


def test_folder_without_pdfs_is_refused(docpager, tmp_path):
    ended = docpager("bench", "ingest", tmp_path)
    assert (ended.code, ended.err) == (66, f"Error: There is no PDF in {tmp_path}.\n")
