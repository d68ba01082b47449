"""A server of the tests' own pages over real HTTP, and the guarded client that reaches it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from monitor.ingest.web.fetcher import Fetcher, FetchLimits
from tests.ingest.hostile import Hostile, serving
from tests.ingest.hostile.lines import Line, Request

NOW = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
LIMITS = FetchLimits(total_seconds=20, host_seconds=0, retries=0)


def fetcher_for(hostile: Hostile) -> Fetcher:
    """The guarded client, allowed to reach the server's ports."""
    return Fetcher(
        user_agent="sentiment-monitor/1.0 (+mailto:desk@paper.example)",
        limits=LIMITS,
        clock=lambda: NOW,
        allow=hostile.allow,
        resolver=hostile.resolver,
    )


class Paper:
    """A host whose pages a test sets and changes.

    Attributes:
        pages: Content by path, query included; a number is answered as a status without content.
        headers: Of every answer, beside its content type.
        asked: The paths that were asked for, in order.
    """

    def __init__(self, hostile: Hostile, name: str, robots: bytes = b"") -> None:
        self.pages: dict[str, bytes | int] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.conditions: list[Mapping[str, str]] = []
        self._front = hostile.add(name, self._act, robots)

    def url(self, path: str) -> str:
        """The address of a path."""
        return self._front.removesuffix("/feed") + path

    def _act(self, line: Line, request: Request) -> None:
        self.asked.append(request.path)
        self.conditions.append(request.headers)
        page = self.pages.get(request.path, 404)
        etag = self.headers.get("ETag")
        if isinstance(page, int):
            line.answer(page, b"", **{name.replace("-", "_"): value for name, value in self.headers.items()})
        elif etag and request.headers.get("if-none-match") == etag:
            line.answer(304, ETag=etag)
        else:
            headers = {"Content_Type": "text/html; charset=utf-8"}
            headers |= {name.replace("-", "_"): value for name, value in self.headers.items()}
            line.answer(200, page, **headers)


@contextmanager
def paper(name: str = "paper") -> Iterator[tuple[Paper, Fetcher]]:
    """Runs the server for the length of the block."""
    with serving({}) as hostile, fetcher_for(hostile) as fetcher:
        yield Paper(hostile, name), fetcher
