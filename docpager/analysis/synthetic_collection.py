"""A made-up collection of any size: words after Zipf, topics that documents keep to, vectors that follow the words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from docpager.records import (
    Document,
    DocumentStatus,
    IngestedDocument,
    LastAction,
    PaperPage,
    Segment,
    SegmentKind,
    hex_id,
    sha256_hex,
)

if TYPE_CHECKING:
    import numpy

WORDS = 120_000
TOPICS = 400
TOPIC_WORDS = 400
WORDS_A_SEGMENT = 115
"""About 800 characters."""
SEGMENTS_A_DOCUMENT = 40.0
"""The mean; sizes are log-normal, so that few documents are long and most are short."""
SEGMENTS_A_PAGE = 3
_ONSETS = [*"bcdfghjklmnprstvw", "br", "cl", "dr", "fl", "gr", "pl", "pr", "sk", "sl", "st", "str", "th", "tr"]
_VOWELS = [*"aeiou", "ai", "ea", "ie", "oo", "ou"]
_CODAS = ["", "", "", "l", "m", "n", "r", "s", "t", "nd", "nt", "rk", "st"]


class SyntheticEmbedder:
    """Vectors of texts of a ``SyntheticLanguage``: the mean of their words', rare words weighing more."""

    def __init__(self, language: SyntheticLanguage) -> None:
        self._language = language

    @property
    def name(self) -> str:
        """``synthetic-N``."""
        return f"synthetic-{self.dimensions}"

    @property
    def dimensions(self) -> int:
        """As the language has them."""
        return self._language.dimensions

    def embed(self, texts: Sequence[str]) -> numpy.ndarray:
        """Vectors of unit length, shape ``(len(texts), dimensions)``, float32; unknown words count nothing."""
        import numpy

        numbers = self._language.numbers
        found = [[numbers[word] for word in text.lower().split() if word in numbers] or [0] for text in texts]
        return numpy.stack([self._language.vector_of(numpy.array(words)) for words in found])


class SyntheticLanguage:
    """Words, how often each is used, which belong to a topic, and where each lies. The same for the same seed."""

    def __init__(self, dimensions: int = 256, seed: int = 1) -> None:
        import numpy

        self.dimensions = dimensions
        self.rng = numpy.random.default_rng(seed)
        self.words = self._made_words(WORDS)
        frequency = 1.0 / (numpy.arange(WORDS) + 2.7) ** 1.05  # Zipf-Mandelbrot
        self._cumulative = numpy.cumsum(frequency / frequency.sum())
        self._weights = (1e-4 / (1e-4 + frequency / frequency.sum())).astype(numpy.float32)
        self.topics = self.rng.integers(300, WORDS, size=(TOPICS, TOPIC_WORDS))
        centres = self.rng.standard_normal((TOPICS, dimensions), dtype=numpy.float32)
        self._vectors = self.rng.standard_normal((WORDS, dimensions), dtype=numpy.float32)
        for topic, words in enumerate(self.topics):
            self._vectors[words] += centres[topic]

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Each word's number; the smaller, the more often it is used."""
        return {word: number for number, word in enumerate(self.words)}

    def drawn(self, count: int, topic: int) -> numpy.ndarray:
        """The numbers of ``count`` words as a text on the topic has them."""
        import numpy

        words = numpy.searchsorted(self._cumulative, self.rng.random(count)).clip(max=WORDS - 1)
        on_topic = self.rng.random(count) < 0.25
        # Within a topic too, a few words are used again and again.
        places = (TOPIC_WORDS * self.rng.random(int(on_topic.sum())) ** 3).astype(int)
        words[on_topic] = self.topics[topic][places]
        return words

    def vector_of(self, words: numpy.ndarray) -> numpy.ndarray:
        """The vector of a text of these words."""
        import numpy

        total: numpy.ndarray = self._weights[words] @ self._vectors[words]
        length = float(numpy.linalg.norm(total))
        return total / length if length else total

    def _made_words(self, count: int) -> list[str]:
        """Different words of syllables, short ones first."""
        words: dict[str, None] = {}
        while len(words) < count:
            size = 1 if len(words) < 1_000 else 2 if len(words) < 20_000 else 3
            kinds = [*(_ONSETS, _VOWELS) * size, _CODAS]
            parts = [kind[int(self.rng.integers(len(kind)))] for kind in kinds]
            words["".join(parts)] = None
        return list(words)


def synthetic_documents(language: SyntheticLanguage, segments: int) -> Iterator[IngestedDocument]:
    """Documents with that many segments in all, their vectors made; numbers and identifiers stand in each segment."""
    number, left = 0, segments
    while left > 0:
        size = min(left, max(1, round(float(language.rng.lognormal(0.0, 1.1)) * SEGMENTS_A_DOCUMENT / 1.83)))
        yield _document(language, number, size)
        number, left = number + 1, left - size


def _document(language: SyntheticLanguage, number: int, size: int) -> IngestedDocument:
    import numpy

    rng = language.rng
    topic = int(rng.integers(TOPICS))
    path = f"{language.words[topic * 7]}/{number:06d}.txt"
    doc_id = hex_id("synthetic", path)
    title = " ".join(language.words[w] for w in language.topics[topic][rng.integers(0, 40, 3)]).title()
    drawn = [language.drawn(max(5, int(rng.normal(WORDS_A_SEGMENT, 30))), topic) for _ in range(size)]
    texts = [_text(language, words) for words in drawn]
    pages: list[PaperPage] = []
    segments: list[Segment] = []
    for first in range(0, size, SEGMENTS_A_PAGE):
        on_page = texts[first : first + SEGMENTS_A_PAGE]
        page, start = "\n\n".join(on_page), 0
        page_number = 1 + first // SEGMENTS_A_PAGE
        pages.append(PaperPage(doc_id, page_number, page, sha256_hex(page)))
        for text in on_page:
            segments.append(_segment(doc_id, title, len(segments), page_number, start, text))
            start += len(text) + 2
    document = Document(
        doc_id=doc_id,
        path=path,
        title=title,
        status=DocumentStatus.INDEXED,
        last_action=LastAction.ADDED,
        sha256=sha256_hex(path),
        media_type="text/plain",
        page_count=len(pages),
        segment_count=size,
        token_count=sum(segment.token_count for segment in segments),
        ingested_at=datetime.now(UTC),
    )
    vectors = numpy.stack([language.vector_of(words) for words in drawn])
    return IngestedDocument(document, tuple(pages), tuple(segments), vectors)


def _text(language: SyntheticLanguage, words: numpy.ndarray) -> str:
    """Sentences of some ten words, with a number and at times an identifier."""
    rng = language.rng
    named = [language.words[word] for word in words]
    place, figure = int(rng.integers(len(named))), int(rng.integers(1_000, 1_000_000))
    named.insert(place, f"{figure:,}")
    if rng.random() < 0.1:
        named.insert(place, f"REF-{2000 + figure % 25}-{figure:06d}")
    sentences = [" ".join(named[start : start + 11]).capitalize() for start in range(0, len(named), 11)]
    return ". ".join(sentences) + "."


def _segment(doc_id: str, title: str, ordinal: int, page_number: int, start: int, text: str) -> Segment:
    digest = sha256_hex(text)
    return Segment(
        segment_id=hex_id(doc_id, digest, ordinal),
        doc_id=doc_id,
        ordinal=ordinal,
        page_number=page_number,
        char_start=start,
        char_end=start + len(text),
        kind=SegmentKind.TEXT,
        text=text,
        text_sha256=digest,
        search_text=f"{title}\n{text}",
        token_count=len(text) // 4,
    )
