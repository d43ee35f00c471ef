"""Files of any number and size, made up: what an ingest is measured on where only quantity counts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

WORDS = 20_000
WORDS_A_SENTENCE = 14
SENTENCES_A_PARAGRAPH = 6
PARAGRAPHS_A_FILE = 8
LINES_A_PAGE = 20
_SYLLABLE_LIST = "ba ce di fo gu la me ni po ru sa te vi wo zu bran ster kel mond tral"
_SYLLABLES = _SYLLABLE_LIST.split()


class Prose:
    """Sentences of made-up words, a few words far more often than most; the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        pick = self._random.choice
        self._words = ["".join(pick(_SYLLABLES) for _ in range(self._random.randint(1, 4))) for _ in range(WORDS)]
        self._weights = [0.0]
        for rank in range(1, WORDS + 1):
            self._weights.append(self._weights[-1] + 1 / rank)
        del self._weights[0]

    def sentence(self) -> str:
        """A sentence of ``WORDS_A_SENTENCE`` words, with a number among them."""
        words = self._random.choices(self._words, cum_weights=self._weights, k=WORDS_A_SENTENCE)
        words[WORDS_A_SENTENCE // 2] = str(self._random.randint(1, 99_999))
        return " ".join(words).capitalize() + "."

    def paragraph(self) -> str:
        """``SENTENCES_A_PARAGRAPH`` sentences on one line."""
        return " ".join(self.sentence() for _ in range(SENTENCES_A_PARAGRAPH))


def make_collection(folder: Path, documents: int) -> None:
    """Writes text, Markdown, HTML and PDF files by turns, about 4,000 characters each, a hundred to a folder."""
    prose = Prose()
    for number in range(documents):
        place = folder / f"{number // 100:04}"
        place.mkdir(parents=True, exist_ok=True)
        paragraphs = [prose.paragraph() for _ in range(PARAGRAPHS_A_FILE)]
        title = f"Report {number}"
        match number % 4:
            case 0:
                (place / f"{number}.txt").write_text("\n\n".join([title, *paragraphs]), encoding="utf-8")
            case 1:
                (place / f"{number}.md").write_text("\n\n".join([f"# {title}", *paragraphs]), encoding="utf-8")
            case 2:
                body = "".join(f"<p>{paragraph}</p>\n" for paragraph in paragraphs)
                html = f"<!doctype html><html><body><h1>{title}</h1>\n{body}</body></html>"
                (place / f"{number}.html").write_text(html, encoding="utf-8")
            case _:
                make_pdf(place / f"{number}.pdf", 2, prose)


def make_text(path: Path, size: int, prose: Prose) -> None:
    """Writes a plain text of about ``size`` bytes."""
    with path.open("w", encoding="ascii") as file:
        written = 0
        while written < size:
            written += file.write(prose.paragraph() + "\n\n")


def make_pdf(path: Path, pages: int, prose: Prose) -> None:
    """Writes a PDF with so many pages of ``LINES_A_PAGE`` lines."""
    offsets: list[int] = []
    with path.open("wb") as file:
        file.write(b"%PDF-1.4\n")
        for number, body in enumerate(_objects(pages, prose), 1):
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        start = file.tell()
        file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        file.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
        file.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start))


def _objects(pages: int, prose: Prose) -> Iterator[bytes]:
    """A catalogue, a page tree, a font, then each page and its content."""
    kids = b" ".join(b"%d 0 R" % (4 + 2 * page) for page in range(pages))
    yield b"<< /Type /Catalog /Pages 2 0 R >>"
    yield b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids)
    yield b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    for page in range(pages):
        yield (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * page)
        )
        lines = b"\n".join(b"(%s) Tj T*" % prose.sentence().encode("ascii") for _ in range(LINES_A_PAGE))
        content = b"BT /F1 9 Tf 20 TL 40 740 Td\n%s\nET" % lines
        yield b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)
