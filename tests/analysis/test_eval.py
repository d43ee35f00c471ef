"""A run's answers beside the right ones: words, numbers, pages, verdicts and figures."""

import json
import random
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from docpager.analysis.bootstrap import area_interval, mean_interval
from docpager.analysis.eval_figures import FIGURE_NAMES, figures_of, floors_of
from docpager.analysis.eval_gold import Gold, read_gold, same_document
from docpager.analysis.eval_rows import EvalRow, eval_row, pair, verdict
from docpager.analysis.eval_words import exact_match, normalized, token_f1
from docpager.analysis.risk_coverage import area, risk_coverage
from docpager.errors import MissingInputError, QuestionFileError, UsageError

DATA = Path(__file__).resolve().parents[2]
SHARED = DATA.parent / "shared" / "data"


@pytest.mark.parametrize(
    ("answer", "gold", "exact", "f1"),
    [
        ("The Quern Line.", "quern line", True, 1.0),
        ("an apple a day", "apple day", True, 1.0),
        ("80,460 passengers", "80460", False, 2 / 3),
        ("nothing", "something", False, 0.0),
        ("", "something", False, 0.0),
        ("the", "a", True, 1.0),
        ("x x y", "x y y", False, 2 / 3),
    ],
)
def test_words_are_compared_as_squad_compares_them(answer, gold, exact, f1):
    assert exact_match(answer, [gold]) is exact
    assert token_f1(answer, [gold]) == pytest.approx(f1)
    assert token_f1(answer, ["zzz", gold]) == pytest.approx(f1)


def test_no_gold_answer_matches_nothing():
    assert not exact_match("x", [])
    assert token_f1("x", []) == 0.0
    assert normalized("  A  (big) THE dog! ") == "big dog"


SHAPES = [
    ('{"question_id": "q", "answers": ["58", "fifty"]}', ("58", "fifty"), set(), True),
    ('{"question_id": "q", "answer": "58", "answers": ["58"]}', ("58",), set(), True),
    ('{"question_id": "q", "answer": null, "answers": []}', (), set(), False),
    ('{"question_id": "q", "answer": 2022}', ("2022",), set(), True),
    ('{"id": "q", "answer": "x", "answerable": false}', ("x",), set(), False),
    ('{"question_id": "q", "answer": "x", "gold_id": "nq7"}', ("x",), {("nq7", 1)}, True),
    (
        '{"question_id": "q", "answer": "x", "document": "a.pdf", "pages": [2, 3]}',
        ("x",),
        {("a.pdf", 2), ("a.pdf", 3)},
        True,
    ),
    ('{"question_id": "q", "answer": "x", "document": "a.pdf"}', ("x",), set(), True),
    (
        '{"question_id": "q", "answer": "x", "evidence": [{"document": "a.pdf", "page": 2, "text": "t"}]}',
        ("x",),
        {("a.pdf", 2)},
        True,
    ),
    ("question_id,answer,document,page\nq,x|y,a.pdf,4;5\n", ("x", "y"), {("a.pdf", 4), ("a.pdf", 5)}, True),
    ("question_id;answers;answerable\nq;;no\n", (), set(), False),
]


@pytest.mark.parametrize(("content", "answers", "pages", "answerable"), SHAPES)
def test_gold_files_come_in_these_shapes(tmp_path, content, answers, pages, answerable):
    path = tmp_path / "gold"
    path.write_text(content, encoding="utf-8")
    [gold] = read_gold(path)
    assert (gold.question_id, gold.answers, gold.pages, gold.answerable) == ("q", answers, pages, answerable)


def test_a_parquet_gold_file_is_one_too(tmp_path):
    path = tmp_path / "gold.parquet"
    evidence = [{"document": "a.pdf", "page": 3}]
    pq.write_table(pa.Table.from_pylist([{"question": "Why?", "answers": ["x"], "evidence": evidence}]), path)
    assert read_gold(path) == [Gold(None, "Why?", ("x",), frozenset({("a.pdf", 3)}))]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no gold answers"),
        ('{"answer": "x"}', "neither question_id nor question"),
        ('{"question_id": "q"}', "there is no answer"),
        ('{"question_id": "q", "answer": "x"}\n{"question_id": "q", "answer": "y"}', "two rows for q"),
        ('{"question_id": "q", ', "is not JSON"),
        ("[1]", "where an object belongs"),
        ('{"question_id": "q", "answer": "x", "answerable": "perhaps"}', "write true or false"),
        ('{"question_id": "q", "answer": "x", "tolerance": "much"}', "write a share"),
        ('{"question_id": "q", "answer": "x", "document": "a", "page": "iv"}', "write page numbers"),
    ],
)
def test_a_gold_file_that_cannot_be_read_says_why(tmp_path, content, words):
    path = tmp_path / "gold.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(QuestionFileError, match=words):
        read_gold(path)
    with pytest.raises(MissingInputError):
        read_gold(tmp_path / "other.jsonl")


@pytest.mark.parametrize("path", ["financebench/questions.jsonl", "nq/questions.jsonl"])
def test_the_data_sets_own_files_are_gold_files(path):
    if not (SHARED / path).exists():
        pytest.skip(f"{path} is not beside the project")
    golds = read_gold(SHARED / path)
    assert all(gold.answers and gold.pages and gold.answerable for gold in golds)


def test_the_samples_gold_file_is_one():
    golds = read_gold(DATA / "data" / "sample" / "gold.jsonl")
    assert {gold.answerable for gold in golds} == {True, False}
    assert sum(bool(gold.pages) for gold in golds) > 20


@pytest.mark.parametrize(
    ("named", "path", "same"),
    [
        ("a.pdf", "a.pdf", True),
        ("A.PDF", "filings/a.pdf", True),
        ("nq7", "corpus.jsonl#nq7", True),
        ("a.pdf", "ba.pdf", False),
        ("filings/a.pdf", "a.pdf", False),
        ("filings\\a.pdf", "x/filings/a.pdf", True),
    ],
)
def test_documents_are_named_by_path_or_its_ending(named, path, same):
    assert same_document(named, path) is same


def answered(text, **more):
    row = {
        "question_id": "q",
        "doc_id": None,
        "question": "How much?",
        "exit_status": "answered",
        "answer": text,
        "answer_value": None,
        "read_segment_ids": None,
        "confidence": 0.5,
    }
    return row | more


VERDICTS = [
    ("58 passengers [1]", {}, ("58",), {}, "correct"),
    ("580 passengers", {}, ("58",), {}, "wrong"),
    ("In 1958", {}, ("58",), {}, "wrong"),
    ("The chair is Ida Holm. [1]", {}, ("Ida Holm",), {}, "correct"),
    ("The chair is Ida Holmsen.", {}, ("Ida Holm",), {}, "wrong"),
    ("It was 1998.", {}, ("1998",), {}, "correct"),
    ("$5.4 billion", {}, ("5,400",), {"unit": "USD millions"}, "correct"),
    ("104", {}, ("100",), {}, "wrong"),
    ("104", {}, ("100",), {"tolerance": Decimal("0.05")}, "correct"),
    ("Yes. It did.", {}, ("yes",), {}, "correct"),
    ("x", {}, (), {"answerable": False}, "wrong"),
    (None, {"exit_status": "abstained"}, (), {"answerable": False}, "correct"),
    (None, {"exit_status": "abstained"}, ("x",), {}, "abstained"),
    (None, {"exit_status": "model_error"}, ("x",), {}, "failed"),
    (None, {"exit_status": "model_error"}, (), {"answerable": False}, "failed"),
    ("58", {"exit_status": "step_limit"}, ("58",), {}, "correct"),
]


@pytest.mark.parametrize(("text", "more", "answers", "gold", "expected"), VERDICTS)
def test_verdicts(text, more, answers, gold, expected):
    assert verdict(answered(text, **more), Gold("q", None, answers, **gold)) == expected


def cited(path, number, quote="q", status="exact"):
    return {"doc_path": path, "page_number": number, "quote": quote, "verify_status": status, "segment_id": None}


def test_citations_are_held_against_gold_pages():
    gold = Gold("q", None, ("58",), frozenset({("a.pdf", 2), ("a.pdf", 3)}))
    row = eval_row(answered("58"), [cited("x/a.pdf", 2, "were 58"), cited("b.pdf", 2), cited("a.pdf", 9)], gold, None)
    assert (row.citation_precision, row.citation_recall) == (pytest.approx(1 / 3), 0.5)
    assert (row.any_gold_cited, row.all_gold_cited) == (1.0, 0.0)
    assert (row.any_gold_read, row.answer_in_citations, row.verified) == (None, 1.0, 1.0)


def test_evidence_by_its_words_is_found_in_quotes():
    passage = "There were 58 passengers and six crew on board that day."
    gold = Gold("q", None, ("58",), texts=(passage, "Nobody was hurt, said the harbour master."))
    row = eval_row(answered("58"), [cited("a", 1, "58 passengers and six crew on board")], gold, None)
    assert (row.any_gold_cited, row.all_gold_cited, row.citation_precision, row.citation_recall) == (1.0, 0.0, 1.0, 0.5)


def test_without_gold_only_what_needs_none_is_known():
    row = eval_row(answered("58"), [cited("a", 1, status="not_found")], None, None)
    assert (row.has_gold, row.verdict, row.token_f1, row.verified) == (False, None, None, 0.0)


def test_pairs_are_made_by_id_and_else_by_words():
    golds = [Gold("q", None, ("x",)), Gold(None, "what  IS it?", ("y",))]
    answers = [{"question_id": "q", "question": "?"}, {"question_id": "7", "question": "What is it?"}]
    assert [gold for _, gold in pair(golds, answers)] == golds


def rows_of(*verdicts, confidence=0.5):
    return [
        EvalRow(
            f"q{n}", None, "?", "answered", "x" if v in ("correct", "wrong") else None, ["x"], v, confidence=confidence
        )
        for n, v in enumerate(verdicts)
    ]


def test_verdicts_are_counted_apart_and_questions_without_gold_in_none():
    rows = [*rows_of("correct", "wrong", "abstained", "failed"), EvalRow("n", None, "?", "answered", "x", None, None)]
    figures = figures_of(rows)
    assert [figures[name].value for name in ("correct", "wrong", "abstained", "failed")] == [0.25] * 4
    assert figures["correct"].questions == 4
    assert figures["correct_of_answered"].value == 0.5
    assert figures["judge_correct"].value is None
    assert set(figures) == set(FIGURE_NAMES)


def test_intervals_hold_their_value_and_are_the_same_each_time():
    chance = random.Random(3)
    values = [float(chance.random() < 0.3) for _ in range(200)]
    low, high = mean_interval(values)
    assert (low, high) == mean_interval(values)
    assert low < sum(values) / 200 < high
    # The normal approximation says 1.96 standard errors to each side.
    assert high - low == pytest.approx(2 * 1.96 * (0.3 * 0.7 / 200) ** 0.5, rel=0.15)
    with pytest.raises(ValueError, match="no interval"):
        mean_interval([])


def test_the_interval_of_the_area_is_around_the_area():
    chance = random.Random(4)
    pairs = [(chance.choice([0.2, 0.5, 0.9]), chance.random() < 0.6) for _ in range(150)]
    value = area(risk_coverage(pairs))
    low, high = area_interval([c for c, _ in pairs], [right for _, right in pairs])
    assert low < value < high
    assert high - low < 0.4


def test_the_area_of_a_resample_that_is_the_sample_is_the_area():
    # All of one kind: every resample is alike, so that both ends are the area itself.
    assert area_interval([0.5] * 8, [False] * 8) == (1.0, 1.0) == (area(risk_coverage([(0.5, False)] * 8)),) * 2


@pytest.mark.parametrize("word", ["accuracy=0.5", "correct", "correct=high", "correct=nan", "=1"])
def test_floors_that_are_none_are_usage_errors(word):
    with pytest.raises(UsageError):
        floors_of([word])


def test_the_gold_files_json_is_shown_where_it_is_wrong(tmp_path):
    path = tmp_path / "g.jsonl"
    path.write_text(json.dumps({"who": "?"}))
    with pytest.raises(QuestionFileError, match=r'\{"question_id": "q1"'):
        read_gold(path)
