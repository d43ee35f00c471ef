"""Where a question's window starts and how it grows: ``--context-tokens auto``."""

import asyncio

import pytest
from worlds import WordCounter, long_archive

from docpager.agent.loop import Agent
from docpager.agent.sizing import WindowSizes
from docpager.errors import UsageError, WindowTooSmallError
from docpager.models.scripted import ScriptedModel, call
from docpager.records import Answer, ExitStatus, Question
from docpager.settings import AgentSettings

AUTO = AgentSettings(context_tokens="auto", window_tokens=8000)


@pytest.mark.parametrize(
    ("needs", "start"),
    [
        ([], 4000),  # half
        ([1500], 2000),  # a whole number of eighths
        ([1000, 2000, 3000, 4000], 3000),
        ([1000, 2000, 3000, 4000, 5000], 4000),
        ([900] * 3 + [8000], 1000),
        ([8000], 8000),
        ([9999], 8000),
    ],
)
def test_question_starts_with_what_three_quarters_of_the_earlier_ones_needed(needs, start):
    sizes = WindowSizes(AUTO)
    for row, tokens in enumerate(needs):
        sizes.ended(row, tokens)
    assert sizes.start(len(needs)) == start


def test_only_questions_further_up_in_the_file_count():
    sizes = WindowSizes(AUTO)
    sizes.ended(7, 8000)
    assert sizes.start(3) == 4000
    sizes.ended(1, 2000)
    assert sizes.start(3) == 2000


def test_window_that_is_a_number_stays_what_it_is():
    sizes = WindowSizes(AgentSettings(context_tokens=5000))
    sizes.ended(0, 100)
    assert sizes.start(1) == 5000
    assert sizes.above(5000) is None


def test_word_that_is_no_size_is_refused():
    with pytest.raises(UsageError, match="context_tokens is a number of tokens or auto, not 'huge'"):
        AgentSettings(context_tokens="huge")


def questions_of(agent: Agent, count: int) -> list[Answer]:
    return [asyncio.run(agent.answer(Question(f"q{n}", n, "Who is keeper 105?"))) for n in range(count)]


def reading(*pages: str) -> ScriptedModel:
    """Searches, reads pages one by one, and gives up."""
    calls = [call("search", query="lantern keeper"), *[call("page_in", pages=[page]) for page in pages]]
    return ScriptedModel([*calls, [call("abstain", reason="x"), call("abstain", reason="x")]], restart=True)


def sizes_of(answer: Answer) -> list[tuple[str, int]]:
    return [(e.arguments["reason"], e.arguments["window"]) for e in answer.events if e.event == "Resized"]


def test_pages_that_come_back_make_the_window_grow_and_the_next_question_starts_there():
    cycle = [f"p{n}" for n in range(1, 10)] * 3
    agent = Agent(long_archive(), reading(*cycle), WordCounter(), AUTO)
    first, second = questions_of(agent, 2)
    grown = sizes_of(first)
    assert grown == [("refaults", 4000 + 1000 * n) for n in range(1, len(grown) + 1)]
    assert grown
    assert sizes_of(second) == []
    assert second.paging.refaults == 0
    assert second.events[0].capacity == first.events[-1].capacity


def test_question_that_needs_little_lets_the_next_start_small_and_a_large_page_makes_it_grow():
    agent = Agent(long_archive(sentences=70), reading(), WordCounter(), AUTO)
    [first] = questions_of(agent, 1)
    agent.model = reading("p1")
    _, second = questions_of(agent, 2)
    assert second.events[0].capacity < first.events[0].capacity
    assert second.exit_status is ExitStatus.ABSTAINED
    [grown] = sizes_of(second)[-1:]
    assert grown[0] == "page"
    assert not [e for e in second.events if e.event == "LinesTrimmed"]


def test_window_never_grows_beyond_the_models_own():
    settings = AgentSettings(context_tokens="auto", window_tokens=5000, max_steps=60, read_tokens=10**6)
    agent = Agent(long_archive(), reading(*[f"p{n % 10 + 1}" for n in range(60)]), WordCounter(), settings)
    [answer] = questions_of(agent, 1)
    windows = [window for reason, window in sizes_of(answer) if reason == "refaults"]
    assert windows == [3125, 3750, 4375, 5000]
    assert answer.paging.context_peak_tokens < 5000


def test_long_question_starts_with_a_window_it_fits_into():
    agent = Agent(long_archive(), reading("p1"), WordCounter(), AUTO)
    long = agent.plan("why? " * 1300)
    assert long.window > 4000
    with pytest.raises(WindowTooSmallError, match="A window of 8,000 tokens is too small"):
        agent.plan("why? " * 5000)
