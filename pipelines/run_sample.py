"""Ingests the sample collection, answers its questions and verifies every citation, by the public API.

    python pipelines/run_sample.py [FOLDER]

FOLDER is where the archive and the run go; by default data and outputs of the working directory. Exits with the worst
of the three steps' exit codes, so that a scheduler sees what failed.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from docpager import AgentSettings, IngestSettings, RunSettings, ingest_folder, run_questions, verify_run

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parent / "data" / "sample"


def main(folder: Path) -> int:
    """Runs the three steps and says what came of each."""
    settings = tomllib.loads((HERE / "sample.toml").read_text(encoding="utf-8"))
    archive = str(folder / settings["ingest"]["archive"])
    agent, run = divided(settings["run"])

    ingested = ingest_folder(SAMPLE / "documents", IngestSettings(archive=archive))
    print(f"{ingested.documents} documents, {ingested.segments} new segments")

    output = str(folder / "outputs" / "sample")
    ran = run_questions(
        SAMPLE / "questions.csv", AgentSettings(**agent), RunSettings(**run | {"archive": archive, "output": output})
    )
    print(", ".join(f"{count} {status}" for status, count in ran.counts.items()))

    verified = verify_run(ran.folder)
    print(f"{verified.checked} citations checked, {len(verified.failed)} failed; the run is in {ran.folder}")
    return max(ingested.exit_code(), ran.exit_code, verified.exit_code)


def divided(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A [run] table as settings of the agent and of the run."""
    agent = {key: value for key, value in settings.items() if key in AgentSettings.__dataclass_fields__}
    return agent, {key: value for key, value in settings.items() if key not in agent}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
