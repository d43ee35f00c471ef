"""How many calls go to an endpoint at once, and how fast: found by trying, and never faster than was said."""

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.errors import UnreachableError
from docpager.models.openai.gate import LARGEST_LIMIT, CallGate, ConcurrencyLimit, RateLimit, gate_for
from docpager.settings import RunSettings


def windows(limit: ConcurrencyLimit, count: int, seconds: float = 1.0) -> list[int]:
    """The limit after each of so many windows of replies that came while all places were taken."""
    found = []
    for _ in range(count):
        for _ in range(limit.calls):
            limit.replied(seconds, in_flight=limit.calls)
        found.append(limit.calls)
    return found


def test_the_limit_doubles_until_the_first_refusal_and_grows_slowly_after_it():
    limit = ConcurrencyLimit()
    assert windows(limit, 4) == [8, 16, 32, 64]
    limit.refused(limit.epoch)
    assert limit.calls == 32
    assert windows(limit, 3) == [37, 43, 50]


def test_refusals_of_one_moment_lower_the_limit_once():
    limit = ConcurrencyLimit(limit=64)
    epoch = limit.epoch
    for _ in range(20):
        limit.refused(epoch)
    assert limit.calls == 32
    limit.refused(limit.epoch)
    assert limit.calls == 16


def test_replies_that_take_far_longer_than_the_best_lower_it():
    limit = ConcurrencyLimit()
    assert windows(limit, 3) == [8, 16, 32]
    [slowed] = windows(limit, 1, seconds=2.5)
    assert slowed == 28


def test_a_limit_that_is_not_used_does_not_grow():
    limit = ConcurrencyLimit()
    for _ in range(100):
        limit.replied(1.0, in_flight=1)
    assert limit.calls == 4


@given(st.lists(st.one_of(st.floats(0.001, 100), st.none()), max_size=300))
def test_whatever_comes_the_limit_stays_between_one_and_the_largest(outcomes):
    limit = ConcurrencyLimit()
    for seconds in outcomes:
        if seconds is None:
            limit.refused(limit.epoch)
        else:
            limit.replied(seconds, in_flight=limit.calls)
        assert 1 <= limit.calls <= LARGEST_LIMIT


@given(st.integers(1, 600), st.lists(st.tuples(st.integers(1, 40), st.floats(0, 5)), min_size=1, max_size=60))
def test_no_more_is_let_through_than_the_rate_and_one_burst(per_minute, asked):
    rate, now, started = RateLimit(per_minute), 0.0, []
    for units, pause in asked:
        now += pause
        now += rate.take(units, now)  # whoever asks next asks later
        started.append((now, units))
    for first, (begin, _) in enumerate(started):
        for last in range(first, len(started)):
            end, before_last = started[last][0], sum(units for _, units in started[first:last])
            assert before_last <= rate.burst + (end - begin) * per_minute / 60 + 1e-6


def test_what_was_taken_too_much_is_given_back():
    rate = RateLimit(600)
    assert rate.take(10, 0.0) == 0
    assert rate.take(10, 0.0) == pytest.approx(1.0)
    rate.give_back(10, 0.0)
    assert rate.take(10, 0.0) == pytest.approx(1.0)
    rate.give_back(-50, 0.0)
    assert rate.take(1, 0.0) == pytest.approx(6.1)


@dataclass
class Calls:
    """Calls through a gate, and how many were under way together."""

    gate: CallGate
    now: int = 0
    most: int = 0
    order: list[int] = field(default_factory=list)

    async def call(self, number: int, error: Exception | None = None) -> None:
        async with self.gate.passage(10) as passage:
            self.order.append(number)
            self.now += 1
            self.most = max(self.most, self.now)
            try:
                await asyncio.sleep(0.002)
            finally:
                self.now -= 1
            if error:
                raise error
            passage.is_answered = True


def test_no_more_calls_than_the_limit_are_made_and_in_the_order_they_came():
    calls = Calls(CallGate(ConcurrencyLimit.fixed(3)))

    async def all_of_them():
        await asyncio.gather(*(calls.call(n) for n in range(20)))

    asyncio.run(all_of_them())
    assert calls.most == 3
    assert calls.order == list(range(20))


def test_calls_that_fail_or_are_cancelled_leave_their_place():
    calls = Calls(CallGate(ConcurrencyLimit.fixed(2)))

    async def all_of_them():
        tasks = [
            asyncio.create_task(calls.call(n, UnreachableError("gone") if n % 3 == 0 else None)) for n in range(12)
        ]
        await asyncio.sleep(0.001)
        for task in tasks[1::4]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await calls.call(99)

    asyncio.run(asyncio.wait_for(all_of_them(), 5))
    assert calls.order[-1] == 99
    assert calls.most <= 2


def test_a_gate_made_of_settings():
    fixed = gate_for(RunSettings(concurrency=7))
    assert (fixed.limit.calls, fixed.limit.grows, fixed.questions_at_once) == (7, False, 8)
    assert gate_for(RunSettings(concurrency=1)).questions_at_once == 1
    found = gate_for(RunSettings(rpm=120))
    assert (found.limit.calls, found.limit.grows) == (4, True)
