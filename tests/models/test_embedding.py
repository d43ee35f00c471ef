import pickle
from pathlib import Path

import numpy
import pytest
from onnx_extra import needs_onnx

from docpager.errors import ConfigurationError
from docpager.models.embedding import EMBEDDERS, NoEmbedder, WordLlamaEmbedder, embedder_for
from docpager.models.onnx import BgeSmallEmbedder
from docpager.protocols import Embedder

TEXTS = ["The cat sat on the mat.", "Revenue rose in 2018.", "", "   ", "A \ud800 lone surrogate", "x" * 50_000]


@pytest.fixture(scope="module", params=EMBEDDERS.values(), ids=EMBEDDERS)
def embedder(request) -> Embedder:
    made = request.param()
    if isinstance(made, BgeSmallEmbedder):
        needs_onnx(made)
    return made


def test_an_embedder_meets_the_protocol(embedder):
    assert isinstance(embedder, Embedder)


def test_vectors_have_the_promised_shape_and_type(embedder):
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == numpy.float32
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_an_embedder_survives_pickling(embedder):
    embedder.embed(["loads it"])
    pickled = pickle.dumps(embedder)
    assert len(pickled) < 1_000
    assert numpy.array_equal(pickle.loads(pickled).embed(TEXTS), embedder.embed(TEXTS))


def test_an_embedder_is_found_by_the_name_archives_keep(embedder):
    assert embedder_for(embedder.name).name == embedder.name


def test_vectors_have_unit_length_even_without_words():
    lengths = numpy.linalg.norm(WordLlamaEmbedder().embed(TEXTS), axis=1)
    assert lengths == pytest.approx([1.0] * len(TEXTS), abs=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours():
    embedder = WordLlamaEmbedder()
    many = [f"Segment {n} speaks of {'many ' * (n % 40)}things." for n in range(200)]
    together = embedder.embed(many)
    alone = numpy.vstack([embedder.embed([text]) for text in many])
    assert numpy.allclose(together, alone, atol=1e-5)


def test_like_texts_are_nearer_than_unlike_ones():
    cat, kitten, bond = WordLlamaEmbedder().embed(["a cat", "a small kitten", "the bond's coupon rate"])
    assert cat @ kitten > cat @ bond


def test_no_embedder_is_called_none():
    assert (NoEmbedder().name, NoEmbedder().dimensions) == ("none", 0)


def test_an_unknown_embedder_is_refused_by_name():
    with pytest.raises(ConfigurationError) as refusal:
        embedder_for("word2vec")
    assert str(refusal.value) == "There is no embedder 'word2vec'. Use one of: wordllama, bge-small, none."


def test_word_vectors_are_to_the_bit_those_of_wordllama_itself():
    import wordllama

    texts = ["Net revenue was 42 million.", "ferries", "", "日本語 und Größe", "a longer text of many words " * 40]
    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, dim=256, disable_download=True)
    peers = model.embed(texts, norm=False)
    peers[2, 0] = 1.0
    peers /= numpy.linalg.norm(peers, axis=1, keepdims=True)
    assert WordLlamaEmbedder().embed(texts).tolist() == peers.tolist()
