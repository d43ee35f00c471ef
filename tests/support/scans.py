"""Pages as a scanner gives them: pictures of text, alone or in a PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

DOTS_AN_INCH = 150
LINES = ("The pump delivers 120 litres a minute.", "Replace the gasket every 18 months.")


def drawn(lines: Sequence[str] = LINES, *, mode: str = "L", size: tuple[int, int] = (1240, 500)) -> Image.Image:
    """Lines of text in black on white, or on nothing where the mode has transparency."""
    picture = Image.new(mode, size, (0, 0, 0, 0) if mode == "RGBA" else "white")
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        font = ImageFont.load_default(44)
        draw.text((60, 60 + 90 * number), line, fill="black", font=font)
    return picture


def scanned_pdf(path: Path, pages: Sequence[Image.Image | str]) -> Path:
    """A PDF whose pages are these pictures, or these lines as text."""
    canvas = Canvas(str(path))
    for page in pages:
        if isinstance(page, str):
            canvas.drawString(72, 700, page)
        else:
            held = io.BytesIO()
            page.save(held, "PNG")
            width, height = (72 * side / DOTS_AN_INCH for side in page.size)
            canvas.setPageSize((width, height))
            canvas.drawImage(ImageReader(held), 0, 0, width, height)
        canvas.showPage()
        canvas.setPageSize((595, 842))
    canvas.save()
    return path
