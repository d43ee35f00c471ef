"""An order of questions in which neighbours need the same pages, so that what is in memory for one serves the next.

Which pages a question needs is predicted from its search results. Finding the best order is a travelling salesman's
problem; each question is followed by the one left that shares most with it, where later pages of a ranking count less.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from docpager.protocols import Archive
from docpager.records import Question
from docpager.settings import AUTO, RunSettings

WEIGHT = 1 << 12
"""What sharing the best page with the last question counts; with the one before it, half."""
BLOCK = 512
"""So many questions are put in order at a time: nothing grows with their number, and the first begins soon."""
DEPTH = 10
"""Search results of a question that count."""
MEMORY = 3
"""Pages of so many questions before count, those of the last one most."""


PagesOf = Callable[[Question], Sequence[str]]
"""What a question is likely to need."""


def orders_by_pages(settings: RunSettings, *, shares_notes: bool) -> bool:
    """Whether questions are asked in another order than the file's.

    ``auto`` does so in a grid, where pages are shared by document and predicting them takes no search; but keeps the
    file's order where it shows: a budget may end a run early, and shared notes serve the questions behind.
    """
    if settings.order != AUTO:
        return settings.order == "pages"
    is_limited = settings.max_cost or settings.max_tokens or settings.max_time_seconds
    return settings.for_each is not None and not shares_notes and not is_limited


def in_page_order(questions: Iterable[Question], pages_of: PagesOf) -> Iterator[Question]:
    """The questions, block by block, each block in an order that shares pages."""
    waiting = iter(questions)
    while block := list(islice(waiting, BLOCK)):
        if len(block) < 3:
            yield from block
            continue
        yield from (block[place] for place in chained([pages_of(question) for question in block]))


def predicted_pages(archive: Archive) -> PagesOf:
    """What a question is likely to need: its document, where it is asked of one alone; else its search results."""

    def pages_of(question: Question) -> Sequence[str]:
        if question.doc_id is not None:
            return (question.doc_id,)
        hits = archive.search(question.question, limit=DEPTH)
        # Its documents too: an outline or another page of a report is shared where no page is.
        return [*(hit.segment.segment_id for hit in hits), *dict.fromkeys(hit.document.doc_id for hit in hits)]

    return pages_of


def chained(pages: Sequence[Sequence[str]]) -> list[int]:
    """Places of all page lists, best pages first, in an order in which neighbours share pages.

    Begins with the first; goes on with the first one left where nothing is shared. Time grows with the sharing pairs.
    """
    askers: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, wanted in enumerate(pages):
        for rank, page in enumerate(dict.fromkeys(wanted), 1):
            askers[page].append((place, rank))
    left = dict.fromkeys(range(len(pages)))
    order: list[int] = []
    while left:
        shared: Counter[int] = Counter()
        for age, before in enumerate(reversed(order[-MEMORY:])):
            for rank, page in enumerate(dict.fromkeys(pages[before]), 1):
                for place, its_rank in askers[page]:
                    if place in left:
                        shared[place] += (WEIGHT >> age) // (rank * its_rank)
        best = min(shared, key=lambda place: (-shared[place], place)) if shared else next(iter(left))
        del left[best]
        order.append(best)
    return order
