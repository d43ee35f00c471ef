"""Arithmetic for a model: numbers as filings print them, exact, bounded, and nothing else."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import ask

from docpager.agent.calculating import evaluate, normalized, shown_number
from docpager.errors import ToolError
from docpager.models.scripted import ScriptedModel, call
from docpager.records import ExitStatus
from docpager.tool_protocol import read_exchanges

SEARCH = call("search", query="Alma passengers", documents=["d1", "d2"])
READ = call("page_in", pages=["p1", "p2"])


def worked_out(expression: str) -> str:
    return shown_number(evaluate(normalized(expression)))


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("75,028 - 70,647", "4381"),
        ("(75,028 - 70,647) / 70,647 * 100", "6.20125412261"),
        ("(10,980) - (12,435)", "1455"),
        ("-(1,000) + 5", "1005"),
        ("(75028)/(70647)", "1.06201254123"),
        ("0.1 + 0.2", "0.3"),
        ("12% * 200", "24"),
        ("100 * 7.5 per cent", "7.5"),
        ("$1.5 + US$2 - €0.25", "3.25"),
        ("USD 1’234’567 × 2 ÷ 2", "1234567"),
        ("2^10", "1024"),
        ("(1,331/1,000)**(1/3) - 1", "0.1"),
        ("5 − 7", "-2"),
        ("1/3", "0.333333333333"),
        ("2*pi", "6.28318530718"),
        ("123456789 * 987654321", "121932631112635269"),
        ("0.00000000001 / 3", "0.00000000000333333333333"),
    ],
)
def test_arithmetic_reads_numbers_as_filings_print_them(expression, result):
    assert worked_out(expression) == result


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1/0", "divides by zero"),
        ("9**9**9", "too large"),
        ("10**399 * 10**399", "too large"),
        ("(5) * 2", "can mean 5 or -5"),
        ("(980)", "can mean 980 or -980"),
        ("revenue * 2", "cannot read 'revenu"),
        ("__import__('os').system('ls')", "cannot read"),
        ("[1, 2]", "cannot read '[1"),
        ("'a' * 100", "cannot read"),
        ("1e99", "cannot read 'e99'|no arithmetic"),
        ("5 % 3", "no arithmetic"),
        ("7 // 2", "no arithmetic"),
        ("2(3)", "no arithmetic"),
        ("(-8) ** (1/3)", "no arithmetic"),
        ("1 +", "no arithmetic"),
        ("1,23 + 1", "cannot read ',23"),
        ("(" * 250 + "1" + ")" * 250, "501 characters"),
        ("1 if pi else e", "cannot read 'if"),
    ],
)
def test_what_is_no_bounded_arithmetic_is_refused_in_words_for_the_model(expression, message):
    with pytest.raises(ToolError) as refused:
        worked_out(expression)
    assert any(part in str(refused.value) for part in message.split("|")), str(refused.value)


pieces = st.sampled_from(
    [*"0123456789.,()+-*/%^ $e", "**", "pi", "1,000", "(2,000)", "9999", "--", "lambda", "\n", "٣"]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(pieces, max_size=60).map("".join), st.text(max_size=80), st.just("**9" * 130)))
def test_any_text_gives_a_number_or_a_tool_error_and_soon(text):
    started = time.perf_counter()
    try:
        result = worked_out(text)
    except ToolError:
        result = "0"
    float(result)
    assert time.perf_counter() - started < 2


numbers = st.decimals(-(10**9), 10**9, places=2)


@given(numbers, numbers, st.sampled_from("+-*"))
def test_sums_and_products_are_exact(a, b, sign):
    exact = {"+": a + b, "-": a - b, "*": a * b}[sign]
    assert evaluate(normalized(f"{a:,} {sign} ({b:,} + 0)")) == exact


def test_result_is_shown_traced_and_cited_by_the_lines_of_its_numbers():
    steps = [
        SEARCH,
        READ,
        call("calculate", expression="14,100 - 12,400", addresses=["p1:1", "p2:1"]),
        call("answer", statements=[{"text": "1,700 more in 2024.", "addresses": ["p1:1", "p2:1"]}]),
    ]
    model = ScriptedModel(steps)
    answer = ask(model, "By how many passengers did the Alma's traffic grow?")
    shown = [text for e in read_exchanges(model.requests[-1].messages) for text in e.results][2]
    assert shown.startswith("[notice] 14100 - 12400 = 1700; cite p1:1 p2:1")
    [event] = [e for e in answer.events if e.event == "Calculated"]
    assert event.arguments == {"expression": "14100 - 12400", "result": "1700", "addresses": ["p1:1", "p2:1"]}
    assert answer.exit_status is ExitStatus.ANSWERED
    assert {c.quote for c in answer.citations} == {
        "The Alma carried 12,400 passengers in 2023.",
        "The Alma carried 14,100 passengers in 2024.",
    }
    assert [c.supported for c in answer.citations] == [True, True]


def test_calculation_that_fails_or_rests_on_unseen_lines_changes_nothing():
    model = ScriptedModel(
        [
            SEARCH,
            call("calculate", expression="1/0"),
            call("calculate", expression="1 + 1", addresses=["p1:1"]),
            READ,
            call("answer", statements=[{"text": "x", "addresses": ["p1:1"]}]),
        ]
    )
    answer = ask(model)
    texts = [text for e in read_exchanges(model.requests[-1].messages) for text in e.results]
    assert texts[1].startswith("[error] 1/0 divides by zero.")
    assert texts[2].startswith("[error] Not accepted: p1:1 (line 1 of p1 was never shown)")
    assert "Calculated" not in [event.event for event in answer.events]
