"""``docpager bench compare``: a result beside an earlier one."""

import json

import pytest


@pytest.fixture
def result(tmp_path):
    def write(name, *records):
        path = tmp_path / name
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    return write


def share(value, of=28):
    return {"share": value, "count": round(value * of), "of": of, "low": 0.0, "high": 1.0}


def compared(docpager, *words):
    return [json.loads(line) for line in docpager("bench", "compare", *words, "--json").out.splitlines()]


def test_figures_of_one_thing_are_set_side_by_side_as_ratios(docpager, result):
    old = result(
        "old", {"question_id": "q1", "steps": 3}, {"summary": "28 questions; 6 s", "any": share(0.8), "p95": 50}
    )
    new = result(
        "new", {"question_id": "q1", "steps": 9}, {"summary": "28 questions; 9 s", "any": share(0.9), "p95": 25}
    )
    assert compared(docpager, old, new) == [
        {"measured": "", "figure": "any", "old": 0.8, "new": 0.9, "ratio": pytest.approx(1.125)},
        {"measured": "", "figure": "p95", "old": 50, "new": 25, "ratio": 0.5},
    ]


def test_figures_of_many_things_find_their_own(docpager, result):
    rows = [{"policy": "lru", "capacity": 100, "cost": 10}, {"policy": "clock", "capacity": 100, "cost": 20}]
    changed = [{"policy": "clock", "capacity": 100, "cost": 30}, {"policy": "gdsf", "capacity": 100, "cost": 1}]
    old, new = result("old", *rows), result("new", *changed)
    assert [(one["measured"], one["ratio"]) for one in compared(docpager, old, new)] == [("clock, capacity 100", 1.5)]


def test_lists_within_a_result_are_compared_entry_by_entry(docpager, result):
    old = result("old", {"summary": "a", "layouts": [{"layout": "log", "cost": 4}, {"layout": "memgpt", "cost": 5}]})
    new = result("new", {"summary": "b", "layouts": [{"layout": "memgpt", "cost": 10}, {"layout": "log", "cost": 4}]})
    assert [(one["measured"], one["ratio"]) for one in compared(docpager, old, new, "--beyond", 0.1)] == [
        ("memgpt", 2.0)
    ]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [(None, 66, "There is no result"), ("", 65, "holds no result"), ("x", 65, "holds no result")],
)
def test_what_is_no_result_is_refused(docpager, result, tmp_path, content, code, said):
    path = tmp_path / "old"
    if content is not None:
        path.write_text(content)
    ended = docpager("bench", "compare", path, result("new", {"p95": 1}))
    assert ended.code == code
    assert said in ended.err


def test_a_real_result_is_equal_to_itself(docpager, tmp_path):
    path = tmp_path / "policies.jsonl"
    path.write_text(docpager("bench", "policies", "--json").out)
    found = compared(docpager, path, path)
    assert len(found) > 20
    assert {one["ratio"] for one in found} == {1.0}
