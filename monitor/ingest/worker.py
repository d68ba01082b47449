"""The ingest stage, live: reads what is new in every source, and keeps time moving with watermarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from monitor.articles import Article
from monitor.clock import Clock
from monitor.errors import InputError
from monitor.ingest.files import FileFormat
from monitor.ingest.following import fetch_new
from monitor.ingest.items import ItemReader
from monitor.ingest.publisher import Publisher


class Cursors(Protocol):
    """Where the worker keeps how far each source was read."""

    def load(self, source: str) -> int:
        """The cursor of a source; 0 at first."""
        ...

    def save(self, cursors: dict[str, int]) -> None:
        """Keeps cursors durably, all or none."""
        ...


class FileSource(msgspec.Struct, frozen=True):
    """A followed file and how its items are read."""

    path: Path
    format: FileFormat
    reader: ItemReader


class IngestWorker:
    """Polls the sources in turn; after each round, and at every tick, all partitions get a watermark.

    Items are acknowledged by the broker before the source's cursor is saved: a kill in between publishes them again,
    with the same ids and positions, and the counter drops the repeats.
    """

    def __init__(
        self,
        sources: Sequence[FileSource],
        publisher: Publisher,
        cursors: Cursors,
        clock: Clock,
        *,
        poll_every: timedelta,
        tick_every: timedelta,
        warn: Callable[[str], None],
    ) -> None:
        self._sources = sources
        self._publisher = publisher
        self._cursors = cursors
        self._clock = clock
        self._poll_every = poll_every
        self._tick_every = tick_every
        self._warn = warn
        self._next_poll: datetime | None = None
        self._next_tick: datetime | None = None
        self._faulty: set[str] = set()
        self.articles = 0
        self.dead_letters = 0

    def step(self) -> int:
        """Does what is due.

        Returns:
            How many items were published.

        Raises:
            BrokerError: Kafka does not take them; nothing is lost, the step can be repeated.
        """
        now = self._clock()
        published = 0
        if self._next_poll is None or now >= self._next_poll:
            published = self._poll()
            # A long file is taken in pieces: where there was something, there may be more.
            self._next_poll = now if published else now + self._poll_every
        if self._next_tick is None or now >= self._next_tick or published:
            self._publisher.mark(self._clock())
            self._publisher.flush()
            self._next_tick = now + self._tick_every
        return published

    def _poll(self) -> int:
        published = 0
        moved: dict[str, int] = {}
        for source in self._sources:
            name, cursor = source.reader.name, self._cursors.load(source.reader.name)
            try:
                for followed in fetch_new(source.path, source.format, source.reader.columns, cursor):
                    record = source.reader.read(followed.item, self._clock())
                    self._publisher.publish(record)
                    moved[name] = followed.cursor
                    published += 1
                    if isinstance(record, Article):
                        self.articles += 1
                    else:
                        self.dead_letters += 1
                self._faulty.discard(name)
            except InputError as error:
                if name not in self._faulty:
                    self._faulty.add(name)
                    self._warn(f"Source {name}: {error}")
        if moved:
            self._publisher.flush()
            self._cursors.save(moved)
        return published
