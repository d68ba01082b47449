"""Runs the push endpoint beside other work: a server in a thread, which ends with its block."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from monitor.errors import InputError

MAX_CONNECTIONS: Final = 64
"""More are answered with 503 at once: who opens connections without end keeps nobody else out for long."""
_IDLE_SECONDS: Final = 10
_END_SECONDS: Final = 10


@contextmanager
def serving_push(app: ASGIApp, address: str, port: int) -> Iterator[int]:
    """Serves for the length of the block; requests under way at its end are answered.

    Args:
        app: See `push.push_app`.
        address: To listen on; of another than loopback, TLS is the business of a proxy in front.
        port: 0 for a free one.

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
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
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
