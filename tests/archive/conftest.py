"""Archives of each kind behind one small interface: a writer, and readers that each stay with a generation."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from docpager.archive.in_memory import InMemoryArchive, ingested_text
from docpager.archive.lance import LanceArchive
from docpager.archive.page_cache import PageCache
from docpager.models.embedding import NoEmbedder, WordLlamaEmbedder
from docpager.protocols import Archive, Embedder, WritableArchive
from docpager.records import IngestedDocument

EMBEDDER = WordLlamaEmbedder()


def contents_of(texts: Mapping[str, str | Sequence[str]], embedder: Embedder = EMBEDDER) -> list[IngestedDocument]:
    """What ingesting these texts would write."""
    contents = [ingested_text(path, text) for path, text in texts.items()]
    return [
        replace(content, vectors=embedder.embed([segment.search_text for segment in content.segments]))
        for content in contents
    ]


class InMemoryKind:
    embedder: Embedder = NoEmbedder()

    def __init__(self) -> None:
        self.writer: WritableArchive = InMemoryArchive()

    def reader(self) -> Archive:
        return self.writer.snapshot()

    def close(self) -> None: ...


class LanceKind:
    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.embedder = embedder
        self.uri = str(folder / "archive.lancedb")
        self.writer: WritableArchive = LanceArchive.open_for_writing(self.uri, embedder, "o200k_base")

    def reader(self) -> Archive:
        return LanceArchive.open(self.uri, self.embedder)

    def close(self) -> None:
        self.writer.close()


class CachedKind(InMemoryKind):
    def reader(self) -> Archive:
        return PageCache(super().reader(), most_characters=2000)


KINDS: dict[str, Callable[[Path], InMemoryKind | LanceKind]] = {
    "cached": lambda folder: CachedKind(),
    "in_memory": lambda folder: InMemoryKind(),
    "lance": lambda folder: LanceKind(folder, EMBEDDER),
    "lance_without_vectors": lambda folder: LanceKind(folder, NoEmbedder()),
}


@pytest.fixture(params=["cached", "in_memory", "lance"])
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[InMemoryKind | LanceKind]:
    """One kind of archive, empty."""
    made = KINDS[request.param](tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module", params=KINDS)
def read_only_kind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InMemoryKind | LanceKind]:
    """One kind of archive for all tests of a module that only read."""
    made = KINDS[request.param](tmp_path_factory.mktemp("read_only"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def contents() -> Callable[..., list[IngestedDocument]]:
    """Texts by path, as documents to write."""
    return contents_of


@pytest.fixture
def child_environment(repository: Path) -> dict[str, str]:
    """For processes that a test starts."""
    return os.environ | {"PYTHONPATH": str(repository)}
