"""``ingest``: what it prints and returns, for good folders and bad files."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfWriter
from reportlab.pdfgen.canvas import Canvas


def printed_pdf(words):
    buffer = io.BytesIO()
    canvas = Canvas(buffer)
    for word in words:
        if word:
            canvas.drawString(72, 720, word)
        else:
            canvas.drawInlineImage(Image.effect_noise((300, 300), 60), 72, 400, 300, 300)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def encrypted_pdf():
    writer = PdfWriter(clone_from=io.BytesIO(printed_pdf(["The secret is out."])))
    writer.encrypt("a password", algorithm="AES-256")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


FILES = {
    "good/report.pdf": printed_pdf(["Net revenue was 12.4 million in 2022.", "Costs were 11.1 million in 2022."]),
    "good/notes.md": b"# Ferries\n\nA ferry sails each hour.\n",
    "bad/empty.txt": b"",
    "bad/truncated.pdf": printed_pdf(["Half of this is gone."] * 5)[:700],
    "bad/locked.pdf": encrypted_pdf(),
    "bad/picture.pdf": printed_pdf([""]),
    "bad/no-word.docx": b"These are no bytes of a Word file, whatever its name says.",
    "bad/program.exe": b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00",
}

STATUSES = {
    "empty.txt": {"empty"},
    "truncated.pdf": {"failed", "partial"},
    "locked.pdf": {"encrypted"},
    "picture.pdf": {"needs_ocr"},
    "no-word.docx": {"failed", "unsupported", "indexed"},
    "program.exe": {"unsupported"},
}


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def command(folder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "docpager", *map(str, words)], cwd=folder, capture_output=True, text=True, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("ingest")
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return root


@pytest.fixture(scope="module")
def good(folder):
    return command(folder, "ingest", "good", "--workers", 1)


@pytest.fixture(scope="module")
def bad(folder):
    return command(folder, "ingest", "bad", "--archive", "bad.lancedb", "--workers", 1, "--ocr", "off", "--json")


def test_the_last_lines_say_what_was_done(good):
    assert (good.code, good.out) == (0, "")
    lines = good.err.splitlines()
    assert lines[0] == "2 documents: 2 indexed (2 added)"
    assert lines[1].startswith("3 pages, ")
    assert " segments, " in lines[1]
    assert lines[2].startswith("peak memory ")
    assert lines[3] == "archive data/archive.lancedb"


def test_what_was_ingested_is_found(good, folder):
    ended = command(folder, "search", "revenue in 2022", "--limit", 1, "--json")
    assert [json.loads(line)["path"] for line in ended.out.splitlines()] == ["report.pdf"]


def test_the_second_time_nothing_is_read(good, folder):
    again = command(folder, "ingest", "good", "-q", "--json")
    report = json.loads(again.out)
    assert (again.code, again.err) == (0, "")
    assert report["actions"] == {"unchanged": 2}
    assert report["pages"] == 0


def test_each_bad_file_has_its_status_and_the_command_exit_code_3(bad, folder):
    assert bad.code == 3
    listed = command(folder, "archive", "documents", "--archive", "bad.lancedb", "--json")
    found = {row["path"]: row for row in map(json.loads, listed.out.splitlines())}
    assert set(found) == set(STATUSES)
    for name, allowed in STATUSES.items():
        assert found[name]["status"] in allowed, name


def test_each_failure_is_named_with_its_reason(bad):
    report = json.loads(bad.out)
    failures = {failure["path"]: failure for failure in report["failures"]}
    assert {"locked.pdf", "truncated.pdf"} <= set(failures)
    for name, failure in failures.items():
        assert failure["error_message"]
        assert f"{name}: {failure['status']}: " in bad.err
    notes = {note["path"] for note in report["notes"]}
    assert {"empty.txt", "picture.pdf", "program.exe"} <= notes
    assert "Traceback" not in bad.err


def test_strict_counts_what_holds_no_text(folder):
    Path(folder / "blank").mkdir()
    Path(folder / "blank" / "blank.txt").write_text("")
    relaxed = command(folder, "ingest", "blank", "--archive", "blank.lancedb", "-q", "--workers", 1)
    strict = command(folder, "ingest", "blank", "--archive", "blank.lancedb", "-q", "--workers", 1, "--strict")
    assert (relaxed.code, strict.code) == (0, 3)


BAD_INPUT = [
    (["ingest", "nowhere"], 66, "Error: Cannot ingest nowhere. It is not there.\n"),
    (["ingest"], 2, "Missing argument 'PATHS...'."),
    (["ingest", ".", "--file-timeout", "soon"], 2, "'soon' is not a duration. Write 60s, 5m or 2h."),
    (["ingest", ".", "--embedder", "magic"], 2, "'magic' is not one of 'wordllama', 'bge-small', 'none'."),
    (["ingest", ".", "--config", "none.toml"], 66, "Error: No configuration file at none.toml."),
]


@pytest.mark.parametrize(("words", "code", "message"), BAD_INPUT)
def test_bad_input_is_named_and_no_archive_is_made(words, code, message, docpager, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = docpager(*words)
    assert message in ended.err
    assert (ended.code, ended.out) == (code, "")
    assert list(tmp_path.iterdir()) == []
