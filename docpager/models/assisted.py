"""A model too weak to steer, steered: the built-in reader searches and pages in, the model reads and answers.

Together they speak to the agent as one model does, so that limits, admission, citations and the ledger are those of any
other. The model is asked when memory holds what the reader looked for, or is full of pages that the model has not seen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from docpager.errors import ContextLengthError, ModelError, NoRoomError, TranscriptError
from docpager.models.extractive import ExtractiveModel, Reading, in_order
from docpager.models.short_prompt import CITE, REPLIES, ShortPrompt, page_text
from docpager.models.short_reply import Found, Meaning, More, Unusable, meaning_of
from docpager.models.situation import Situation
from docpager.protocols import ChatModel, TokenCounter
from docpager.records import Message, ModelReply, ModelRequest, Remark, Role, SentRequest, ToolCall
from docpager.records.views import PageView
from docpager.tool_protocol import ToolProtocol

ENDINGS = ("answer", "abstain")
MOST_TRIES = 3
"""A reply that cannot be used is asked for again, with what was wrong; after so many the reader answers alone."""
MOST_PROMPTS = 4
"""The model is shown so many sets of pages for a question at most."""
PAGES_A_PROMPT, MEMORY_SHARE = 5, 0.9
"""The model is asked when it has not seen so many pages, or fewer that fill this share of memory."""
MOST_PAGES = 8
"""Where it asked for more, it is shown what that brought beside what it has seen, so many pages in all."""
RETOLD_CHARACTERS = 300
"""What an unusable reply is cut to when it is told back."""
RETRY_TOKENS = 160
"""What telling it back and saying what was wrong takes, at most."""
MOST_SHRINKS = 5
SHRINK = 0.7
"""What is left of the pages in a prompt that the endpoint found too long."""


@dataclass(frozen=True, slots=True)
class Assistant:
    """What steers a run's model: the built-in reader, and what the model is told."""

    reader: ExtractiveModel
    counter: TokenCounter
    in_words: str
    """What it is told first: to answer in words. A schema makes small models copy a title or the question."""
    instructions: str
    """What it is told where words were not enough: to choose one of three replies."""
    protocol: ToolProtocol
    pages_a_prompt: int = PAGES_A_PROMPT
    most_pages: int = MOST_PAGES

    @property
    def system(self) -> str:
        """The system message of the short prompt, the same for every question."""
        return self.protocol.system_text(self.instructions, REPLIES)

    @property
    def prompt_tokens(self) -> int:
        """What the short prompt takes without lines and question: instructions, schemas, and room to try again."""
        schemas = sum(self.counter.count(f"{t.name}{t.description}{json.dumps(t.parameters)}") + 24 for t in REPLIES)
        return self.counter.count(self.system) + schemas * bool(self.protocol.request_tools(REPLIES)) + RETRY_TOKENS

    def steer(self, model: ChatModel) -> AssistedModel:
        """The model for one question."""
        return AssistedModel(model, self)


class AssistedModel:
    """The reader and the model as one, for one question: it remembers what the model has been shown."""

    def __init__(self, model: ChatModel, assistant: Assistant) -> None:
        self.name = model.name
        self._model = model
        self._assistant = assistant
        self._seen: set[str] = set()
        """Handles of pages whose lines the model was shown."""
        self._prompts = 0
        self._wanted: set[str] = set()
        """What the model asked to search for."""
        self._answer: ToolCall | None = None
        self._is_mute = False
        """Whether the model gave no reply that can be used: the reader goes on alone."""

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The next calls, the reader's or what the model's words come to; raises what the model raises."""
        try:
            at = Situation.read(request)
        except TranscriptError as error:
            raise ModelError(f"The built-in reader cannot read this request: {error}") from None
        reading = self._assistant.reader.reading(at)
        talk = _Talk(self._model, self._assistant, request.max_reply_tokens)
        calls = await self._next_calls(at, reading, talk)
        return ModelReply(
            tool_calls=in_order(calls, at),
            model_reported=self._assistant.reader.name if self._is_mute else talk.reported,
            sent=tuple(talk.sent),
            remarks=tuple(talk.remarks),
        )

    async def _next_calls(self, at: Situation, reading: Reading, talk: _Talk) -> list[ToolCall]:
        """What the reader would do, but that the model is asked before it ends, and before pages go unseen."""
        if self._answer is not None:
            return [self._answer]  # it was refused, once; the second time it stands as it is
        calls = reading.next_calls()
        if self._is_mute:
            return calls
        ends = any(call.name in ENDINGS for call in calls)
        unseen = [page for page in _pages(at) if page.handle not in self._seen]
        fitting = None if ends else self._beside(calls, at, unseen)
        if unseen and self._prompts < MOST_PROMPTS and fitting is None:
            return await self._ask(at, reading, unseen, talk)
        return (fitting or calls) if not ends else self._go_on(at, reading)

    async def _ask(self, at: Situation, reading: Reading, unseen: Sequence[PageView], talk: _Talk) -> list[ToolCall]:
        """Shows the model the pages it has not seen, and does what it says."""
        self._prompts += 1
        pages = _by_rank(unseen, at)
        if self._wanted:
            pages.sort(key=lambda page: _newest_rank(page.handle, at))
        pages = pages[: self._assistant.pages_a_prompt]
        if self._wanted:
            # What it asked for may only make sense beside what it has seen before.
            pages += _by_rank([page for page in _pages(at) if page.handle in self._seen], at)
        meaning, prompt = await talk.ask(at, pages, in_words=self._prompts == 1)
        self._seen |= prompt.handles
        match meaning:
            case Found(text, addresses):
                said = [{"text": text, "addresses": [str(address) for address in addresses]}]
                self._answer = _call("answer", statements=said, confidence=reading.likelihood(addresses))
                return [self._answer]
            case More(query) if query.lower() not in self._wanted and at.tail.budget.steps_left > 2:
                self._wanted.add(query.lower())
                return [*reading.notes(), _call("search", query=query)] if query else self._go_on(at, reading)
            case Unusable(why):
                self._is_mute = True
                talk.remarks.append(Remark("ReaderAnswers", {"reason": why}))
                return reading.next_calls()
        return self._go_on(at, reading)

    def _beside(self, calls: Sequence[ToolCall], at: Situation, unseen: Sequence[PageView]) -> list[ToolCall] | None:
        """The calls, with as many of the pages they ask for as go beside those unseen; None where not one does."""
        if not unseen:
            return list(calls)
        shown = sum(self._assistant.counter.count(page_text(page)) for page in unseen)
        room = MEMORY_SHARE * at.tail.budget.capacity - shown
        sizes = {hit.handle: hit.token_count for hit in at.hits()}
        sizes |= {row.handle: row.token_count for view in at.outlines for row in view.rows}
        fitting: list[ToolCall] = []
        for call in calls:
            if call.name == "page_in":
                asked = list(json.loads(call.arguments)["pages"])
                if self._wanted:
                    asked.sort(key=lambda handle: _newest_rank(handle, at))
                asked = asked[: self._assistant.pages_a_prompt - len(unseen)]
                kept = list(_fitting(asked, sizes, room))
                if not kept:
                    return None
                call = _call("page_in", pages=kept)
            fitting.append(call)
        return fitting

    def _go_on(self, at: Situation, reading: Reading) -> list[ToolCall]:
        """Reads on, as long as the model can be shown more; else ends without an answer."""
        may_ask = at.tail.budget.steps_left > 2 and self._prompts < MOST_PROMPTS
        if may_ask and (further := reading.read_on()):
            return [*reading.notes(), *further]
        if not self._seen:
            return [reading.end()]
        return [_call("abstain", reason=f"The model found no answer in the {len(self._seen)} pages it was shown.")]


@dataclass(slots=True)
class _Talk:
    """What is said to the model in one step, and what it says."""

    model: ChatModel
    assistant: Assistant
    max_reply_tokens: int
    sent: list[SentRequest] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def reported(self) -> str | None:
        """The name under which the model replied; None where it was not asked."""
        return self.sent[-1].reply.model_reported if self.sent else None

    async def ask(self, at: Situation, pages: Sequence[PageView], *, in_words: bool) -> tuple[Meaning, ShortPrompt]:
        """What the model makes of the pages, best first; asked again, with what was wrong, where that is unusable.

        ``in_words`` asks for an answer in words first, and for one of the three replies where that is unusable.
        """
        counter, worked_out = self.assistant.counter, [text for text in at.notices if CITE in text]
        pages = pages[: self.assistant.most_pages]
        retold: tuple[Message, ...] = ()
        room, shrunk = at.tail.budget.capacity, 0
        while True:
            prompt = ShortPrompt.fitting(at.tail.question, pages, worked_out, counter, room)
            try:
                reply = await self._send((prompt.message(), *retold), in_words=in_words)
            except ContextLengthError as error:
                shrunk, room = shrunk + 1, int(room * SHRINK)
                if shrunk == MOST_SHRINKS:
                    raise NoRoomError(room, error.limit or room) from None
                continue
            meaning = meaning_of(reply, prompt)
            self._tell(meaning, prompt, reply)
            if not isinstance(meaning, Unusable) or len(self.sent) >= MOST_TRIES:
                return meaning, prompt
            retold = () if in_words else _retold(reply, meaning.why)
            in_words = False

    async def _send(self, messages: Sequence[Message], *, in_words: bool) -> ModelReply:
        assistant, replies = self.assistant, () if in_words else REPLIES
        request = ModelRequest(
            (Message(Role.SYSTEM, assistant.in_words if in_words else assistant.system), *messages),
            assistant.protocol.request_tools(replies),
            self.max_reply_tokens,
            assistant.protocol.json_tools(replies),
        )
        clock = time.monotonic()
        reply = await self.model.complete(request)
        self.sent.append(SentRequest(request, reply, (time.monotonic() - clock) * 1000))
        return reply

    def _tell(self, meaning: Meaning, prompt: ShortPrompt, reply: ModelReply) -> None:
        """Puts into the trace what was made of a reply."""
        arguments: dict[str, Any] = {"reply": type(meaning).__name__.lower(), "pages": sorted(prompt.handles)}
        match meaning:
            case Found(_, addresses, traced):
                arguments |= {"addresses": [str(address) for address in addresses], "traced": traced}
            case Unusable(why):
                arguments |= {"why": why, "finish_reason": reply.finish_reason}
        self.remarks.append(Remark("ModelRead", arguments))


def _retold(reply: ModelReply, why: str) -> tuple[Message, Message]:
    """An unusable reply, shortened, and what was wrong with it."""
    said = reply.text or " ".join(call.arguments for call in reply.tool_calls)
    asked = f"{why} Reply again, with answer, more or nothing."
    return Message(Role.ASSISTANT, said[:RETOLD_CHARACTERS] or "(nothing)"), Message(Role.USER, asked)


def _pages(at: Situation) -> list[PageView]:
    """The pages in the context, each once, with all its lines that stand there."""
    found: dict[str, PageView] = {}
    for page in at.pages:
        known = found.get(page.handle)
        lines = dict([*(known.lines if known else ()), *page.lines])
        found[page.handle] = replace(page, lines=tuple(sorted(lines.items())))
    return list(found.values())


def _by_rank(pages: Iterable[PageView], at: Situation) -> list[PageView]:
    """Pages as search ranked them: it knows words by their meaning, the reader's own scores only letter for letter."""
    return sorted(pages, key=lambda page: at.rank(page.handle))


def _newest_rank(handle: str, at: Situation) -> int:
    """Where the newest search put a page; behind all of its results for one that it did not list."""
    newest = [hit.handle for hit in at.results[-1].hits] if at.results else []
    return newest.index(handle) if handle in newest else len(newest)


def _fitting(handles: Iterable[str], sizes: Mapping[str, int], room: float) -> Iterator[str]:
    """The first handles whose pages go into so many tokens together."""
    for handle in handles:
        room -= sizes.get(handle, 0)
        if room < 0:
            return
        yield handle


def _call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall("", name, json.dumps(arguments, ensure_ascii=False))
