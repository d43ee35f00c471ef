"""How an answer is shown: its text, its numbered citations, and one line of counts."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from docpager.cli.console import dollars, duration, plural
from docpager.records import VERIFIED_STATUSES, Answer, Citation

WIDTH = 110


def answer_lines(answer: Answer) -> Iterator[str]:
    """The answer and its citations, for reading."""
    for line in outcome(answer).splitlines():
        yield from textwrap.wrap(line, WIDTH)
    for conflict in answer.conflicts:
        yield from textwrap.wrap(f"Conflict: {conflict}", WIDTH)
    if answer.citations:
        yield ""
    for citation in answer.citations:
        yield from citation_lines(citation)


def outcome(answer: Answer) -> str:
    """The answer's text, or why there is none."""
    if answer.answer:
        return answer.answer.strip()
    why = answer.abstain_reason or answer.error_message or answer.exit_status.value.replace("_", " ")
    return f"No answer: {' '.join(why.split())}"


def citation_lines(citation: Citation) -> Iterator[str]:
    """``[1] file, page 3`` with its headings, and the quote below."""
    headings = " > ".join(" ".join(heading.split()) for heading in citation.headings)
    checked = "" if citation.verify_status in VERIFIED_STATUSES else f"  ({citation.verify_status.value})"
    yield f"[{citation.n}] {place(citation)}{f'  [{headings}]' if headings else ''}{checked}"
    quote = " ".join(citation.quote.split())
    yield from textwrap.wrap(f'"{quote}"', WIDTH, initial_indent="    ", subsequent_indent="     ")


def place(citation: Citation) -> str:
    """File and page number, with the printed page label where it says something else."""
    if citation.page_number is None:
        return citation.doc_path
    label = citation.page_label
    printed = f" (printed {label})" if label and label != str(citation.page_number) else ""
    return f"{citation.doc_path}, page {citation.page_number}{printed}"


def counts_line(answer: Answer) -> str:
    """How it ended and what it took, in one line."""
    verified = verified_count(answer.citations)
    usage, paging = answer.usage, answer.paging
    parts = [
        f"{answer.exit_status.value.replace('_', ' ')} by {answer.model or 'an unnamed model'}",
        f"{verified} of {plural(len(answer.citations), 'citation')} verified",
        plural(paging.steps, "step"),
        f"{plural(paging.page_ins, 'page')} paged in",
        plural(paging.evictions, "eviction"),
        f"largest request {paging.context_peak_tokens:,} tokens",
        f"{usage.prompt_tokens + usage.completion_tokens:,} tokens in all",
        dollars(usage.cost_usd),
    ]
    if answer.latency_seconds is not None:
        parts.append(duration(answer.latency_seconds))
    return ", ".join(parts)


def verified_count(citations: Iterable[Citation]) -> int:
    """How many citations stand in the archive as they are quoted."""
    return sum(citation.verify_status in VERIFIED_STATUSES for citation in citations)
