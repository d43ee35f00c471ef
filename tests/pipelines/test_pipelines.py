"""Every pipeline, and every recipe of the README, runs as it stands."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from docpager.cli import main

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands_of(pipeline: str) -> list[str]:
    """The commands in the first lines of a configuration."""
    text = (ROOT / "pipelines" / f"{pipeline}.toml").read_text(encoding="utf-8")
    return re.findall(r"^#   (docpager .*)", text, re.MULTILINE)


def shell(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as cron would, with docpager on the path."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    environment = {"PATH": paths, "HOME": str(folder), **environment}
    return subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the pipelines use, to be written to."""
    for part in ("data/sample", "pipelines"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def answers_in(folder: Path) -> list[tuple]:
    return duckdb.sql(f"select question_id, exit_status from '{folder}/outputs/*/answers.parquet'").fetchall()


def test_sample_configuration_is_one_that_docpager_takes(capsys):
    assert main(["config", "show", "--config", str(ROOT / "pipelines" / "sample.toml")]) == 0
    assert "context_tokens = 4096" in capsys.readouterr().out


@pytest.mark.slow
def test_sample_script_answers_and_verifies(tmp_path):
    script = ROOT / "pipelines" / "run_sample.py"
    ended = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ", 0 failed" in ended.stdout
    answers = tmp_path / "outputs" / "sample" / "answers.parquet"
    [(asked, topics)] = duckdb.sql(f"select count(*), count(input['topic']) from '{answers}'").fetchall()
    assert asked == topics >= 30


@pytest.mark.parametrize(
    ("pipeline", "rows"),
    [
        pytest.param("nightly", 36, marks=pytest.mark.slow),
        ("due-diligence", 5 * 3),
        ("literature-review", 5),
    ],
)
def test_pipeline_runs_by_the_commands_in_its_first_lines(checkout, pipeline, rows):
    commands = commands_of(pipeline)
    assert len(commands) >= 2
    for command in commands:
        ended = shell(command, checkout)
        assert ended.returncode == 0, f"{command}: {ended.stderr}"
    assert len(answers_in(checkout)) == rows


# The README's recipes


@pytest.fixture
def filings(tmp_path):
    """The folder that the recipes speak of."""
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "alma.md").write_text("The captain of the Alma is Jon Dahl.", encoding="utf-8")
    (tmp_path / "questions.csv").write_text("question\nWho is the captain of the Alma?\n", encoding="utf-8")
    return tmp_path


def recipe(name: str) -> str:
    return README.split(f"<!-- recipe: {name} -->")[1].split(f"<!-- end of recipe: {name} -->")[0]


def test_crontab_answers_each_night_and_is_silent(filings):
    commands = re.findall(r"^[\d*]+(?: \S+){4}  (.*)", recipe("crontab"), re.MULTILINE)
    assert [command.split(" && ")[1].split()[1] for command in commands] == ["ingest", "run", "runs"]
    for _ in range(2):
        for command in commands:
            ended = shell(command.replace("/srv/filings", str(filings)), filings)
            assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", ""), command
    assert [status for _, status in answers_in(filings)] == ["answered", "answered"]


def test_crontab_says_what_is_wrong(filings):
    [ingest] = [line for line in recipe("crontab").splitlines() if "docpager ingest" in line]
    command = ingest.split("  ", 1)[1].replace("/srv/filings", str(filings))
    (filings / "documents" / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    ended = shell(command, filings)
    assert ended.returncode == 3
    assert "broken.pdf" in ended.stderr


def test_systemd_units_start_both_commands_and_tell_how_the_run_ended(filings):
    service, timer = re.findall(r"```ini\n(.*?)```", recipe("systemd"), re.DOTALL)
    units = configparser.ConfigParser(strict=False, interpolation=None)
    units.read_string(timer)
    assert units["Timer"]["OnCalendar"] == "*-*-* 02:00"
    commands = re.findall(r"^ExecStart=(.*)", service, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        ended = shell(command, filings)
        assert (ended.returncode, ended.stderr) == (0, ""), command
    assert (filings / "last-run").read_text() == "0 1 answered\n"
    assert re.findall(r"^SuccessExitStatus=(.*)", service, re.MULTILINE) == ["4 75"]


def test_what_is_called_at_the_end_changes_nothing_of_the_exit_code(filings):
    shell("docpager ingest documents -q", filings)
    ended = shell("docpager run questions.csv -q --on-finish 'exit 7'", filings)
    assert ended.returncode == 0
    assert "--on-finish ended with exit code 7: exit 7" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "rows", "words"),
    [
        ("compare_strategies", 5, ["2048"]),
        ("paging_study", 6, []),
    ],
)
def test_a_study_prints_a_row_for_each_setting(script, rows, words, tmp_path):
    command = [sys.executable, ROOT / "pipelines" / f"{script}.py", tmp_path, *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    head, *lines = ended.stdout.splitlines()
    assert len(lines) == rows
    assert all(len(line.split()) == len(lines[0].split()) for line in lines), head
