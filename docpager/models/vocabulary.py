"""Concepts and what documents call them: a table in a data file that a user can extend."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from docpager.errors import ConfigurationError
from docpager.models.stemming import stems


@dataclass(frozen=True, slots=True)
class Concept:
    """One idea with the phrases that documents and questions use for it, each as its stems."""

    name: str
    phrases: tuple[str, ...]
    stems: tuple[frozenset[str], ...]
    statement: str = ""
    parts: tuple[str, ...] = ()
    """Names of the concepts it is worked out from."""

    def borne_by(self, text_stems: set[str] | frozenset[str]) -> bool:
        """Whether words so stemmed hold all words of one of the phrases."""
        return any(phrase <= text_stems for phrase in self.stems)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All concepts, and the statements that show them."""

    concepts: Mapping[str, Concept]
    statements: Mapping[str, tuple[str, ...]]
    """Statement name -> the titles it goes by."""

    @classmethod
    def load(cls, extension: str | None = None) -> Vocabulary:
        """The built-in table, the user's own over it; raises ``ConfigurationError`` for one in another form."""
        return _load(extension)

    def concepts_in(self, question: str) -> list[Concept]:
        """The concepts a question speaks of, most specific first, then what they are worked out from."""
        words = f" {' '.join(stems(question))} "
        found: list[tuple[int, Concept]] = []
        for concept in self.concepts.values():
            longest = max((len(p.split()) for p in _stemmed(concept.phrases) if f" {p} " in words), default=0)
            if longest:
                found.append((longest, concept))
        named = [concept for _, concept in sorted(found, key=lambda pair: -pair[0])]
        parts = [self.concepts[part] for concept in named for part in concept.parts if part in self.concepts]
        return list({concept.name: concept for concept in [*named, *parts]}.values())

    def statements_in(self, question: str) -> list[str]:
        """The statements a question names, by any of their titles."""
        words = f" {' '.join(stems(question))} "
        return [name for name, titles in self.statements.items() if any(f" {t} " in words for t in _stemmed(titles))]


def _stemmed(phrases: Sequence[str]) -> list[str]:
    return [" ".join(stems(phrase)) for phrase in phrases]


@lru_cache(maxsize=8)
def _load(extension: str | None) -> Vocabulary:
    table = tomllib.loads(files("docpager.models").joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    if extension:
        table = _merged(table, _read(extension))
    concepts = {name: _concept(name, row, extension) for name, row in table.get("concept", {}).items()}
    return Vocabulary(concepts, {n: tuple(row["titles"]) for n, row in table.get("statement", {}).items()})


def _read(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"Cannot read the vocabulary {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The vocabulary {path} is not TOML: {error}.") from None


def _merged(base: dict[str, Any], extension: dict[str, Any]) -> dict[str, Any]:
    return {kind: base.get(kind, {}) | extension.get(kind, {}) for kind in ("statement", "concept")}


def _concept(name: str, row: Mapping[str, Any], path: str | None) -> Concept:
    phrases = row.get("phrases")
    if not isinstance(phrases, list) or not all(isinstance(phrase, str) for phrase in phrases):
        raise ConfigurationError(f'The concept "{name}" of the vocabulary {path} needs phrases: a list of texts.')
    sets = tuple(words for phrase in phrases if (words := frozenset(stems(phrase))))
    return Concept(name, tuple(phrases), sets, str(row.get("statement", "")), tuple(row.get("parts", ())))
