"""Writes a run's report: one file that works from a mailbox, and a folder beside it for what does not fit."""

from __future__ import annotations

import base64
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docpager.analysis.run_diff import run_diff
from docpager.analysis.sheets import whole_file
from docpager.batch.manifest import read_manifest
from docpager.batch.tables import read_answers, read_citations
from docpager.protocols import Archive, Executor
from docpager.reporting.page import BESIDE, BLOCKS, INSIDE, report_html
from docpager.reporting.page_pictures import Picture
from docpager.reporting.sources import sources_of
from docpager.reporting.story_blocks import StoryBlock, stories, unread_segments
from docpager.reporting.text import script_json
from docpager.reporting.view import MOST_UNREAD, Materials, answer_key, report_view, unread_ids

MOST_BYTES = 15_000_000
"""Of the file: what mail servers carry, with the third that mail adds, stays below 25 MB."""
PICTURES = ("crop", "all", "none")
_ENDINGS = {"image/webp": "webp", "image/png": "png"}


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """What was written."""

    path: Path
    size: int
    questions: int
    citations: int
    pictures: int
    beside: Path | None = None
    """The folder of what did not fit."""
    files: int = 0


def write_report(
    run: Path,
    output: Path,
    archive: Archive | None,
    executor: Executor | None,
    *,
    pictures: str = "crop",
    against: Path | None = None,
    archive_note: str = "",
    most_bytes: int = MOST_BYTES,
) -> WrittenReport:
    """Writes the report of a run, whole; ``executor`` draws the pages, in processes that a file may bring down.

    Raises ``MissingInputError`` or ``DocpagerError`` where a run has no whole tables, ``TemporaryError`` where the
    file cannot be written.
    """
    answers, citations = list(read_answers(run)), list(read_citations(run))
    drawing = executor if pictures != "none" else None
    sources = sources_of(citations, archive, drawing, whole=pictures == "all")
    materials = Materials(
        read_manifest(run),
        answers,
        citations,
        sources.of,
        unread_segments((s for row in answers for s in unread_ids(row)[:MOST_UNREAD]), archive),
        None if against is None else run_diff(against, run),
        archive_note,
    )
    numbers = {answer_key(row): n for n, row in reversed(list(enumerate(answers, 1)))}
    told = stories(run, {answer_key(row): row["question"] for row in answers}, archive)
    packed = _Packed(output.with_suffix(".files"), most_bytes)
    view = report_view(materials)
    packed.take(len(report_html(view, image_sources=BESIDE).encode()))
    for key, story in told:
        packed.add_story(numbers[key], story)
    for number, picture in enumerate(sources.pictures):
        packed.add_picture(number, picture)
    html = report_html(view, image_sources=BESIDE if packed.files else INSIDE)
    size = packed.write(output, html)
    beside = packed.folder if packed.files else None
    return WrittenReport(output, size, len(answers), len(citations), len(sources.pictures), beside, len(packed.files))


@dataclass(slots=True)
class _Packed:
    """What goes into the file as long as there is room, and beside it from then on."""

    folder: Path
    most: int
    size: int = 0
    blocks: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def take(self, size: int) -> None:
        self.size += size

    def add_story(self, number: int, story: StoryBlock) -> None:
        from docpager.reporting.story_picture import standing_alone

        data = {"words": story.words, "steps": story.steps}
        if not self._fits(_block(f"story-{number}", {**data, "svg": story.svg})):
            name = f"story-{number}.svg"
            self.files[name] = standing_alone(story.svg).encode()
            self._keep(_block(f"story-{number}", {"words": story.words, "src": f"{self.folder.name}/{name}"}))

    def add_picture(self, number: int, picture: Picture) -> None:
        facts: dict[str, Any] = {"width": picture.width, "height": picture.height, "type": picture.media_type}
        data = base64.b64encode(picture.data).decode()
        if not self._fits(_block(f"picture-{number}", {**facts, "data": data})):
            name = f"page-{number}.{_ENDINGS[picture.media_type]}"
            self.files[name] = picture.data
            self._keep(_block(f"picture-{number}", {**facts, "src": f"{self.folder.name}/{name}"}))

    def _fits(self, block: str) -> bool:
        if self.size + len(block.encode()) > self.most:
            return False
        self._keep(block)
        return True

    def _keep(self, block: str) -> None:
        self.blocks.append(block)
        self.size += len(block.encode()) + 1  # and the line's end

    def write(self, output: Path, html: str) -> int:
        """Writes the folder, then the file that needs it."""
        if self.folder.is_dir():
            shutil.rmtree(self.folder)
        for name, content in self.files.items():
            self.folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self.folder / name) as file:
                file.write(content)
        before, after = html.split(BLOCKS, 1)
        content = "\n".join([before, *self.blocks, after]).encode()
        with whole_file(output) as file:
            file.write(content)
        return len(content)


def _block(name: str, value: Any) -> str:
    return f'<script type="application/json" id="{name}">{script_json(value)}</script>'
