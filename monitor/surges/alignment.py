"""Aligns partitions by their watermarks, so that a tick takes the same articles however unevenly they are read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

import msgspec

from monitor.records import Watermark


class Taken(msgspec.Struct, frozen=True):
    """What a tick takes.

    Attributes:
        records: (partition, offset, record) of everything but watermarks, in order per partition.
        positions: By partition, the next offset to read after a restart.
        final: Every partition has ended.
    """

    records: list[tuple[int, int, object]]
    positions: dict[int, int]
    final: bool


class Alignment:
    """Buffers what was read until every partition has reached a common time.

        partition 0   a b |10:01| c |10:02|
        partition 1   d |10:01| e            ready = 10:01; take gives a, b, d and keeps c, e

    Watermarks of a partition that go back (a source that repeats itself after a restart) are passed over.
    """

    def __init__(self, partitions: Iterable[int]) -> None:
        self._buffers: dict[int, deque[tuple[int, object]]] = {partition: deque() for partition in sorted(partitions)}
        self._reached: dict[int, datetime] = {}
        self._ended: set[int] = set()

    def add(self, partition: int, offset: int, record: object) -> None:
        """Buffers a message read from a partition."""
        self._buffers[partition].append((offset, record))
        if isinstance(record, Watermark):
            self._reached[partition] = max(record.time, self._reached.get(partition, record.time))
            if record.final:
                self._ended.add(partition)

    @property
    def ready(self) -> datetime | None:
        """The latest time that every partition has reached; None before each has sent a watermark."""
        return min(self._reached.values()) if len(self._reached) == len(self._buffers) else None

    @property
    def furthest(self) -> datetime | None:
        """The latest time that any partition has reached; None before the first watermark."""
        return max(self._reached.values(), default=None)

    @property
    def partitions(self) -> list[int]:
        """All partitions, in order."""
        return list(self._buffers)

    @property
    def buffered(self) -> int:
        """How many messages are held."""
        return sum(map(len, self._buffers.values()))

    @property
    def ahead(self) -> set[int]:
        """Partitions that are past the common time: no need to read more of them before the others have caught up."""
        ready = self.ready
        return {partition for partition, time in self._reached.items() if ready is None or time > ready}

    def take(self, time: datetime) -> Taken:
        """Takes what stands before each partition's last watermark at or before `time`."""
        records: list[tuple[int, int, object]] = []
        positions: dict[int, int] = {}
        for partition, buffer in self._buffers.items():
            last = max(
                (
                    place
                    for place, (_, record) in enumerate(buffer)
                    if isinstance(record, Watermark) and record.time <= time
                ),
                default=-1,
            )
            for _ in range(last + 1):
                offset, record = buffer.popleft()
                positions[partition] = offset + 1
                if not isinstance(record, Watermark):
                    records.append((partition, offset, record))
        return Taken(records, positions, final=self._has_ended())

    def take_all(self) -> Taken:
        """Takes everything at hand, aligned or not: for a live line whose watermarks stay away."""
        positions = {partition: buffer[-1][0] + 1 for partition, buffer in self._buffers.items() if buffer}
        records = [
            (partition, offset, record)
            for partition, buffer in self._buffers.items()
            for offset, record in buffer
            if not isinstance(record, Watermark)
        ]
        for buffer in self._buffers.values():
            buffer.clear()
        return Taken(records, positions, final=self._has_ended())

    def _has_ended(self) -> bool:
        return len(self._ended) == len(self._buffers) and not self.buffered
