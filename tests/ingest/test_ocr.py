"""OCR: scanned pages and pictures, as Tesseract reads them, and what is said where it cannot."""

from __future__ import annotations

import pytest
from optional_programs import needs_tesseract, no_programs
from PIL import Image
from scans import LINES, drawn, scanned_pdf

from docpager.errors import DocumentError, LimitExceededError
from docpager.ingest.readers import choose_reader
from docpager.ingest.readers.ocr import TESSERACT_CODES, Ocr, OcrOptions, from_tsv
from docpager.ingest.readers.pictures import MOST_PIXELS, _grey
from docpager.records import DocumentStatus, PageStatus

TEXT = "\n".join(LINES)
INSTALL = "OCR needs Tesseract (apt-get install tesseract-ocr, or alike); then ingest again."


@pytest.fixture
def read():
    def read(path, **options):
        return choose_reader(path)[0].reader("auto", OcrOptions("auto", **options)).read(path)

    return read


@needs_tesseract
def test_pages_that_are_pictures_are_read_and_the_others_left_as_they_are(tmp_path, read):
    parsed = read(scanned_pdf(tmp_path / "a.pdf", [drawn(), "Text that needs no OCR.", drawn(["Total 4,711 EUR"])]))
    assert [page.text for page in parsed.pages] == [TEXT, "Text that needs no OCR.", "Total 4,711 EUR"]
    assert [bool(page.error_message) for page in parsed.pages] == [True, False, True]
    assert parsed.pages[0].error_message.startswith("Read by OCR (confidence 9")
    assert (parsed.status, parsed.error_type, parsed.reader_version) == (DocumentStatus.INDEXED, None, "4-auto")
    assert parsed.error_message.startswith("2 of 3 pages were read by OCR (Tesseract, eng; mean confidence 9")


FILES = [
    ("a.png", lambda path: drawn().save(path, dpi=(150, 150))),
    ("clear.png", lambda path: drawn(mode="RGBA").save(path)),
    ("sideways.png", lambda path: drawn().rotate(90, expand=True, fillcolor="white").save(path)),
    ("a.jpg", lambda path: drawn(mode="RGB").save(path, quality=80)),
    ("bilevel.tif", lambda path: drawn(mode="1").save(path, compression="group4", dpi=(150, 150))),
    ("misnamed.txt", lambda path: drawn().save(path, "PNG")),
]


@needs_tesseract
@pytest.mark.parametrize(("name", "save"), FILES)
def test_pictures_are_read(tmp_path, read, name, save):
    save(tmp_path / name)
    parsed = read(tmp_path / name)
    assert (parsed.pages[0].text, parsed.status) == (TEXT, DocumentStatus.INDEXED)
    assert parsed.error_message.startswith("Its page was read by OCR (Tesseract, eng; mean confidence 9")


@needs_tesseract
def test_a_camera_that_was_held_sideways_is_heeded(tmp_path, read):
    exif = Image.Exif()
    exif[0x112] = 6
    drawn(mode="RGB").rotate(90, expand=True).save(tmp_path / "a.jpg", exif=exif)
    assert read(tmp_path / "a.jpg").pages[0].text == TEXT


@needs_tesseract
def test_every_page_of_a_fax_is_a_paper_page(tmp_path, read):
    drawn().save(tmp_path / "a.tif", save_all=True, append_images=[drawn(["Page two of a fax."])])
    assert [page.text for page in read(tmp_path / "a.tif").pages] == [TEXT, "Page two of a fax."]


@needs_tesseract
@pytest.mark.parametrize("picture", [Image.effect_noise((600, 400), 80), Image.new("L", (600, 400), 255)])
def test_what_shows_no_text_has_none(tmp_path, read, picture):
    picture.save(tmp_path / "a.png")
    parsed = read(tmp_path / "a.png")
    assert (parsed.status, parsed.pages[0].status) == (DocumentStatus.EMPTY, PageStatus.NO_TEXT)
    assert parsed.error_message == "Its page is a picture in which OCR found no text."


@needs_tesseract
def test_pages_for_which_no_time_is_left_are_told_and_the_others_kept(tmp_path, read, monkeypatch):
    read_one = Ocr.read
    monkeypatch.setattr(Ocr, "has_time", lambda self: not getattr(self, "was_used", False))

    def read_and_stop(self, *arguments):
        self.was_used = True
        return read_one(self, *arguments)

    monkeypatch.setattr(Ocr, "read", read_and_stop)
    parsed = read(scanned_pdf(tmp_path / "a.pdf", [drawn(), drawn(["Not read"])]))
    assert (parsed.status, [page.text for page in parsed.pages]) == (DocumentStatus.PARTIAL, [TEXT, ""])
    assert parsed.pages[1].status is PageStatus.FAILED
    assert parsed.error_message.endswith("For 1 no time was left: raise --file-timeout, and add --retry-failed.")


@needs_tesseract
def test_ocr_ends_with_its_time(tmp_path, read):
    parsed = read(scanned_pdf(tmp_path / "a.pdf", ["Text.", drawn(), drawn()]), seconds=0.01)
    assert (parsed.status, parsed.pages[2].status) == (DocumentStatus.PARTIAL, PageStatus.FAILED)


@needs_tesseract
def test_a_document_of_which_nothing_was_read_in_time_says_so(tmp_path, read):
    drawn().save(tmp_path / "a.png")
    for path in (scanned_pdf(tmp_path / "a.pdf", [drawn()] * 2), tmp_path / "a.png"):
        with pytest.raises(LimitExceededError, match="No time was left for OCR: raise --file-timeout"):
            read(path, seconds=0)


@needs_tesseract
def test_pictures_that_make_tesseract_fail_are_told(tmp_path, read, monkeypatch):
    def fail(*_):
        raise DocumentError("tesseract ended with exit code 1: it says nothing")

    monkeypatch.setattr(Ocr, "read", fail)
    with pytest.raises(DocumentError, match="None of its pictures could be read; the first says: tesseract ended"):
        read(scanned_pdf(tmp_path / "a.pdf", [drawn()] * 2))
    mixed = read(scanned_pdf(tmp_path / "b.pdf", ["Text.", drawn()]))
    assert (mixed.status, mixed.error_message) == (DocumentStatus.PARTIAL, "1 could not be read by OCR.")


def without_ocr(name):
    return f"{name}-without-ocr"


def test_without_tesseract_pictures_wait_for_it(tmp_path, read):
    drawn().save(tmp_path / "a.png")
    scanned_pdf(tmp_path / "a.pdf", [drawn(), drawn()])
    scanned_pdf(tmp_path / "b.pdf", ["Text.", drawn()])
    with no_programs():
        picture, scan, mixed = (read(tmp_path / name) for name in ("a.png", "a.pdf", "b.pdf"))
    assert [parsed.status for parsed in (picture, scan)] == [DocumentStatus.NEEDS_OCR] * 2
    assert picture.error_message == f"Its page is a picture without text. {INSTALL}"
    assert scan.error_message == f"2 of 2 pages are pictures without text. {INSTALL}"
    assert (mixed.status, mixed.error_type, mixed.pages[0].text) == (DocumentStatus.INDEXED, None, "Text.")
    assert mixed.error_message == f"1 of 2 pages is a picture without text. {INSTALL}"
    versions = [parsed.reader_version for parsed in (picture, scan, mixed)]
    assert versions == [without_ocr("1"), without_ocr("4-auto"), without_ocr("4-auto")]


def test_ocr_can_be_turned_off_and_says_so(tmp_path):
    parsed = choose_reader(scanned_pdf(tmp_path / "a.pdf", [drawn()]))[0].reader().read(tmp_path / "a.pdf")
    assert parsed.status is DocumentStatus.NEEDS_OCR
    assert parsed.error_message == "Its page is a picture without text. OCR is off (--ocr auto turns it on)."


@needs_tesseract
def test_a_language_that_tesseract_does_not_have_is_named(tmp_path, read):
    parsed = read(scanned_pdf(tmp_path / "a.pdf", [drawn()]), language="xx")
    assert parsed.status is DocumentStatus.NEEDS_OCR
    assert "Tesseract has no data for the language 'xx'; install it, then ingest again." in parsed.error_message


def test_languages_have_tesseracts_names():
    assert (TESSERACT_CODES["de"], TESSERACT_CODES["zh"], len(TESSERACT_CODES)) == (
        "deu",
        "chi_sim",
        len(TESSERACT_CODES),
    )
    assert all(len(code) == 2 for code in TESSERACT_CODES)


DAMAGED = [
    ("cut.png", lambda path: _cut(path, "PNG")),
    ("cut.jpg", lambda path: path.write_bytes(b"\xff\xd8\xff\xe0" + bytes(40))),
    ("cut.tif", lambda path: path.write_bytes(b"II*\x00\x08\x00\x00\x00\xff\xff" + bytes(30))),
]


def _cut(path, kind):
    drawn().save(path, kind)
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(("name", "make"), DAMAGED)
@needs_tesseract
def test_damaged_pictures_are_refused(tmp_path, read, name, make):
    make(tmp_path / name)
    with pytest.raises(DocumentError, match="The picture is damaged: "):
        read(tmp_path / name)


def test_a_picture_that_would_fill_the_memory_is_not_opened(tmp_path, read):
    Image.new("1", (20_000, 15_000)).save(tmp_path / "a.png")
    with pytest.raises((LimitExceededError, DocumentError), match="pixels"):
        read(tmp_path / "a.png")


def test_a_large_picture_is_drawn_smaller():
    held, resolution = _grey(Image.new("L", (10_000, 8_000), 255))
    assert resolution == 212
    assert len(held) <= MOST_PIXELS + 30


HEAD = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"


def test_words_become_lines_with_the_mean_confidence_of_their_characters():
    rows = [(1, 1, 90, "Sum"), (1, 2, 80, "total"), (2, 1, 100, '"a"'), (2, 2, -1, ""), (2, 3, "x", "bad")]
    table = HEAD + "".join(
        f"5\t1\t1\t1\t{line}\t{word}\t0\t0\t9\t9\t{conf}\t{text}\n" for line, word, conf, text in rows
    )
    found = from_tsv(table)
    assert (found.text, round(found.confidence, 2)) == ('Sum total\n"a"', round((270 + 400 + 300) / 11, 2))


def test_words_that_tesseract_only_guesses_are_no_text():
    assert from_tsv(f"{HEAD}5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t30\tnoise\n").text == ""
