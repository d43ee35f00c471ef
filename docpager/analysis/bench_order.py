"""What an order of questions that shares pages saves: fetches from the archive, and time."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from docpager.archive.page_cache import PageCache
from docpager.batch.page_order import in_page_order, predicted_pages
from docpager.protocols import Archive
from docpager.records import Answer, Question

SEED = 7
INPUT, PAGES = "input", "pages"


@dataclass(frozen=True, slots=True)
class Ordered:
    """One pass over the questions, one after the other."""

    order: str
    cache_characters: int
    asked_of_cache: int
    fetched: int
    seconds: float
    ordering_seconds: float

    @property
    def hit_share(self) -> float:
        """What the page cache answered, as a share of all that was asked of it."""
        return 1 - self.fetched / self.asked_of_cache if self.asked_of_cache else 0.0


def of_each_document(questions: Sequence[Question], archive: Archive, documents: int) -> list[Question]:
    """Each question of each of the first documents alone, as ``--for-each document`` asks them."""
    chosen = [document for document in archive.documents() if document.segment_count][:documents]
    return [
        replace(
            question, question_id=f"{question.question_id}-{n}", doc_id=d.doc_id, doc_path=d.path, documents=(d.doc_id,)
        )
        for question in questions
        for n, d in enumerate(chosen)
    ]


def compare_orders(
    questions: Sequence[Question],
    archive: Archive,
    asker: Callable[[Archive], Callable[[Question], object]],
    sizes: Sequence[int],
) -> Iterator[Ordered]:
    """Both orders with page caches of so many characters, and input order without one; questions are shuffled first."""
    shuffled = list(questions)
    random.Random(SEED).shuffle(shuffled)
    yield _pass(INPUT, shuffled, PageCache(archive, 0), asker)
    for size in sizes:
        for order in (INPUT, PAGES):
            yield _pass(order, shuffled, PageCache(archive, size), asker)


def _pass(
    order: str,
    questions: Sequence[Question],
    cache: PageCache,
    asker: Callable[[Archive], Callable[[Question], object]],
) -> Ordered:
    began = time.perf_counter()
    ordered = list(in_page_order(questions, predicted_pages(cache))) if order == PAGES else list(questions)
    ordering = time.perf_counter() - began
    answer = asker(cache)

    async def all_of_them() -> list[Answer]:
        return [await answer(question) for question in ordered]  # type: ignore[misc]

    asyncio.run(all_of_them())
    asked = cache.hits + cache.misses
    return Ordered(order, cache.most_characters, asked, cache.misses, time.perf_counter() - began, ordering)
