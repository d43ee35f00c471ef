"""The paging story of one question: its trace told step by step, with documents and paper pages in place of ids."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

Row = Mapping[str, Any]

LOOKING = ("Search", "Find", "Outline")
_QUESTIONS = {"Search": "query", "Find": "text", "Outline": "words"}
_UNTOLD = frozenset({"ModelCall", "PageFault", "Reclaim", "MemoryPressure"})
"""Events that other words of the story hold: the calls, what was read again, the evictions, and the bar."""

_JOINED = frozenset(
    {"PageIn", "PageHit", "Prefetch", "PageOut", "Eviction", "Pin", "Unpin", "AdmissionRefused", "Noted"}
)
"""Events that happen to one page after the other and are told as one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a memory page stands on paper."""

    document: str
    """The document's path; the start of the page's id where it is unknown."""
    page_number: int | None = None
    """None in documents without paper pages, and where it is unknown."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names for what a trace holds as ids and handles; what is not in them is shown as it is."""

    pages: Mapping[str, Place] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    """Paths by handle."""

    def place(self, page_id: str) -> Place:
        """A memory page's place."""
        return self.pages.get(page_id) or Place(page_id[:8])

    def document(self, handle: str) -> str:
        """A document's path."""
        return self.documents.get(handle, handle)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done in a step, once or to several pages."""

    event: str
    places: tuple[Place, ...] = ()
    again: int = 0
    """So many of the pages had been resident before."""
    tokens: int = 0
    words: str = ""
    """What was looked for."""
    documents: tuple[str, ...] = ()
    """What looking was limited to."""
    as_in_step: int | None = None
    """The first step that looked for the same, where this one is later."""
    repeated: bool = False
    """An earlier step was shown the same results of it, too."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """The event's further arguments."""


@dataclass(frozen=True, slots=True)
class Step:
    """One model call and what came of it."""

    number: int
    calls: tuple[str, ...]
    deeds: tuple[Deed, ...]
    resident_tokens: int | None
    """When the step was over."""
    capacity: int | None
    pressure: bool
    """Memory passed the watermark at which the model is warned."""
    prompt_tokens: int | None
    completion_tokens: int | None
    milliseconds: float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a question took, from its row in ``answers`` and, where that does not know, from its events."""

    steps: int
    faults: int
    refaults: int
    evictions: int
    tokens: int
    """Prompt and completion."""
    cacheable_share: float | None
    """Prompt tokens that repeat the start of the request before, of all prompt tokens."""
    context_peak_tokens: int | None
    latency_seconds: float | None


_Seen = dict[str, tuple[int, set[int]]]
"""What was looked for, the first step that did, and the ranks from which results were shown."""


def page_ids(events: Iterable[Row]) -> list[str]:
    """All memory pages that events are about, each once."""
    return list(dict.fromkeys(page_id for event in events for page_id in event["page_ids"] or ()))


def told(events: Sequence[Row], names: Names) -> list[Step]:
    """The steps of one question's events, in order."""
    seen: _Seen = {}
    steps = []
    for number, group in groupby(events, key=lambda event: int(event["step"])):
        steps.append(_step(number, list(group), names, seen))
    return steps


def counts(answer: Row, events: Sequence[Row]) -> Counts:
    """What the question took."""
    calls = [event for event in events if event["event"] == "ModelCall"]
    prompt = _known(answer["prompt_tokens"], sum(event["prompt_tokens"] or 0 for event in calls))
    completion = _known(answer["completion_tokens"], sum(event["completion_tokens"] or 0 for event in calls))
    cacheable = answer["cacheable_tokens"]
    return Counts(
        steps=_known(answer["steps"], len(calls)),
        faults=_known(answer["faults"], _number(events, "PageFault")),
        refaults=_known(answer["refaults"], sum(_arguments(e).get("refault") is True for e in events)),
        evictions=_known(answer["evictions"], _number(events, "Eviction")),
        tokens=prompt + completion,
        cacheable_share=None if cacheable is None or not prompt else cacheable / prompt,
        context_peak_tokens=answer["context_peak_tokens"],
        latency_seconds=answer["latency_seconds"],
    )


def _known(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def _number(events: Iterable[Row], name: str) -> int:
    return sum(event["event"] == name for event in events)


def _arguments(event: Row) -> dict[str, Any]:
    """An event's arguments; none where they cannot be read."""
    try:
        read = json.loads(event["arguments"] or "{}")
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _step(number: int, events: Sequence[Row], names: Names, seen: _Seen) -> Step:
    call: Row = next((event for event in events if event["event"] == "ModelCall"), {})
    again = {
        page_id
        for event in events
        if event["event"] == "PageFault" and _arguments(event).get("refault") is True
        for page_id in event["page_ids"]
    }
    return Step(
        number=number,
        calls=tuple(map(str, _arguments(call).get("calls") or ())) if call else (),
        deeds=tuple(_deeds(number, events, again, names, seen)),
        resident_tokens=events[-1]["tokens_after"],
        capacity=events[-1]["capacity"],
        pressure=any(event["event"] == "MemoryPressure" for event in events),
        prompt_tokens=call.get("prompt_tokens"),
        completion_tokens=call.get("completion_tokens"),
        milliseconds=call.get("milliseconds"),
    )


def _deeds(number: int, events: Sequence[Row], again: set[str], names: Names, seen: _Seen) -> Iterator[Deed]:
    """What was done, in order; the same thing done to several pages in a row is one deed."""
    kept = [event for event in events if event["event"] not in _UNTOLD]
    for (name, _), run in groupby(kept, key=_joined):
        group = list(run)
        if name in LOOKING:
            yield _looked(number, group[0], names, seen)
            continue
        ids = [page_id for event in group for page_id in event["page_ids"] or ()]
        yield Deed(
            name,
            tuple(names.place(page_id) for page_id in ids),
            again=sum(page_id in again for page_id in ids) if name == "PageIn" else 0,
            tokens=sum(tokens for event in group for tokens in event["page_tokens"] or ()),
            details=_gathered(group),
        )


def _joined(event: Row) -> tuple[str, object]:
    """What events must share to be told as one."""
    return str(event["event"]), None if event["event"] in _JOINED else id(event)


def _looked(number: int, event: Row, names: Names, seen: _Seen) -> Deed:
    arguments = _arguments(event)
    name = str(event["event"])
    first = int(arguments.get("first") or 1)
    same = {key: value for key, value in arguments.items() if key not in ("first", "results")}
    step, ranks = seen.setdefault(json.dumps([name, same], sort_keys=True, default=str), (number, set()))
    repeated = first in ranks
    ranks.add(first)
    # Outline is called with one document, search and find with several or none.
    limited = arguments.get("documents") or ([arguments["document"]] if arguments.get("document") else [])
    return Deed(
        name,
        tuple(names.place(page_id) for page_id in event["page_ids"] or ()),
        words=str(arguments.get(_QUESTIONS[name]) or ""),
        documents=tuple(names.document(str(handle)) for handle in limited),
        as_in_step=step if step != number else None,
        repeated=repeated,
        details={"first": first, "results": arguments.get("results")},
    )


def _gathered(group: Sequence[Row]) -> dict[str, Any]:
    """The arguments of events told as one: lists of what each said where they differ."""
    gathered: dict[str, Any] = {}
    for name in dict.fromkeys(name for event in group for name in _arguments(event)):
        values = [_arguments(event).get(name) for event in group]
        gathered[name] = values[0] if len(values) == 1 else values
    return gathered


def by_document(places: Iterable[Place]) -> list[tuple[str, list[tuple[int | None, int]]]]:
    """Places as documents with their page numbers, each with how often it stands there, in the order of the places."""
    documents: dict[str, dict[int | None, int]] = {}
    for place in places:
        numbers = documents.setdefault(place.document, {})
        numbers[place.page_number] = numbers.get(place.page_number, 0) + 1
    return [(document, list(numbers.items())) for document, numbers in documents.items()]


def short_names(documents: Iterable[str]) -> Callable[[str], str]:
    """Names that tell documents apart and are no longer than that needs: the last part of the path where it does."""
    paths = set(documents)
    last = [path.rsplit("/", 1)[-1] for path in paths]
    return lambda path: name if last.count(name := path.rsplit("/", 1)[-1]) <= 1 else path
