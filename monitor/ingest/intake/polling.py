"""Who calls the sources: the seam, and the simplest fulfilment of it, in the caller's own thread."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from monitor.clock import Clock
from monitor.ingest.sources.source import Batch, SourceError

Fetch = Callable[[], Batch | SourceError | None]
"""Asks a source; None where that was put off."""


class Finished(msgspec.Struct, frozen=True):
    """A fetch that is over."""

    name: str
    outcome: Batch | SourceError | None


class Poller(Protocol):
    """Calls each source when it is due; at most one call of a source is planned or under way at a time."""

    def plan(self, name: str, at: datetime, fetch: Fetch) -> None:
        """Has a source asked at an instant."""
        ...

    def plan_anew(self, at: Callable[[str], datetime]) -> None:
        """Moves every planned call to the instant that is said for its name; what is under way is left alone."""
        ...

    def finished(self) -> list[Finished]:
        """What has come back since the last call."""
        ...


class InTurn:
    """Calls what is due whenever it is asked for results, one after the other."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._planned: list[tuple[datetime, str]] = []
        self._fetches: dict[str, Fetch] = {}

    def plan(self, name: str, at: datetime, fetch: Fetch) -> None:
        """See `Poller`."""
        self._fetches[name] = fetch
        heapq.heappush(self._planned, (at, name))

    def plan_anew(self, at: Callable[[str], datetime]) -> None:
        """See `Poller`."""
        self._planned = [(at(name), name) for _, name in self._planned]
        heapq.heapify(self._planned)

    def finished(self) -> list[Finished]:
        """Calls what is due now."""
        now, done = self._clock(), []
        while self._planned and self._planned[0][0] <= now:
            _, name = heapq.heappop(self._planned)
            done.append(Finished(name, self._fetches.pop(name)()))
        return done
