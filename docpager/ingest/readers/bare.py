"""What the PDF libraries cost by themselves: the floor that a benchmark compares an ingest with."""

from __future__ import annotations

from pathlib import Path


def pdfium_pages(path: Path, every: int = 1) -> int:
    """Extracts the text of every nth paper page with PDFium and nothing else; returns how many pages."""
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        numbers = range(0, len(document), every)
        for number in numbers:
            page = document[number]
            text_page = page.get_textpage()
            text_page.get_text_bounded()
            text_page.close()
            page.close()
        return len(numbers)


def pypdf_pages(path: Path, every: int = 1) -> int:
    """Extracts the text of every nth paper page with pypdf's plain mode; returns how many pages."""
    import pypdf

    with pypdf.PdfReader(path) as reader:
        numbers = range(0, len(reader.pages), every)
        for number in numbers:
            reader.pages[number].extract_text()
        return len(numbers)
