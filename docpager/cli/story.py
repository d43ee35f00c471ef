"""The paging story in a terminal: a line for what each step did, beside a bar of how full memory was."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from docpager.analysis.paging_story import Counts, Deed, Place, Step, by_document, short_names
from docpager.cli.console import duration, plural

BAR = 10
GUTTER = BAR + 13
"""Step number, bar, percentage and the blanks between them."""
MOST_PLACES, MOST_RESULTS = 8, 5
"""So many paper pages of a deed are named, and so many of what was found or evicted."""
LONGEST_ANSWER = 600
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_ACTIONS = {
    "trim_lines": "from now on only the lines that bear on the question are shown again",
    "lend_log": "half of the log's share goes to pages",
    "ask_for_notes": "the model is asked to write notes and to unpin",
    "answer": "the question ends with what is known",
}


@dataclass(frozen=True, slots=True)
class Ink:
    """What the terminal can show: colours, and more than ASCII."""

    colour: bool
    unicode: bool

    @staticmethod
    def of_stdout() -> Ink:
        """Colours on a terminal, unless NO_COLOR is set; block characters where the encoding has them."""
        try:
            "█·…×“”".encode(sys.stdout.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return Ink(_coloured(), False)
        return Ink(_coloured(), True)

    def style(self, text: str, **attributes: Any) -> str:
        """Styled text, or the text."""
        return click.style(text, **attributes) if self.colour and text else text

    def plain(self, text: str) -> str:
        """Text in what the terminal has, and nothing that would steer it: a document's words are a stranger's."""
        text = _CONTROLS.sub("", text)
        if self.unicode:
            return text
        for fine, coarse in (("…", "..."), ("×", "x"), ("“", '"'), ("”", '"')):
            text = text.replace(fine, coarse)
        return text.encode("ascii", "replace").decode()


def _coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


@dataclass(slots=True)
class StoryPrinter:
    """Renders steps, in order, and what they came to, ``width`` columns wide.

    A document is named where another one was named last; until then, page numbers alone are its.
    """

    width: int
    ink: Ink
    short: Callable[[str], str]
    """The name a document goes by."""
    named: str = ""
    """The document that was named last; none after several were."""

    @staticmethod
    def for_steps(steps: Iterable[Step], width: int, ink: Ink) -> StoryPrinter:
        """A printer that knows the names it needs."""
        named = {place.document for step in steps for deed in step.deeds for place in deed.places}
        named |= {document for step in steps for deed in step.deeds for document in deed.documents}
        return StoryPrinter(max(width, 60), ink, short_names(named))

    @property
    def room(self) -> int:
        """Columns beside the bar."""
        return self.width - GUTTER

    # Steps

    def heads(self) -> str:
        """What stands above the steps."""
        return self.ink.style(f"{'step':>4}  {'memory':<{BAR + 5}}  what happened", dim=True)

    def step_lines(self, step: Step) -> Iterator[str]:
        """A step: its number and bar, and beside them what was done."""
        lines = [line for deed in step.deeds for line in self._deed_lines(deed)] or [self._idle(step)]
        yield f"{step.number:>4}  {self._bar(step)}  {lines[0]}"
        for line in lines[1:]:
            yield " " * GUTTER + line

    def _idle(self, step: Step) -> str:
        return f"called {', '.join(step.calls)}, without effect" if step.calls else "called nothing"

    def _bar(self, step: Step) -> str:
        if step.resident_tokens is None or not step.capacity:
            return " " * (BAR + 5)
        share = step.resident_tokens / step.capacity
        filled = min(BAR, round(share * BAR))
        full, empty = ("█", "·") if self.ink.unicode else ("#", ".")
        colour = "red" if share > 0.9 else "yellow" if share > 0.7 else "cyan"
        return f"{self.ink.style(full * filled, fg=colour)}{empty * (BAR - filled)} {share:>4.0%}"

    def _deed_lines(self, deed: Deed) -> list[str]:
        head, rest = self._sentence(deed)
        text = self.ink.plain(f"{head} {rest}".strip())
        lines = textwrap.wrap(text, self.room, subsequent_indent="  ", break_on_hyphens=False) or [""]
        attributes = _STYLES.get(deed.event)
        if attributes and lines[0].startswith(head):
            lines[0] = self.ink.style(head, **attributes) + lines[0][len(head) :]
        return lines

    def _sentence(self, deed: Deed) -> tuple[str, str]:
        """A deed as its verb and the rest."""
        if deed.event in _VERBS:
            verb, details = _VERBS[deed.event]
            return verb, f"{details(self, deed) if details else self._pages(deed)}"
        given = ", ".join(f"{name} {value}" for name, value in deed.details.items())
        return _spaced(deed.event), " ".join(filter(None, [given, self._places(deed.places)]))

    def _pages(self, deed: Deed) -> str:
        again = f" ({'' if deed.again == len(deed.places) else f'{deed.again} '}again)" if deed.again else ""
        most = MOST_RESULTS if deed.event == "Eviction" else MOST_PLACES
        return f"{len(deed.places)}{again}: {self._places(deed.places, most)}"

    def _looked(self, deed: Deed) -> str:
        """``report.pdf for “fuel costs”: 10 results, pages 3, 7``; ``it`` stands for the document named last."""
        if deed.as_in_step is not None and deed.repeated:
            return f"again as in step {deed.as_in_step}"
        on = f"on from step {deed.as_in_step}, result {deed.details['first']}"
        told = self._sought(deed) if deed.as_in_step is None else on
        results, places = deed.details["results"], self._places(deed.places, MOST_RESULTS)
        found = "" if results is None else f": {plural(results, 'result')}"
        return f"{told}{found}{f', {places}' if places else ''}"

    def _sought(self, deed: Deed) -> str:
        where = self._names(deed.documents)
        if deed.event == "Outline":
            where = f"in the outline of {where}" if where else "among the documents"
        words = f"for “{self._shortened(deed.words)}”" if deed.words else ""
        first = deed.details["first"]
        return " ".join(filter(None, [where, words, f"from result {first} on" if first > 1 else ""]))

    def _noted(self, deed: Deed) -> str:
        names, addresses = _flat(deed.details.get("note")), _flat(deed.details.get("addresses"))
        texts = "; ".join(f"“{self._shortened(text)}”" for text in _flat(deed.details.get("text")))
        where = self._places(deed.places) or ", ".join(addresses)
        return f"{', '.join(names)}{f' from {where}' if where else ''}{f': {texts}' if texts else ''}"

    def _shortened(self, text: str) -> str:
        folded, most = " ".join(text.split()), max(30, self.room - 20)
        return folded if len(folded) <= most else folded[: most - 1].rstrip() + "…"

    def _names(self, documents: Sequence[str]) -> str:
        if not documents:
            return ""
        if list(documents) == [self.named]:
            return "it"
        self.named = documents[0] if len(documents) == 1 else ""
        names = [self._name(document) for document in documents[:3]]
        return ", ".join(names) + (f" and {len(documents) - 3} more" if len(documents) > 3 else "")

    def _name(self, document: str) -> str:
        name, most = self.short(document), max(24, self.room * 6 // 10)
        return name if len(name) <= most else f"{name[: most // 2]}…{name[-(most - most // 2 - 1) :]}"

    def _places(self, places: Sequence[Place], most: int = MOST_PLACES) -> str:
        """``report.pdf pages 41, 48 ×2; letter.txt``; of the document named last, the page numbers alone."""
        if not places:
            return ""
        documents = by_document(places)
        known, self.named = self.named, documents[0][0] if len(documents) == 1 else ""
        shown = 0
        told: list[str] = []
        for document, numbers in documents:
            if shown >= most:
                break
            kept = numbers[: most - shown]
            shown += len(kept)
            understood = document == known and not told and kept[0][0] is not None
            name = "" if understood else self._name(document)
            told.append(" ".join(filter(None, [name, _numbers(kept)])))
        more = sum(len(numbers) for _, numbers in documents) - shown
        return "; ".join(told) + (f" and {more} more" if more else "")

    # The end

    def wrapped(self, text: str) -> list[str]:
        """Text in lines that fit."""
        return textwrap.wrap(self.ink.plain(text), self.width)

    def answer_lines(self, answer: Mapping[str, Any]) -> Iterator[str]:
        """How the question ended, and its answer in short."""
        status = str(answer["exit_status"])
        text = answer["answer"] or answer["abstain_reason"] or answer["error_message"] or ""
        short = " ".join(text.split())
        short = short if len(short) <= LONGEST_ANSWER else short[: LONGEST_ANSWER - 1] + "…"
        head = status.replace("_", " ") + (":" if short else ".")
        lines = textwrap.wrap(self.ink.plain(f"{head} {short}"), self.width)
        colour = "green" if status == "answered" else "yellow"
        yield self.ink.style(head, fg=colour, bold=True) + lines[0][len(head) :]
        yield from lines[1:]

    def citation_lines(self, citation: Mapping[str, Any]) -> list[str]:
        """A cited place, how it was checked, when it was read and how search had ranked it, and the quote's start."""
        page = "" if citation["page_number"] is None else f", page {citation['page_number']}"
        facts = [str(citation["verify_status"]).replace("_", " ")]
        if citation["page_in_step"] is not None:
            facts.append(f"read in step {citation['page_in_step']}")
        if citation["retrieval_rank"] is not None:
            facts.append(f"search rank {citation['retrieval_rank']}")
        head = f"[{citation['n']}] {self.short(citation['doc_path'] or '')}{page} ({', '.join(facts)})"
        quote = " ".join((citation["quote"] or "").split())
        most = self.width - 6
        quote = quote if len(quote) <= most else quote[: most - 1].rstrip() + "…"
        lines = textwrap.wrap(self.ink.plain(head), self.width, subsequent_indent="    ", break_on_hyphens=False)
        return [*lines, self.ink.style(self.ink.plain(f"    “{quote}”"), dim=True)]

    def counts_lines(self, counts: Counts) -> list[str]:
        """What it took: one line with as much as there is room for, the most telling first."""
        cacheable = "" if counts.cacheable_share is None else f" ({counts.cacheable_share:.0%} cacheable)"
        parts = [
            plural(counts.faults, "fault"),
            plural(counts.refaults, "refault"),
            plural(counts.evictions, "eviction"),
            f"{counts.tokens:,} tokens{cacheable}",
            plural(counts.steps, "step"),
        ]
        if counts.latency_seconds is not None:
            parts.append(duration(counts.latency_seconds))
        if counts.context_peak_tokens is not None:
            parts.append(f"largest request {counts.context_peak_tokens:,}")
        while len(parts) > 4 and len(", ".join(parts)) > self.width:
            parts.pop()
        return self.wrapped(", ".join(parts))


def _spaced(event: str) -> str:
    """``LinesTrimmed`` as ``lines trimmed``."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in event).strip()


def _flat(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _flat(item)]
    return [] if value is None else [str(value)]


def _numbers(numbers: Sequence[tuple[int | None, int]]) -> str:
    if numbers[0][0] is None:
        return "" if numbers[0][1] == 1 else f"×{numbers[0][1]}"
    listed = ", ".join(f"{number}{f' ×{times}' if times > 1 else ''}" for number, times in numbers)
    return f"{'page' if len(numbers) == 1 else 'pages'} {listed}"


def _trimmed(printer: StoryPrinter, deed: Deed) -> str:
    return f"{deed.details.get('lines', '')} of {printer._places(deed.places)}".strip()


def _summarized(_: StoryPrinter, deed: Deed) -> str:
    entries = deed.details.get("entries")
    if deed.details.get("by") == "model":
        return f"in the model's words, {plural(deed.details.get('tokens', 0), 'token')}"
    return f"by {plural(entries, 'entry', 'entries')}" if isinstance(entries, int) else ""


def _thrashing(_: StoryPrinter, deed: Deed) -> str:
    rate, action = deed.details.get("refault_rate"), str(deed.details.get("action", ""))
    share = f"{rate:.0%} of the last references were to pages that had gone: " if isinstance(rate, float) else ""
    return share + _ACTIONS.get(action, action)


def _resized(_: StoryPrinter, deed: Deed) -> str:
    before, window = deed.details.get("capacity_before"), deed.details.get("window")
    return f"was {before:,} tokens" + (f"; the window is {window:,} tokens now" if window else "") if before else ""


def _rejected(_: StoryPrinter, deed: Deed) -> str:
    return "; ".join(f"{address} {reason}".strip() for address, reason in deed.details.items())


_Details = Callable[[StoryPrinter, Deed], str]
_VERBS: dict[str, tuple[str, _Details | None]] = {
    "Search": ("searched", StoryPrinter._looked),
    "Find": ("looked through", StoryPrinter._looked),
    "Outline": ("looked", StoryPrinter._looked),
    "SearchRepeated": ("was led on from results it had", None),
    "PageIn": ("read", None),
    "Prefetch": ("read ahead", None),
    "PageHit": ("had in memory", None),
    "PageOut": ("let go of", None),
    "Eviction": ("evicted", None),
    "Pin": ("pinned", None),
    "Unpin": ("unpinned", None),
    "AdmissionRefused": ("had no room for", None),
    "LinesTrimmed": ("showed only lines", _trimmed),
    "Noted": ("noted", StoryPrinter._noted),
    "Summarized": ("shortened the log", _summarized),
    "Thrashing": ("thrashing:", _thrashing),
    "Resized": ("room for pages changed:", _resized),
    "CitationRejected": ("had a citation rejected:", _rejected),
    "AbstainRefused": ("was told to read first", None),
    "Answered": ("ended", lambda _, deed: str(deed.details.get("exit_status", "")).replace("_", " ")),
}
"""How each event is told; one that is not here is told by its own name and arguments."""
_STYLES: dict[str, dict[str, Any]] = {
    "PageIn": {"fg": "green"},
    "Prefetch": {"fg": "green"},
    "Eviction": {"fg": "red"},
    "PageOut": {"fg": "red"},
    "AdmissionRefused": {"fg": "red", "bold": True},
    "Thrashing": {"fg": "red", "bold": True},
    "CitationRejected": {"fg": "red"},
    "Noted": {"fg": "yellow"},
    "Search": {"bold": True},
    "Find": {"bold": True},
    "Outline": {"bold": True},
    "Summarized": {"dim": True},
}
