"""The public names: all of them import, and none of them costs anything before it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module

import pytest

import docpager

HEAVY = [
    "click",
    "lancedb",
    "pyarrow",
    "numpy",
    "openai",
    "tiktoken",
    "unstructured",
    "spacy",
    "pypdf",
    "pandas",
    "tqdm",
]


@pytest.mark.parametrize("name", docpager.__all__)
def test_every_public_name_is_there(name):
    value = getattr(docpager, name)
    assert value is not None
    if name != "__version__":
        assert value is getattr(import_module(docpager._HOMES[name]), name)


def test_dir_lists_the_public_names():
    assert set(docpager.__all__) <= set(dir(docpager))


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'docpager' has no attribute 'answer_everything'"):
        _ = docpager.answer_everything


def test_type_checkers_see_the_same_names(repository):
    tree = ast.parse((repository / "docpager" / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("docpager.")
        for alias in node.names
        if alias.asname == alias.name
    }
    assert seen == docpager._HOMES


def test_import_is_light():
    program = f"import docpager, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_version_is_the_project_s():
    from importlib.metadata import version

    assert docpager.__version__ == version("docpager")
