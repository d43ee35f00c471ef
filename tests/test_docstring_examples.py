"""The examples in the docstrings of what ``docpager`` exports, run over a small archive in the order of a first day."""

import doctest
import importlib

import pytest

import docpager

PAPERS = {
    "report-2023.md": """# Traffic

The Alma carried 12,400 passengers in 2023.

# People

The captain is Ines Holm.
""",
    "report-2024.md": """# Traffic

The Alma carried 14,100 passengers in 2024.

# People

The new captain is Jon Dahl.
""",
}
QUESTIONS = (
    "question_id,question,documents\nq1,Who is the captain?,report-2023.md\nq2,Who is the new captain?,report-2024.md\n"
)
GOLD = "question_id,answer,document,page\nq1,Ines Holm,report-2023.md,1\nq2,Jon Dahl,report-2024.md,1\n"
IN_ORDER = [
    *("ingest_folder", "open_archive", "ask_question", "make_agent", "chat_model", "run_questions", "verify_run"),
    *("evaluate_run", "write_report"),
    *("call", "ScriptedModel", "InMemoryArchive.of"),
]
"""Names whose docstrings show input and output."""


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    """A folder with papers and questions."""
    folder = tmp_path_factory.mktemp("first-day")
    (folder / "ferries").mkdir()
    for name, text in PAPERS.items():
        (folder / "ferries" / name).write_text(text)
    (folder / "captains.csv").write_text(QUESTIONS)
    (folder / "captains.gold.csv").write_text(GOLD)
    return folder


@pytest.mark.parametrize("name", IN_ORDER)
def test_an_example_does_what_it_shows(name, first_day, monkeypatch):
    monkeypatch.chdir(first_day)
    first, *rest = name.split(".")
    documented = getattr(docpager, first)
    module = importlib.import_module(documented.__module__)
    for part in rest:
        documented = getattr(documented, part)
    scope = vars(module) | {"Question": docpager.Question}
    example = doctest.DocTestParser().get_doctest(documented.__doc__, dict(scope), name, None, 0)
    assert example.examples
    told: list[str] = []
    outcome = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example, out=told.append)
    assert outcome.failed == 0, "".join(told)
