"""What calls cost without docpager: the bare client, to compare with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from docpager.models.openai.connection import Connection
from docpager.models.openai.model import COMPLETIONS


async def cpu_seconds_of_bare_calls(
    connection: Connection, bodies: Sequence[Mapping[str, Any]], count: int, at_once: int
) -> float:
    """CPU seconds of this process for so many calls of the ``openai`` client with these bodies, in turn."""
    client, places = connection.client(), asyncio.Semaphore(at_once)

    async def call(number: int) -> None:
        async with places:
            await client.post(COMPLETIONS, body=bodies[number % len(bodies)], cast_to=object)

    await asyncio.gather(*(call(number) for number in range(at_once)))  # connections are open, code is loaded
    began = time.process_time()
    await asyncio.gather(*(call(number) for number in range(count)))
    spent = time.process_time() - began
    await client.close()
    return spent
