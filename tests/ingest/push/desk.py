"""Who takes in what is posted, and the endpoint in front of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Event

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.articles import Article
from monitor.ingest.intake.accounts import Fate
from monitor.ingest.intake.taking import Taken
from monitor.ingest.items import ColumnMap, Item, ItemReader
from monitor.ingest.push.app import PushLimits, push_app

NOW = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
TOKEN, OTHER = "desk-token-0123456789", "mill-token-0123456789"
LIMITS = PushLimits(max_bytes=20_000, max_articles=10, articles_per_second=1, burst_articles=30, body_seconds=20)
READER = ItemReader(name="push", columns=ColumnMap(), zone=UTC)
NEWS = {"id": "a1", "title": "Ore mill burns down", "published": "2024-05-06T11:00:00Z"}


class Desk:
    """Takes items in as the line would: reads them, and knows which it had before."""

    def __init__(self) -> None:
        self.now = NOW
        self.articles: list[Article] = []
        self.batches = 0
        self.trouble: Exception | None = None
        self.gate: Event | None = None
        self.entered = Event()

    def clock(self) -> datetime:
        return self.now

    def accept(self, items: Sequence[Item]) -> Taken:
        self.entered.set()
        if self.gate:
            self.gate.wait(30)
        if self.trouble:
            raise self.trouble
        self.batches += 1
        told = [self._take(item) for item in items]
        return Taken(tuple(fate for fate, _ in told), tuple(reason for _, reason in told))

    def _take(self, item: Item) -> tuple[Fate, str]:
        read = READER.read(item, self.now)
        if not isinstance(read, Article):
            return (Fate.REFUSED if item.fields else Fate.NOT_PARSED), read.reason
        if any(read.id == known.id for known in self.articles):
            return Fate.DUPLICATE, ""
        if read.published_at and self.now - read.published_at > timedelta(days=30):
            return Fate.TOO_OLD, ""
        self.articles.append(read)
        return Fate.NEW, ""


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Stage:
    """One server for all tests, and an endpoint of its own for each."""

    def __init__(self) -> None:
        self.app: ASGIApp
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def client(self, desk: Desk, limits: PushLimits = LIMITS, tokens: Sequence[str] = (TOKEN, OTHER)) -> httpx.Client:
        self.app = push_app(desk.accept, tokens=tokens, clock=desk.clock, limits=limits)
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=bearer(TOKEN), trust_env=False, timeout=30
        )


def problem_of(response: httpx.Response) -> str:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    return str(problem["detail"])
