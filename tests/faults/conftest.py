"""A collection, its questions and programs that are killed, interrupted, started twice and refused the disk.

Everyday counts are small. ``pytest tests/faults --full-counts -s`` runs those of a release and prints the figures.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from docpager.batch.tables import read_answers, read_citations
from docpager.testing import Endpoint, EndpointSettings, Gold, GoldAnswer, PerfectReader

PLACES = """
    Alder Brae Calder Dunmore Eilean Foula Gavin Hesta Inver Jura Kerrera Lunga Muck Norvik Orsay Pabbay Quern Rona
    Scarba Taransay Ulva Vaila Westray Yarrow Zetland
""".split()  # noqa: SIM905
THINGS = """
    anchor barrel candle drum engine flute girder hammer icebox jacket kettle ladder mirror needle organ pump quill
    rope saddle trumpet
""".split()  # noqa: SIM905
OF_THE_SITTING = ("run_id", "carried_from_run_id")
RESULT = ("question_id", "exit_status", "answer")


@dataclass(frozen=True)
class World:
    """A folder with an archive and a file of questions."""

    folder: Path
    questions: Path
    archive: Path
    gold: Gold

    def command(self, *words: object) -> list[str]:
        """A docpager command line."""
        return [sys.executable, "-m", "docpager", *map(str, words)]

    def run_command(self, output: Path | None, *words: object) -> list[str]:
        """The run of all questions, into a folder or under outputs."""
        named = [] if output is None else ["-o", output]
        return self.command("run", self.questions, "--archive", self.archive, *named, "-q", *words)


@dataclass
class Programs:
    """Starts docpager as programs of their own, each with a reply cache where it is told to."""

    environment: dict[str, str]
    started: list[subprocess.Popen[str]]

    def start(self, command: list[str], cwd: Path, **more: str) -> subprocess.Popen[str]:
        """A program that runs."""
        environment = self.environment | {"XDG_CACHE_HOME": str(cwd / "cache")} | more
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        program = subprocess.Popen(command, cwd=cwd, env=environment, text=True, **pipes)
        self.started.append(program)
        return program

    def ended(self, command: list[str], cwd: Path, **more: str) -> tuple[int, str]:
        """Exit code, and what it said, of a program that is let be."""
        program = self.start(command, cwd, **more)
        out, err = program.communicate(timeout=600)
        return program.returncode, out + err


@pytest.fixture(scope="session")
def count(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """The everyday count, or the full one."""
    full = bool(request.config.getoption("--full-counts"))
    return lambda everyday, release: release if full else everyday


@pytest.fixture
def figure(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a figure, at full counts."""

    def tell(line: str) -> None:
        if request.config.getoption("--full-counts"):
            with capsys.disabled():
                print(f"\n{request.node.name}: {line}", flush=True)

    return tell


@pytest.fixture
def programs(repository: Path) -> Iterator[Programs]:
    """Programs; those that still run at the end of the test are killed."""
    kept = {"PATH": os.environ["PATH"], "PYTHONPATH": str(repository), "LANCEDB_LOG": "error"}
    made = Programs(kept, [])
    yield made
    for program in made.started:
        if program.poll() is None:
            program.kill()
        program.communicate()


@pytest.fixture(scope="session")
def world_of(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Callable[[int], World]:
    """A world of so many questions, each answered by one line of one document."""

    @cache
    def make(questions: int) -> World:
        folder = tmp_path_factory.mktemp("world")
        documents = folder / "documents"
        documents.mkdir()
        facts = [(place, thing) for thing in THINGS for place in PLACES][:questions]
        gold, rows = [], []
        for n, (place, thing) in enumerate(facts):
            with (documents / f"{place.lower()}.md").open("a", encoding="utf-8") as file:
                file.write(f"# {thing.title()}\n\nThe {thing} of {place} weighs {1000 + 7 * n} grams.\n\n")
            question = f"How many grams does the {thing} of {place} weigh?"
            gold.append(GoldAnswer(question, (f"{1000 + 7 * n} grams",)))
            rows.append({"question_id": f"q{n:03}", "question": question})
        path, archive = folder / "questions.jsonl", folder / "archive.lancedb"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        made = World(folder, path, archive, Gold(gold))
        ingest = made.command("ingest", documents, "--archive", archive, "--workers", "1", "-q")
        subprocess.run(ingest, check=True, cwd=folder, env=os.environ | {"PYTHONPATH": str(repository)})
        return made

    return make


@pytest.fixture
def serving() -> Callable[..., object]:
    """An endpoint with a reader that knows a world's answers; its count is the number of requests."""

    @contextmanager
    def serve(world: World, latency: float) -> Iterator[Endpoint]:
        with Endpoint(PerfectReader(world.gold), EndpointSettings(latency_s=latency)) as endpoint:
            yield endpoint

    return serve


@pytest.fixture(scope="session")
def failing_writes(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The library that makes writes fail, compiled."""
    if not sys.platform.startswith("linux") or (compiler := shutil.which("cc")) is None:
        pytest.skip("Failing writes need Linux and a C compiler")
    library = tmp_path_factory.mktemp("library") / "failing_writes.so"
    source = Path(__file__).with_name("failing_writes.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return str(library)


def results(folder: Path) -> tuple[list[tuple[object, ...]], list[dict[str, object]]]:
    """What a run came to: question_id, exit_status and answer of each row, and the citations whole."""
    answers = [tuple(row[name] for name in RESULT) for row in read_answers(folder)]
    citations = [{k: v for k, v in row.items() if k not in OF_THE_SITTING} for row in read_citations(folder)]
    return answers, citations


@pytest.fixture(scope="session")
def results_of() -> Callable[[Path], object]:
    """Reads what a run came to."""
    return results
