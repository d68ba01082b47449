"""From the spool to Kafka, in order, and over outages of any length."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from typing import Self

from monitor.articles import Article
from monitor.broker.codec import decode_article
from monitor.clock import Clock, is_due
from monitor.errors import BrokerError
from monitor.ingest.intake.parcel import decode_parcel
from monitor.ingest.intake.publisher import Publisher
from monitor.ingest.intake.spool import Spool
from monitor.ingest.intake.taking import Intake
from monitor.records import DeadLetter

AT_ONCE_BYTES = 2_000_000
"""After so much Kafka must have everything before more is sent."""
FLUSH_SECONDS = 10.0
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)

OpenPublisher = Callable[[], AbstractContextManager[Publisher]]
"""Connects to Kafka; raises BrokerError where it is away."""


class Outlet:
    """Publishes what waits, and the watermarks behind it; while Kafka is away, it waits and says so.

    A connection that failed is given up with all that it still held, and a new one begins at the first record that was
    not acknowledged: what Kafka got twice is the same to the byte, and the counter drops it.
    """

    def __init__(self, spool: Spool, intake: Intake, connect: OpenPublisher, clock: Clock) -> None:
        """Nothing is opened yet."""
        self._spool = spool
        self._intake = intake
        self._connect = connect
        self._clock = clock
        self._stack = ExitStack()
        self._publisher: Publisher | None = None
        self._pause = FIRST_PAUSE
        self._retry_at: datetime | None = None
        self.fault = ""
        """Why nothing leaves; empty while all is well."""
        self.published = 0

    def drain(self) -> int:
        """Publishes what the store has taken in.

        Returns:
            How many records Kafka has got.

        Raises:
            BrokerError: One that no repetition can mend.
        """
        return self._attempt(self._drain)

    def mark(self, time: datetime) -> None:
        """Tells all partitions that what was first seen before this is there.

        Raises:
            BrokerError: One that no repetition can mend.
        """
        self._attempt(lambda publisher: self._mark(publisher, time))

    def close(self) -> None:
        """Lets the connection go."""
        self._publisher = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attempt(self, work: Callable[[Publisher], int]) -> int:
        now = self._clock()
        if self._retry_at is not None and not is_due(self._retry_at, now, LONGEST_PAUSE):
            return 0
        try:
            if self._publisher is None:
                self._publisher = self._stack.enter_context(self._connect())
            done = work(self._publisher)
        except BrokerError as error:
            self._publisher = None
            # Told that it failed, the producer drops what it could not deliver instead of waiting for it.
            self._stack.__exit__(type(error), error, error.__traceback__)
            self._stack = ExitStack()
            if not error.retryable:
                raise
            self.fault = str(error)
            self._retry_at = self._clock() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
            return 0
        self.fault, self._retry_at, self._pause = "", None, FIRST_PAUSE
        return done

    def _drain(self, publisher: Publisher) -> int:
        ready, done, sent, size, last = self._intake.ready, 0, 0, 0, 0
        for number, stored in self._spool.pending():
            if number > ready:
                break
            for value in decode_parcel(stored).records:
                record = decode_article(value)
                assert isinstance(record, Article | DeadLetter)  # noqa: S101 - the intake puts nothing else there
                publisher.publish(record)
                sent += 1
            last, size = number, size + len(stored)
            if size >= AT_ONCE_BYTES:
                done += self._settle(publisher, last, sent)
                sent = size = last = 0
        return done + (self._settle(publisher, last, sent) if last else 0)

    def _settle(self, publisher: Publisher, number: int, sent: int) -> int:
        publisher.flush(FLUSH_SECONDS)
        self._intake.published(number)
        self.published += sent
        return sent

    def _mark(self, publisher: Publisher, time: datetime) -> int:
        publisher.mark(time)
        publisher.flush(FLUSH_SECONDS)
        return 1
