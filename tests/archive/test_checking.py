"""What ``check`` finds: every kind of damage, in the table and at the place where it is."""

import shutil
from pathlib import Path

import pytest

from docpager.archive.checking import DamageKind
from docpager.archive.lance import LanceArchive
from docpager.archive.row_checksums import with_row_checksums
from docpager.errors import DamagedArchiveError
from docpager.models.embedding import NoEmbedder, WordLlamaEmbedder
from docpager.records import sha256_hex

LIBRARY = {"a.txt": "The first turbine.\n\nThe second turbine.", "b.txt": ["Page one.", "Page two."]}
EMBEDDER = WordLlamaEmbedder()


@pytest.fixture(scope="module")
def template(tmp_path_factory, contents):
    """An archive with vectors that was written, indexed and left."""
    uri = str(tmp_path_factory.mktemp("template") / "archive.lancedb")
    with LanceArchive.open_for_writing(uri, EMBEDDER, "o200k_base") as writer:
        writer.write(contents(LIBRARY, EMBEDDER))
        writer.finish()
    return uri


@pytest.fixture
def uri(template, tmp_path):
    """A copy of it, to be damaged."""
    return shutil.copytree(template, str(tmp_path / "archive.lancedb"))


def rewritten(uri, table, change, *, with_checksums=True):
    """Changes a table behind docpager's back, as a fault of a library would: its files are whole, and recorded."""
    import lancedb

    handle = lancedb.connect(uri).open_table(table)
    rows = handle.to_arrow()
    records = rows.to_pylist()
    records = change(records) or records
    changed = type(rows).from_pylist(records, schema=rows.schema)
    if with_checksums:
        changed = with_row_checksums(changed, rows.schema)
    lancedb.connect(uri).create_table(table, changed, mode="overwrite")
    Path(uri, "generation").unlink()


def put(**values):
    """Sets values of a table's first row."""
    return lambda rows: rows[0].update(values)


def damage_of(uri):
    archive = LanceArchive.open(uri, EMBEDDER)
    try:
        return list(archive.check())
    finally:
        archive.close()


def test_a_whole_archive_has_no_damage(uri):
    assert damage_of(uri) == []


OTHER_TEXT = "The third turbine."
CASES = [
    ("segments", put(text=OTHER_TEXT), False, DamageKind.ROW),
    ("segments", put(headings=["Elsewhere"]), False, DamageKind.ROW),
    ("segments", put(vector=[0.5] * EMBEDDER.dimensions), False, DamageKind.ROW),
    ("pages", put(page_label="iv"), False, DamageKind.ROW),
    ("documents", put(title="Another"), False, DamageKind.ROW),
    ("segments", put(text=OTHER_TEXT), True, DamageKind.TEXT),
    ("pages", put(text=OTHER_TEXT), True, DamageKind.TEXT),
    ("segments", put(char_start=2), True, DamageKind.SPAN),
    ("segments", put(text=OTHER_TEXT, text_sha256=sha256_hex(OTHER_TEXT)), True, DamageKind.SPAN),
    ("segments", put(segment_id="0" * 16), True, DamageKind.IDENTITY),
    ("segments", put(ordinal=7), True, DamageKind.IDENTITY),
    ("pages", put(page_id="a:1"), True, DamageKind.IDENTITY),
    ("segments", put(page_number=9), True, DamageKind.REFERENCE),
    ("documents", put(duplicate_of="f" * 16), True, DamageKind.REFERENCE),
    ("documents", lambda rows: rows[1:], True, DamageKind.REFERENCE),
    ("segments", lambda rows: rows[1:], True, DamageKind.COUNT),
    ("pages", lambda rows: rows[1:], True, DamageKind.COUNT),
    ("segments", put(token_count=1000), True, DamageKind.COUNT),
    ("documents", put(status="removed"), True, DamageKind.COUNT),
    ("documents", lambda rows: [rows[0], *rows], True, DamageKind.IDENTITY),
]


@pytest.mark.parametrize(("table", "change", "with_checksums", "kind"), CASES)
def test_every_kind_of_damage_is_found_and_repaired(uri, contents, table, change, with_checksums, kind):
    rewritten(uri, table, change, with_checksums=with_checksums)
    assert kind in {damage.kind for damage in damage_of(uri)}
    with LanceArchive.open_for_writing(uri, EMBEDDER, "o200k_base") as writer:
        writer.repair()
        assert list(writer.check()) == []
        failed = [row for row in writer.documents() if row.sha256 is None]
        assert all("Ingest it again." in row.error_message for row in failed)
        writer.write(contents(LIBRARY, EMBEDDER))
        writer.finish()
    assert damage_of(uri) == []
    found = LanceArchive.open(uri, EMBEDDER).search("turbine")
    assert {hit.document.path for hit in found if "turbine" in hit.segment.text} == {"a.txt"}


@pytest.mark.parametrize("part", ["data", "_indices", "_versions", "_transactions"])
@pytest.mark.parametrize("table", ["documents", "pages", "segments"])
def test_a_flipped_bit_in_any_file_is_found(uri, table, part):
    file = min(path for path in Path(uri, f"{table}.lance", part).rglob("*") if path.suffix not in ("", ".json"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)
    try:
        where = {damage.where for damage in damage_of(uri)}
    except DamagedArchiveError as error:
        where = {error.what.partition(" has other")[0]}
    assert file.relative_to(uri).as_posix() in where


def test_what_a_reader_gets_is_what_was_stored_or_an_error(uri):
    rewritten(uri, "segments", put(text=OTHER_TEXT))
    archive = LanceArchive.open(uri, EMBEDDER)
    with pytest.raises(DamagedArchiveError, match="has another text than was stored"):
        [segment for document in archive.documents() for segment in archive.segments_of(document.doc_id)]
    with pytest.raises(DamagedArchiveError):
        archive.search("turbine")


def test_repairing_a_whole_archive_changes_nothing(uri):
    with LanceArchive.open_for_writing(uri, EMBEDDER, "o200k_base") as writer:
        before = writer.generation
        assert writer.repair() == ([], 0)
        assert writer.generation == before


def test_what_is_erased_is_nowhere_on_the_disk(tmp_path, contents):
    uri, plain = str(tmp_path / "archive.lancedb"), NoEmbedder()
    secret = "The quetzal nests in Brackwater."
    with LanceArchive.open_for_writing(uri, plain, "o200k_base") as writer:
        writer.write(contents({"keep.txt": "The puffin nests on Foula.", "secret.txt": secret}, plain))
        writer.finish()
        assert _files_with(uri, b"quetzal")
        [document] = [row for row in writer.documents() if row.path == "secret.txt"]
        writer.erase({document.doc_id})
        assert writer.document(document.doc_id) is None
        assert writer.search("quetzal Brackwater") == []
        assert [hit.document.path for hit in writer.search("puffin")] == ["keep.txt"]
    assert _files_with(uri, b"quetzal") == []
    assert _files_with(uri, b"puffin")


def test_a_copy_of_what_was_erased_is_read_again(tmp_path, contents):
    from dataclasses import replace

    uri, plain = str(tmp_path / "archive.lancedb"), NoEmbedder()
    original, copy = contents({"a.txt": "The puffin nests on Foula.", "b.txt": "x"}, plain)
    row = replace(copy.document, duplicate_of=original.document.doc_id, segment_count=0, token_count=0)
    with LanceArchive.open_for_writing(uri, plain, "o200k_base") as writer:
        writer.write([original, replace(copy, document=row, pages=(), segments=(), vectors=None)])
        writer.erase({original.document.doc_id})
        [left] = writer.documents()
        assert (left.path, left.sha256, left.duplicate_of) == ("b.txt", None, None)
        assert list(writer.check()) == []


def _files_with(uri, word):
    return [str(path) for path in Path(uri).rglob("*") if path.is_file() and word in path.read_bytes()]
