"""The fetcher as the tests of this room use it: a clock of their own, and what comes of an address."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest

from monitor.ingest.web.fetcher import Fetcher, FetchError, FetchFailure, FetchLimits
from tests.ingest.hostile import Hostile, trusted_by_tests

NOW = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
LIMITS = FetchLimits(max_bytes=3_000_000, total_seconds=20, host_seconds=0, retries=0)
HASTY = FetchLimits(total_seconds=0.3, host_seconds=0, retries=0)
REFUSED = FetchFailure.REFUSED_ADDRESS


class Time:
    """A clock that stands until somebody waits."""

    def __init__(self) -> None:
        self.now = NOW
        self.waits: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)


def fetcher_for(
    hostile: Hostile, limits: FetchLimits = LIMITS, time: Time | None = None, tls: ssl.SSLContext | None = None
) -> Fetcher:
    time = time or Time()
    return Fetcher(
        user_agent="sentiment-monitor/1.0 (+mailto:desk@paper.example)",
        limits=limits,
        clock=time,
        allow=hostile.allow,
        resolver=hostile.resolver,
        wait=time.wait,
        tls=tls or trusted_by_tests(),
    )


def failure(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetcher.get(url)
    return caught.value


def verdict_on(fetcher: Fetcher, url: str, etag: str = "") -> str:
    try:
        return fetcher.get(url, etag=etag).status
    except FetchError as error:
        return error.reason
