"""One bit of an archive flips. It is told, nothing false is read, and a repair brings back what was there.

What a repair cannot bring back, it names: then the ingest that made the archive does.
"""

import random
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from docpager.errors import DamagedArchiveError
from docpager.settings import IngestSettings
from docpager.upkeep import check_archive, repair_archive
from docpager.wiring import ingest_folder, open_archive

SEARCHES = ("the anchor of Alder in grams", "kettle", '"engine of Foula weighs"')


@pytest.fixture
def papers(world_of, tmp_path):
    """A world's archive, compacted, and the folder it was read from."""
    world = world_of(60)
    settings = IngestSettings(archive=str(tmp_path / "whole.lancedb"), workers=1)
    ingest_folder([world.folder / "documents"], settings)
    return world.folder / "documents", Path(settings.archive)


def texts_of(uri):
    """Every paper page and segment, as they are read."""
    with closing(open_archive(str(uri))) as archive:
        return {
            row.path: (
                row.status,
                [page.text for page in archive.paper_pages(row.doc_id)],
                [segment.text for segment in archive.segments_of(row.doc_id)],
            )
            for row in archive.documents()
        }


def found_in(uri):
    with closing(open_archive(str(uri))) as archive:
        return [[hit.segment.segment_id for hit in archive.search(text)] for text in SEARCHES]


def flip_one_bit(archive, chance):
    """A bit of all the bits in the tables' files; returns the file."""
    files = [path for path in sorted(archive.rglob("*")) if path.is_file() and ".lance/" in str(path)]
    files = [path for path in files if path.stat().st_size and "hint" not in path.name]
    (path,) = chance.choices(files, [path.stat().st_size for path in files])
    content = bytearray(path.read_bytes())
    place = chance.randrange(len(content) * 8)
    content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)
    return path


def assert_nothing_false_is_read(uri, whole):
    """Texts are those of the whole archive; of some a part may be missing, as its document's id or its index is hit."""
    try:
        for path, (_, pages, segments) in texts_of(uri).items():
            _, all_pages, all_segments = whole.get(path, ("", pages, segments))
            assert set(pages) <= set(all_pages)
            assert set(segments) <= set(all_segments)
    except DamagedArchiveError:
        return


def test_a_flipped_bit_is_told_and_mended(papers, tmp_path, count, figure):
    folder, archive = papers
    flips, seed = count(6, 500), 2207
    chance = random.Random(seed)
    whole, found = texts_of(archive), found_in(archive)
    outcomes = Counter()
    for number in range(flips):
        uri = tmp_path / f"{number}.lancedb"
        shutil.copytree(archive, uri)
        damaged = flip_one_bit(uri, chance)
        settings = IngestSettings(archive=str(uri), workers=1)
        assert_nothing_false_is_read(uri, whole)
        assert list(check_archive(str(uri))), damaged
        repair_archive(settings)
        if texts_of(uri) == whole:
            outcomes["mended by the repair"] += 1
            assert found_in(uri) == found, damaged
        else:  # a document's row is gone, or it has another path: the repair names or counts it
            outcomes["mended by the next ingest"] += 1
            ingest_folder([folder], replace(settings, prune=True))
        assert (list(check_archive(str(uri))), texts_of(uri)) == ([], whole), damaged
        shutil.rmtree(uri)
    figure(f"{flips} bits (seed {seed}): every one told, {dict(outcomes)}; texts and searches as before")
