"""Two promises of every exchange: no response is larger than a reply can be, and no request describes this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2

MOST_BODY_BYTES = 16 * 2**20
"""No reply is larger: 16 MiB are some four million tokens."""
_DESCRIBING = "x-stainless-"


class _BodyTooLargeError(httpx2.TransportError):
    """A response that goes on beyond what a reply can be."""


async def say_nothing_of_this_machine(request: httpx2.Request) -> None:
    """Takes out the headers that tell system, version and runtime."""
    for name in [name for name in request.headers if name.startswith(_DESCRIBING)]:
        del request.headers[name]


async def bound(response: httpx2.Response) -> None:
    """Cuts the body off where it is larger than a reply can be: reading it raises a ``TransportError``."""
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MOST_BODY_BYTES:
                raise _BodyTooLargeError(f"The response is larger than {MOST_BODY_BYTES // 2**20} MiB.")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
