"""Concepts and what documents call them: a table in a data file that a user can extend."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from docpager.errors import ConfigurationError
from docpager.models.stemming import stems

OPERAND = re.compile(r"\{([^{}]+)\}")
"""A concept in a formula."""
BEFORE = "@before"
"""Behind a concept in a formula: its figure of the year before."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One idea with the phrases that documents and questions use for it, each as its stems."""

    name: str
    phrases: tuple[str, ...]
    stems: tuple[frozenset[str], ...]
    statement: str = ""
    parts: tuple[str, ...] = ()
    """Names of the concepts it is worked out from."""
    outflow: bool = False
    """Whether statements may print it in parentheses though it is no loss."""

    def borne_by(self, text_stems: set[str] | frozenset[str]) -> bool:
        """Whether words so stemmed hold all words of one of the phrases."""
        return any(phrase <= text_stems for phrase in self.stems)

    @classmethod
    def of_words(cls, words: str) -> Concept:
        """What some words of a question speak of, where the table has no concept for them."""
        return cls(words, (words,), (frozenset(stems(words)),))


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that is worked out from others."""

    name: str
    phrases: tuple[str, ...]
    formulas: tuple[str, ...]
    """Over concepts in braces, as in ``{revenue} / {total assets@before}``; the best first."""
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All concepts, the statements that show them, and what is worked out from them."""

    concepts: Mapping[str, Concept]
    statements: Mapping[str, tuple[str, ...]]
    """Statement name -> the titles it goes by."""
    measures: Mapping[str, Measure]

    @classmethod
    def load(cls, extension: str | None = None) -> Vocabulary:
        """The built-in table, the user's own over it; raises ``ConfigurationError`` for one in another form."""
        return _load(extension)

    def concepts_in(self, question: str) -> list[Concept]:
        """The concepts a question speaks of, most specific first, then what they are worked out from."""
        named = _named(self.concepts.values(), question)
        parts = [self.concepts[part] for concept in named for part in concept.parts if part in self.concepts]
        return list({concept.name: concept for concept in [*named, *parts]}.values())

    def measure_in(self, question: str) -> Measure | None:
        """The measure a question names, the most specific where it names several."""
        return next(iter(_named(self.measures.values(), question)), None)

    def statements_in(self, question: str) -> list[str]:
        """The statements a question names, by any of their titles."""
        words = f" {' '.join(stems(question))} "
        return [name for name, titles in self.statements.items() if any(f" {t} " in words for t in _stemmed(titles))]


Named = TypeVar("Named", Concept, Measure)


def _named(entries: Iterable[Named], question: str) -> list[Named]:
    """The entries that a question names by one of their phrases, the longest phrase first."""
    words = f" {' '.join(stems(question))} "
    found = [(max((len(p) for p in _stemmed(e.phrases) if f" {p} " in words), default=0), e) for e in entries]
    return [entry for length, entry in sorted(found, key=lambda pair: -pair[0]) if length]


def _stemmed(phrases: Sequence[str]) -> list[str]:
    return [" ".join(stems(phrase)) for phrase in phrases]


@lru_cache(maxsize=8)
def _load(extension: str | None) -> Vocabulary:
    table = tomllib.loads(files("docpager.models").joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    if extension:
        table = _merged(table, _read(extension))
    concepts = {name: _concept(name, row, extension) for name, row in table.get("concept", {}).items()}
    measures = {name: _measure(name, row, concepts, extension) for name, row in table.get("measure", {}).items()}
    return Vocabulary(concepts, {n: tuple(row["titles"]) for n, row in table.get("statement", {}).items()}, measures)


def _read(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"Cannot read the vocabulary {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The vocabulary {path} is not TOML: {error}.") from None


def _merged(base: dict[str, Any], extension: dict[str, Any]) -> dict[str, Any]:
    return {kind: base.get(kind, {}) | extension.get(kind, {}) for kind in ("statement", "concept", "measure")}


def _concept(name: str, row: Mapping[str, Any], path: str | None) -> Concept:
    phrases = _phrases("concept", name, row, path)
    sets = tuple(words for phrase in phrases if (words := frozenset(stems(phrase))))
    statement, parts = str(row.get("statement", "")), tuple(row.get("parts", ()))
    return Concept(name, phrases, sets, statement, parts, bool(row.get("outflow", False)))


def _measure(name: str, row: Mapping[str, Any], concepts: Mapping[str, Concept], path: str | None) -> Measure:
    phrases, formulas = _phrases("measure", name, row, path), row.get("formulas")
    if not isinstance(formulas, list) or not formulas or not all(isinstance(f, str) for f in formulas):
        raise ConfigurationError(f'The measure "{name}" of the vocabulary {path} needs formulas: a list of texts.')
    strange = [n for f in formulas for n in OPERAND.findall(f) if n.removesuffix(BEFORE) not in concepts]
    if strange:
        raise ConfigurationError(f'The measure "{name}" of the vocabulary {path} uses no known concept: {strange[0]}.')
    return Measure(name, phrases, tuple(formulas), bool(row.get("percent", False)))


def _phrases(kind: str, name: str, row: Mapping[str, Any], path: str | None) -> tuple[str, ...]:
    phrases = row.get("phrases")
    if not isinstance(phrases, list) or not all(isinstance(phrase, str) for phrase in phrases):
        raise ConfigurationError(f'The {kind} "{name}" of the vocabulary {path} needs phrases: a list of texts.')
    return tuple(phrases)
