"""Small files that ask for much: each ends in time, in one status, and all others of the batch are read."""

from __future__ import annotations

import json

import pytest
from bombs import BOMBS
from hostile_files import FORMATS, whole

GOOD = [suffix for suffix in FORMATS if suffix not in ("jsonl", "parquet")]
SLACK = 8
"""Seconds that starting a worker and importing libraries may take on a busy machine."""


def test_there_are_enough_bombs_and_none_by_the_same_name():
    assert len({bomb.name for bomb in BOMBS}) == len(BOMBS) >= 60


@pytest.fixture
def good(tmp_path):
    folder = tmp_path / "good"
    folder.mkdir()
    for number in range(50):
        suffix = GOOD[number % len(GOOD)]
        (folder / f"good-{number}.{suffix}").write_bytes(whole(suffix) + b"\n" * number)
    return folder


def test_every_bomb_ends_in_one_status_and_every_other_file_is_read(
    tmp_path, good, ingest, count, figure, file_seconds
):
    bombs = [bomb for bomb in BOMBS if bomb.everyday or count(0, 1)]
    for bomb in bombs:
        (good / bomb.name).write_bytes(bomb.make())
    found = ingest(good, "--workers", "4")
    rows = found.rows
    wrong = []
    for bomb in bombs:
        own = [row for path, row in rows.items() if path == bomb.name or path.startswith(f"{bomb.name}#")]
        (row,) = own
        told = f"{bomb.name}: {row.status.value} in {row.seconds or 0:.1f} s: {row.error_message}"
        figure(told)
        if row.status.value not in bomb.statuses or bomb.message not in (row.error_message or ""):
            wrong.append(told)
        if (row.seconds or 0) > file_seconds + SLACK:
            wrong.append(f"too late: {told}")
        assert "root:" not in found.texts(row.path), "it read a file of the system"
    assert wrong == []
    unread = {path: row.error_message for path, row in rows.items() if "good" in path and row.status != "indexed"}
    assert unread == {}
    assert found.exit_code == 3
    report = found.report
    assert report["peak_memory_mib"] < 350 + 300  # a batch of good files takes about 350
    assert report["largest_worker_mib"] < 1024 + 256  # what libraries map of files is not in the limit
    figure(f"{len(bombs)} bombs: {json.dumps(found.statuses)}; {report['seconds']:.0f} s, "
           f"parent {report['peak_memory_mib']} MiB, largest worker {report['largest_worker_mib']} MiB")  # fmt: skip
