"""``docpager archive check``, ``optimize``, ``remove`` and ``versions``, as a person runs them."""

import json
from pathlib import Path

import pytest

PAPERS = {
    "charter.txt": "The harbour board meets on the second Tuesday.\nThree of its five members make a quorum.",
    "ferry.md": "# The Foula ferry\n\nA single ticket costs 14 crowns.",
    "wages/crew.csv": "name,wage\nIshbel,3120\nTorquil,3480\n",
}


@pytest.fixture
def papers(docpager, tmp_path, monkeypatch):
    """A folder of papers and its archive."""
    monkeypatch.chdir(tmp_path)
    for name, text in PAPERS.items():
        Path("papers", name).parent.mkdir(parents=True, exist_ok=True)
        Path("papers", name).write_text(text)
    assert docpager("ingest", "papers", "--archive", "a.lancedb", "-q").code == 0
    return Path("a.lancedb")


def flip(path: Path) -> str:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.write_bytes(content)
    return str(path)


def data_file(archive: Path, table: str) -> Path:
    return next((archive / f"{table}.lance" / "data").glob("*.lance"))


def paths_of(docpager) -> dict[str, str]:
    listed = docpager("archive", "documents", "--archive", "a.lancedb", "--json").out
    return {row["path"]: row["status"] for row in map(json.loads, listed.splitlines())}


def test_a_whole_archive_is_said_to_be_whole(docpager, papers):
    checked = docpager("archive", "check", "--archive", papers)
    assert (checked.code, checked.out, checked.err) == (0, "", "a.lancedb is whole\n")


@pytest.mark.parametrize("table", ["documents", "pages", "segments"])
def test_a_flipped_bit_is_named_and_the_document_read_again(docpager, papers, table):
    flip(data_file(papers, table))
    checked = docpager("archive", "check", "--archive", papers)
    assert checked.code == 5
    assert f"{table}.lance/data/" in checked.err
    assert "--repair mends it" in checked.err
    mended = docpager("archive", "check", "--repair", "--archive", papers)
    assert "what was damaged is left out" in mended.err
    if mended.code:  # a file of documents that cannot be read at all: then nothing is known of them
        assert (table, mended.code) == ("documents", 3)
        docpager("ingest", "papers", "--archive", papers)
    assert docpager("archive", "check", "--archive", papers).code == 0
    assert paths_of(docpager) == dict.fromkeys(PAPERS, "indexed")
    assert "Three of its five" in docpager("search", "quorum of the board", "--archive", papers, "--limit", 1).out


def test_a_document_whose_file_is_gone_keeps_a_row_that_says_so(docpager, papers):
    for path in Path("papers").rglob("*.*"):
        path.unlink()
    flip(data_file(papers, "segments"))
    mended = docpager("archive", "check", "--repair", "--archive", papers, "--json")
    *_, told = map(json.loads, mended.out.splitlines())
    assert mended.code == 3
    assert told["lost"]
    assert {path for path, status in paths_of(docpager).items() if status == "failed"} == set(told["lost"])
    assert docpager("archive", "check", "--archive", papers).code == 0


def test_damage_is_listed_as_json(docpager, papers):
    flip(data_file(papers, "pages"))
    found = [json.loads(line) for line in docpager("archive", "check", "--archive", papers, "--json").out.splitlines()]
    assert {"kind", "table", "where", "what", "doc_id"} == set(found[0])
    assert found[0]["kind"] == "file"


def test_a_damaged_newest_manifest_is_told_and_mended(docpager, papers):
    flip(min((papers / "segments.lance" / "_versions").glob("*.manifest")))
    assert docpager("archive", "check", "--archive", papers).code == 5
    searched = docpager("search", "quorum", "--archive", papers)
    assert searched.code == 78
    assert "docpager archive check --repair mends it" in searched.err
    assert docpager("archive", "check", "--repair", "--archive", papers).code == 0
    assert docpager("archive", "check", "--archive", papers).code == 0
    assert docpager("search", "quorum", "--archive", papers).code == 0


def test_optimize_tells_the_size_and_drops_old_versions(docpager, papers):
    before = len(docpager("archive", "versions", "--archive", papers).out.splitlines())
    done = docpager("archive", "optimize", "--older-than", "0s", "--archive", papers)
    assert done.code == 0
    assert "bytes before" in done.err
    assert len(docpager("archive", "versions", "--archive", papers).out.splitlines()) == 4 < before
    assert docpager("archive", "check", "--archive", papers).code == 0


def test_versions_are_listed_newest_first(docpager, papers):
    listed = docpager("archive", "versions", "--archive", papers, "--json").out
    found = [json.loads(line) for line in listed.splitlines()]
    assert {row["table"] for row in found} == {"documents", "pages", "segments"}
    assert [row["written_at"] for row in found] == sorted((row["written_at"] for row in found), reverse=True)


@pytest.mark.parametrize(
    ("words", "gone"),
    [
        (["ferry.md"], {"ferry.md"}),
        (["crew.csv"], {"wages/crew.csv"}),
        (["*.txt", "wages/*"], {"charter.txt", "wages/crew.csv"}),
        (["--where", "path LIKE '%.md'"], {"ferry.md"}),
    ],
)
def test_documents_are_removed_for_good(docpager, papers, words, gone):
    named = docpager("archive", "remove", *words, "--dry-run", "--archive", papers)
    assert {line.split("  ")[1] for line in named.out.splitlines()} == gone
    assert set(paths_of(docpager)) == set(PAPERS)
    assert docpager("archive", "remove", *words, "--archive", papers).code == 0
    assert set(paths_of(docpager)) == set(PAPERS) - gone
    assert docpager("archive", "check", "--archive", papers).code == 0
    held = [path.read_bytes() for path in papers.rglob("*") if path.is_file()]
    for name in gone:
        assert not any(PAPERS[name].split()[-1].encode() in content for content in held)
    assert docpager("ingest", "papers", "--archive", papers, "-q").code == 0
    assert set(paths_of(docpager)) == set(PAPERS)


def test_what_names_no_document_is_refused(docpager, papers):
    nothing = docpager("archive", "remove", "--archive", papers)
    assert (nothing.code, "Name the documents" in nothing.err) == (2, True)
    unknown = docpager("archive", "remove", "nowhere.pdf", "--archive", papers)
    assert (unknown.code, "matches 'nowhere.pdf'" in unknown.err) == (2, True)


@pytest.mark.parametrize("words", [["check"], ["check", "--repair"], ["optimize"], ["remove", "a"], ["versions"]])
def test_where_there_is_no_archive_that_is_said(docpager, tmp_path, words):
    ended = docpager("archive", *words, "--archive", tmp_path / "nope.lancedb")
    assert (ended.code, "No archive at" in ended.err) == (66, True)
    assert not (tmp_path / "nope.lancedb").exists()


def test_a_reader_is_told_of_when_its_versions_stay(docpager, papers):
    from docpager.wiring import open_archive

    reader = open_archive(str(papers))
    removed = docpager("archive", "remove", "ferry.md", "--archive", papers)
    assert "1 process still reading" in removed.err
    assert [row.path for row in reader.documents()] == sorted(PAPERS)
    reader.close()
    docpager("archive", "optimize", "--older-than", "0s", "--archive", papers)
    held = [path.read_bytes() for path in papers.rglob("*") if path.is_file()]
    assert not any(b"crowns" in content for content in held)
