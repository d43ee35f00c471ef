"""A power cut keeps what was synced, and of all else any part: files are lost, emptied or cut short.

The writer stops at a random sync. Whatever then happens to what was not yet synced, the next writer opens the archive
or mends it, and only the batch that was being written can be missing.
"""

import os
import random
import shutil
from pathlib import Path

import pytest

from docpager.archive.in_memory import ingested_text
from docpager.archive.lance import LanceArchive
from docpager.models.embedding import NoEmbedder
from docpager.records import DocumentStatus

PLAIN = NoEmbedder()
BATCHES = [
    {"a.txt": "The anchor of Alder weighs 1 gram.", "b.txt": "The barrel of Brae weighs 2 grams."},
    {"c.txt": "The candle of Calder weighs 3 grams.", "a.txt": "The anchor of Alder weighs 10 grams."},
    {"d.txt": "The drum of Dunmore weighs 4 grams."},
]


class PowerCut(BaseException):
    """The machine stops here."""


class Disk:
    """Which files and folders were synced; stops at the sync that is asked for."""

    def __init__(self, stop_at=None):
        self.synced = set()
        self.count = 0
        self.stop_at = stop_at

    def fsync(self, descriptor):
        self.count += 1
        if self.count == self.stop_at:
            raise PowerCut
        self.synced.add(os.path.realpath(f"/proc/self/fd/{descriptor}"))


def write_everything(uri, acknowledged):
    with LanceArchive.open_for_writing(uri, PLAIN, "o200k_base") as writer:
        writer.sweep()
        for number, batch in enumerate(BATCHES):
            writer.write([ingested_text(path, text) for path, text in batch.items()])
            acknowledged.append(number)
            writer.finish()


def lose(folder, synced, chance):
    """What a file system may do to what was not synced."""
    for path in sorted(Path(folder).rglob("*")):
        if not path.is_file() or path.suffix == ".lock":
            continue
        if str(path) in synced and str(path.parent) in synced:
            continue
        fate = chance.choice(["kept", "lost", "emptied", "cut short"])
        if fate == "lost" and str(path.parent) not in synced:
            path.unlink()
        elif fate == "emptied" and str(path) not in synced:
            path.write_bytes(b"")
        elif fate == "cut short" and str(path) not in synced:
            path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size + 1)])


def texts_of(archive):
    return {
        row.path: "".join(segment.text for segment in archive.segments_of(row.doc_id))
        for row in archive.documents()
        if row.status is DocumentStatus.INDEXED
    }


def state_after(batches):
    whole = {}
    for number in batches:
        whole |= BATCHES[number]
    return whole


def test_a_power_cut_costs_at_most_the_batch_in_hand(tmp_path, monkeypatch, count, figure):
    cases, seed = count(15, 100), 1207
    chance = random.Random(seed)
    disk = Disk()
    monkeypatch.setattr(os, "fsync", disk.fsync)
    write_everything(str(tmp_path / "whole"), [])
    syncs, missing = disk.count, 0
    for case in range(cases):
        uri, acknowledged = str(tmp_path / f"case-{case}"), []
        disk = Disk(chance.randrange(1, syncs))
        monkeypatch.setattr(os, "fsync", disk.fsync)
        with pytest.raises(PowerCut):
            write_everything(uri, acknowledged)
        monkeypatch.undo()
        lose(uri, disk.synced, chance)
        with LanceArchive.open_for_writing(uri, PLAIN, "o200k_base") as writer:
            writer.sweep()
            found = texts_of(writer)
            in_hand = state_after([*acknowledged, len(acknowledged)][: len(BATCHES)])
            kept = {path: text for path, text in state_after(acknowledged).items() if in_hand[path] == text}
            assert kept.items() <= found.items(), (case, acknowledged)
            assert all(text in {state_after(acknowledged).get(path), in_hand[path]} for path, text in found.items())
            missing += found != state_after(acknowledged) and found != in_hand
            for batch in BATCHES:
                writer.write([ingested_text(path, text) for path, text in batch.items()])
            writer.finish()
            assert texts_of(writer) == state_after(range(len(BATCHES)))
            assert (writer.is_finished, list(writer.check())) == (True, [])
        shutil.rmtree(uri)
    figure(
        f"{cases} power cuts (seed {seed}) among {syncs} syncs: all opened, all acknowledged batches whole, "
        f"{missing} with part of the batch in hand left to be read again"
    )
