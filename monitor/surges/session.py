"""One spell of counting: from the offsets that the store holds until something forces a new start.

A tick is one transaction. What stands before it in every partition is settled (repeats dropped), counted, judged and
written together with the offsets to go on from. If anything fails, the session is void: what its core has taken in and
the store has not is forgotten with it, and the next session starts from the tables. So it is, too, when somebody merges
two entities: the next session joins their past before it counts on.

Time is what watermarks say. Where they stay away it goes on from the last tick by as much as really passed, told by a
clock that nobody sets, and never past the wall clock: neither a jump of that one, nor one that was wrong when the
session began, leads it into the future; and what waits to be read keeps its place in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from monitor.broker.codec import DecodeError, decode_scored, unreadable
from monitor.broker.reader import PartitionReader
from monitor.broker.seams import Record
from monitor.clock import Clock
from monitor.store import entities, leases, writes
from monitor.store.database import Database
from monitor.store.rows import Offset
from monitor.surges.alignment import Alignment, Taken
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.ticking import count_tick

STAGE = "surges"
"""Name of the lease and of the progress."""

_POLL_RECORDS = 2_000
_POLL_SECONDS = 0.1
_AHEAD_LIMIT = 20_000
"""Messages in hand beyond which partitions that are ahead of the others are not read further."""


class MergedError(Exception):
    """Entities were merged, or a merge was taken back, since the session began."""


class Session:
    """Reads, counts and writes under one epoch of the lease."""

    def __init__(
        self,
        database: Database,
        reader: PartitionReader,
        core: SurgeCore,
        merges: Mapping[str, str],
        *,
        rules: SurgeRules,
        topic: str,
        epoch: int,
        clock: Clock,
        abstain_below: float | None,
        stall_after: timedelta | None,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begins where reader and core stand.

        Args:
            database: The store.
            reader: At the offsets that the store holds.
            core: As the store holds it.
            merges: Of entities, as the store holds them.
            rules: How surges are judged.
            topic: The scored topic.
            epoch: Of the lease.
            clock: Where a stall moves time no further; never for verdicts.
            abstain_below: Sentiments less probable than this do not count as negative, in [0, 1]; None: than what each
                article's model asks for.
            stall_after: How long watermarks may stay away before the clock moves time on; None: for ever.
            elapsed: A clock that nobody sets, in seconds: how long watermarks stayed away, and how far time moves on.
        """
        self._database = database
        self._reader = reader
        self._core = core
        self._merges = merges
        self._rules = rules
        self._topic = topic
        self._epoch = epoch
        self._clock = clock
        self._abstain_below = abstain_below
        self._stall_after = stall_after
        self._alignment = Alignment(number for _, number in reader.positions())
        self._elapsed = elapsed
        self._moved_to, self._moved_at = core.tick or clock(), elapsed()
        """The last tick, and when it was by `elapsed`; before the first one the session's beginning."""
        self.articles = 0
        """Articles counted so far."""
        self.ticks = 0
        """Ticks written so far."""

    @property
    def tick(self) -> datetime | None:
        """The latest tick; None before the first."""
        return self._core.tick

    def step(self) -> int:
        """Reads, and writes a tick once one is complete.

        Returns:
            How many messages were read and ticks written.

        Raises:
            BrokerError, StoreError, MergedError: The session is void.
        """
        records = [] if self._has_enough() else self._reader.poll(_POLL_RECORDS, _POLL_SECONDS)
        for record in records:
            self._alignment.add(record.partition, record.offset, self._decode(record))
        done = len(records) + self._count_what_is_ready()
        self._balance()
        return done

    def _has_enough(self) -> bool:
        """Much is in hand that only a later clock will count: the tick is in the future, and no watermark passes it."""
        ready, last = self._alignment.ready, self.tick
        waits = last is not None and (ready is None or ready <= last) and last > self._clock()
        return waits and self._stall_after is not None and self._alignment.buffered > _AHEAD_LIMIT

    def _balance(self) -> None:
        """Reads on only where it helps: while much is in hand, partitions that are ahead wait for the others."""
        ahead = self._alignment.ahead
        if self._alignment.buffered > _AHEAD_LIMIT:
            self._reader.pause(self._partitions(ahead))
        elif self._alignment.buffered < _AHEAD_LIMIT // 2:
            ahead = set()
        self._reader.resume(self._partitions(set(self._alignment.partitions) - ahead))

    def close(self) -> None:
        """Closes the reader."""
        self._reader.close()

    def _decode(self, record: Record) -> object:
        try:
            return decode_scored(record.value)
        except (DecodeError, UnicodeDecodeError) as error:
            return unreadable("surges", record, "scored record", error, self._clock())

    def _count_what_is_ready(self) -> int:
        elapsed, ready, last = self._elapsed(), self._alignment.ready, self.tick
        waited = timedelta(seconds=elapsed - self._moved_at)
        if ready is not None and (last is None or ready > last):
            tick, taken = ready, self._alignment.take(ready)
        elif self._stall_after is not None and waited >= self._stall_after:
            # What is taken was read with the watermarks of its own partition: it keeps its place in time.
            passed = self._moved_to + waited
            tick = min(self._clock(), max(passed, self._alignment.furthest or passed))
            if last is not None and tick <= last:
                return 0
            taken = self._alignment.take_all()
        else:
            return 0
        self._write(tick, taken)
        self._moved_to, self._moved_at = tick, elapsed
        return 1

    def _write(self, tick: datetime, taken: Taken) -> None:
        topic_id = self._reader.topic_ids[self._topic]
        offsets = [Offset(topic_id, self._topic, partition, offset) for partition, offset in taken.positions.items()]
        with self._database.write() as connection:
            leases.require_lease(connection, STAGE, self._epoch)
            if entities.read_merges(connection) != self._merges:
                raise MergedError
            records = [record for _, _, record in taken.records]
            self.articles += count_tick(
                connection, self._core, tick, records, self._rules, self._abstain_below, self._merges
            )
            writes.write_progress(connection, STAGE, tick, final=taken.final)
            writes.write_offsets(connection, offsets)
        self.ticks += 1

    def _partitions(self, numbers: Iterable[int]) -> list[tuple[str, int]]:
        return [(self._topic, number) for number in numbers]
