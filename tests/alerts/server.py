"""An HTTP server on the loopback interface that answers as a test tells it to, and remembers what it was sent."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from queue import Queue
from threading import Event, Thread

import msgspec

PATIENCE = 30.0
"""Seconds after which a test that waits for the server fails."""


class Received(msgspec.Struct, frozen=True):
    """A request as it came; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Answer(msgspec.Struct, frozen=True):
    """What to answer.

    `hang` waits for the server's `release`, `reset` breaks the connection off, `drip` sends a byte of a header twenty
    times a second, for five seconds.
    """

    status: int = 204
    headers: dict[str, str] = {}
    hang: bool = False
    reset: bool = False
    drip: bool = False


class Server:
    """A running server; `answer` may be replaced at any time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/hook"
        self.received: Queue[Received] = Queue()
        self.release = Event()
        self.answer: Callable[[Received], Answer] = lambda _: Answer()

    def answers(self, *answers: Answer) -> None:
        """Answers in this order, the last one for ever."""
        left = list(answers)
        self.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def next(self) -> Received:
        """Waits for a request."""
        return self.received.get(timeout=PATIENCE)

    def keys(self) -> list[str]:
        """The idempotency keys of the requests that were not fetched yet."""
        found = []
        while not self.received.empty():
            found.append(self.received.get_nowait().headers["idempotency-key"])
        return found


def _drip(client: BufferedIOBase, release: Event) -> None:
    with suppress(OSError):  # the client has had enough
        client.write(b"HTTP/1.1 204 No Content\r\nX-Drip: ")
        for _ in range(100):
            if release.wait(0.05):
                break
            client.write(b".")
        client.write(b"\r\n\r\n")


@contextmanager
def serving() -> Iterator[Server]:
    """Runs a server for the length of the block."""

    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.path, headers, body)
            answer = server.answer(request)
            server.received.put(request)
            if answer.hang:
                server.release.wait(PATIENCE)
            if answer.reset:
                # Lingering for no time makes closing a reset.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            if answer.drip:
                _drip(self.wfile, server.release)
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Keeps the tests' output clean."""

    class Listener(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that was killed is part of the tests."""

    listener = Listener(("127.0.0.1", 0), Requests)
    server = Server(listener.server_address[1])
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        listener.shutdown()
        listener.server_close()
        thread.join()
