"""What documents call the things that questions ask for."""

import pytest

from docpager.errors import ConfigurationError
from docpager.models.stemming import stems
from docpager.models.vocabulary import Vocabulary


def names(question: str, extension: str | None = None) -> list[str]:
    return [concept.name for concept in Vocabulary.load(extension).concepts_in(question)]


@pytest.mark.parametrize(
    ("question", "concepts"),
    [
        ("What is the capex of Acme?", ["capital expenditure"]),
        ("How high were purchases of property, plant and equipment?", ["capital expenditure"]),
        ("What did they pay in dividends?", ["dividends"]),
        ("Who is the captain?", []),
        ("Is the gross margin improving?", ["gross margin", "revenue", "cost of sales"]),
    ],
)
def test_question_speaks_of_a_concept_by_any_of_its_phrases_and_of_its_parts(question, concepts):
    assert set(concepts) <= set(names(question))
    assert bool(names(question)) == bool(concepts)


def test_line_bears_a_concept_by_another_phrase_than_the_question_used():
    [capex, *_] = Vocabulary.load().concepts_in("What is the capex?")
    assert capex.borne_by(set(stems("Purchases of property, plant and equipment (4,625)")))
    assert not capex.borne_by(set(stems("Purchases of marketable securities (1,200)")))


@pytest.mark.parametrize(
    ("question", "statement"),
    [
        ("According to the statement of financial position, what are total assets?", "balance sheet"),
        ("Use the P&L statement.", "income statement"),
        ("Details in the cash flow statement.", "cash flow statement"),
    ],
)
def test_statement_is_known_by_its_other_titles(question, statement):
    assert statement in Vocabulary.load().statements_in(question)


def test_own_table_is_added_and_a_concept_of_the_same_name_replaces_the_built_in_one(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        '[concept."demurrage"]\nphrases = ["demurrage", "detention charges"]\n'
        '[concept."debt"]\nphrases = ["leverage"]\n'
    )
    assert names("What are the detention charges?", str(own)) == ["demurrage"]
    assert names("How high is the debt?", str(own)) == []
    assert names("How high is the debt?") == ["debt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Cannot read the vocabulary .*: No such file"),
        ("[concept", "is not TOML"),
        ('[concept."x"]\nphrases = "one"', 'The concept "x" of the vocabulary .* needs phrases: a list of texts'),
        ('[measure."x"]\nformulas = ["1"]', 'The measure "x" of the vocabulary .* needs phrases: a list of texts'),
        ('[measure."x"]\nphrases = ["x"]', 'The measure "x" of the vocabulary .* needs formulas: a list of texts'),
        ('[measure."x"]\nphrases = ["x"]\nformulas = ["{ships} / 2"]', "uses no known concept: ships"),
    ],
)
def test_table_in_another_form_is_refused_with_the_reason(tmp_path, content, message):
    own = tmp_path / "own.toml"
    if content is not None:
        own.write_text(content)
    with pytest.raises(ConfigurationError, match=message):
        Vocabulary.load(str(own))


def test_own_measure_is_worked_out_from_own_concepts(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        '[concept."bunkers"]\nphrases = ["bunker costs"]\n[concept."days at sea"]\nphrases = ["days at sea"]\n'
        '[measure."bunkers a day"]\nphrases = ["daily bunkers"]\nformulas = ["{bunkers} / {days at sea}"]\n'
    )
    assert Vocabulary.load(str(own)).measure_in("What were daily bunkers in 2024?").name == "bunkers a day"


def test_most_specific_measure_is_meant():
    assert Vocabulary.load().measure_in("What is the fixed asset turnover?").name == "fixed asset turnover"
    assert Vocabulary.load().measure_in("What is the asset turnover?").name == "asset turnover"
