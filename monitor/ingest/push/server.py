"""Runs the push endpoint beside other work: a server in a thread, which ends with its block."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor.errors import InputError

MAX_CONNECTIONS: Final = 64
"""More are answered with 503 at once. One that brings no request is closed, so who opens many and says nothing, or
says it drop by drop, keeps nobody else out for long."""
_IDLE_SECONDS: Final = 10
_END_SECONDS: Final = 10


class _Protocol(H11Protocol):
    """Closes a connection that has no request under way and brings no whole head of one in time.

    By itself uvicorn waits for ever for the first byte, and from any byte on for ever for the rest.
    """

    _closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_expecting()

    def on_response_complete(self) -> None:
        self._expect_head()  # before the next head, which may be there already, is looked at
        super().on_response_complete()

    def _expect_head(self) -> None:
        self._stop_expecting()
        self._closing = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _stop_expecting(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None


@contextmanager
def serving_push(app: ASGIApp, address: str, port: int, *, idle_seconds: int = _IDLE_SECONDS) -> Iterator[int]:
    """Serves for the length of the block; requests under way at its end are answered.

    Args:
        app: See `push.push_app`.
        address: To listen on; of another than loopback, TLS is the business of a proxy in front.
        port: 0 for a free one.
        idle_seconds: In which a connection must bring a whole request head, from its start or its last answer on.

    Yields:
        The port.

    Raises:
        InputError: The address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        listener = socket.create_server((address, port), family=family, backlog=MAX_CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"{address}:{port} cannot be listened on ({error}).", "Set ingest.push.address and ingest.push.port."
        ) from error
    config = uvicorn.Config(
        app,
        http=_Protocol,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=idle_seconds,
        timeout_graceful_shutdown=_END_SECONDS,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, name="push", daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        with contextlib.suppress(OSError):
            listener.close()
