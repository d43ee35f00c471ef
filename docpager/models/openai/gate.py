"""How many calls are under way at once, and how fast they follow each other: one gate for all calls of a run."""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from docpager.errors import UnreachableError
from docpager.settings import RunSettings

FIRST_LIMIT = 4
"""Calls at once before anything is known of the endpoint."""
LARGEST_LIMIT = 256
BACKOFF_FACTOR = 0.5
"""What is left of the limit after a refusal."""
SLOW_FACTOR = 0.9
"""What is left of it after a window of slow replies."""
SPARE = 4
"""One question more for so many calls: while those under way wait for the endpoint, others can be searching."""
TOLERANCE = 2.0
"""Replies are slow where they take so many times as long as in the best window."""
BASELINE_DRIFT = 0.05
"""The best window's time moves towards the newest by this share: prompts grow, and so does what a reply takes."""


@dataclass(slots=True)
class ConcurrencyLimit:
    """As many calls at once as an endpoint bears, found by trying. Pure: it is told of calls and keeps no time.

    Additive increase and multiplicative decrease (Chiu and Jain, Computer Networks and ISDN Systems 17, 1989), with
    TCP's slow start before the first sign of congestion (RFC 5681), by the square root of the limit after it, and with
    slow replies as a sign too, as TCP Vegas and Netflix's concurrency-limits have it. A window is as many replies as
    the limit allows at once; calls that were sent before a refusal lowered the limit do not lower it again.
    """

    limit: float = FIRST_LIMIT
    largest: int = LARGEST_LIMIT
    grows: bool = True
    _threshold: float = math.inf
    """Slow start ends here."""
    _window: list[float] = field(default_factory=list)
    _was_full: bool = False
    _baseline: float | None = None
    _epoch: int = 0

    @classmethod
    def fixed(cls, calls: int) -> ConcurrencyLimit:
        """A limit that stays."""
        return cls(limit=calls, largest=calls, grows=False)

    @property
    def calls(self) -> int:
        """Calls at once, at least 1."""
        return max(1, int(self.limit))

    @property
    def epoch(self) -> int:
        """Counts how often a refusal lowered the limit; a call keeps the one it was sent in."""
        return self._epoch

    def replied(self, seconds: float, *, in_flight: int) -> None:
        """Notes a reply, and how many calls were under way when it came."""
        if not self.grows:
            return
        self._window.append(seconds)
        self._was_full = self._was_full or in_flight >= self.calls
        if len(self._window) >= self.calls:
            self._close_window()

    def refused(self, epoch: int) -> None:
        """Notes a call, sent in an epoch, that got no reply in time or because the endpoint had too much to do."""
        if not self.grows or epoch < self._epoch:
            return
        self._epoch += 1
        self.limit = max(1.0, self.limit * BACKOFF_FACTOR)
        self._threshold = self.limit
        self._window, self._was_full = [], False

    def _close_window(self) -> None:
        took, was_full = statistics.median(self._window), self._was_full
        self._window, self._was_full = [], False
        best = took if self._baseline is None else min(took, self._baseline)
        self._baseline = best + BASELINE_DRIFT * (took - best)
        if took > TOLERANCE * best:
            self.limit = max(1.0, self.limit * SLOW_FACTOR)
            self._threshold = self.limit
        elif was_full:
            grown = self.limit * 2 if self.limit < self._threshold else self.limit + math.sqrt(self.limit)
            self.limit = min(self.largest, grown, max(self._threshold, self.limit + math.sqrt(self.limit)))


@dataclass(slots=True)
class RateLimit:
    """A token bucket: so many units a minute, a second's worth of them at once (Turner, IEEE Communications 24, 1986).

    What is taken beyond what is there is owed: whoever comes next waits for it. The clock is given with each call.
    """

    per_minute: float
    _level: float = field(init=False)
    _at: float | None = None

    def __post_init__(self) -> None:
        self._level = self.burst

    @property
    def burst(self) -> float:
        """The most units that can be taken at one moment without waiting."""
        return max(1.0, self.per_minute / 60)

    def take(self, units: float, now: float) -> float:
        """Takes units; returns the seconds to wait before what they are for may begin."""
        self._fill(now)
        wait = max(0.0, (min(units, self.burst) - self._level) * 60 / self.per_minute)
        self._level -= units
        return wait

    def give_back(self, units: float, now: float) -> None:
        """Puts back what was taken too much; takes what was taken too little, where it is negative."""
        self._fill(now)
        self._level = min(self.burst, self._level + units)

    def _fill(self, now: float) -> None:
        passed = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        self._level = min(self.burst, self._level + passed * self.per_minute / 60)


@dataclass(slots=True)
class Passage:
    """One call's way through the gate."""

    reserved_tokens: float
    used_tokens: int | None = None
    """What the endpoint says that it used."""
    is_answered: bool = False
    is_refused: bool = False
    """Whether the endpoint had too much to do."""


class CallGate:
    """Lets calls through, first come, first served, as the limits allow."""

    def __init__(
        self,
        limit: ConcurrencyLimit | None = None,
        requests: RateLimit | None = None,
        tokens: RateLimit | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = limit
        """None lets all through at once."""
        self._requests = requests
        self._tokens = tokens
        self._clock = clock
        self._in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def questions_at_once(self) -> int:
        """How many questions keep the gate busy: some more than calls, for those that search or page in meanwhile."""
        return LARGEST_LIMIT if self.limit is None else self.limit.calls + self.limit.calls // SPARE

    @asynccontextmanager
    async def passage(self, tokens: float) -> AsyncIterator[Passage]:
        """Waits until a call of about so many tokens may be made, which is made in the block."""
        await self._enter()
        try:
            passage = Passage(tokens)
            if (wait := self._reserve(tokens)) > 0:
                await asyncio.sleep(wait)
            epoch, began = (self.limit.epoch if self.limit else 0), self._clock()
            try:
                yield passage
            except UnreachableError:
                passage.is_refused = True
                raise
            finally:
                self._judge(passage, epoch, self._clock() - began)
        finally:
            self._in_flight -= 1
            self._wake()

    def _judge(self, passage: Passage, epoch: int, seconds: float) -> None:
        if self.limit is not None and passage.is_refused:
            self.limit.refused(epoch)
        elif self.limit is not None and passage.is_answered:
            self.limit.replied(seconds, in_flight=self._in_flight)
        if self._tokens is not None and passage.used_tokens is not None:
            self._tokens.give_back(passage.reserved_tokens - passage.used_tokens, self._clock())

    def _reserve(self, tokens: float) -> float:
        now = self._clock()
        waits = [self._requests.take(1, now)] if self._requests else []
        waits += [self._tokens.take(tokens, now)] if self._tokens else []
        return max(waits, default=0.0)

    async def _enter(self) -> None:
        if self.limit is not None and (self._waiting or self._in_flight >= self.limit.calls):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn  # whoever ends the waiting has counted the call
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._in_flight -= 1
                self._wake()
                raise
            return
        self._in_flight += 1

    def _wake(self) -> None:
        while self._waiting and (self.limit is None or self._in_flight < self.limit.calls):
            turn = self._waiting.popleft()
            if not turn.done():
                self._in_flight += 1
                turn.set_result(None)


def gate_for(settings: RunSettings) -> CallGate:
    """The gate of a run."""
    many = settings.concurrency
    limit = ConcurrencyLimit() if isinstance(many, str) else ConcurrencyLimit.fixed(many)
    requests, tokens = (RateLimit(rate) if rate else None for rate in (settings.rpm, settings.tpm))
    return CallGate(limit, requests, tokens)
