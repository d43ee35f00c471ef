"""Makes the sample collection: ``python data/make_sample.py [--output FOLDER]``.

Every document is written from a source in ``sample_content/sources``; the same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from sample_content.blocks import Source, parse_source  # noqa: E402
from sample_content.figures import tables  # noqa: E402
from sample_content.pdf import write_pdf  # noqa: E402
from sample_content.questions import write_gold, write_questions  # noqa: E402
from sample_content.records import write_records  # noqa: E402
from sample_content.web import write_html  # noqa: E402
from sample_content.word import write_docx  # noqa: E402

SOURCES = HERE / "sample_content" / "sources"
FORMATS = {"policies": "html", "news": "html", "mail": "txt", "fleet": "md"}
"""The format of a folder's documents where a source does not name its own; PDF elsewhere."""
DUPLICATES = {"press-kit/lantern-arrives.html": "news/2024-06-25-lantern-arrives.html"}
"""Documents that are byte for byte another one, as the press kit's copy of a news page is."""


def write_text(source: Source, path: Path) -> None:
    """Writes a source's body as it stands."""
    path.write_text(source.body, encoding="utf-8", newline="\n")


WRITERS: dict[str, Callable[[Source, Path], None]] = {
    "pdf": write_pdf,
    "docx": write_docx,
    "html": write_html,
    "txt": write_text,
    "md": write_text,
}


def make_documents(folder: Path) -> None:
    """Writes every document below ``folder``."""
    known = tables()
    for path in sorted(SOURCES.rglob("*.md")):
        source = parse_source(path.read_text(encoding="utf-8"), known)
        kind = path.relative_to(SOURCES).parent
        suffix = source.facts.get("format") or FORMATS.get(kind.name, "pdf")
        target = folder / kind / f"{path.stem}.{suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        WRITERS[suffix](source, target)
    write_records(folder)
    for copy, original in DUPLICATES.items():
        (folder / copy).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / original, folder / copy)


def make_sample(folder: Path) -> None:
    """Writes the documents, the questions and the gold answers below ``folder``, in place of what was there."""
    documents = folder / "documents"
    if documents.exists():
        shutil.rmtree(documents)
    documents.mkdir(parents=True)
    make_documents(documents)
    write_questions(folder / "questions.csv")
    write_gold(folder / "gold.jsonl")


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description="Makes the sample collection.")
    parser.add_argument("--output", type=Path, default=HERE / "sample", help="folder to write (default: data/sample)")
    make_sample(parser.parse_args().output)


if __name__ == "__main__":
    main()
