"""Has the model sum up what leaves its context, its summary before included: MemGPT's recursive summary.

After Packer et al., MemGPT (arXiv 2310.08560), section 2.2. Where the model fails at it, the lines that ``Earlier``
keeps of each call stand alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from docpager.agent.counting import count_request
from docpager.agent.prompts import prompt
from docpager.errors import ModelError
from docpager.protocols import ChatModel, TokenCounter
from docpager.records import Message, ModelReply, ModelRequest, Role, SentRequest
from docpager.transcript import fold

MOST_FAILURES = 2
"""A model that failed to sum up so many times in a row is not asked again in a run."""
WORDS_A_TOKEN = 0.6
"""Words to a token of English prose, on the low side, so that a summary of so many words fits."""
LEAST_TOKENS = 40
"""A summary of fewer tokens says nothing that the lines do not."""
CUT = " … "


class Summariser:
    """Asks a model for summaries. One for a run, which remembers whether the model is fit for it; one a question."""

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter
        self._failures = 0
        self._parent: Summariser | None = None

    def begin(self, *, willing: bool) -> Summariser:
        """One question's own: what it learns of the model, the run does too."""
        one = Summariser(self._counter)
        one._parent, one._failures = self, 0 if willing else MOST_FAILURES
        return one

    @property
    def is_willing(self) -> bool:
        """Whether the model is still asked."""
        return self._failures < MOST_FAILURES

    async def sum_up(
        self, model: ChatModel, question: str, told: str, leaving: Sequence[str], *, tokens: int, limit: int
    ) -> tuple[str, SentRequest | None]:
        """The new summary in at most so many tokens, empty where the model gave none, and what was sent for it.

        ``told`` is the summary before. The request takes at most ``limit`` tokens, so the middle of a message that is
        too long is left out.
        """
        if tokens < LEAST_TOKENS:
            return "", None
        request = self._request(question, told, leaving, tokens, limit)
        clock = time.monotonic()
        try:
            reply = await model.complete(request)
        except ModelError:
            self._ended(well=False)
            return "", None
        sent = SentRequest(request, reply, (time.monotonic() - clock) * 1000)
        text = self._fitting(reply, tokens)
        self._ended(well=bool(text))
        return text, sent

    def _ended(self, *, well: bool) -> None:
        self._failures = 0 if well else self._failures + 1
        if self._parent is not None:
            self._parent._ended(well=well)

    def _request(self, question: str, told: str, leaving: Sequence[str], tokens: int, limit: int) -> ModelRequest:
        system = Message(Role.SYSTEM, prompt("summary").format(words=int(tokens * WORDS_A_TOKEN)))
        messages = list(leaving)
        while True:
            body = "\n\n".join([f"Question: {question}", f"Summary so far: {told or 'none'}", "Messages:", *messages])
            request = ModelRequest((system, Message(Role.USER, body)), (), tokens)
            if count_request(request, self._counter) <= limit or not any(len(m) > 2 * len(CUT) for m in messages):
                return request
            longest = max(range(len(messages)), key=lambda n: len(messages[n]))
            messages[longest] = _halved(messages[longest])

    def _fitting(self, reply: ModelReply, tokens: int) -> str:
        """The reply's text on one line, its end cut off where it is too long; nothing for a call or for JSON."""
        text = fold(reply.text)
        if reply.tool_calls or text.startswith(("{", "[notice]")):
            return ""
        while text and self._counter.count(text) > tokens:
            text = text[: int(len(text) * 0.9)].rstrip()
        return text


def _halved(text: str) -> str:
    quarter = len(text) // 4
    return text[:quarter] + CUT + text[-quarter:]
