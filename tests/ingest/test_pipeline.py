"""From a folder to an archive, again and again, with everything that may be wrong with a file."""

from __future__ import annotations

import functools
import json
import shutil
import zipfile

import docx
import pyarrow
import pyarrow.parquet
import pytest

from docpager.archive.lance import LanceArchive
from docpager.batch.executors.inline import InlineExecutor
from docpager.batch.executors.processes import ProcessExecutor
from docpager.ingest.scan import scan
from docpager.models.embedding import WordLlamaEmbedder
from docpager.records import DocumentStatus, LastAction, hex_id

A, U, N, M, T, R = (
    LastAction.ADDED,
    LastAction.UPDATED,
    LastAction.UNCHANGED,
    LastAction.MOVED,
    LastAction.RETRIED,
    LastAction.REMOVED,
)
S = DocumentStatus


def records_of(*values):
    return "".join(json.dumps(value) + "\n" for value in values)


def test_every_file_becomes_a_document(folder, archive):
    report = archive.run(folder)
    found = archive.rows()
    assert list(found) == ["a.txt", "b.md", "sub/c.html"]
    assert {row.status for row in found.values()} == {DocumentStatus.INDEXED}
    assert (report.documents, report.exit_code(), report.by_action) == (3, 0, {A: 3})
    row = found["b.md"]
    assert row.doc_id == hex_id("reports", "b.md")
    assert (row.collection, row.root, row.title) == ("reports", str(folder), "Second")
    assert (row.reader, row.media_type, row.page_count) == ("markdown", "text/markdown", 1)
    assert row.segment_count == len(archive.segments_of(row.doc_id)) > 0
    assert row.token_count == sum(segment.token_count for segment in archive.segments_of(row.doc_id))
    assert row.ingested_at is not None
    assert row.seconds is not None


def test_segments_are_spans_of_their_paper_pages(folder, archive):
    archive.run(folder)
    for row in archive.rows().values():
        pages = {page.page_number: page.text for page in archive.paper_pages(row.doc_id)}
        for segment in archive.segments_of(row.doc_id):
            assert pages[segment.page_number][segment.char_start : segment.char_end] == segment.text


def cut_pdf(folder):
    return b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog"


def encrypted_office(folder):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")


def word_file(folder):
    document = docx.Document()
    document.add_paragraph("Words.")
    document.save(folder / "made.docx")
    return (folder / "made.docx").read_bytes()


def cut_word_file(folder):
    return word_file(folder)[:1000]


def hollow_word_file(folder):
    with zipfile.ZipFile(folder / "hollow.docx", "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return (folder / "hollow.docx").read_bytes()


BROKEN = [
    ("x.txt", lambda _: b"", S.EMPTY, "It is an empty file.", 0),
    ("x.txt", lambda _: b" \n", S.EMPTY, "It holds no text.", 0),
    ("x.html", lambda _: b"<html><script>x</script>", S.EMPTY, "It holds no text.", 0),
    ("x.xyz", lambda _: b"text", S.UNSUPPORTED, "No reader takes .xyz files.", 0),
    ("x.pdf", lambda _: b"", S.EMPTY, "It is an empty file.", 0),
    ("x.pdf", cut_pdf, S.FAILED, "", 3),
    ("x.pdf", lambda _: bytes(range(256)), S.FAILED, "It is named .pdf, but holds binary data of no known kind", 3),
    ("x.pdf", lambda _: b"<html><p>text", S.INDEXED, "Named .pdf, but it holds text/html; read as that.", 0),
    ("x.docx", lambda _: b"text", S.INDEXED, "Named .docx, but it holds text/plain; read as that.", 0),
    ("x.pdf", word_file, S.INDEXED, "Named .pdf, but it holds application/vnd.openxml", 0),
    ("x.docx", cut_word_file, S.FAILED, "It is named .docx, but holds a zip archive without such a document", 3),
    ("x.docx", hollow_word_file, S.FAILED, "It cannot be read (", 3),
    ("x.docx", encrypted_office, S.ENCRYPTED, "It wants a password.", 3),
    ("x.html", lambda _: b"<div>" * 100_000 + b"x", S.LIMIT_EXCEEDED, "Its elements are nested too deep", 3),
    ("x.jsonl", lambda _: b"\x00\x01 no\n", S.FAILED, "None of its first 1 lines can be read", 3),
    ("x.jsonl", lambda _: b'{"a": 1}\n', S.UNSUPPORTED, "No record has a field named text, content or body", 0),
    ("x.jsonl", lambda _: b"\n", S.EMPTY, "It is an empty file.", 0),
    ("x.parquet", lambda _: b"PAR1 cut", S.FAILED, "It cannot be read as Parquet", 3),
]


@pytest.mark.parametrize(("name", "content", "status", "message", "exit_code"), BROKEN)
def test_a_broken_file_has_a_row_that_says_so_and_stops_nothing(
    tmp_path, folder, archive, put, name, content, status, message, exit_code
):
    (tmp_path / "made").mkdir()
    put(folder, name, content(tmp_path / "made"))
    first = archive.run(folder)
    row = archive.rows()[name]
    assert (row.status, first.exit_code()) == (status, exit_code)
    assert (row.error_message or "").startswith(message)
    assert first.documents == 4
    assert first.by_status[S.INDEXED] == (4 if status is S.INDEXED else 3)
    # Skipped as unchanged, it counts as it did.
    second = archive.run(folder)
    assert second.by_action == {N: 4}
    assert second.exit_code() == exit_code
    assert [failure.path for failure in second.failures] == ([name] if exit_code else [])


def test_what_is_counted_silently_fails_only_a_strict_ingest(folder, archive, put):
    put(folder, "x.xyz", "text")
    report = archive.run(folder)
    assert (report.exit_code(), report.exit_code(strict=True)) == (0, 3)
    assert [note.path for note in report.notes] == ["x.xyz"]


def test_failed_documents_are_retried_when_asked(folder, archive, put):
    put(folder, "x.jsonl", "no\n")
    archive.run(folder)
    assert archive.run(folder, retry_failed=True).by_action == {T: 1, N: 3}
    put(folder, "x.docx", "PK\x03\x04")
    archive.run(folder)
    assert archive.run(folder, retry_failed=True).by_action == {T: 2, N: 3}


def test_a_file_that_cannot_be_opened_is_a_failed_document(folder, archive, monkeypatch, put):
    secret = put(folder, "x.txt", "text")
    found = list(scan([folder]))
    secret.unlink()
    monkeypatch.setattr("docpager.ingest.pipeline.scan", lambda *_: iter(found))
    report = archive.run(folder)
    row = archive.rows()["x.txt"]
    assert (row.status, row.error_message) == (S.FAILED, "It cannot be opened: No such file or directory")
    assert report.by_status[S.INDEXED] == 3


RECORDS = [
    {"id": "a", "text": "First."},
    {"id": "b", "text": "Second.", "title": "Title"},
    {"id": "c", "text": "Third."},
]


def test_records_are_documents(folder, archive, put):
    put(folder, "c.jsonl", records_of(*RECORDS))
    report = archive.run(folder, include=("c.jsonl",))
    found = archive.rows()
    assert list(found) == ["c.jsonl#a", "c.jsonl#b", "c.jsonl#c"]
    assert (found["c.jsonl#b"].title, found["c.jsonl#b"].reader) == ("Title", "record")
    assert archive.texts(found["c.jsonl#c"]) == ["Third."]
    assert report.pages == 3


def test_only_changed_records_are_read_again(folder, archive, put):
    put(folder, "c.jsonl", records_of(*RECORDS))
    archive.run(folder / "c.jsonl")
    put(folder, "c.jsonl", records_of(RECORDS[0], {"id": "b", "text": "Changed."}, {"id": "d", "text": "New."}))
    report = archive.run(folder / "c.jsonl")
    assert report.by_action == {N: 1, U: 1, A: 1}
    assert set(archive.rows()) == {"c.jsonl#a", "c.jsonl#b", "c.jsonl#c", "c.jsonl#d"}
    assert archive.run(folder / "c.jsonl", prune=True).by_action == {R: 1, N: 3}
    assert set(archive.rows()) == {"c.jsonl#a", "c.jsonl#b", "c.jsonl#d"}


def test_a_broken_line_has_a_row_until_it_is_mended(folder, archive, put):
    file = put(folder, "c.jsonl", records_of(RECORDS[0]) + "{broken\n" + records_of(RECORDS[1]))
    report = archive.run(file)
    assert (report.exit_code(), report.by_status[S.INDEXED]) == (3, 2)
    assert archive.rows()["c.jsonl#line-2"].status is S.FAILED
    assert archive.run(file).exit_code() == 3
    put(folder, "c.jsonl", records_of(*RECORDS))
    assert archive.run(file).exit_code() == 0
    assert set(archive.rows()) == {"c.jsonl#a", "c.jsonl#b", "c.jsonl#c"}


def test_a_collection_that_was_interrupted_is_finished(folder, archive, put):
    file = put(folder, "c.jsonl", records_of(*RECORDS))
    archive.run(file)
    archive.inner._contents.pop(archive.rows()["c.jsonl#b"].doc_id)
    assert archive.run(file).by_action == {A: 1, N: 2}


def test_equal_records_are_duplicates(folder, archive, put):
    file = put(folder, "c.jsonl", records_of(*[{"id": name, "text": "Same."} for name in "abc"]))
    report = archive.run(file)
    assert (report.duplicates, report.segments) == (2, 1)
    assert archive.run(file).by_action == {N: 3}


def test_a_csv_file_is_a_table_until_its_text_field_is_named(folder, archive, put):
    file = put(folder, "c.csv", "key,body\n1,One.\n2,Two.\n")
    archive.run(file)
    assert set(archive.rows()) == {"c.csv"}
    archive.run(file, text_field="body", id_field="key")
    assert set(archive.rows()) == {"c.csv#1", "c.csv#2"}


def test_a_parquet_file_is_read_in_a_worker_before_it_is_read_here(folder, archive):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(RECORDS), folder / "c.parquet")
    asked = []

    class Watched(InlineExecutor):
        def map(self, function, items):
            items = list(items)
            asked.extend(function.__name__ for _ in items)
            return super().map(function, items)

    assert archive.run(folder / "c.parquet", executor=Watched()).by_action[A] == 3
    assert asked == ["probe_collection", "read_documents"]
    asked.clear()
    assert archive.run(folder / "c.parquet", executor=Watched()).by_action == {N: 3}
    assert asked == []


def test_progress_is_told_of_every_document(folder, archive, put):
    put(folder, "c.jsonl", records_of(*RECORDS))
    told = []

    class Progress:
        def expect(self, documents):
            told.append(documents)

        def advance(self, document, pages, segments):
            told.append((document.path, pages, segments))

    archive.run(folder, progress=Progress())
    assert told[0] == len(told) - 1 == 6
    assert all(pages == 1 and segments > 0 for _, pages, segments in told[1:])


def test_a_folder_goes_into_lance_and_comes_back(folder, tmp_path, put, archive_of):
    put(folder, "c.jsonl", records_of(*RECORDS))
    shutil.copy(folder / "a.txt", folder / "copy.txt")
    put(folder, "broken.docx", "PK\x03\x04")
    uri, embedder = str(tmp_path / "archive.lancedb"), WordLlamaEmbedder()
    with LanceArchive.open_for_writing(uri, embedder, "o200k_base") as lance:
        report = archive_of(lance).run(folder, embedder=embedder)
        assert (report.by_status[S.INDEXED], report.exit_code()) == (7, 3)
        hits = lance.search("first report")
        assert hits[0].document.path == "a.txt"
        assert hits[0].cosine is not None
    with LanceArchive.open_for_writing(uri, embedder, "o200k_base") as lance:
        generation = lance.generation
        assert archive_of(lance).run(folder, embedder=embedder).by_action == {N: 8}
        assert lance.generation == generation
        (folder / "a.txt").rename(folder / "moved.txt")
        assert archive_of(lance).run(folder, embedder=embedder).by_action == {M: 1, N: 7}
        assert lance.search("first report")[0].document.path == "moved.txt"


@pytest.fixture
def misbehaving(repository):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(repository / "tests" / "batch"))
        import misbehaving

        yield misbehaving


def test_hanging_eating_and_crashing_readers_cost_their_own_document_only(tmp_path, archive, misbehaving, put):
    class Misbehaving(ProcessExecutor):
        def map(self, function, items):
            return super().map(functools.partial(misbehaving.read_or_misbehave, function), items)

    root = tmp_path / "mixed"
    for number in range(8):
        put(root, f"good-{number}.txt", f"Text number {number}.")
    for kind in ("hang", "eat_memory", "segfault", "leave", "raise_awkwardly"):
        put(root, f"{kind}.txt", f"Text of {kind}.")
    put(root, "c.jsonl", records_of(*[{"id": f"r{n}", "text": f"Record {n}."} for n in range(20)]))
    put(root, "d.jsonl", records_of(*[{"id": n, "text": f"Line {n}."} for n in ("x", "segfault", "y")]))
    with Misbehaving(workers=3, timeout_seconds=5, memory_mib=500) as executor:
        report = archive.run(root, executor=executor)
    found = {path: (row.status, row.error_message) for path, row in archive.rows().items() if row.error_message}
    assert found == {
        "hang.txt": (S.LIMIT_EXCEEDED, "Reading it took longer than 5 s (--file-timeout)."),
        "eat_memory.txt": (S.LIMIT_EXCEEDED, "Reading it needed more than 500 MiB of memory."),
        "segfault.txt": (S.FAILED, "Reading it failed: the worker process was ended by SIGSEGV."),
        "leave.txt": (S.FAILED, "Reading it failed: the worker process ended with exit code 3."),
        "raise_awkwardly.txt": (S.FAILED, "It cannot be read (AwkwardError: boom bang)."),
        "d.jsonl#segfault": (S.FAILED, "Reading it failed: the worker process was ended by SIGSEGV."),
    }
    assert (report.by_status[S.INDEXED], report.exit_code()) == (30, 3)
    assert all(archive.rows()[f"d.jsonl#{name}"].status is S.INDEXED for name in "xy")
