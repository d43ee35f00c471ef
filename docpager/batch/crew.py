"""Tasks that work through something side by side, as many as are wanted at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

LOOK_AGAIN_SECONDS = 0.1
"""How soon a crew that is to grow does so."""


class Crew:
    """Members that each take one piece of work after the other. ``work`` returns False where there is none left."""

    def __init__(self, work: Callable[[], Awaitable[bool]], at_once: Callable[[], int]) -> None:
        self._work = work
        self._at_once = at_once
        self._members: set[asyncio.Task[None]] = set()
        self._failed: list[BaseException] = []
        self._is_out_of_work = False

    async def run(self, stopped: asyncio.Event) -> None:
        """Works until nothing is left, or until it is told to stop; members may still be at work then."""
        stop = asyncio.create_task(stopped.wait())
        try:
            while not stopped.is_set():
                while not self._is_out_of_work and len(self._members) < self._at_once():
                    self._members.add(asyncio.create_task(self._member()))
                if not self._members:
                    return
                waited_for = {*self._members, stop}
                await asyncio.wait(waited_for, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                self._let_go()
        finally:
            stop.cancel()

    async def leave(self, grace_seconds: float | None, cancel_seconds: float) -> None:
        """Ends the work: members have so long to finish what they are at (None is for ever), then are cancelled.

        Raises what a member raised by itself.
        """
        if self._members:
            await asyncio.wait(self._members, timeout=grace_seconds)
            for member in self._members:
                member.cancel()
            await asyncio.wait(self._members, timeout=cancel_seconds)
        self._let_go()
        if self._failed:
            raise self._failed[0]

    async def _member(self) -> None:
        while len(self._members) <= self._at_once():
            if not await self._work():
                self._is_out_of_work = True
                return

    def _let_go(self) -> None:
        for member in [member for member in self._members if member.done()]:
            self._members.remove(member)
            if not member.cancelled() and (error := member.exception()) is not None:
                self._failed.append(error)
