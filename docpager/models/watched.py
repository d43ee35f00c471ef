"""A model whose replies somebody wants to see as they come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from docpager.protocols import ChatModel
from docpager.records import ModelReply, ModelRequest

ReplySeen = Callable[[ModelReply], None]
"""Is told of each of the model's replies as it comes."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A model whose replies somebody wants to see."""

    model: ChatModel
    seen: ReplySeen
    """Is told of each reply as it comes."""

    @property
    def name(self) -> str:
        """The model's own."""
        return self.model.name

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The model's reply, seen."""
        reply = await self.model.complete(request)
        self.seen(reply)
        return reply
