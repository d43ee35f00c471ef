"""Is paging worth it on your documents? Asks the same questions by every strategy, and scores each.

    python pipelines/compare_strategies.py [FOLDER] [WINDOW]

FOLDER is where the archive and the runs go; by default data and outputs of the working directory. Begin with the sample
collection as it stands, then put your own documents, questions and gold answers in its place. A run that was
interrupted is continued, so the script can be started again at any time.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docpager import AgentSettings, IngestSettings, RunSettings, evaluate_run, ingest_folder, run_questions

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"
STRATEGIES = ("paged", "top-k", "truncate", "summarize", "memgpt")
SHOWN = ("correct", "wrong", "abstained", "any_gold_read", "citation_recall", "mean_prompt_tokens")
"""Figures of ``docpager eval`` that the table has; ``evaluate_run(...).figures`` has all of them."""


def main(folder: Path, window: int) -> int:
    """One run a strategy, and a table of what came of each."""
    archive = str(folder / "data" / "sample.lancedb")
    ingest_folder(SAMPLE / "documents", IngestSettings(archive=archive))
    print("strategy".ljust(10), *(name.rjust(len(name)) for name in SHOWN))
    for strategy in STRATEGIES:
        output = folder / "outputs" / f"sample-{strategy}-{window}"
        settings = AgentSettings(strategy=strategy, context_tokens=window)
        ran = run_questions(SAMPLE / "questions.csv", settings, RunSettings(archive=archive, output=str(output)))
        figures = evaluate_run(ran.folder, SAMPLE / "gold.jsonl").figures
        cells = (figures[name].value for name in SHOWN)
        print(strategy.ljust(10), *(_number(cell).rjust(len(name)) for cell, name in zip(cells, SHOWN, strict=True)))
    return 0


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if value <= 1 else f"{value:,.0f}"


if __name__ == "__main__":
    at = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    sys.exit(main(at, int(sys.argv[2]) if len(sys.argv) > 2 else 4096))
