"""What a later ingest does about files that changed, moved, were copied or are gone."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace

import pytest

from docpager.batch.executors.processes import ProcessExecutor
from docpager.errors import MissingInputError, UsageError
from docpager.ingest.readers.text import TextReader
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


def test_a_second_ingest_of_the_same_does_nothing(folder, archive, put):
    put(folder, "c.jsonl", records_of({"text": "x"}, {"text": "y"}))
    archive.run(folder)
    archive.calls.clear()
    report = archive.run(folder)
    assert archive.calls == []
    assert report.by_action == {N: 5}
    assert (report.pages, report.segments, report.tokens, report.changed) == (0, 0, 0, False)


def test_a_second_ingest_reads_no_file_and_starts_no_worker(folder, archive):
    archive.run(folder)
    for file in folder.rglob("*.*"):
        size, times = file.stat().st_size, file.stat()
        file.write_bytes(b"\x00" * size)  # were it read, it would be seen to differ
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    executor = ProcessExecutor(workers=1)
    assert archive.run(folder, executor=executor).by_action == {N: 3}
    assert executor._pool is None


def test_a_touched_file_is_unchanged(folder, archive):
    archive.run(folder)
    os.utime(folder / "a.txt", (1, 1))
    archive.calls.clear()
    assert archive.run(folder).by_action == {N: 3}
    assert archive.calls == []


def test_a_changed_file_replaces_its_segments(folder, archive, put):
    archive.run(folder)
    before = archive.rows()["a.txt"]
    put(folder, "a.txt", "Quite another text.")
    report = archive.run(folder)
    after = archive.rows()["a.txt"]
    assert report.by_action == {U: 1, N: 2}
    assert (after.doc_id, after.last_action) == (before.doc_id, U)
    assert archive.texts(after) == ["Quite another text."]


def test_a_changed_file_that_breaks_loses_its_segments(folder, archive, put):
    archive.run(folder)
    put(folder, "a.txt", b"GIF89a\x01\x00")
    archive.run(folder)
    after = archive.rows()["a.txt"]
    assert (after.status, after.segment_count, archive.texts(after)) == (DocumentStatus.UNSUPPORTED, 0, [])


def test_a_moved_file_keeps_its_id_and_is_not_read_again(folder, archive):
    archive.run(folder)
    before = archive.rows()["a.txt"]
    (folder / "a.txt").rename(folder / "sub" / "z.txt")
    archive.calls.clear()
    report = archive.run(folder)
    after = archive.rows()["sub/z.txt"]
    assert report.by_action == {M: 1, N: 2}
    assert archive.calls == ["update_documents", "finish"]
    assert (after.doc_id, after.last_action) == (before.doc_id, M)
    assert "a.txt" not in archive.rows()
    assert archive.texts(after) == ["The first report."]
    assert archive.run(folder).by_action == {N: 3}


def test_a_file_at_a_moved_files_old_place_is_a_document_of_its_own(folder, archive, put):
    archive.run(folder)
    (folder / "a.txt").rename(folder / "z.txt")
    archive.run(folder)
    put(folder, "a.txt", "New here.")
    archive.run(folder)
    found = archive.rows()
    assert found["z.txt"].doc_id == hex_id("reports", "a.txt")
    assert found["a.txt"].doc_id == hex_id("reports", "a.txt", str(folder))
    assert archive.texts(found["a.txt"]) == ["New here."]


def test_a_folder_that_moved_keeps_its_documents(folder, archive, tmp_path):
    archive.run(folder)
    before = {path: row.doc_id for path, row in archive.rows().items()}
    (tmp_path / "elsewhere").mkdir()
    moved = folder.rename(tmp_path / "elsewhere" / "reports")
    assert archive.run(moved).by_action == {M: 3}
    assert {path: row.doc_id for path, row in archive.rows().items()} == before
    assert {row.root for row in archive.rows().values()} == {str(moved)}
    assert archive.run(moved).by_action == {N: 3}


def test_two_folders_of_one_name_share_no_document(folder, archive, tmp_path, put):
    other = tmp_path / "other" / "reports"
    put(other, "a.txt", "Something else.")
    archive.run(folder)
    report = archive.run(other)
    ids = {row.doc_id for row in archive.documents()}
    assert report.by_action == {A: 1}
    assert ids >= {hex_id("reports", "a.txt"), hex_id("reports", "a.txt", str(other))}
    assert archive.run(folder, other).by_action == {N: 4}


def test_a_duplicate_has_no_segments_of_its_own(folder, archive):
    shutil.copy(folder / "a.txt", folder / "copy.txt")
    report = archive.run(folder)
    copy, original = archive.rows()["copy.txt"], archive.rows()["a.txt"]
    assert (copy.duplicate_of, copy.status) == (original.doc_id, DocumentStatus.INDEXED)
    assert (copy.segment_count, archive.texts(copy), report.duplicates) == (0, [], 1)
    assert archive.run(folder).by_action == {N: 4}


def test_a_duplicate_comes_into_its_own_when_the_original_changes(folder, archive, put):
    shutil.copy(folder / "a.txt", folder / "copy.txt")
    archive.run(folder)
    put(folder, "a.txt", "No longer the same.")
    archive.run(folder)
    copy = archive.rows()["copy.txt"]
    assert (copy.duplicate_of, archive.texts(copy)) == (None, ["The first report."])


def test_a_duplicate_comes_into_its_own_when_the_original_is_pruned(folder, archive):
    shutil.copy(folder / "a.txt", folder / "copy.txt")
    archive.run(folder)
    (folder / "a.txt").unlink()
    report = archive.run(folder, prune=True)
    copy = archive.rows()["copy.txt"]
    assert report.by_action == {R: 1, U: 1, N: 2}
    assert (copy.duplicate_of, archive.texts(copy)) == (None, ["The first report."])


def test_a_removed_file_stays_until_pruned(folder, archive):
    archive.run(folder)
    (folder / "a.txt").unlink()
    archive.run(folder)
    assert "a.txt" in archive.rows()
    report = archive.run(folder, prune=True)
    assert "a.txt" not in archive.rows()
    assert report.by_action == {R: 1, N: 2}


def test_pruning_spares_what_moved_what_is_left_out_and_other_folders(folder, archive, tmp_path, put):
    other = put(tmp_path / "notes", "n.txt", "A note.").parent
    archive.run(folder, other)
    (folder / "a.txt").rename(folder / "sub" / "z.txt")
    (other / "n.txt").unlink()
    report = archive.run(folder, prune=True, exclude=("b.md",))
    assert report.by_action == {M: 1, N: 1}
    assert set(archive.rows()) == {"sub/z.txt", "b.md", "sub/c.html", "n.txt"}


def test_pruning_more_than_half_is_refused_before_anything_changes(folder, archive, put):
    archive.run(folder)
    (folder / "a.txt").unlink()
    (folder / "b.md").unlink()
    put(folder, "new.txt", "New.")
    archive.calls.clear()
    with pytest.raises(UsageError) as raised:
        archive.run(folder, prune=True)
    assert str(raised.value) == (
        f"--prune would remove 2 of the 3 documents of {folder}, more than half; is it mounted, and the right folder? "
        "Nothing was changed. Use --prune-force to remove them."
    )
    assert archive.calls == []
    assert archive.run(folder, prune=True, prune_force=True).by_action == {R: 2, A: 1, N: 1}


def test_renaming_everything_is_no_reason_to_refuse(folder, archive):
    archive.run(folder)
    for file in [file for file in folder.rglob("*.*") if file.is_file()]:
        file.rename(file.with_stem(f"renamed-{file.stem}"))
    assert archive.run(folder, prune=True).by_action == {M: 3}


def test_a_missing_folder_is_told_before_anything_else(archive, tmp_path):
    with pytest.raises(MissingInputError, match="It is not there"):
        archive.run(tmp_path / "nowhere", prune=True)


def test_force_reads_everything_again(folder, archive):
    shutil.copy(folder / "a.txt", folder / "copy.txt")
    archive.run(folder)
    report = archive.run(folder, force=True)
    assert report.by_action == {U: 4}
    assert report.duplicates == 1


def test_another_version_of_a_reader_reads_its_documents_again(folder, archive):
    archive.run(folder)
    row = archive.rows()["a.txt"]
    archive.update_documents([replace(row, reader_version="0")])
    assert archive.run(folder).by_action == {U: 1, N: 2}
    assert archive.rows()["a.txt"].reader_version == TextReader.version
