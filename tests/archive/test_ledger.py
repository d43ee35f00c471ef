"""The checksums of an archive's files: what they cover, and what a torn or damaged record of them does."""

import pytest

from docpager.archive.ledger import FILE_NAME, Ledger


@pytest.fixture
def folder(tmp_path):
    """A folder as LanceDB leaves it, recorded."""
    for name in ("pages.lance/data/a.lance", "pages.lance/_versions/1.manifest", "pages.lance/_indices/x/b.lance"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
    Ledger(tmp_path).record()
    return tmp_path


def test_whole_files_are_whole(folder):
    assert list(Ledger(folder).damaged()) == []
    assert Ledger(folder).unrecorded() == []


def test_a_changed_file_is_damaged_and_a_new_one_unrecorded(folder):
    (folder / "pages.lance/data/a.lance").write_text("other content")
    (folder / "pages.lance/data/new.lance").write_text("new")
    assert list(Ledger(folder).damaged()) == ["pages.lance/data/a.lance"]
    assert Ledger(folder).unrecorded() == ["pages.lance/data/new.lance"]


@pytest.mark.parametrize("name", ["writer.lock", "generation", "pages.lance/_refs/tags/t.json", "readers/r.lock"])
def test_files_that_change_by_right_are_left_alone(folder, name):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("1")
    Ledger(folder).record()
    path.write_text("2")
    assert list(Ledger(folder).damaged()) == []
    assert Ledger(folder).unrecorded() == []


def test_a_line_that_was_cut_off_is_recorded_again(folder):
    record = folder / FILE_NAME
    record.write_text(record.read_text()[:-20])
    ledger = Ledger(folder)
    assert len(ledger.unrecorded()) == 1
    ledger.record()
    assert Ledger(folder).unrecorded() == []
    assert list(Ledger(folder).damaged()) == []


def test_what_is_gone_is_forgotten(folder):
    (folder / "pages.lance/data/a.lance").unlink()
    Ledger(folder).drop_gone()
    assert len((folder / FILE_NAME).read_text().splitlines()) == 2
