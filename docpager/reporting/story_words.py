"""The steps of a paging story in words, one sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from docpager.analysis.paging_story import Deed, Place, Step, by_document, short_names
from docpager.reporting.text import folded, spaced

MOST_PLACES = 6
_VERBS = {
    "PageIn": "read",
    "Prefetch": "read ahead",
    "PageHit": "had in memory",
    "PageOut": "let go of",
    "Eviction": "evicted",
    "Pin": "pinned",
    "Unpin": "unpinned",
    "AdmissionRefused": "had no room for",
    "LinesTrimmed": "showed only lines of",
    "Noted": "took notes",
    "Summarized": "shortened the log",
    "Thrashing": "thrashing",
    "Resized": "room for pages changed",
    "CitationRejected": "had a citation rejected",
    "AbstainRefused": "was told to read first",
    "SearchRepeated": "was led on from results it had",
}
_LOOKS = {"Search": "searched", "Find": "looked through", "Outline": "looked at the outline of"}

StepRow = tuple[int, str, int | None, int | None, bool]
"""Step, what happened, resident tokens, capacity, and whether memory was under pressure."""


def step_rows(steps: Sequence[Step]) -> list[StepRow]:
    """A row for each step."""
    named = {place.document for step in steps for deed in step.deeds for place in deed.places}
    named |= {document for step in steps for deed in step.deeds for document in deed.documents}
    short = short_names(named)
    return [(step.number, _told(step, short), step.resident_tokens, step.capacity, step.pressure) for step in steps]


def _told(step: Step, short: Callable[[str], str]) -> str:
    told = "; ".join(_sentences(step.deeds, short))
    return told or (f"called {', '.join(step.calls)}, without effect" if step.calls else "called nothing")


def _sentences(deeds: Sequence[Deed], short: Callable[[str], str]) -> Iterator[str]:
    for deed in deeds:
        if deed.event in _LOOKS:
            yield _looked(deed, short)
        elif deed.event == "Answered":
            yield f"ended: {spaced(deed.details.get('exit_status', ''))}"
        else:
            verb = _VERBS.get(deed.event, spaced(deed.event).lower())
            again = f" ({deed.again} again)" if deed.again else ""
            places = _places(deed.places, short) if deed.event != "Noted" else ""
            yield f"{verb}{again}{' ' if places else ''}{places}"


def _looked(deed: Deed, short: Callable[[str], str]) -> str:
    if deed.as_in_step is not None:
        return f"went on with the results of step {deed.as_in_step}"
    where = ", ".join(folded(short(document), 60) for document in deed.documents[:3])
    words = f"for “{folded(deed.words, 120)}”" if deed.words else ""
    if deed.event == "Outline":
        return " ".join(filter(None, ["looked at the outline of", where or "all documents", words]))
    results = deed.details.get("results")
    found = "" if results is None else f": {results} result{'' if results == 1 else 's'}"
    return " ".join(filter(None, [_LOOKS[deed.event], where, words])) + found


def _places(places: Sequence[Place], short: Callable[[str], str]) -> str:
    told, left = [], MOST_PLACES
    for document, numbers in by_document(places):
        if left <= 0:
            break
        kept = [str(number) for number, _ in numbers[:left] if number is not None]
        left -= max(1, len(kept))
        pages = f" page{'' if len(kept) == 1 else 's'} {', '.join(kept)}" if kept else ""
        told.append(f"{folded(short(document), 60)}{pages}")
    more = sum(len(numbers) for _, numbers in by_document(places)) - (MOST_PLACES - left)
    return "; ".join(told) + (f" and {more} more" if more > 0 else "")
