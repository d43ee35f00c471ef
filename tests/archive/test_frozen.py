"""Archives as earlier versions wrote them: they are read as they are, and brought to today's format by a writer."""

import zipfile
from pathlib import Path

import pytest

from docpager.archive.lance import LanceArchive
from docpager.archive.schemas import FORMAT
from docpager.archive.tables import archive_stamp
from docpager.models.embedding import WordLlamaEmbedder

FROZEN = sorted(Path(__file__).parent.glob("frozen/format-*.zip"))
EMBEDDER = WordLlamaEmbedder()


@pytest.fixture(params=FROZEN, ids=[path.stem for path in FROZEN])
def frozen(request, tmp_path):
    """The folder of an old archive."""
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(tmp_path)
    return str(tmp_path / f"{request.param.stem}.lancedb")


def told(archive):
    """All that a user can see of an archive."""
    documents = list(archive.documents())
    hits = [(hit.segment.segment_id, round(hit.score, 5)) for hit in archive.search("quorum of the board")]
    return documents, [archive.segments_of(row.doc_id) for row in documents], hits


def test_every_format_so_far_is_kept():
    assert [path.stem for path in FROZEN] == [f"format-{number}" for number in range(1, FORMAT + 1)]


def test_an_old_archive_is_read_as_it_is(frozen):
    documents, segments, hits = told(LanceArchive.open(frozen, EMBEDDER))
    assert [document.path for document in documents] == [
        "charter.txt",
        "copy.txt",
        "ferry.md",
        "nothing.txt",
        "wages.csv",
    ]
    assert "Three of its five members make a quorum." in segments[0][0].text
    assert hits[0][0] == segments[0][0].segment_id


def test_a_writer_brings_an_old_archive_to_todays_format(frozen):
    before = told(LanceArchive.open(frozen, EMBEDDER))
    LanceArchive.open_for_writing(frozen, EMBEDDER, "o200k_base").close()
    assert archive_stamp(frozen).format == FORMAT
    archive = LanceArchive.open(frozen, EMBEDDER)
    assert told(archive) == before
    assert list(archive.check()) == []


def test_a_migration_that_was_cut_off_is_done_again(frozen, monkeypatch):
    from docpager.archive import rewriting

    if archive_stamp(frozen).format == FORMAT:
        pytest.skip("there is nothing to migrate")
    before = told(LanceArchive.open(frozen, EMBEDDER))
    rewrite = rewriting._rewrite

    def cut_off(tables, name, rows):
        if name == "documents":
            raise KeyboardInterrupt
        rewrite(tables, name, rows)

    monkeypatch.setattr(rewriting, "_rewrite", cut_off)
    with pytest.raises(KeyboardInterrupt):
        LanceArchive.open_for_writing(frozen, EMBEDDER, "o200k_base")
    assert told(LanceArchive.open(frozen, EMBEDDER)) == before
    monkeypatch.undo()
    LanceArchive.open_for_writing(frozen, EMBEDDER, "o200k_base").close()
    archive = LanceArchive.open(frozen, EMBEDDER)
    assert told(archive) == before
    assert list(archive.check()) == []
