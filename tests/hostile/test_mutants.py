"""Files with something wrong in them: each ends in one status that says why, and takes no other with it."""

from __future__ import annotations

import json

from hostile_files import FORMATS, mutant, whole

from docpager.records import DocumentStatus

COLLECTIONS = ("jsonl", "parquet")


def test_a_mutant_is_the_same_each_time_and_differs_from_the_whole_file():
    for suffix in FORMATS:
        assert mutant(suffix, 7) == mutant(suffix, 7)
        assert sum(mutant(suffix, seed) != whole(suffix) for seed in range(20)) >= 18


def test_every_mutant_ends_in_one_status_and_every_whole_file_is_read(tmp_path, ingest, count, figure):
    each = count(6, 182)  # of 11 formats: 2,002
    folder = tmp_path / "mutants"
    folder.mkdir()
    for suffix in FORMATS:
        (folder / f"whole.{suffix}").write_bytes(whole(suffix))
        for seed in range(each):
            (folder / f"{seed:04}.{suffix}").write_bytes(mutant(suffix, seed))
    found = ingest(folder, "--workers", "4", seconds=1800)
    rows = found.rows
    for file in folder.iterdir():
        own = [row for path, row in rows.items() if path == file.name or path.startswith(f"{file.name}#")]
        assert own, f"{file.name} has no row"
        if file.suffix[1:] not in COLLECTIONS:
            assert len(own) == 1
        if file.stem == "whole":
            assert {row.status for row in own} == {DocumentStatus.INDEXED}
    for row in rows.values():
        fine = row.status in (DocumentStatus.INDEXED,)
        assert fine or row.error_message or row.duplicate_of, f"{row.path} is {row.status} and does not say why"
    assert found.exit_code == 3
    ended = [row.path for row in rows.values() if "worker process" in (row.error_message or "")]
    figure(
        f"{each * len(FORMATS):,} mutants, {len(rows):,} rows: {json.dumps(found.statuses)}; "
        f"{len(ended)} ended their worker {ended[:5]}; {found.report['seconds']:.0f} s, "
        f"parent {found.report['peak_memory_mib']} MiB, largest worker {found.report['largest_worker_mib']} MiB"
    )
