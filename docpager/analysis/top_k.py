"""The peer that is usual elsewhere: the question and the best passages of one search, in one prompt."""

from __future__ import annotations

from dataclasses import dataclass

from docpager.analysis.evidence import PaperPage
from docpager.protocols import Archive, TokenCounter
from docpager.records import SearchHit

_FIRST = 64


@dataclass(frozen=True, slots=True)
class TopK:
    """The passages of one prompt, and the tokens it has."""

    pages: frozenset[PaperPage]
    k: int
    prompt_tokens: int


def top_k(archive: Archive, question: str, tokens: float, counter: TokenCounter) -> TopK:
    """As many of the best passages as a prompt of so many tokens holds beside the question.

    The search is the agent's own, over all documents. Instructions and the reply are not charged, and no window bounds
    the prompt, so that this peer is not made worse than it is.
    """
    left = tokens - counter.count(question)
    pages: set[PaperPage] = set()
    k, limit = 0, _FIRST
    hits = archive.search(question, limit=limit)
    while k < len(hits):
        cost = counter.count(passage(hits[k]))
        if cost > left:
            break
        left -= cost
        pages.add((hits[k].document.path, hits[k].segment.page_number))
        k += 1
        if k == limit:
            limit *= 2
            hits = archive.search(question, limit=limit)
    return TopK(frozenset(pages), k, round(tokens - left))


def passage(hit: SearchHit) -> str:
    """A passage as a prompt would have it: where it stands, a table's column heads, the text."""
    where = f"[{hit.document.path}, page {hit.segment.page_number}]"
    return "\n".join(part for part in (where, hit.segment.prefix, hit.segment.text) if part) + "\n"
