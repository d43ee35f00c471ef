"""Every pipeline runs as it stands on the sample collection."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from docpager.cli import main

ROOT = Path(__file__).resolve().parents[2]


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
