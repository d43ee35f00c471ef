"""How does memory behave? Asks the same questions in windows of several sizes, and reads the traces as tables.

    python pipelines/paging_study.py [FOLDER]

FOLDER is where the archive and the runs go; by default data and outputs of the working directory. Every memory event
is a row of trace.parquet: this script counts page faults, refaults (of pages that had been evicted) and evictions by
window and policy. `docpager trace replay RUN` goes on from there, with every policy and budget, and without a model.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from docpager import AgentSettings, IngestSettings, RunSettings, ingest_folder, run_questions

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"
WINDOWS = (2048, 4096, 8192)
POLICIES = ("lru", "gdsf")
QUESTIONS = 12
COUNTED = {"PageFault": "faults", "Eviction": "evictions", "MemoryPressure": "pressure"}


def main(folder: Path) -> int:
    """A run for each window and policy, and a table of what its trace holds."""
    archive = str(folder / "data" / "sample.lancedb")
    ingest_folder(SAMPLE / "documents", IngestSettings(archive=archive))
    print("window  policy  answered  faults  refaults  evictions  pressure  peak tokens")
    for window in WINDOWS:
        for policy in POLICIES:
            settings = AgentSettings(context_tokens=window, policy=policy)
            output = str(folder / "outputs" / f"paging-{policy}-{window}")
            run = RunSettings(archive=archive, output=output, limit=QUESTIONS)
            ran = run_questions(SAMPLE / "questions.csv", settings, run)
            print(f"{window:6,}  {policy:6}  {_line(ran.folder)}")
    return 0


def _line(run: Path) -> str:
    answers = pq.read_table(run / "answers.parquet", columns=["exit_status", "refaults", "context_peak_tokens"])
    events = pq.read_table(run / "trace.parquet", columns=["event"])["event"]
    counts = {name: pc.sum(pc.equal(events, event)).as_py() for event, name in COUNTED.items()}
    answered = pc.sum(pc.equal(answers["exit_status"], "answered")).as_py()
    refaults, peak = pc.sum(answers["refaults"]).as_py(), pc.max(answers["context_peak_tokens"]).as_py()
    return (
        f"{answered:8}  {counts['faults']:6}  {refaults:8}  {counts['evictions']:9}  {counts['pressure']:8}  {peak:11,}"
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
