"""A web server of feeds that grow: `http://127.0.0.N:PORT/feed`, one feed for each address of the loopback network.

As a program it serves until it is ended: `python -m benchmarks.feed_server ITEMS`; its first line is the port.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

SHOWN = 20


def address(feed: int, port: int) -> str:
    """Hosts of their own, so that politeness toward one says nothing of another."""
    return f"http://127.0.{feed // 250}.{feed % 250 + 2}:{port}/feed"


class Feeds:
    """What is shown: of each feed the latest items, one more at each request until there are as many as there may be.

    Attributes:
        given: By host, how many items were shown so far.
        etag: Empty: each answer is new.
    """

    def __init__(self, items: int, at_first: int = 3) -> None:
        """Nothing was shown yet; the first request shows `at_first` items, and there are never more than `items`."""
        self.given: dict[str, int] = {}
        self.etag = ""
        self._items = items
        self._at_first = at_first
        self._lock = threading.Lock()

    def document(self, host: str) -> bytes:
        """What the feed of a host shows now: RSS."""
        with self._lock:
            count = min(self._items, self.given.get(host, self._at_first - 1) + 1)
            self.given[host] = count
        now = datetime.now(UTC)
        shown = range(count, max(0, count - SHOWN), -1)
        entries = "".join(
            f"<item><guid isPermaLink='false'>{host}/{number}</guid>"
            f"<title>Lender {number} of {host} reports on its third quarter</title>"
            f"<description>Deposits grew by {number} in the quarter, as the lender had expected.</description>"
            f"<link>http://{host}/news/{number}</link>"
            f"<pubDate>{format_datetime(now - timedelta(hours=count - number))}</pubDate></item>"
            for number in shown
        )
        return f"<rss version='2.0'><channel><title>{host}</title>{entries}</channel></rss>".encode()


class Shown(Protocol):
    """What a server shows: a document for each host, new or as it was."""

    @property
    def etag(self) -> str:
        """Who asks with it is told that nothing was modified; empty where each answer is new."""
        ...

    def document(self, host: str) -> bytes:
        """The feed of a host: RSS."""
        ...


@contextmanager
def serving(shown: Shown) -> Iterator[int]:
    """The port of a server that runs for the length of the block."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            etag = shown.etag
            known = bool(etag) and self.headers["If-None-Match"] == etag
            found = self.path == "/feed"
            body = shown.document(self.headers["Host"].partition(":")[0]) if found and not known else b""
            self.send_response((304 if known else 200) if found else 404)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            if etag:
                self.send_header("ETag", etag)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: a line for each request would drown the figures."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256

    server = Server(("0.0.0.0", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def main() -> None:
    """Serves until standard input ends."""
    with serving(Feeds(int(sys.argv[1]), at_first=SHOWN)) as port:
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
