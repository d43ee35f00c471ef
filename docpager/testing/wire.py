"""One connection, byte for byte: whole responses, and the ways a response can fail on its way."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass

import h11

MOST_BODY_BYTES = 64 * 2**20
"""A request with a larger body is refused."""
PIECE_BYTES = 64 * 2**10
RESET_AFTER_S = 0.02
"""A reset waits so long after the last byte, so that the bytes before it arrive."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for. Header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP response."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


class Wire:
    """A client's connection. ``busy`` is true from a request's arrival to the end of its response."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)
        self.busy = False
        self.last = False
        """Whether the response that is sent next is the connection's last."""

    async def receive(self) -> Request | None:
        """The next request; None when the client has gone. Raises ``h11.RemoteProtocolError`` for what is no HTTP."""
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                await self._read_more()
            elif isinstance(event, h11.Request):
                head, self.busy = event, True
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MOST_BODY_BYTES:
                    raise h11.RemoteProtocolError("The body is too large.", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
                path = head.target.decode("latin-1").split("?", 1)[0]
                return Request(head.method.decode("latin-1"), path, headers, bytes(body))
            else:
                return None

    async def _read_more(self) -> None:
        if self._http.they_are_waiting_for_100_continue:
            self._write(h11.InformationalResponse(status_code=100, headers=[]))
        self._http.receive_data(await self._reader.read(PIECE_BYTES))

    async def send(self, response: Response) -> None:
        """The whole response at once."""
        self._begin(response, len(response.body))
        self._write(h11.Data(data=response.body))
        await self._end()

    async def send_cut(self, response: Response) -> None:
        """The head and half of the body, then a TCP reset."""
        self._begin(response, len(response.body))
        self._write(h11.Data(data=response.body[: len(response.body) // 2]))
        await self._writer.drain()
        await asyncio.sleep(RESET_AFTER_S)
        self.reset()

    async def send_slowly(self, response: Response, size: int, interval_s: float) -> None:
        """The head, then the body ``size`` bytes at a time."""
        self._begin(response, len(response.body))
        for start in range(0, len(response.body), size):
            await self._pause(interval_s)
            self._write(h11.Data(data=response.body[start : start + size]))
            await self._writer.drain()
        await self._end()

    async def send_padded(self, response: Response, mark: bytes, size: int) -> None:
        """The response with ``mark`` in its body replaced by letters until the body has ``size`` bytes."""
        before, after = response.body.split(mark, 1)
        left = max(0, size - len(before) - len(after))
        self._begin(response, len(before) + left + len(after))
        self._write(h11.Data(data=before))
        while left:
            piece = min(left, PIECE_BYTES)
            self._write(h11.Data(data=b"x" * piece))
            left -= piece
            await self._writer.drain()
        self._write(h11.Data(data=after))
        await self._end()

    async def stall(self, seconds: float) -> None:
        """Nothing at all, until the client goes or the time is over; then the end of the connection."""
        with contextlib.suppress(ConnectionError):
            await self._pause(seconds)
        self.close()

    async def _pause(self, seconds: float) -> None:
        """Waits; raises ``ConnectionResetError`` as soon as the client has gone."""
        try:
            data = await asyncio.wait_for(self._reader.read(PIECE_BYTES), seconds)
        except TimeoutError:
            return
        if not data:
            raise ConnectionResetError("The client has gone.")
        self._http.receive_data(data)

    def next(self) -> bool:
        """Makes ready for another request; false where the connection ends here."""
        self.busy = False
        if self.last or self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def reset(self) -> None:
        """Ends the connection with a TCP reset: what was not yet delivered is lost."""
        client: socket.socket = self._writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.last = True
        self._writer.transport.abort()

    def close(self) -> None:
        """Ends the connection; what is written still goes out."""
        self.last = True
        self._writer.close()

    def _begin(self, response: Response, size: int) -> None:
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(size)),
            *response.headers,
            *([("Connection", "close")] if self.last else []),
        ]
        self._write(h11.Response(status_code=response.status, headers=headers))

    async def _end(self) -> None:
        self._write(h11.EndOfMessage())
        await self._writer.drain()

    def _write(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)
