"""Counts a request's tokens, and those that a prompt cache would have served."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from docpager.protocols import TokenCounter
from docpager.testing.replies import Reply, text_of

MESSAGE_OVERHEAD = 4
"""Tokens of a message's role and delimiters, as in OpenAI's account of its chat format."""
REPLY_OVERHEAD = 3
"""Tokens that prime the reply, in the same account."""
COUNTS_KEPT = 4096


class PromptCounter:
    """Counts prompts and replies as an endpoint bills them, piece by piece: most of a prompt was counted before."""

    def __init__(self, counter: TokenCounter) -> None:
        self._count = lru_cache(maxsize=COUNTS_KEPT)(counter.count)

    def pieces(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """A request as the texts its tokens come from: the tools, then each message."""
        tools = body.get("tools")
        first = [json.dumps(tools, ensure_ascii=False, separators=(",", ":"))] if tools else []
        return (*first, *(_piece(message) for message in body.get("messages") or () if isinstance(message, Mapping)))

    def tokens(self, pieces: Sequence[str]) -> int:
        """Tokens of a whole prompt."""
        return REPLY_OVERHEAD + self.part_tokens(pieces)

    def part_tokens(self, pieces: Sequence[str]) -> int:
        """Tokens of whole pieces at a prompt's start."""
        return sum(self._count(piece) + MESSAGE_OVERHEAD for piece in pieces)

    def text_tokens(self, text: str) -> int:
        """Tokens of a text that stands alone, or of a part of a piece."""
        return self._count(text)

    def reply_tokens(self, reply: Reply) -> int:
        """Tokens of what was written, the reasoning too."""
        calls = sum(self._count(c.name) + self._count(c.arguments) for c in reply.tool_calls)
        return self._count(reply.text) + calls + self._count(reply.reasoning)


def _piece(message: Mapping[str, Any]) -> str:
    calls = message.get("tool_calls")
    written = "\n" + json.dumps(calls, ensure_ascii=False, separators=(",", ":")) if calls else ""
    return f"{message.get('role')}\n{text_of(message.get('content'))}{written}"


class PrefixCache:
    """Remembers the last prompts and says how many tokens of a new one begin as one of them did.

    ``prompts`` is how many it remembers, the one sent longest ago forgotten first. Tokens are served in whole blocks
    of ``block_tokens``, as inference servers keep them (16 is vLLM's).
    """

    def __init__(self, counter: PromptCounter, *, prompts: int = 512, block_tokens: int = 16) -> None:
        self._counter = counter
        self._most = prompts
        self._block = block_tokens
        self._known: OrderedDict[tuple[str, ...], None] = OrderedDict()

    def look_up(self, pieces: tuple[str, ...]) -> int:
        """Tokens served for this prompt; it is remembered from now on."""
        best = max(self._known, key=lambda known: _common(known, pieces), default=())
        whole, letters = _common(best, pieces)
        tokens = self._counter.part_tokens(pieces[:whole])
        if letters:
            tokens += self._counter.text_tokens(pieces[whole][:letters])
        self._known[pieces] = None
        self._known.move_to_end(pieces)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return tokens // self._block * self._block


def _common(known: Sequence[str], pieces: Sequence[str]) -> tuple[int, int]:
    """Whole pieces that two prompts begin with alike, and the letters of the next piece."""
    whole = 0
    for old, new in zip(known, pieces, strict=False):
        if old != new:
            return whole, _common_letters(old, new)
        whole += 1
    return whole, 0


def _common_letters(old: str, new: str) -> int:
    low, high = 0, min(len(old), len(new))
    while low < high:  # the longest prefix both have, by halving: prompts are long and compared often
        middle = (low + high + 1) // 2
        low, high = (middle, high) if old.startswith(new[:middle]) else (low, middle - 1)
    return low
