"""The running server, and its names."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from threading import Event, Lock

from monitor.ingest.web.addresses import Address
from tests.ingest.hostile.acts import Behaviour, answers
from tests.ingest.hostile.bodies import FEEDS
from tests.ingest.hostile.exchanges import CODINGS, EXCHANGES
from tests.ingest.hostile.lines import DOMAIN, Line, LineServer, Request
from tests.ingest.hostile.redirects import REDIRECTS
from tests.ingest.hostile.statuses import NAMES, ROBOTS, STATUSES

BEHAVIOURS: Mapping[str, Behaviour] = {
    **EXCHANGES,
    **CODINGS,
    **REDIRECTS,
    **STATUSES,
    **ROBOTS,
    **NAMES,
    **{
        name: Behaviour(body.wrong, "new", answers(200, body.content, Content_Type=body.content_type))
        for name, body in FEEDS.items()
    },
}
"""Every behaviour, by name. `rebinding` is not among them: its verdict changes from one fetch to the next."""

_ADDRESSES: Mapping[str, Sequence[str]] = {
    "inside": ["10.0.0.1"],
    "half_inside": ["127.0.0.1", "10.0.0.1"],
    "metadata": ["169.254.169.254"],
    "no_address": [],
}


class Hostile:
    """The running server.

    Attributes:
        requests: What it was asked, robots.txt apart, in order.
        looked_up: Which hosts it was asked the address of, in order.
        allow: What the fetcher must be allowed for it to be reached.
    """

    def __init__(self, behaviours: Mapping[str, Behaviour]) -> None:
        self._behaviours = dict(behaviours)
        self._closing = Event()
        self._lock = Lock()
        self.requests: list[Request] = []
        self.looked_up: list[str] = []
        self._plain = LineServer(self._act, self._closing)
        self._secure = LineServer(self._act, self._closing, tls=True)
        self.port, self.tls_port = self._plain.port, self._secure.port
        self.allow = frozenset({f"127.0.0.1:{self.port}", f"127.0.0.1:{self.tls_port}"})

    def url(self, name: str, path: str = "/feed") -> str:
        """Where a behaviour is to be found."""
        secure = name in self._behaviours and self._behaviours[name].scheme == "https"
        scheme, port = ("https", self.tls_port) if secure else ("http", self.port)
        return f"{scheme}://{name.replace('_', '-')}.{DOMAIN}:{port}{path}"

    def add(self, name: str, act: Callable[[Line, Request], None], robots: bytes = b"") -> str:
        """Adds a behaviour of a test's own; its URL."""
        self._behaviours[name] = Behaviour(name, "new", act, robots=answers(200, robots))
        return self.url(name)

    def asked(self, name: str) -> list[Request]:
        """The requests to one host, robots.txt apart."""
        return [request for request in self.requests if request.name == name]

    def resolver(self, host: str) -> Sequence[Address]:
        """Answers for the server's names, as a hostile name server would; for others as if there were none."""
        with self._lock:
            self.looked_up.append(host)
            before = self.looked_up.count(host) - 1
        name = host.removesuffix(f".{DOMAIN}").replace("-", "_")
        if name == "hanging_name":
            self._closing.wait()
        if host == "localhost" or (name == "rebinding" and before > 0):
            return [ip_address("127.0.0.1" if host == "localhost" else "10.0.0.1")]
        if not host.endswith(DOMAIN) or name == "nowhere":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [ip_address(text) for text in _ADDRESSES.get(name, ["127.0.0.1"])]

    def close(self) -> None:
        """Ends."""
        self._plain.close()
        self._secure.close()

    def _act(self, line: Line, request: Request) -> None:
        behaviour = self._behaviours.get(request.name)
        if behaviour is None:
            line.answer(404)
        elif request.path == "/robots.txt":
            behaviour.robots(line, request)
        else:
            with self._lock:
                self.requests.append(request)
            behaviour.act(line, request)


@contextmanager
def serving(behaviours: Mapping[str, Behaviour] = BEHAVIOURS) -> Iterator[Hostile]:
    """Runs the server for the length of the block."""
    server = Hostile(behaviours)
    try:
        yield server
    finally:
        server.close()
