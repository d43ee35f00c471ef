"""Whole files of every format the readers know, and seeded mutants of them."""

from __future__ import annotations

import io
import json
import random
import zipfile
from functools import cache

WORDS = """The ferry Alder left Brae harbour with forty crates of kelp on the third of March""".split()  # noqa: SIM905


def _sentences(count: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.sample(WORDS, 10)).capitalize() + f", as entry {n} says." for n in range(count)]


def pdf(pages: int = 3) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    made = io.BytesIO()
    canvas = Canvas(made, pageCompression=0, invariant=1)
    for page in range(pages):
        canvas.bookmarkPage(f"p{page}")
        canvas.addOutlineEntry(f"Part {page}", f"p{page}")
        for line, sentence in enumerate(_sentences(12, page)):
            canvas.drawString(60, 780 - 20 * line, sentence)
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def docx() -> bytes:
    import docx as library

    document = library.Document()
    document.add_heading("The ferry", 1)
    for sentence in _sentences(8):
        document.add_paragraph(sentence)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip([cell for row in table.rows for cell in row.cells], ("Crate", "Weight", "A", "40")):
        cell.text = text
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def pptx() -> bytes:
    from pptx import Presentation

    presentation = Presentation()
    for number in range(2):
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = f"Crossing {number}"
        slide.placeholders[1].text = "\n".join(_sentences(3, number))
    made = io.BytesIO()
    presentation.save(made)
    return made.getvalue()


def xlsx() -> bytes:
    from openpyxl import Workbook

    workbook = Workbook()
    workbook.active.append(["Crate", "Weight"])
    for number in range(20):
        workbook.active.append([f"Crate {number}", number])
    made = io.BytesIO()
    workbook.save(made)
    return made.getvalue()


def html() -> bytes:
    body = "".join(f"<p>{sentence}</p>" for sentence in _sentences(8))
    table = "<table><tr><th>Crate<th>Weight<tr><td>A<td>40</table>"
    return f"<!doctype html><title>Ferry</title><h1>The ferry</h1>{body}<ul><li>One<li>Two</ul>{table}".encode()


def markdown() -> bytes:
    return (
        "# The ferry\n\n" + "\n\n".join(_sentences(8)) + "\n\n- one\n- two\n\n| A | B |\n|---|---|\n| 1 | 2 |\n"
    ).encode()


def text() -> bytes:
    return "\n\n".join(_sentences(12)).encode()


def csv() -> bytes:
    return ("Crate,Weight\n" + "".join(f'"Crate ""{n}""",{n}\n' for n in range(30))).encode()


def jsonl() -> bytes:
    return "".join(json.dumps({"id": n, "text": line}) + "\n" for n, line in enumerate(_sentences(8))).encode()


def parquet() -> bytes:
    import pyarrow
    import pyarrow.parquet

    made = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"id": list("abcdefgh"), "text": _sentences(8)}), made)
    return made.getvalue()


def mail() -> bytes:
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@brae.example", "b@brae.example", "The ferry"
    message["Date"] = "Mon, 04 Mar 2024 10:00:00 +0000"
    message.set_content("\n".join(_sentences(6)))
    message.add_alternative("<p>" + "</p><p>".join(_sentences(6)) + "</p>", subtype="html")
    message.add_attachment(b"\x00\x01binary", maintype="application", subtype="octet-stream", filename="x.bin")
    return message.as_bytes()


FORMATS = {
    "pdf": pdf,
    "docx": docx,
    "pptx": pptx,
    "xlsx": xlsx,
    "html": html,
    "md": markdown,
    "txt": text,
    "csv": csv,
    "jsonl": jsonl,
    "parquet": parquet,
    "eml": mail,
}


@cache
def whole(suffix: str) -> bytes:
    """A well-made file of a format."""
    return FORMATS[suffix]()


def mutant(suffix: str, seed: int) -> bytes:
    """A file of a format with something wrong in it, always the same for the same seed."""
    rng = random.Random(f"{suffix} {seed}")
    data = whole(suffix)
    if data.startswith(b"PK") and rng.random() < 0.7:
        return _mutated_member(data, rng)
    return _mutated(data, rng)


def _mutated_member(data: bytes, rng: random.Random) -> bytes:
    """An archive that is whole, with one file in it that is not: a bare change of bytes mostly breaks a checksum."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as changed:
        names = archive.namelist()
        chosen = rng.choice([name for name in names if name.endswith((".xml", ".rels"))])
        for name in names:
            member = archive.read(name)
            changed.writestr(name, _mutated(member, rng) if name == chosen else member)
    return made.getvalue()


def _mutated(data: bytes, rng: random.Random) -> bytes:
    return rng.choice((_flipped, _truncated, _spliced, _duplicated))(data, rng)


def _flipped(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 4, 16, 64))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _truncated(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def _spliced(data: bytes, rng: random.Random) -> bytes:
    """A stretch of it, or of another format, stands in another stretch's place."""
    source = data if rng.random() < 0.6 else whole(rng.choice(list(FORMATS)))
    start, at = rng.randrange(len(source)), rng.randrange(len(data))
    size = rng.randrange(1, 2000)
    return data[:at] + source[start : start + size] + data[at + rng.choice((0, size)) :]


def _duplicated(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    stretch = data[start : start + rng.randrange(1, 3000)]
    return data[:start] + stretch * rng.choice((2, 3, 50, 1000)) + data[start + len(stretch) :]
