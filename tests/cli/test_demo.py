"""The demo: the whole path on the sample collection."""

from __future__ import annotations

import re

import pytest

from docpager.cli.demo import CONTEXT_TOKENS, sample_folder


def test_the_sample_collection_is_there():
    assert (sample_folder() / "questions.csv").exists()
    assert len(list((sample_folder() / "documents").rglob("*.*"))) >= 25


@pytest.mark.slow
def test_the_demo_answers_and_verifies(docpager, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = docpager("demo")
    assert ended.code == 0, ended.err
    cited, verified = re.search(r"^([\d,]+) of ([\d,]+) citations verified$", ended.err, re.MULTILINE).groups()
    assert cited == verified != "0"
    peak = int(re.search(r"largest request ([\d,]+) tokens", ended.err)[1].replace(",", ""))
    assert 0 < peak <= CONTEXT_TOKENS
    assert len(re.findall(r"^q\d+  ", ended.out, re.MULTILINE)) >= 3
    for table in ("answers", "citations", "trace"):
        assert f"outputs/demo/{table}.parquet" in ended.err
        assert (tmp_path / "outputs" / "demo" / f"{table}.parquet").exists()
