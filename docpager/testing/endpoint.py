"""The loopback endpoint: one thread, one event loop, as many connections as clients open."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import h11

from docpager.testing.faults import Fault, FaultPlan, FaultyExchange, send_fault
from docpager.testing.replies import Replier
from docpager.testing.serving import EndpointSettings, ServedRequest, Serving, error_response
from docpager.testing.wire import Request, Response, Wire

HOST = "127.0.0.1"
BACKLOG = 1024
COMPLETIONS = ("/v1/chat/completions", "/chat/completions")


class Endpoint:
    """Serves chat completions at ``base_url`` while its ``with`` block lasts.

    ``log`` holds the last requests, ``count`` the number of all completion requests so far.
    """

    def __init__(
        self, replier: Replier, settings: EndpointSettings | None = None, *, faults: FaultPlan | None = None
    ) -> None:
        self.settings = settings or EndpointSettings()
        self.faults = faults or FaultPlan()
        self.count = 0
        self.most_at_once = 0
        """The most completions that were under way together."""
        self.turned_away = 0
        """Requests beyond the capacity."""
        self._at_once = 0
        self.log: deque[ServedRequest] = deque(maxlen=self.settings.requests_kept)
        self._serving = Serving(replier, self.settings)
        self._address: tuple[str, int] = (HOST, self.settings.port)
        self._listener: socket.socket | None = None
        self._connections: dict[asyncio.Task[None], Wire | None] = {}
        self._reopening: asyncio.Task[None] | None = None
        self._refused: set[int] = set()

    @property
    def base_url(self) -> str:
        """What clients are given: ``http://127.0.0.1:PORT/v1``."""
        return f"http://{HOST}:{self._address[1]}/v1"

    def __enter__(self) -> Self:
        listener = _bound(self._address)
        self._address = listener.getsockname()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="docpager-endpoint", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(listener), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    # Connections

    async def _open(self, listener: socket.socket) -> None:
        if self.faults.fault(1) is Fault.CONNECTION_REFUSED:
            self._refused.add(1)
            self._reopening = asyncio.create_task(self._listen_later(listener))
        else:
            self._listen(listener)

    def _listen(self, listener: socket.socket) -> None:
        # Not asyncio's own server: it may lose a connection that it accepts while it is being closed.
        listener.listen(BACKLOG)
        listener.setblocking(False)
        self._listener = listener
        self._loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.setblocking(False)
                task = self._loop.create_task(self._connected(client))
                self._connections[task] = None
                task.add_done_callback(self._connections.pop)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    async def _listen_later(self, listener: socket.socket) -> None:
        """A socket that is bound and does not listen refuses connections, and keeps the port."""
        try:
            await asyncio.sleep(self.faults.sizes.refuse_s)
        except asyncio.CancelledError:
            listener.close()
            raise
        self._listen(listener)
        self._reopening = None

    def _refuse(self) -> None:
        """Refuses connections for a while; those without a request under way are closed."""
        if self._reopening is not None:
            return
        self._stop_listening()
        for wire in filter(None, self._connections.values()):
            if wire.busy:
                wire.last = True
            else:
                wire.close()
        self._reopening = asyncio.create_task(self._listen_later(_bound(self._address)))

    async def _close(self) -> None:
        self._stop_listening()
        tasks = [*self._connections, *([self._reopening] if self._reopening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, client: socket.socket) -> None:
        wire: Wire | None = None
        try:
            wire = self._connections[_this_task()] = Wire(*await asyncio.open_connection(sock=client))
            await self._talk(wire)
        except asyncio.CancelledError:
            if wire is None:
                client.close()
            else:
                wire.reset()
        except (OSError, h11.LocalProtocolError):
            if wire is not None:
                wire.close()

    async def _talk(self, wire: Wire) -> None:
        """Requests and responses, one after the other, until one side ends the connection."""
        try:
            while (request := await wire.receive()) is not None:
                await self._answer(wire, request)
                if not wire.next():
                    break
        except h11.RemoteProtocolError as error:
            wire.last = True
            with contextlib.suppress(h11.LocalProtocolError):
                await wire.send(error_response(error.error_status_hint, f"This is no HTTP request: {error}"))
        wire.close()

    # Requests

    async def _answer(self, wire: Wire, request: Request) -> None:
        arrived = time.monotonic()
        refusal = self._serving.refusal(request)
        if refusal is not None or request.method != "POST" or request.path not in COMPLETIONS:
            await wire.send(refusal or self._serving.looked_up(request))
            return
        body = _json_object(request.body)
        if body is None:
            await wire.send(error_response(400, "The body is not a JSON object."))
            return
        self.count += 1
        number = self.count
        fault = None if number in self._refused else self.faults.fault(number)
        self._note(ServedRequest(number, arrived, fault, request.headers, body))
        if fault is None:
            response = await self._completed(body, number, arrived)
            self._refuse_ahead(self.count + 1)
            await wire.send(response)
        else:
            at = FaultyExchange(self._serving, body, request.headers, number, self.faults.sizes)
            self._refuse_ahead(number if fault is Fault.CONNECTION_REFUSED else self.count + 1)
            await send_fault(fault, wire, at)

    async def _completed(self, body: Mapping[str, Any], number: int, arrived: float) -> Response:
        """The reply once it is due, or a 429 at once where there is no place for the request."""
        if self.settings.capacity is not None and self._at_once >= self.settings.capacity:
            self.turned_away += 1
            return error_response(429, "Too many requests at once.")
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            response = self._serving.completed(body, number)
            await asyncio.sleep(self.settings.latency_s - (time.monotonic() - arrived))
        finally:
            self._at_once -= 1
        return response

    def _refuse_ahead(self, number: int) -> None:
        """Stops listening where the request of this number is to be refused, before the reply it waits for is sent."""
        if number not in self._refused and self.faults.fault(number) is Fault.CONNECTION_REFUSED:
            self._refused.add(number)
            self._refuse()

    def _note(self, served: ServedRequest) -> None:
        if not self.settings.keep_bodies:
            served = ServedRequest(served.number, served.arrived, served.fault)
        self.log.append(served)


def _this_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine that runs is some task's
    return task


def _bound(address: tuple[str, int]) -> socket.socket:
    # With the protocol named, asyncio turns Nagle's algorithm off: else a body may wait 40 ms behind its head.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _json_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
