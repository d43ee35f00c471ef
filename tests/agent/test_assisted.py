"""A model that only reads and answers, steered by the built-in reader."""

from __future__ import annotations

import asyncio
import json

import pytest
from worlds import FERRIES, long_archive

from docpager.archive.in_memory import InMemoryArchive
from docpager.errors import ModelError
from docpager.models.extractive import ExtractiveModel
from docpager.models.scripted import ScriptedModel, call
from docpager.models.short_prompt import REPLIES
from docpager.protocols import ChatModel
from docpager.records import Answer, ExitStatus, ModelReply, ModelRequest, Question, Role, Usage, VerifyStatus
from docpager.settings import AgentSettings, ConnectionSettings
from docpager.testing import Endpoint, EndpointSettings, ObedientReader, Replier, Reply, Scripted
from docpager.wiring import make_agent

JON = '{"tool": "answer", "arguments": {"text": "Jon Dahl", "addresses": ["p1:1"]}}'
NOTHING = '{"tool": "nothing", "arguments": {}}'


def more(query: str) -> str:
    return json.dumps({"tool": "more", "arguments": {"query": query}})


def ask(model: ChatModel | list, question: str = "Who is the captain?", *, archive=FERRIES, **settings) -> Answer:
    """Puts a question to a model that is assisted, where nothing else is said."""
    model = ScriptedModel(model) if isinstance(model, list) else model
    settings = {"autonomy": "assisted", **settings}
    agent = make_agent(AgentSettings(model=model.name, **settings), archive, model)
    return asyncio.run(agent.answer(Question("q1", 0, question)))


def events(answer: Answer, name: str) -> list[dict]:
    return [dict(event.arguments) for event in answer.events if event.event == name]


def shown(request: ModelRequest) -> str:
    return request.messages[1].content


def test_the_reader_finds_the_pages_and_the_model_answers_by_address():
    model = ScriptedModel(["Jon Dahl [p1:1]"])
    answer = ask(model)
    [citation] = answer.citations
    assert (answer.exit_status, answer.answer, answer.autonomy) == (ExitStatus.ANSWERED, "Jon Dahl [1]", "assisted")
    assert (citation.quote, citation.verify_status) == ("The new captain is Jon Dahl.", VerifyStatus.EXACT)
    assert citation.page_in_step == 2
    assert answer.coverage.queries
    [request] = model.requests
    assert [message.role for message in request.messages] == [Role.SYSTEM, Role.USER]
    assert "p1:1 The new captain is Jon Dahl." in shown(request)
    assert shown(request).endswith("Question: Who is the captain?")
    assert "in a few words" in request.messages[0].content
    assert (request.tools, request.json_tools) == ((), ())


def test_where_words_are_not_enough_the_model_chooses_one_of_three_replies():
    model = ScriptedModel(["The lines do not mention it.", NOTHING, NOTHING, NOTHING])
    ask(model, "Which lantern has a keeper?", archive=long_archive(60), context_tokens=4096)
    words, choice, *_ = model.requests
    assert (words.json_tools, [tool.name for tool in choice.json_tools]) == ((), [tool.name for tool in REPLIES])
    assert "Choose one of three" in choice.messages[0].content


def test_only_what_the_model_was_sent_is_counted_and_kept():
    class Counting(ScriptedModel):
        async def complete(self, request):
            reply = await super().complete(request)
            return ModelReply(reply.text, usage=Usage(310, 100, 20), model_reported="small-1")

    answer = ask(Counting([JON]))
    assert (answer.usage.prompt_tokens, answer.usage.cached_tokens, answer.usage.completion_tokens) == (310, 100, 20)
    assert answer.paging.context_peak_tokens == answer.counted_tokens < 310
    assert answer.model_reported == "small-1"
    assert len(answer.transcript) == len(events(answer, "ModelCall")) == 1
    assert answer.transcript[0]["messages"][0]["content"].startswith(
        "Answer the question in a few words from the numbered"
    )


@pytest.mark.parametrize("window", [1500, 2048, 4096, 16_384])
def test_every_prompt_and_its_reply_fit_into_the_window(window):
    model = ScriptedModel([NOTHING] * 4)
    answer = ask(model, "Which lantern has a keeper?", archive=long_archive(60), context_tokens=window)
    assert answer.exit_status is ExitStatus.ABSTAINED
    assert len(model.requests) == 4
    assert answer.paging.context_peak_tokens + model.requests[0].max_reply_tokens <= window
    assert all(len(shown(request)) > 400 for request in model.requests)


def test_a_model_that_finds_nothing_is_shown_other_pages_each_time_and_the_question_ends_as_abstained():
    answer = ask([NOTHING] * 4, "Which lantern has a keeper?", archive=long_archive(60), context_tokens=4096)
    pages = [set(told["pages"]) for told in events(answer, "ModelRead")]
    assert len(set().union(*pages)) == sum(map(len, pages)) > 12
    assert answer.abstain_reason == f"The model found no answer in the {sum(map(len, pages))} pages it was shown."


def test_what_the_model_asks_for_is_searched_and_shown():
    model = ScriptedModel([more("harbour master"), '{"text": "Ole Brand", "addresses": []}'])
    archive = InMemoryArchive.of(
        {f"log/{n}.txt": f"The captain of ship {n} is away; ask the port's chief official." for n in range(12)}
        | {"port.txt": "Harbour master: Ole Brand."}
    )
    answer = ask(model, "Who speaks for the captain of ship 3?", archive=archive)
    assert [told["query"] for told in events(answer, "Search")][-1] == "harbour master"
    assert answer.citations[0].quote == "Harbour master: Ole Brand."
    first, second = (set(told["pages"]) for told in events(answer, "ModelRead"))
    assert first & second  # what it has seen stands beside what it asked for


def test_words_without_an_address_are_traced_to_the_line_that_bears_them():
    answer = ask(["The captain is Jon Dahl."])
    assert answer.citations[0].quote == "The new captain is Jon Dahl."
    assert [told["traced"] for told in events(answer, "ModelRead")] == [True]


def test_an_answer_that_no_line_bears_is_asked_for_again_with_the_reason():
    model = ScriptedModel(["Maria Vega", "Maria Vega", JON])
    answer = ask(model)
    assert answer.answer == "Jon Dahl [1]"
    assert [message.role for message in model.requests[1].messages] == [Role.SYSTEM, Role.USER]
    again = model.requests[2].messages
    assert [message.role for message in again] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]
    assert again[2].content == "Maria Vega"
    assert again[3].content.startswith("Your answer names no line, and no line says what it says.")


@pytest.mark.parametrize("said", ["", "Maria Vega", '{"tool": "answer", "arguments": {"text": "Jo'])
def test_a_model_whose_replies_cannot_be_used_leaves_the_answer_to_the_reader(said):
    answer = ask([said] * 3)
    alone = ask(ExtractiveModel())
    assert (answer.exit_status, answer.answer) == (ExitStatus.ANSWERED, alone.answer)
    assert answer.confidence == alone.confidence
    assert answer.model_reported == "extractive"
    assert len(events(answer, "ReaderAnswers")) == 1


def test_an_endpoint_that_gives_no_reply_is_an_error_that_can_be_retried():
    def broken(request):
        raise ModelError("The endpoint is broken.")

    answer = ask([broken])
    assert (answer.exit_status, answer.error_message) == (ExitStatus.MODEL_ERROR, "The endpoint is broken.")


def test_a_result_that_was_worked_out_is_shown_and_cited_by_the_lines_it_rests_on():
    model = ScriptedModel([lambda request: ModelReply("20%" if " = 20; cite " in shown(request) else "?")] * 3)
    report = "Northline Ferries\nConsolidated Statements of Income\n(in millions)\n2023 2022\n"
    rows = "Total revenue 95 80\nOperating income 19 12\n"
    archive = InMemoryArchive.of({"NORTHLINE_2023.txt": report + rows})
    answer = ask(model, "What is Northline's operating margin in 2023, in percent?", archive=archive)
    assert answer.answer == "20% [1][2]"
    assert sorted(citation.quote for citation in answer.citations) == ["Operating income 19 12", "Total revenue 95 80"]


# Over HTTP


def over_http(replier: Replier, question: str, *, archive=FERRIES, limit: int | None = None, **settings):
    settings = {"autonomy": "assisted", "model": "loopback", **settings}
    with Endpoint(replier, EndpointSettings(context_tokens=limit, keep_bodies=True)) as endpoint:
        connection = ConnectionSettings(base_url=endpoint.base_url)
        agent = make_agent(AgentSettings(**settings), archive, connection=connection)

        async def answered() -> Answer:
            try:
                return await agent.answer(Question("q1", 0, question))
            finally:
                await agent.model.close()

        return asyncio.run(answered()), list(endpoint.log)


@pytest.mark.parametrize(
    ("protocol", "carries"), [("auto", "response_format"), ("json", "response_format"), ("native", "tools")]
)
def test_the_three_replies_travel_as_a_schema_or_as_native_tools(protocol, carries):
    said = call("answer", text="Jon Dahl", addresses=["p1:1"])
    answer, [_, served] = over_http(Scripted(["Maria Vega", said]), "Who is the captain?", tool_protocol=protocol)
    assert answer.citations[0].verify_status is VerifyStatus.EXACT
    assert answer.tool_protocol == ("native" if protocol == "native" else "json")
    assert {"tools", "response_format"} & set(served.body) == {carries}
    assert served.body["messages"][-1]["content"].endswith("Question: Who is the captain?")


def test_a_prompt_that_the_endpoint_finds_too_long_is_sent_again_with_fewer_pages():
    answer, served = over_http(
        Scripted(["The captain of chapter 3 is lantern number 301 [p1:2]"] * 3),
        "Which lantern has a keeper?",
        archive=long_archive(30),
        limit=1800,
        context_tokens=4096,
    )
    assert answer.exit_status in (ExitStatus.ANSWERED, ExitStatus.UNVERIFIED)
    sizes = [len(s.body["messages"][1]["content"]) for s in served]
    assert sizes[0] > sizes[-1]


@pytest.mark.parametrize("protocol", ["json", "native"])
def test_a_model_that_obeys_its_documents_can_only_choose_the_words_of_an_answer(protocol):
    answer, served = over_http(
        ObedientReader(), "Who wrote the complaint to answer?", tool_protocol=protocol, context_tokens=4096
    )
    assert answer.exit_status in (ExitStatus.ANSWERED, ExitStatus.ABSTAINED)
    assert "HACKED" not in (answer.answer or "") or answer.citations[0].quote.count("HACKED")
    assert all(citation.verify_status is VerifyStatus.EXACT for citation in answer.citations)
    offered = {tool["function"]["name"] for s in served for tool in s.body.get("tools", ())}
    assert offered <= {"answer", "more", "nothing"}


def test_a_model_with_a_gold_string_answers_it_wherever_it_stands():
    def finds(body, number):
        lines = body["messages"][1]["content"].split("\n")
        found = next((line.split(" ")[0] for line in lines if "lantern number 2907" in line), None)
        return Reply(json.dumps({"text": "lantern number 2907", "addresses": [found]}) if found else NOTHING)

    answer, _ = over_http(
        finds, "Which keeper of chapter 29 has lantern 2907?", archive=long_archive(40, 10), context_tokens=2048
    )
    assert answer.citations[0].quote == "Chapter 29 sentence 7 speaks of lantern number 2907 and its keeper."


# Who steers


SEARCH = call("search", query="captain")
READ = call("page_in", pages=["p1"])
END = call("answer", statements=[{"text": "Jon Dahl", "addresses": ["p1:1"]}])


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (["Hello"] * 3, "no call in 3 replies one after the other"),
        ([call("look"), call("look"), call("look")], "no call that could be carried out in 3 replies"),
        ([call("outline")] * 8, "no page read in 8 replies"),
        ([SEARCH] * 4, "a search made again 3 times while its results were in the context"),
        ([END, END], "ended without a page read"),
        ([call("abstain", reason="I am a language model.")], "ended without a page read"),
    ],
)
def test_a_model_that_cannot_steer_is_assisted_and_the_question_begun_anew(script, reason):
    answer = ask([*script, JON], autonomy="auto")
    assert (answer.answer, answer.autonomy) == ("Jon Dahl [1]", "assisted")
    assert events(answer, "Assisted") == [{"reason": reason, "steps": len(script)}]
    assert len(answer.transcript) == len(script) + 1
    assert answer.usage.prompt_tokens > 0


def ask_in_turn(script: list, *questions: str) -> list[Answer]:
    model = ScriptedModel(script)
    agent = make_agent(AgentSettings(model=model.name), FERRIES, model)
    return [asyncio.run(agent.answer(Question(f"q{n}", n, text))) for n, text in enumerate(questions)]


def test_what_the_first_question_showed_holds_for_the_rest_of_the_run():
    first, second = ask_in_turn(["Hello", "Hello", "Hello", JON, JON], "Who is the captain?", "Who is captain now?")
    assert (first.autonomy, second.autonomy) == ("assisted", "assisted")
    assert events(second, "Assisted") == []
    assert second.paging.steps == 3


def test_a_model_that_steered_one_question_is_never_assisted():
    first, second = ask_in_turn([SEARCH, READ, END, "Hi", "Hi", "Hi"], "Who is the captain?", "Who is captain now?")
    assert (first.autonomy, first.exit_status) == ("full", ExitStatus.ANSWERED)
    assert (second.autonomy, second.exit_status) == ("full", ExitStatus.MODEL_ERROR)


def test_a_model_that_found_nothing_by_searching_has_not_failed():
    [answer] = ask_in_turn([call("find", text="zeppelin"), call("abstain", reason="Not there.")], "Which zeppelin?")
    assert (answer.exit_status, answer.autonomy) == (ExitStatus.ABSTAINED, "full")


def test_full_leaves_a_weak_model_to_itself():
    answer = ask(["Hello"] * 3, autonomy="full")
    assert (answer.exit_status, answer.autonomy) == (ExitStatus.MODEL_ERROR, "full")


def test_both_tries_at_a_question_share_its_time():
    class Slow(ScriptedModel):
        async def complete(self, request):
            await asyncio.sleep(0.15)
            return await super().complete(request)

    answer = ask(Slow(["Hello", "Hello", "Hello", JON]), autonomy="auto", question_timeout_seconds=0.5)
    assert answer.exit_status is ExitStatus.TIME_LIMIT
    assert answer.latency_seconds < 1
