"""When to try again: backoff with jitter, what the endpoint asks for, and when a run has to end."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from docpager.errors import ConfigurationError, EndpointDownError, NoReplyError

FIRST_WAIT = 0.5
LONGEST_WAIT = 15.0
JITTER = 0.5
"""A wait is shortened by up to this share, so that many callers do not come back at once."""
HOPELESS = 3
"""So many calls in a row that are asked to stay away for longer than they may: no success is near."""
LATELY = 0.5
"""Of the patience with an endpoint: with no success for longer, a call about to give up waits for what others meet."""

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Health:
    """Whether an endpoint answers. One for all calls of a run."""

    where: str
    patience_seconds: float
    failing_since: float | None = None
    quiet_until: float = 0.0
    """Nothing is sent before this moment, because the endpoint asked for it."""
    succeeded_at: float = -math.inf
    """When a call last succeeded."""
    hopeless: int = 0
    stopped_by: ConfigurationError | EndpointDownError | None = None
    """What ended the run: calls after it are not made."""

    @property
    def answered(self) -> bool:
        """Whether a call has succeeded."""
        return self.succeeded_at > -math.inf

    def succeeded(self) -> None:
        """A call succeeded."""
        self.failing_since, self.hopeless, self.succeeded_at = None, 0, time.monotonic()

    def failed(self, error: NoReplyError) -> None:
        """A call failed; raises ``EndpointDownError`` when none has succeeded for too long."""
        now = time.monotonic()
        self.failing_since = now if self.failing_since is None else self.failing_since
        if error.retry_after is not None and error.retry_after > self.patience_seconds:
            self.hopeless += 1
        elif error.retry_after is not None:
            self.quiet_until = max(self.quiet_until, now + error.retry_after)
        failing = now - self.failing_since
        if failing >= self.patience_seconds:
            raise self.stop(self._down(f"for {failing:.0f} s", error))
        if self.hopeless >= HOPELESS:
            raise self.stop(self._down(f"to {self.hopeless} calls in a row, and asks to be left alone", error))

    def verdict_in(self) -> float:
        """Seconds until the endpoint counts as down if nothing succeeds; 0 where something just has."""
        now = time.monotonic()
        if self.failing_since is None or now - self.succeeded_at < self.patience_seconds * LATELY:
            return 0
        return self.patience_seconds - (now - self.failing_since)

    def _down(self, how: str, error: NoReplyError) -> EndpointDownError:
        return EndpointDownError(
            f"The endpoint at {self.where} gave no successful reply {how}. Last: {error} "
            "The same command goes on from here once it answers."
        )

    def stop(self, error: ConfigurationError | EndpointDownError) -> ConfigurationError | EndpointDownError:
        """Notes what ends the run."""
        self.stopped_by = self.stopped_by or error
        return self.stopped_by

    async def quiet(self) -> None:
        """Waits until the endpoint wants to be asked again; raises what has ended the run."""
        while True:
            if self.stopped_by is not None:
                raise self.stopped_by
            left = self.quiet_until - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(left)


async def with_retries(attempt: Callable[[], Awaitable[Result]], health: Health) -> Result:
    """The result of the first attempt that succeeds, with waits between them.

    Raises the last ``NoReplyError`` once ``patience_seconds`` have passed since the first, or at once where the
    endpoint asks for a longer wait than that leaves. Where other calls fail too, ``EndpointDownError`` comes instead,
    a moment later: an outage is no fault of the question that met it first.
    """
    deadline: float | None = None
    tries = 0
    while True:
        await health.quiet()
        try:
            result = await attempt()
        except ConfigurationError as error:
            raise health.stop(error) from None
        except NoReplyError as error:
            health.failed(error)
            now = time.monotonic()
            deadline = now + health.patience_seconds if deadline is None else deadline
            left = deadline - now
            if left <= 0:
                left = health.verdict_in()
            if left <= 0 or (error.retry_after or 0) > left:
                raise
            wait = min(left, max(backoff(tries), error.retry_after or 0))
            tries += 1
            _log.debug("Try %d after %.1f s: %s", tries + 1, wait, error)
            await asyncio.sleep(wait)
        else:
            health.succeeded()
            return result


def backoff(tries: int, chance: Callable[[], float] = random.random) -> float:
    """Seconds to wait after so many tries that were waited for already."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries, 20)) * (1 - JITTER * chance()))
