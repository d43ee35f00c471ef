"""Embedders: static word vectors that need no network, or none at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docpager.errors import ConfigurationError
from docpager.models.onnx import BgeSmallEmbedder, CrossEncoder
from docpager.protocols import Embedder, Reranker

if TYPE_CHECKING:
    import numpy


class WordLlamaEmbedder:
    """wordllama's 256-dimensional static vectors: offline, thousands of texts a second; pickled without its weights."""

    BATCH = 32
    """Texts whose tokens are held at once."""
    MAX_CHARACTERS = 20_000
    """Only so much of a text is embedded."""

    def __init__(self) -> None:
        self._model: Any = None

    def __repr__(self) -> str:
        return "WordLlamaEmbedder()"

    def __getstate__(self) -> dict[str, Any]:
        return {"_model": None}

    @property
    def name(self) -> str:
        """``wordllama-256``."""
        return "wordllama-256"

    @property
    def dimensions(self) -> int:
        """256."""
        return 256

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        """Vectors of unit length, shape ``(len(texts), 256)``, float32; a text without words gets the first axis."""
        import numpy

        vectors = numpy.empty((len(texts), self.dimensions), dtype=numpy.float32)
        for start in range(0, len(texts), self.BATCH):
            vectors[start : start + self.BATCH] = self._means(
                [self._clean(t) for t in texts[start : start + self.BATCH]]
            )
        return _unit_length(vectors)

    def _clean(self, text: str) -> str:
        return text[: self.MAX_CHARACTERS].encode("utf-8", "replace").decode()

    def _means(self, texts: list[str]) -> Any:
        """The mean of each text's token vectors, as wordllama's own ``embed`` has it, without its padding."""
        import numpy

        if self._model is None:
            self._model = _load_wordllama()
            self._model.tokenizer.no_padding()
        weights = self._model.embedding
        means = numpy.zeros((len(texts), self.dimensions), dtype=numpy.float32)
        for row, encoded in enumerate(self._model.tokenizer.encode_batch_fast(texts, add_special_tokens=False)):
            if encoded.ids:
                vectors = weights.take(encoded.ids, axis=0, mode="clip")
                means[row] = vectors.sum(axis=0) / numpy.float32(len(encoded.ids))
        return means


class NoEmbedder:
    """Makes no vectors: search is BM25 alone."""

    def __repr__(self) -> str:
        return "NoEmbedder()"

    @property
    def name(self) -> str:
        """``none``."""
        return "none"

    @property
    def dimensions(self) -> int:
        """0."""
        return 0

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        """An empty array, shape ``(len(texts), 0)``, float32."""
        import numpy

        return numpy.empty((len(texts), 0), dtype=numpy.float32)


EMBEDDERS: dict[str, Callable[[], Embedder]] = {
    "wordllama": WordLlamaEmbedder,
    "bge-small": BgeSmallEmbedder,
    "none": NoEmbedder,
}
"""By the name ``--embedder`` takes."""


def embedder_for(name: str) -> Embedder:
    """The embedder of this name: as ``--embedder`` takes it (``wordllama``) or as archives store it."""
    for known, make in EMBEDDERS.items():
        embedder = make()
        if name in (known, embedder.name):
            if isinstance(embedder, BgeSmallEmbedder):
                embedder.require()
            return embedder
    raise ConfigurationError(f"There is no embedder {name!r}. Use one of: {', '.join(EMBEDDERS)}.")


def reranker_for(name: str) -> Reranker | None:
    """The reranker of this name, as ``--reranker`` takes it; None for ``none``."""
    if name == "none":
        return None
    if name != "cross-encoder":
        raise ConfigurationError(f"There is no reranker {name!r}. Use one of: none, cross-encoder.")
    encoder = CrossEncoder()
    encoder.require()
    return encoder


def _load_wordllama() -> Any:
    import wordllama

    # The wheel holds weights and tokenizer, but without these arguments the tokenizer is downloaded.
    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, dim=256, disable_download=True)


def _unit_length(vectors: numpy.ndarray) -> numpy.ndarray:
    import numpy

    numpy.nan_to_num(vectors, copy=False)
    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[lengths[:, 0] == 0, 0] = 1.0
    lengths[lengths == 0] = 1.0
    vectors /= lengths
    return vectors
