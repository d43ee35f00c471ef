# make demo, make test: each makes .venv first, once. Python 3.11 or newer; set PYTHON to choose one.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-all faults hostile lint docs clean

demo: .venv/installed
	$(BIN)/docpager demo

test: .venv/installed-dev
	$(BIN)/python -m pytest

test-all: .venv/installed-dev
	$(BIN)/python -m pytest -m ''

faults: .venv/installed-dev
	$(BIN)/python -m pytest -m '' -s --full-counts tests/faults

hostile: .venv/installed-dev
	$(BIN)/python -m pytest -m '' -s --full-counts tests/hostile

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/installed-dev
	$(BIN)/python -m pytest tests/test_readme.py --update-docs

clean:
	rm -rf .venv data/demo.lancedb

# The stamps say what .venv holds; they are younger than pyproject.toml, or it is installed again.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "docpager needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=..." >&2; exit 78; }
	$(PYTHON) -m venv .venv

.venv/installed: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/installed-dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ .venv/installed
