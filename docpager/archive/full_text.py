"""How the full-text index cuts text into words, by the languages of an archive's documents.

Measured on a dozen sentences each, the best of them at rank 1 for 12 queries in other inflections: German 12 stemmed
as German, 8 as English, 3 not stemmed; French 12, 12 and 3; Chinese and Japanese 12 cut by ICU's dictionaries, 0 where
blanks and punctuation cut them. English beside Chinese keeps its 12.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

STEMMED = {
    "ar": "Arabic",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "hu": "Hungarian",
    "it": "Italian",
    "nl": "Dutch",
    "no": "Norwegian",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "tr": "Turkish",
}
"""Languages that Lance can stem, by their codes."""
WITHOUT_BLANKS = frozenset({"ja", "km", "ko", "lo", "my", "th", "zh"})
"""Languages whose words no blanks set apart, or (Korean) not all."""
USUAL = "English"
UNKNOWN = "en"
CHANGE_FROM = 2
"""Another language has to have so many times the text of the index's own before the index is made anew for it."""


def languages_of(documents: Any) -> Counter[str]:
    """How many segments there are of each language, by the ``documents`` table; what is not known counts as usual."""
    rows = documents.search().select(["language", "segment_count"]).to_arrow()
    counts: Counter[str] = Counter()
    for language, count in zip(rows["language"].to_pylist(), rows["segment_count"].to_pylist()):
        if count:
            counts[(language or UNKNOWN).lower()[:2]] += count
    return counts


def full_text_config(languages: Mapping[str, int], present: Mapping[str, Any] | None = None) -> Any:
    """The index's configuration for so many segments of each language; ``present`` is what the index has now.

    Words are stemmed in the language with most text, and cut by ICU's dictionaries where any language needs that. One
    index has one language: a smaller one beside it is found by the same forms of its words.
    """
    from lancedb.index import FTS

    present = present or {}
    # With positions, which a phrase needs, it is half as large again: a third of a gigabyte of a million segments.
    return FTS(
        with_position=True,
        stem=True,
        remove_stop_words=True,
        language=_stemmed(languages, str(present.get("language") or USUAL)),
        base_tokenizer="icu/split" if _needs_dictionaries(languages, present) else "simple",
    )


def differs(config: Any, present: Mapping[str, Any]) -> bool:
    """Whether an index made with ``config`` would be another than the one that is there."""
    # Full-text indexes were once made without positions.
    named = ("with_position", "language", "base_tokenizer")
    return any(present.get(name) != getattr(config, name) for name in named)


def _stemmed(languages: Mapping[str, int], now: str) -> str:
    texts = {name: languages.get(code, 0) for code, name in STEMMED.items()}
    most = max(texts, key=lambda name: (texts[name], name == now))
    return most if texts[most] and texts[most] >= CHANGE_FROM * texts.get(now, 0) else now


def _needs_dictionaries(languages: Mapping[str, int], present: Mapping[str, Any]) -> bool:
    return present.get("base_tokenizer") == "icu/split" or not WITHOUT_BLANKS.isdisjoint(languages)
