"""Runs by a deterministic agent, in this process and as programs."""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from docpager.batch.question_files import read_question_file
from docpager.batch.runner import run_questions
from docpager.settings import RunSettings

PROGRAM = Path(__file__).with_name("quoting_run.py")


@pytest.fixture(scope="session")
def quoting() -> ModuleType:
    """The module of the deterministic agent."""
    spec = importlib.util.spec_from_file_location("quoting_run", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules["quoting_run"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def questions_path(tmp_path):
    """Writes questions (texts, or whole rows) as JSONL and returns the path."""

    def write(rows, name="questions.jsonl") -> Path:
        path = tmp_path / name
        records = [row if isinstance(row, dict) else {"question": row} for row in rows]
        path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return path

    return write


@pytest.fixture
def start_program(repository):
    """Starts a run as a program of its own; killed at the end of the test if it still runs."""
    started = []

    def start(questions, folder, seconds=0.0, largest_file=None) -> subprocess.Popen:
        command = [sys.executable, str(PROGRAM), str(questions), str(folder), str(seconds)]
        limit = (largest_file, largest_file)
        program = subprocess.Popen(
            command,
            cwd=repository,
            env={"PYTHONPATH": str(repository), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=None if largest_file is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        )
        started.append(program)
        return program

    yield start
    for program in started:
        program.kill()
        program.communicate()


@pytest.fixture
def run(quoting, questions_path, tmp_path):
    """Runs questions with the quoting agent, or another; settings by name."""

    def run_once(rows, agent=None, progress=None, model="quoting", archive=None, **settings):
        archive = archive or quoting.new_archive()
        question_file = read_question_file(rows if isinstance(rows, Path) else questions_path(rows))
        identity = quoting.identity_of(question_file, archive, model=model)
        settings = RunSettings(**{"output": str(tmp_path / "run"), **settings})
        agent = agent or quoting.QuotingAgent(archive)
        return run_questions(question_file, agent, identity, settings, outputs=tmp_path / "outputs", progress=progress)

    return run_once
