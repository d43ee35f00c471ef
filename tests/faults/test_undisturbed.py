"""A run reads the generation it started with, whatever is ingested, compacted, removed and cleaned up meanwhile."""

import shutil
import sys
import time

import pytest

DISTURB = """
import sys, warnings
from datetime import timedelta
from pathlib import Path
from docpager.settings import IngestSettings
from docpager.wiring import ingest_folder, open_archive_for_writing
warnings.simplefilter("ignore")
documents, archive, stop = (Path(word) for word in sys.argv[1:])
rounds = 0
while not stop.exists():
    rounds += 1
    for path in sorted(documents.iterdir()):
        path.write_text(f"In round {rounds} nothing weighs a gram any more.", encoding="utf-8")
    settings = IngestSettings(archive=str(archive), workers=1)
    ingest_folder(documents, settings)
    with open_archive_for_writing(str(archive)) as writer:
        if rounds % 2 == 0:
            writer.remove([document.doc_id for document in writer.documents()][:1])
            writer.finish()
        writer.drop_old_versions(timedelta(0))
print(rounds)
"""


@pytest.mark.slow
@pytest.mark.parametrize("model", ["loopback", "extractive"])
def test_a_run_is_not_disturbed_by_ingests_that_keep_nothing(
    model, programs, world_of, serving, count, figure, results_of, tmp_path
):
    questions = count(40, 500)
    world = world_of(questions)
    archive, documents, stop = tmp_path / "archive.lancedb", tmp_path / "documents", tmp_path / "stop"
    shutil.copytree(world.folder / "documents", documents)
    shutil.copytree(world.archive, archive)
    with serving(world, 0.1) as endpoint:
        more = ["--model", model, "--archive", archive, "--cache", "off", "--concurrency", "4"]
        more += ["--base-url", endpoint.base_url] if model == "loopback" else []

        def run(name):
            return programs.start(world.run_command(tmp_path / name, *more), tmp_path)

        alone = run("alone")
        assert (alone.wait(300), alone.communicate()) == (0, ("", ""))
        disturbed, journal = run("disturbed"), tmp_path / "disturbed" / "journal.jsonl"
        while not (journal.exists() and journal.stat().st_size):
            assert disturbed.poll() is None
            time.sleep(0.01)
        disturber = programs.start([sys.executable, "-c", DISTURB, documents, archive, stop], tmp_path)
        assert (disturbed.wait(600), disturbed.communicate()) == (0, ("", ""))
        stop.touch()
        out, err = disturber.communicate(timeout=120)
        words = world.run_command(tmp_path / "afterwards", *more, "--limit", "3")
        assert programs.ended(words, tmp_path) == (0, "")
    assert results_of(tmp_path / "disturbed") == results_of(tmp_path / "alone")
    assert disturber.returncode == 0, err
    assert {row[1] for row in results_of(tmp_path / "afterwards")[0]} == {"abstained"}  # nothing old is left to find
    figure(f"{questions} questions while {out.strip()} ingests changed, compacted and cleaned up: rows equal")
