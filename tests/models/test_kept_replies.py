"""What is kept of a model's replies, and who finds it again."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docpager.errors import ContextLengthError, NotKeptError, StartAnewError
from docpager.models.kept_replies import KeptReplies, is_of_use
from docpager.models.reply_store import Asker, KeptReply, ReplyStore
from docpager.records import Message, ModelReply, ModelRequest, Question, ReplyOrigin, Role, ToolCall, ToolSpec, Usage

TOOL = ToolSpec("search", "Finds pages.", {"type": "object", "properties": {"query": {"type": "string"}}})
GOOD = ModelReply(tool_calls=(ToolCall("c1", "search", '{"query": "rye"}'),), usage=Usage(70, None, 7, None, 0.25))
BROKEN = ModelReply(tool_calls=(ToolCall("c1", "search", '{"query": "rye'),), usage=Usage(70, None, 7))
QUESTION = Question("q1", 0, "Who ground the rye?")


def request(text: str = "Who?", nonce: str = "0a1b2c3d", **changes) -> ModelRequest:
    messages = (Message(Role.SYSTEM, f"<<<memory {nonce}>>>"), Message(Role.USER, text))
    return replace(ModelRequest(messages, (TOOL,), 256), **changes)


@dataclass
class Model:
    """Gives what it is told to, in order, and counts."""

    replies: list
    name: str = "counted"
    asked: list = field(default_factory=list)

    async def complete(self, request):
        self.asked.append(request)
        reply = self.replies[len(self.asked) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply


@pytest.fixture
def store(tmp_path):
    store = ReplyStore(tmp_path)
    yield store
    store.close()


def run_of(store, run_id="run-1", **changes) -> KeptReplies:
    facts = {"endpoint": "http://here", "archive": "a.lancedb", "nonce": "0a1b2c3d", "run_id": run_id}
    return KeptReplies(store, "5" * 64, '["counted", 0, null]', **{**facts, **changes})


def asked(run, model, *requests, question=QUESTION):
    """The replies to requests that one question makes in one sitting."""
    replies = run.of(question, model)

    async def all_of_them():
        return [await replies.complete(r) for r in requests]

    return asyncio.run(all_of_them())


def test_what_was_asked_is_not_asked_again_and_costs_nothing(store):
    model = Model([GOOD])
    [first] = asked(run_of(store), model, request())
    [again] = asked(run_of(store, "run-2"), model, request())
    assert first == GOOD
    assert again == replace(GOOD, origin=ReplyOrigin.CACHE, usage=replace(GOOD.usage, cost_usd=0.0))
    assert len(model.asked) == 1


def test_a_question_that_was_interrupted_goes_on_with_what_its_run_paid_for(store):
    model = Model([GOOD])
    asked(run_of(store), model, request())
    [again] = asked(run_of(store), model, request())
    assert again == replace(GOOD, origin=ReplyOrigin.JOURNAL)
    assert run_of(store).spent([QUESTION]) == (77, 0.25)
    assert run_of(store).spent([replace(QUESTION, question_id="q2")]) == (0, 0.0)


def test_the_same_request_made_twice_by_a_question_is_asked_twice(store):
    other = replace(GOOD, text="second")
    model = Model([GOOD, other])
    assert asked(run_of(store), model, request(), request()) == [GOOD, other]
    again = asked(run_of(store), model, request(), request())
    assert [reply.text for reply in again] == ["", "second"]
    assert len(model.asked) == 2


def test_a_reply_that_cannot_be_acted_on_is_asked_for_again_by_other_runs_alone(store):
    model = Model([BROKEN, GOOD])
    asked(run_of(store), model, request())
    assert asked(run_of(store), model, request())[0].tool_calls == BROKEN.tool_calls
    assert asked(run_of(store, "run-2"), model, request()) == [GOOD]
    assert len(model.asked) == 2


def test_a_run_forgets_its_broken_replies_where_it_is_told_to(store):
    model = Model([BROKEN, GOOD])
    asked(run_of(store), model, request())
    store.forget_unparsed("run-1")
    assert asked(run_of(store), model, request()) == [GOOD]


def test_a_refusal_for_length_is_replayed_in_its_own_run_and_offline(store):
    refused = ContextLengthError("too long", 4096, 5000)
    model = Model([refused, GOOD])
    for run in (run_of(store), run_of(store), run_of(store, "run-9", is_offline=True, endpoint="")):
        with pytest.raises(ContextLengthError) as caught:
            asked(run, model, request())
        assert (caught.value.limit, caught.value.sent) == (4096, 5000)
    assert len(model.asked) == 1
    assert asked(run_of(store, "run-2"), model, request()) == [GOOD]


def test_another_endpoint_is_asked_itself(store):
    model = Model([GOOD, GOOD])
    asked(run_of(store), model, request())
    asked(run_of(store, "run-2", endpoint="http://there"), model, request())
    assert len(model.asked) == 2
    asked(run_of(store, "run-1", endpoint="http://elsewhere"), model, request())
    assert len(model.asked) == 2, "the run goes on with what it has, wherever it asks now"


def test_offline_a_missing_call_is_named(store):
    model = Model([GOOD])
    asked(run_of(store), model, request())
    offline = run_of(store, "run-2", is_offline=True)
    with pytest.raises(NotKeptError, match=r"does not hold call 2 \(request [0-9a-f]{16}, attempt 1\)"):
        asked(offline, model, request(), request("Where?"))
    with pytest.raises(NotKeptError, match="its first call"):
        offline.of(replace(QUESTION, question_id="q2"), model).beginning()


def test_a_question_goes_on_from_another_runs_knowledge_only_where_that_leads_somewhere(store):
    model = Model([GOOD, GOOD])
    first = run_of(store).of(QUESTION, model)
    first.begin({"start": 4096}, Usage(40, None, 2, None, 0.5))
    asyncio.run(first.complete(request()))
    second = run_of(store, "run-2").of(QUESTION, model)
    assert second.beginning() == {"start": 4096}
    assert (second.is_foreign, second.probe) == (True, Usage(40, None, 2, None, 0.0))
    with pytest.raises(StartAnewError):
        asyncio.run(second.complete(request("Where?")))
    second.begin({"start": 8192}, Usage())
    asyncio.run(second.complete(request("Where?")))
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    ("reply", "changes", "useful"),
    [
        (GOOD, {}, True),
        (BROKEN, {}, False),
        (ModelReply("I would search."), {}, False),
        (ModelReply('{"tool": "search", "arguments": {}}'), {"tools": (), "json_tools": (TOOL,)}, True),
        (ModelReply('{"arguments": {}}'), {"tools": (), "json_tools": (TOOL,)}, False),
        (ModelReply("Rye was ground."), {"tools": ()}, True),
        (ModelReply("  ", finish_reason="length"), {"tools": ()}, False),
    ],
)
def test_only_what_can_be_acted_on_is_of_use(reply, changes, useful):
    assert is_of_use(request(**changes), reply) is useful


TEXTS = st.text(st.characters(), max_size=30)


@given(text=TEXTS, nonces=st.tuples(*[st.from_regex(r"\A[0-9a-f]{8}\Z")] * 2))
def test_a_key_does_not_depend_on_the_nonce_of_a_run(text, nonces):
    keys = {KeptReplies(None, "", "", "", "", nonce).key(request(text.replace(nonce, ""), nonce)) for nonce in nonces}
    assert len(keys) == 1 or nonces[0] in text or nonces[1] in text


@given(a=TEXTS, b=TEXTS)
def test_keys_differ_where_requests_do(a, b):
    run = KeptReplies(None, "", "", "", "", "0a1b2c3d")
    assert (run.key(request(a)) == run.key(request(b))) == (a == b)
    assert run.key(request(a)) != run.key(request(a, max_reply_tokens=257))
    assert run.key(request(a)) != run.key(request(a, tools=(), json_tools=(TOOL,)))


def test_the_order_of_a_schemas_keys_is_nothing():
    turned = ToolSpec(TOOL.name, TOOL.description, dict(reversed(TOOL.parameters.items())))
    run = KeptReplies(None, "", "", "", "", "0a1b2c3d")
    assert run.key(request()) == run.key(request(tools=(turned,)))


def test_what_was_not_used_for_longest_leaves_a_file_that_grew_too_large(tmp_path):
    store, asker = ReplyStore(tmp_path, size_mib=1), Asker("http://here", "run-1", "q", "a")
    for number in range(400):
        store.keep(number.to_bytes(32), 1, asker, KeptReply("x" * 6000, True)).result()
    store.close()
    store = ReplyStore(tmp_path)
    kept = [n for n in range(400) if store.reply(n.to_bytes(32), 1, asker, own_only=False, anyones=False)]
    store.close()
    assert 50 < len(kept) < 300
    assert kept == list(range(400 - len(kept), 400))


def test_two_processes_worth_of_connections_share_one_file(tmp_path):
    first, second = ReplyStore(tmp_path), ReplyStore(tmp_path)
    asker = Asker("http://here", "run-1", "q", "a")
    written = [
        store.keep(bytes([n]) * 32, 1, asker, KeptReply("{}", True)) for n in range(50) for store in (first, second)
    ]
    for future in written:
        future.result()
    assert first.contents().replies == second.contents().replies == 50
    first.close()
    second.close()
