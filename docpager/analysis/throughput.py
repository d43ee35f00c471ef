"""How much of an endpoint's capacity a run uses, and what it takes of this machine: runs as processes of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docpager.batch.tables import read_answers
from docpager.errors import TemporaryError

TOWNS = 40
_ADDRESS = re.compile(r"http://\S+/v1")


@dataclass(frozen=True, slots=True)
class Measured:
    """One run."""

    questions: int
    answered: int
    calls: int
    seconds: float
    cpu_seconds: float
    peak_mib: int

    def ideal_seconds(self, latency: float, at_once: int) -> float:
        """What its calls take where so many are always under way and nothing else takes time."""
        return self.calls * latency / at_once


def year_of(town: int) -> int:
    """When the harbour of a town opened."""
    return 1800 + 3 * town


def write_collection(folder: Path) -> None:
    """One short text a town."""
    folder.mkdir(parents=True)
    for town in range(TOWNS):
        tolls = " ".join(
            f"In {year_of(town) + n} the tolls of Town {town} came to {town * 37 + n} crowns." for n in range(40)
        )
        opened = f"The harbour of Town {town} was opened in {year_of(town)}."
        (folder / f"town-{town:02}.txt").write_text(f"Town {town}\n\n{opened}\n\n{tolls}\n", encoding="utf-8")


def write_questions(folder: Path, count: int) -> tuple[Path, Path]:
    """So many questions, and a gold file of them for the perfect reader."""
    questions, gold = folder / f"questions-{count}.jsonl", folder / f"gold-{count}.jsonl"
    with questions.open("w", encoding="utf-8") as asked, gold.open("w", encoding="utf-8") as known:
        for number in range(count):
            town = number % TOWNS
            text = f"In which year was the harbour of Town {town} opened, asks visitor {number}?"
            asked.write(json.dumps({"question_id": f"q{number}", "question": text}) + "\n")
            answer = f"The harbour of Town {town} was opened in {year_of(town)}"
            known.write(json.dumps({"question_id": f"q{number}", "question": text, "answers": [answer]}) + "\n")
    return questions, gold


@contextmanager
def served(gold: Path, latency: float) -> Iterator[str]:
    """The address of a perfect reader in a process of its own, so that its work is not the run's."""
    words = [sys.executable, "-m", "docpager.testing", "perfect", "--gold", str(gold), "--port", "0"]
    with subprocess.Popen([*words, "--latency", str(latency)], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            found = _ADDRESS.search(process.stdout.readline() if process.stdout else "")
            if found is None:
                raise TemporaryError("The endpoint for the benchmark did not start.")
            yield found.group()
        finally:
            process.terminate()
            process.communicate()


def measured(questions: Path, output: Path, options: Sequence[str]) -> Measured:
    """A run in a process of its own: wall-clock and CPU seconds, the most memory it had at once."""
    words = [sys.executable, "-m", "docpager", "run", str(questions), "-o", str(output), "-q", *options]
    began = time.perf_counter()
    process = subprocess.Popen(words, env=os.environ | {"DOCPAGER_CACHE_DIR": str(output.parent / "cache")})  # noqa: S603
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise TemporaryError(f"The run for the benchmark ended with exit code {process.returncode}.")
    rows = list(read_answers(output, ["exit_status", "steps"]))
    return Measured(
        len(rows),
        sum(row["exit_status"] == "answered" for row in rows),
        sum(row["steps"] or 0 for row in rows),
        seconds,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss // 1024,
    )
