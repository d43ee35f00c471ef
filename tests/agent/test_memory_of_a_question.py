"""The parts of a question's working memory: window plan, notebook, ledger and log."""

import re

import pytest
from worlds import WordCounter

from docpager.agent.budget import SMALLEST_PAGE, WindowPlan
from docpager.agent.counting import MemoCounter, common_prefix_tokens, count_message
from docpager.agent.coverage import CoverageLedger
from docpager.agent.main_context import LogEntry, MainContext, Part
from docpager.agent.notebook import Notebook
from docpager.errors import ToolError, WindowTooSmallError
from docpager.models.scripted import call
from docpager.records import Address, Message, Role
from docpager.records.views import BudgetView, TailView
from docpager.settings import AgentSettings
from docpager.tool_protocol import TOOL_PROTOCOLS

# The window


@pytest.mark.parametrize("window", [2048, 4096, 8192, 32768, 200_000])
def test_parts_of_the_window_add_up_to_it(window):
    plan = WindowPlan.divide(AgentSettings(context_tokens=window), system=400, question=30)
    assert plan.fixed + plan.capacity == plan.window == window
    assert plan.request_limit == window - plan.reply
    assert plan.capacity >= SMALLEST_PAGE


def test_smallest_window_that_is_named_is_large_enough():
    with pytest.raises(WindowTooSmallError) as error:
        WindowPlan.divide(AgentSettings(context_tokens=700), system=400, question=30)
    smallest = error.value.smallest
    assert str(error.value).endswith(f"Set --context-tokens to at least {smallest}.")
    plan = WindowPlan.divide(AgentSettings(context_tokens=smallest), system=400, question=30)
    assert SMALLEST_PAGE <= plan.capacity < SMALLEST_PAGE + 64


# The notebook


def test_notebook_keeps_a_note_once_and_refuses_one_that_does_not_fit():
    notebook = Notebook(30, WordCounter().count)
    first = notebook.add("The captain is Jon Dahl.", (Address("p1", 1, 2),))
    assert (first.handle, first.addresses) == ("n1", ("p1:1-2",))
    assert notebook.add("The captain is  Jon Dahl.", (Address("p1", 1, 2),)) is first
    with pytest.raises(ToolError, match=r"The notebook is full: this note needs \d+ tokens, \d+ of 30 are used"):
        notebook.add("word " * 50, ())
    assert notebook.notes == [first]


def test_a_note_that_is_too_long_keeps_its_addresses_and_as_many_words_as_there_is_room_for():
    notebook = Notebook(30, WordCounter().count)
    text = "The captain of the Alma " + "sails on " * 40
    kept = notebook.add(text, (Address("p1", 1, 2),))
    assert kept.addresses == ("p1:1-2",)
    assert kept.text.endswith("…")
    assert text.startswith(kept.text[:-1])
    assert WordCounter().count(f"n1 | p1:1-2 | {kept.text}") in (28, 29)
    assert notebook.add(text, (Address("p1", 1, 2),)) is kept
    with pytest.raises(ToolError, match="The notebook is full"):
        notebook.add(text, (Address("p2", 1, 2),))


# The ledger


def test_ledger_tells_what_was_ranked_read_and_left():
    ledger = CoverageLedger()
    ledger.ranked("q", (), [("a", 1, 0.9), ("b", 2, 0.8), ("c", 3, 0.7)])
    ledger.ranked("q", (), [("d", 4, 0.6)])
    ledger.ranked("other", ("d1",), [("b", 1, 0.5)])
    ledger.read("a")
    ledger.read("z")
    account = ledger.account("answered")
    assert account.ranked_segment_ids == ("a", "b", "c", "d")
    assert account.read_segment_ids == ("a", "z")
    assert account.ranked_unread == 3
    assert ledger.unread_top(2) == ["b"]
    assert ledger.ranking("b").score == 0.8
    assert ledger.ranking("z") is None


# The log


def context(*entries: LogEntry) -> MainContext:
    made = MainContext("system", "Question: why?", (), TOOL_PROTOCOLS["native"], WordCounter(), nonce="x")
    for entry in entries:
        made.append(entry)
    return made


def entry(n: int, *parts: Part) -> LogEntry:
    return LogEntry((call("search", query=f"{n}"),), [list(parts)], summary=f"[notice] earlier: search {n}")


def test_page_that_goes_leaves_one_tombstone_where_it_stood_first():
    made = context(entry(1, Part("PAGE A", "a")), entry(2, Part("MORE OF A", "a"), Part("PAGE B", "b")))
    made.remove_page("a", "[evicted p1]")
    shown = [message.content for message in made.messages()]
    assert shown[3] == "[evicted p1]"
    assert shown[5] == "PAGE B"


def test_trimming_moves_the_oldest_entries_out_and_keeps_resident_pages_and_the_newest():
    made = context(
        entry(1, Part("old results " * 50)),
        entry(2, Part("results " * 50), Part("PAGE B", "b")),
        entry(3, Part("newest " * 50)),
    )
    assert made.trim(0, page_tokens=2) == 2
    assert made.earlier.untold == [
        'search {"query": "1"}\n' + "old results " * 50,
        'search {"query": "2"}\n' + "results " * 50,
    ]
    shown = "\n".join(message.content for message in made.messages())
    assert "old results" not in shown
    assert "PAGE B" in shown
    assert "newest" in shown


def test_summary_stands_behind_the_question_and_drops_its_oldest_lines_first():
    made = context(*[entry(n, Part("results " * 30)) for n in range(20)])
    made.trim(120, page_tokens=0)
    question = made.messages()[1].content.split("\n")
    assert question[0] == "Question: why?"
    assert question[-1] == "[notice] earlier: search 18"
    assert "[notice] earlier: search 0" not in question
    assert made.log_tokens(0) <= 120


def test_tail_stands_behind_the_last_message_and_is_gone_from_the_next_request():
    def contents(steps_left: int) -> list[str]:
        tail = TailView((), (), BudgetView(0, 9, 0, 0, 9, steps_left), "", "why?")
        return [message.content for message in made.request(tail, 100).messages]

    made = context()
    assert re.match(r"Question: why\?\n<<<memory x>>>\n", contents(9)[-1])
    made.append(entry(1, Part("results")))
    before, after = contents(8), contents(7)
    assert "8 steps left" in before[-1]
    assert "7 steps left" in after[-1]
    assert before[:-1] == after[:-1]
    assert before[1] == "Question: why?"


def test_common_prefix_counts_whole_messages_and_the_start_of_the_one_that_differs():
    counter = WordCounter()
    old = [Message(Role.SYSTEM, "s" * 40), Message(Role.USER, "abcd" * 10 + "x" * 8)]
    new = [Message(Role.SYSTEM, "s" * 40), Message(Role.USER, "abcd" * 10 + "y" * 8), Message(Role.USER, "z")]
    assert common_prefix_tokens(old, new, counter) == count_message(old[0], counter) + 10
    assert common_prefix_tokens([], new, counter) == 0


def test_counter_with_a_memory_counts_each_text_once():
    class Counted(WordCounter):
        calls = 0

        def count(self, text: str) -> int:
            self.calls += 1
            return super().count(text)

    counted = Counted()
    memo = MemoCounter(counted)
    assert [memo.count("word"), memo.count("word"), memo.count("other words")] == [1, 1, 3]
    assert (counted.calls, memo.name) == (2, "quarter")


def test_search_that_was_turned_further_keeps_one_line_of_the_summary():
    turned = [
        '[notice] earlier: search {"query":"a"} (to rank 10, more follow)',
        '[notice] earlier: search {"query":"b"} (to rank 4, the last)',
        '[notice] earlier: search {"query":"a","first":11} (to rank 17, the last)',
    ]
    results = [Part("x " * 1000)]
    made = context(*[LogEntry((call("search"),), [results], summary=line) for line in turned], entry(9))
    made.trim(300, page_tokens=0)
    assert [line for line in made.messages()[1].content.split("\n") if "earlier" in line] == turned[1:]
