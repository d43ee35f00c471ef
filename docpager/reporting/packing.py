"""How a report stays small: data in its file as long as there is room, in a folder beside it from then on."""

from __future__ import annotations

import base64
import gzip
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docpager.analysis.sheets import whole_file
from docpager.reporting.page import BESIDE, BLOCKS, INSIDE, report_html
from docpager.reporting.page_pictures import Picture
from docpager.reporting.story_blocks import StoryBlock
from docpager.reporting.story_picture import standing_alone
from docpager.reporting.text import script_json

_ENDINGS = {"image/webp": "webp", "image/png": "png"}
_FULL = 0.9
"""A part is planned to fill so much of a file: questions are not all of one length."""
_STORY_BYTES = 2400
"""About what a story takes when it is compressed."""

_NAMED_BYTES = 320
"""The most that what stands beside the file takes in it."""

View = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Datum:
    """A story or a picture: as it stands in the file, and as a file of its own with what then stands in the file."""

    inside: str
    name: str
    content: bytes
    outside: str


@dataclass(slots=True)
class Package:
    """The data of a report, and where each piece of it goes."""

    output: Path
    most: int
    """Bytes of the file."""
    stories: Mapping[int, StoryBlock]
    """By the number of the question."""
    pictures: Sequence[Picture]
    beside: dict[str, bytes] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where that goes which does not fit: ``report.files`` beside ``report.html``."""
        return self.output.with_suffix(".files")

    def write(self, view: View) -> int:
        """Writes the file, and first what it needs beside it; gives the file's bytes."""
        first, *others = self._parts(view)
        page = self._page(first, f"{self.folder.name}/")
        for number, part in enumerate(others, 2):
            self.beside[_part_name(number)] = self._page(part, "")
        if self.folder.is_dir():
            shutil.rmtree(self.folder)
        for name, content in self.beside.items():
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(self.folder / name, content)
        _write(self.output, page)
        return len(page)

    # Parts: more questions than one file holds

    def _parts(self, view: View) -> list[dict[str, Any]]:
        """The view as one page or, where its questions are too many, as several."""
        questions = view["questions"]
        size = len(report_html({**view, "parts": []}).encode())
        if size + _NAMED_BYTES * (len(self.stories) + len(self.pictures)) <= self.most or len(questions) < 2:
            return [{**view, "parts": []}]
        frame = len(report_html({**view, "parts": [], "questions": []}).encode())
        wanted = size - frame + _STORY_BYTES * len(self.stories)
        count = math.ceil(wanted / max(1, _FULL * (self.most - frame)))
        each = math.ceil(len(questions) / min(len(questions), count))
        groups = [questions[n : n + each] for n in range(0, len(questions), each)]
        for number, group in enumerate(groups[1:], 2):
            for question in group:
                question["href"] = f"{self.folder.name}/{_part_name(number)}#q{question['number']}"
        return [self._part(view, groups, number) for number in range(1, len(groups) + 1)]

    def _part(self, view: View, groups: Sequence[Sequence[Any]], number: int) -> dict[str, Any]:
        links = []
        for other, group in enumerate(groups, 1):
            words = f"Questions {group[0]['number']:,} to {group[-1]['number']:,}"
            home = f"../{self.output.name}" if number > 1 else ""
            inner = _part_name(other) if number > 1 else f"{self.folder.name}/{_part_name(other)}"
            links.append({"words": words, "href": home if other == 1 else inner, "here": other == number})
        told = {**view, "questions": groups[number - 1], "parts": links}
        return told if number == 1 else {**told, "open_ends": [], "unread": [], "diff": None}

    # One page

    def _page(self, view: View, base: str) -> bytes:
        """A page with as much of its data as it has room for; ``base`` leads from it to the folder."""
        room = self.most - len(report_html(view, image_sources=BESIDE).encode())
        numbers = [q["number"] for q in view["questions"] if q["number"] in self.stories]
        cited = [c["picture"] for q in view["questions"] for c in q["citations"] if c["picture"] is not None]
        pictures = [self._picture(number, base) for number in dict.fromkeys(cited)]
        data = [*(self._story(number, base) for number in numbers), *pictures]
        if sum(map(_size, data)) > room:
            # Compressed ones cannot be drawn at once, which is missed on paper, but take a fifth of the room.
            data = [*(self._story(number, base, compressed=True) for number in numbers), *pictures]
        before = len(self.beside)
        blocks = list(self._fitted(data, room))
        sources = BESIDE if len(self.beside) > before else INSIDE
        head, tail = report_html(view, image_sources=sources).split(BLOCKS, 1)
        return "\n".join([head, *blocks, tail]).encode()

    def _fitted(self, data: Sequence[_Datum], room: int) -> Iterator[str]:
        """What stands in the file of each piece of data, the first ones whole; room is kept for what names the rest."""
        room -= sum(len(datum.outside) + 1 for datum in data)
        for datum in data:
            room += len(datum.outside) + 1
            if _size(datum) <= room:
                room -= _size(datum)
                yield datum.inside
            else:
                self.beside[datum.name] = datum.content
                room -= len(datum.outside) + 1
                yield datum.outside

    def _story(self, number: int, base: str, *, compressed: bool = False) -> _Datum:
        story, key, name = self.stories[number], f"story-{number}", f"story-{number}.svg"
        facts: dict[str, Any] = {"words": story.words, "steps": story.steps, "svg": story.svg}
        if compressed:
            packed = gzip.compress(script_json(facts).encode(), mtime=0)
            facts = {"gzip": base64.b64encode(packed).decode()}
        outside = _block(key, {"words": story.words, "src": base + name})
        return _Datum(_block(key, facts), name, standing_alone(story.svg).encode(), outside)

    def _picture(self, number: int, base: str) -> _Datum:
        picture = self.pictures[number]
        key, name = f"picture-{number}", f"page-{number}.{_ENDINGS[picture.media_type]}"
        facts = {"width": picture.width, "height": picture.height, "type": picture.media_type}
        inside = _block(key, {**facts, "data": base64.b64encode(picture.data).decode()})
        return _Datum(inside, name, picture.data, _block(key, {**facts, "src": base + name}))


def _part_name(number: int) -> str:
    return f"questions-{number}.html"


def _size(datum: _Datum) -> int:
    return len(datum.inside.encode()) + 1  # and the line's end


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as file:
        file.write(content)


def _block(name: str, value: Any) -> str:
    return f'<script type="application/json" id="{name}">{script_json(value)}</script>'
