"""Made-up files: as many as asked for, of the size asked for, and readable."""

import pytest

from docpager.analysis.made_files import LINES_A_PAGE, Prose, make_collection, make_pdf, make_text
from docpager.ingest.readers.pdf import PdfReader


@pytest.mark.parametrize("documents", [1, 4, 101])
def test_collection_has_the_files_asked_for_and_no_two_alike(tmp_path, documents):
    make_collection(tmp_path, documents)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len({file.read_bytes() for file in files}) == len(files) == documents
    assert max(len(list(folder.iterdir())) for folder in tmp_path.iterdir()) <= 100


@pytest.mark.parametrize("pages", [1, 3])
@pytest.mark.parametrize("mode", ["pdfium", "pypdf"])
def test_made_pdf_gives_its_sentences_page_by_page(tmp_path, pages, mode):
    make_pdf(tmp_path / "made.pdf", pages, Prose(3))
    prose = Prose(3)
    parsed = PdfReader(mode).read(tmp_path / "made.pdf")
    assert len(parsed.pages) == pages
    for page in parsed.pages:
        assert page.text.split("\n") == [prose.sentence() for _ in range(LINES_A_PAGE)]


def test_text_has_about_the_size_asked_for(tmp_path):
    make_text(tmp_path / "made.txt", 50_000, Prose())
    assert 50_000 <= (tmp_path / "made.txt").stat().st_size < 51_000


def test_same_seed_gives_the_same_prose():
    assert Prose(1).paragraph() == Prose(1).paragraph() != Prose(2).paragraph()
