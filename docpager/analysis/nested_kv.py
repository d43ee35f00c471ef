"""Nested key-value retrieval as data: chains of keys among pairs, in many orders.

The task is MemGPT's (Packer et al. 2023, section 3.2.2): the value of a key may be a key itself, so the answer is found
only by as many look-ups as the chain has hops, one after the other.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docpager.errors import MissingInputError, QuestionFileError

HOPS = range(7)
ORDERINGS = 30
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class NestedCase:
    """One question over one ordering of the pairs. With 0 hops the first key's value is the answer."""

    hops: int
    ordering: int
    """Counts the orderings from 0."""
    pairs: tuple[Pair, ...]
    chain: tuple[str, ...]
    """The keys to look up, in order: one more than there are hops."""
    answer: str

    @property
    def case_id(self) -> str:
        """As in ``hops-3-order-07``."""
        return f"hops-{self.hops}-order-{self.ordering:02}"

    @property
    def question(self) -> str:
        """The question a model is asked."""
        return (
            f"What is the value of the key {self.chain[0]}? If its value is a key of another pair, look up that one "
            "too, and so on, and answer with the last value, which is no key."
        )

    @property
    def text(self) -> str:
        """The pairs as a document: a paragraph each, ``key: value``."""
        return "\n\n".join(f"{key}: {value}" for key, value in self.pairs)

    def gold(self) -> dict[str, str | list[str]]:
        """The case as a row of a gold file for ``docpager.testing``'s perfect reader."""
        return {
            "question_id": self.case_id,
            "question": self.question,
            "answers": [self.answer],
            "follow": self.chain[0],
        }


def nested_cases(
    pairs: Sequence[Pair], *, hops: Iterable[int] = HOPS, orderings: int = ORDERINGS, seed: int = 0
) -> Iterator[NestedCase]:
    """Cases by hops, then by ordering; the same ones for the same seed.

    In each, pairs drawn at random become a chain: a value is replaced by the next key. Raises ``ValueError`` where the
    pairs are too few, or their keys are not distinct or are values too.
    """
    keys = {key for key, _ in pairs}
    if len(keys) < len(pairs) or keys & {value for _, value in pairs}:
        raise ValueError("Keys have to be distinct, and none may be a value.")
    for count in hops:
        if not 0 <= count < len(pairs):
            raise ValueError(f"A chain of {count} hops needs {count + 1} pairs; there are {len(pairs)}.")
        for ordering in range(orderings):
            yield _case(pairs, count, ordering, random.Random(f"{seed}:{count}:{ordering}"))


def _case(pairs: Sequence[Pair], hops: int, ordering: int, chance: random.Random) -> NestedCase:
    chosen = chance.sample(list(pairs), hops + 1)
    chain = tuple(key for key, _ in chosen)
    nested = dict(pairs) | dict(itertools.pairwise(chain))
    shuffled = chance.sample(list(nested.items()), len(nested))
    return NestedCase(hops, ordering, tuple(shuffled), chain, chosen[-1][1])


def read_pairs(path: Path | str, index: int = 0) -> list[Pair]:
    """The pairs of one row (from 0) of a JSONL file whose rows hold ``ordered_kv_records``.

    Raises ``MissingInputError`` for a file that is not there and ``QuestionFileError`` for one without such a row.
    """
    try:
        rows = [line for line in Path(path).read_text(encoding="utf-8").split("\n") if line.strip()]
        return [(str(key), str(value)) for key, value in json.loads(rows[index])["ordered_kv_records"]]
    except OSError as error:
        raise MissingInputError(f"Cannot read {path}: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise QuestionFileError(
            f"Row {index} of {path} has no pairs ({type(error).__name__}: {error}). "
            'Each row is {"ordered_kv_records": [[key, value], ...]}.'
        ) from None
