"""Replays a recording into the articles topic, at a multiple of its own speed or as fast as the line takes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from monitor.clock import EPOCH, MINUTE, floor_to
from monitor.ingest.intake.publisher import Publisher
from monitor.ingest.recording import Arrival, Recording

RECORDS_PER_MARK = 500
"""At full speed a watermark follows so many records, at the next whole minute: about what a kill makes it repeat."""

SaveProgress = Callable[[int], None]
"""Keeps durably how many arrivals the broker has."""


class Replay:
    """Publishes arrivals with watermarks between them.

    A watermark stands only where the recording passes a whole minute, and once it is acknowledged the place is saved: a
    replay that is killed goes on from there, and what it then publishes a second time is the same to the byte.
    """

    def __init__(self, recording: Recording, publisher: Publisher, save: SaveProgress, *, start: int = 0) -> None:
        self._recording = recording
        self._publisher = publisher
        self._save = save
        self._next = start
        self._saved = start
        before = next(recording.arrivals(start - 1), None) if start else None
        self._minute: datetime | None = floor_to(before.at, MINUTE) if before else None
        self._arrivals = recording.arrivals(start)
        self._pending: Arrival | None = next(self._arrivals, None)
        self.done = False

    @property
    def next_arrival(self) -> datetime | None:
        """When the next item comes, in the recording's time; None at the end."""
        return self._pending.at if self._pending else None

    def advance(self, until: datetime | None = None) -> int:
        """Publishes what arrives before `until`, at most up to the next watermark.

        Args:
            until: UTC-aware, in the recording's time; a watermark follows when it passes a whole minute. None publishes
                without regard to time, with a watermark every `RECORDS_PER_MARK` records.

        Returns:
            How many records were published; `done` is True after the last one.

        Raises:
            BrokerError: The broker did not take everything.
        """
        published = 0
        while (arrival := self._pending) is not None and (until is None or arrival.at < until):
            minute = floor_to(arrival.at, MINUTE)
            if self._minute and minute > self._minute and self._next - self._saved >= RECORDS_PER_MARK:
                self._mark(minute)
                return published
            self._publisher.publish(self._recording.read(arrival))
            self._minute = minute
            self._next += 1
            published += 1
            self._pending = next(self._arrivals, None)
        if self._pending is None and not self.done:
            self._mark((self._minute or EPOCH) + MINUTE, final=True)
            self.done = True
        elif until is not None and (self._minute is None or floor_to(until, MINUTE) > self._minute):
            self._mark(floor_to(until, MINUTE))
        return published

    def _mark(self, time: datetime, *, final: bool = False) -> None:
        self._publisher.mark(time, final=final)
        self._publisher.flush()
        self._save(self._next)
        self._saved, self._minute = self._next, time
