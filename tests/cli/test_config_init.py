"""A configuration to start from: written whole, taken as it stands, and as each line is uncommented."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields

import pytest

from docpager.cli.options import sentences
from docpager.cli.toml_file import TABLES, read_config

RECORDS = [record for records in TABLES.values() for record in records]


@pytest.fixture
def written(docpager, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOCPAGER_CONFIG", raising=False)
    ended = docpager("config", "init")
    assert (ended.code, ended.out) == (0, "")
    assert "docpager.toml" in ended.err
    return tmp_path / "docpager.toml"


def test_as_it_stands_it_changes_no_setting(docpager, written):
    assert read_config(written) == {table: {} for table in TABLES}
    assert docpager("config", "show", "--config", written).out == docpager("config", "show").out


def test_every_setting_stands_below_its_sentence(written):
    text = written.read_text()
    for record in RECORDS:
        for field in fields(record):
            assert re.search(
                rf"^# {re.escape(sentences(record)[field.name])}\n(# One of: .*\n)?# {field.name} =", text, re.M
            )


def test_uncommented_it_gives_the_defaults_and_is_taken(docpager, written):
    names = {field.name for record in RECORDS for field in fields(record)}
    text = re.sub(rf"^# ((?:{'|'.join(names)}) = )", r"\1", written.read_text(), flags=re.M)
    tables = tomllib.loads(text)
    for table, records in TABLES.items():
        defaults = {f.name: f.default for record in records for f in fields(record) if f.default is not None}
        shown = {name: list(value) if isinstance(value, tuple) else value for name, value in defaults.items()}
        assert tables[table] == shown
    before = docpager("config", "show").out
    written.write_text(text)
    after = docpager("config", "show", "--config", written)
    assert (after.code, after.out.replace("# file", "# default")) == (0, before)


def test_a_file_that_is_there_is_replaced_only_with_force(docpager, written):
    written.write_text("[run]\nmax_steps = 7\n")
    refused = docpager("config", "init", written)
    assert (refused.code, written.read_text()) == (2, "[run]\nmax_steps = 7\n")
    assert "--force" in refused.err
    assert docpager("config", "init", written, "--force", "-q").err == ""
    assert read_config(written)["run"] == {}


@pytest.mark.parametrize(("name", "code"), [(".", 2), ("gone/docpager.toml", 75)])
def test_a_place_that_cannot_hold_it_is_named(docpager, tmp_path, name, code):
    ended = docpager("config", "init", tmp_path / name)
    assert ended.code == code
    assert str((tmp_path / name).parent) in ended.err
    assert list(tmp_path.iterdir()) == []
