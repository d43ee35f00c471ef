"""What a run and a question may use, call by call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import FERRIES, ask

from docpager.agent.spending import Budget, Spending
from docpager.errors import BudgetReachedError
from docpager.models.scripted import call
from docpager.records import ExitStatus, Usage

CALL = Usage(prompt_tokens=90, completion_tokens=10, cost_usd=0.25)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("budget", "calls", "message"),
    [
        (Budget(tokens=200), 2, "--max-tokens 200 tokens is reached: 200 tokens were used. Raise --max-tokens"),
        (Budget(tokens=150), 2, "--max-tokens 150 tokens is reached: 200 tokens were used."),
        (Budget(cost_usd=0.5), 2, "--max-cost $0.50 is reached: $0.5000 was spent."),
    ],
)
def test_the_first_call_beyond_a_budget_is_not_made(budget, calls, message):
    spending = Spending()
    spending.begin(budget)
    for _ in range(calls):
        spending.check()
        spending.charge(CALL)
    with pytest.raises(BudgetReachedError) as reached:
        spending.check()
    assert str(reached.value).startswith(message)


def test_time_counts_from_the_start_of_a_sitting():
    clock = Clock()
    spending = Spending(clock=clock)
    spending.begin(Budget(seconds=60), tokens=10**9, cost_usd=10**9)
    clock.now += 59.9
    spending.check()
    clock.now += 0.1
    with pytest.raises(BudgetReachedError, match="--max-time 60 s is reached"):
        spending.check()


@given(st.lists(st.integers(0, 500), max_size=40), st.integers(1, 3000), st.integers(0, 2000))
def test_never_more_than_one_call_over(sizes, limit, before):
    spending, made = Spending(), []
    spending.begin(Budget(tokens=limit), tokens=before)
    for size in sizes:
        try:
            spending.check()
        except BudgetReachedError:
            break
        spending.charge(Usage(prompt_tokens=size))
        made.append(size)
    assert before + sum(made[:-1]) < limit or not made
    assert len(made) == len(sizes) or before + sum(made) >= limit


@pytest.mark.parametrize(("setting", "used"), [({"question_tokens": 1}, 1), ({"question_tokens": 10**6}, 4)])
def test_question_that_used_its_tokens_ends_with_what_it_noted(setting, used):
    script = [
        call("search", query="captain"),
        call("page_in", pages=["p1"]),
        call("note", text="A captain retired.", addresses=["p1:1"]),
        call("answer", statements=[{"text": "She retired.", "addresses": ["p1:1"]}]),
    ]
    answer = ask(script, archive=FERRIES, **setting)
    assert answer.paging.steps == used
    assert (answer.exit_status is ExitStatus.TOKEN_LIMIT) == (used == 1)
