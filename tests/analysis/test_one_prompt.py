"""The one-prompt peer: what it is sent, and when its words count as right."""

import asyncio

import pytest
from worlds import FERRIES

from docpager.analysis.one_prompt import INSTRUCTIONS, OnePrompt, Peers, ask_in_one_prompt, right_by_words
from docpager.errors import ModelError
from docpager.models.scripted import ScriptedModel
from docpager.records import Question, Usage

CAPTAIN = Question("q1", 0, "Who is the captain?")


def asked(model, k=2, questions=(CAPTAIN,)):
    told = []
    found = asyncio.run(ask_in_one_prompt(questions, FERRIES, model, k, lambda: told.append(1)))
    assert len(told) == len(questions)
    return found


@pytest.mark.parametrize("k", [1, 2])
def test_the_prompt_holds_the_best_passages_of_the_search_and_then_the_question(k):
    model = ScriptedModel(["Jon Dahl"])
    [found] = asked(model, k)
    assert (found.k, found.text, found.error_message) == (k, "Jon Dahl", None)
    [request] = model.requests
    system, user = request.messages
    assert system.content == INSTRUCTIONS
    assert [f"[{n}] [ferries/" in user.content for n in (1, 2, 3)] == [n <= k for n in (1, 2, 3)]
    assert "The new captain is Jon Dahl." in user.content
    assert user.content.endswith("Question: Who is the captain?\nAnswer:")
    assert (request.tools, request.json_tools) == ((), ())


def test_a_model_that_fails_is_not_right_and_the_next_question_is_asked():
    class Failing(ScriptedModel):
        async def complete(self, request):
            if not self.requests:
                self.requests.append(request)
                raise ModelError("The endpoint said no.")
            return await super().complete(request)

    first, second = asked(Failing(["Jon Dahl"]), questions=[CAPTAIN, CAPTAIN])
    assert (first.text, first.error_message) == (None, "The endpoint said no.")
    assert second.text == "Jon Dahl"
    assert not right_by_words(first.text, ["Jon Dahl"])


@pytest.mark.parametrize(
    ("answer", "golds", "question", "right"),
    [
        ("It was Jon Dahl. [1]", ["Ines Holm", "jon dahl"], "", True),
        ("Ines Holm", ["Jon Dahl"], "", False),
        ("The ferry [7]", ["7"], "", False),
        ("Seven of them, 7 [1]", ["7"], "", True),
        (None, ["7"], "", False),
        ("About 5.41 billion dollars [1]", ["$5409.00"], "What was the revenue (in USD millions)?", True),
        ("4.1 billion", ["$5409.00"], "What was the revenue (in USD millions)?", False),
        ("No, it fell.", ["No"], "Did it rise?", True),
    ],
)
def test_an_answer_is_right_by_its_words(answer, golds, question, right):
    assert right_by_words(answer, golds, question) is right


def test_peers_tell_shares_costs_and_the_fields_of_each_row():
    found = {5: [OnePrompt(5, "a", Usage(100, completion_tokens=3), 1.5), OnePrompt(5, None, seconds=0.5)]}
    peers = Peers(found, {5: [True, False]})
    [(name, share)] = peers.shares()
    assert (name, share.value, share.of) == ("top 5 in one prompt: right by its words", 0.5, 2)
    assert dict(peers.costs())["top 5: prompt tokens"] == [100, 0]
    first, second = peers.records(2)
    assert (first["top_5_right_by_words"], first["top_5_prompt_tokens"], first["top_5_seconds"]) == (True, 100, 1.5)
    assert second["top_5_answer"] is None
    assert list(Peers({}, {}).records(2)) == [{}, {}]
