"""A TCP server on the loopback interface whose answers are written byte by byte, as wrong as can be."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import msgspec

CERTIFICATES = Path(__file__).parent / "certificates"
DOMAIN = "hostile.test"
_TICK = 0.005
"""Seconds between two drops of what drips."""


class Request(msgspec.Struct, frozen=True):
    """A request as it came.

    Attributes:
        name: Which behaviour its host asks for.
        path: With the query.
        headers: By lower-case name.
        server_name: What TLS was asked for; empty without TLS.
    """

    name: str
    path: str
    headers: dict[str, str]
    server_name: str = ""


class Line:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket, closing: Event) -> None:
        self._connection = connection
        self._closing = closing

    def send(self, data: str | bytes) -> None:
        """Sends bytes as they are."""
        self._connection.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def answer(self, status: int | str, body: bytes = b"", **headers: str) -> None:
        """Answers as a decent server would; `content_type="text/xml"` is a header, and one of "" is left out."""
        lines = {"Content_Length": str(len(body)), **headers}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value)
        self.send(f"HTTP/1.1 {status} {'OK' if status == 200 else 'Other'}\r\n{head}\r\n".encode("latin-1") + body)

    def drip(self, data: bytes) -> None:
        """Sends byte by byte, and then the last one for ever."""
        place = 0
        while not self._closing.wait(_TICK):
            self.send(data[place : place + 1])
            place = min(place + 1, len(data) - 1)

    def flood(self, data: bytes) -> None:
        """Sends the same for ever."""
        while not self._closing.is_set():
            self.send(data)

    def hang(self) -> None:
        """Says nothing until the server closes."""
        self._closing.wait()

    def reset(self) -> None:
        """Breaks off without a good-bye."""
        # Lingering for no time makes closing a reset.
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()


class LineServer:
    """Listens on a port, and hands each connection, with the request on it, to `act`, in a thread of its own."""

    def __init__(self, act: Callable[[Line, Request], None], closing: Event, *, tls: bool = False) -> None:
        self._act = act
        self._closing = closing
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = _Certificates() if tls else None
        self.port: int = self._listener.getsockname()[1]
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """Ends; every connection breaks off."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # The client is meant to break off; and it may stop reading, which must not hold up the end.
        connection.settimeout(5)
        with contextlib.suppress(OSError), connection:
            server_name = ""
            if self._tls:
                with self._tls.context.wrap_socket(connection, server_side=True) as secure:
                    server_name = self._tls.asked.get(secure, "")
                    self._converse(secure, server_name)
            else:
                self._converse(connection, server_name)

    def _converse(self, connection: socket.socket, server_name: str) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65_536)
            if not piece:
                return
            head += piece
            if b"\n" in head and b"HTTP/" not in head:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
        first, *lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        name = headers.get("host", "").partition(".")[0].replace("-", "_")
        self._act(Line(connection, self._closing), Request(name, first.split(" ")[1], headers, server_name))


class _Certificates:
    """Chooses the certificate by the name that is asked for, and remembers that name."""

    def __init__(self) -> None:
        self.asked: dict[ssl.SSLSocket | ssl.SSLObject, str] = {}
        self.context = self._context("server")
        self._others = {"tls_expired": self._context("expired"), "tls_other_host": self._context("other_host")}
        self.context.sni_callback = self._choose

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{name}.pem")
        return context

    def _choose(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        self.asked[connection] = name or ""
        label = (name or "").partition(".")[0].replace("-", "_")
        connection.context = self._others.get(label, self.context)


def trusted_by_tests() -> ssl.SSLContext:
    """A client's context that trusts the server's certificates and no others."""
    return ssl.create_default_context(cafile=str(CERTIFICATES / "authority.pem"))


_watching: list[list[tuple[str, int]]] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and _watching:
        address = arguments[1]
        if isinstance(address, tuple):
            for seen in _watching:
                seen.append((str(address[0]), int(address[1])))


sys.addaudithook(_watch)  # the interpreter itself tells of every attempt to connect, whatever library makes it


@contextmanager
def contacts() -> Iterator[list[tuple[str, int]]]:
    """Yields a list that fills with every address and port that this process tries to connect to."""
    seen: list[tuple[str, int]] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)
