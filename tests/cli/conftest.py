"""Commands as a person runs them: words in, exit code and two streams out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from docpager import InMemoryArchive, open_archive_for_writing
from docpager.cli import main
from docpager.models.embedding import embedder_for
from docpager.records import IngestedDocument
from docpager.wiring import segment_counter

TEXTS = {
    "news/quern.md": "# Quern Line\n\nThe ferry carried 88,460 passengers in 2023.\n\nA ferry sails each hour.",
    "news/erratum.md": "The correct number of ferry passengers in 2023 is 80,460.",
    "policies/lost.txt": "# Lost property\n\nWallets are kept for ninety days. Umbrellas are kept for a month.",
}


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def docpager(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command in this process."""

    def run(*words: object) -> Ended:
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def small_archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A LanceDB archive of three short texts."""
    uri = str(tmp_path_factory.mktemp("archive") / "small.lancedb")
    texts, embedder = InMemoryArchive.of(TEXTS, segment_counter()), embedder_for("wordllama")
    with open_archive_for_writing(uri) as writer:
        for document in texts.documents():
            segments = tuple(texts.segments_of(document.doc_id))
            vectors = embedder.embed([segment.search_text for segment in segments])
            pages = tuple(texts.paper_pages(document.doc_id))
            writer.write([IngestedDocument(document, pages, segments, vectors)])
        writer.finish()
    return uri
