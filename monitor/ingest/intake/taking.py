"""Takes in what was fetched or pushed: each item read, known ones told from new ones, all of it kept once.

    fetch ──► parcel ──► spool (disk) ──► store ──► Kafka ──► acknowledged
                     kill: fetched again   kill: taken in from the spool   kill: published again, the same to the byte

The order makes a kill harmless. What is in the spool is taken in by the store, at the latest at the next start, and
only then published; what is not, was never said to be seen, and is fetched again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from monitor.articles import Article, article_id
from monitor.clock import Clock
from monitor.ingest.intake.accounts import Accounts, Fate, fate_of
from monitor.ingest.intake.health import assess
from monitor.ingest.intake.history import History, Poll, after_poll
from monitor.ingest.intake.parcel import Parcel, Seen, Standing, VerdictChange, change_of, decode_parcel, encode_parcel
from monitor.ingest.intake.publisher import fitted
from monitor.ingest.intake.spool import Spool
from monitor.ingest.items import Item, ItemReader
from monitor.ingest.sources.source import Batch, FailureReason, SourceError
from monitor.records import DeadLetter


class Ledger(Protocol):
    """What the store knows of sources. Every method is one transaction."""

    def standings(self) -> Mapping[str, Standing]:
        """All sources that were ever polled, by name."""
        ...

    def known(self, ids: Collection[str]) -> set[str]:
        """Those of the ids that were seen before."""
        ...

    def take_in(self, parcels: Sequence[Parcel]) -> None:
        """Keeps parcels, in order; one that is there already changes nothing."""
        ...

    def change(self, changes: Sequence[VerdictChange], standings: Sequence[Standing]) -> None:
        """Keeps verdicts that changed between polls."""
        ...


Plan = Callable[[History], datetime | None]
"""Says when a source with this history is polled next, by the clock on the wall."""

QUIET_EVERY = timedelta(minutes=1)
"""Polls that found nothing to say are written down so often."""


def _never(_history: History) -> None:
    """A source that is not polled."""


class Taken(msgspec.Struct, frozen=True):
    """What became of a fetch or a push, item by item.

    Attributes:
        fates: In the order of the items.
        reasons: Likewise; why an item is no article, empty for those that are.
    """

    fates: tuple[Fate, ...]
    reasons: tuple[str, ...]


class _Sorted(msgspec.Struct):
    fates: list[Fate]
    reasons: list[str]
    records: list[bytes]
    seen: list[Seen]
    again: list[str]


class Intake:
    """The one place at which items enter; several threads may bring some.

    Attributes:
        standings: Of all sources, by name, as the store has them.
    """

    def __init__(self, spool: Spool, ledger: Ledger, clock: Clock, new_id: Callable[[], str]) -> None:
        """Takes in what an earlier process left in the spool.

        Raises:
            StoreError: The store does not take it; nothing is lost.
        """
        self._spool = spool
        self._ledger = ledger
        self._clock = clock
        self._new_id = new_id
        self._one_at_a_time = threading.RLock()
        self._waiting: deque[tuple[int, datetime]] = deque()
        self._open: tuple[int, Parcel] | None = None
        self._last = datetime.min.replace(tzinfo=UTC)
        self._kept_at: dict[str, datetime] = {}
        self.articles = 0
        self.dead_letters = 0
        last: Parcel | None = None
        for number, record in spool.pending():
            last = decode_parcel(record)
            self._waiting.append((number, last.at))
            self._last = max(self._last, last.at)
        if last is not None:
            # All before it were taken in before it was put.
            ledger.take_in([last])
        self.standings = dict(ledger.standings())

    def standing(self, name: str, kind: str) -> Standing:
        """Where a source stands; a fresh one where it was never polled."""
        found = self.standings.get(name)
        return Standing(name=name, kind=kind) if found is None else msgspec.structs.replace(found, kind=kind)

    def take(
        self, kind: str, reader: ItemReader, outcome: Batch | SourceError, *, listing: bool, plan: Plan = _never
    ) -> Taken:
        """Takes in one fetch or push of the source that the reader names.

        Args:
            kind: Of the source.
            reader: Of its items.
            outcome: What the fetch gave, or why it gave nothing.
            listing: See `Poll.listing`.
            plan: When the next poll is due, by the history after this one.

        Raises:
            SpoolFullError: There is no room; nothing was taken in.
            StoreError: The store is away. What had news is in the spool, and is taken in before anything else.
        """
        with self._one_at_a_time:
            self._finish_open()
            before, now = self.standing(reader.name, kind), self._now()
            found = self._sort(outcome.items if isinstance(outcome, Batch) else (), reader, now)
            poll = _poll(outcome, Accounts.of(found.fates), now, listing=listing)
            history = after_poll(before.history, poll, [seen.event_time for seen in found.seen if seen.event_time])
            assessment = assess(history, now)
            after = msgspec.structs.replace(
                before,
                state=outcome.state if isinstance(outcome, Batch) else before.state,
                history=history,
                next_poll_at=plan(history),
            )
            parcel = Parcel(
                id=self._new_id(),
                at=now,
                standing=after.assessed(assessment),
                accounts=poll.accounts,
                records=tuple(found.records),
                seen=tuple(found.seen),
                again=tuple(found.again),
                failure=poll.failure,
                detail=str(outcome) if poll.failure else "",
                change=change_of(before, assessment, now),
            )
            self._keep(parcel, before)
            self.articles += poll.accounts.new
            self.dead_letters += len(parcel.records) - poll.accounts.new
            return Taken(tuple(found.fates), tuple(found.reasons))

    def note(self, changes: Sequence[VerdictChange], standings: Sequence[Standing]) -> None:
        """Keeps verdicts that changed between polls."""
        with self._one_at_a_time:
            self._ledger.change(changes, standings)
            self.standings.update({standing.name: standing for standing in standings})

    @property
    def ready(self) -> int:
        """The number of the last record of the spool that the store has taken in: up to it may be published."""
        with self._one_at_a_time:
            return self._waiting[-1][0] if self._waiting else 0

    def published(self, number: int) -> None:
        """Kafka has everything up to this number of the spool."""
        self._spool.acknowledge(number)
        with self._one_at_a_time:
            while self._waiting and self._waiting[0][0] <= number:
                self._waiting.popleft()

    def all_before(self) -> datetime:
        """The instant before which everything that was first seen is published; later than any said before."""
        with self._one_at_a_time:
            self._finish_open()
            return self._waiting[0][1] if self._waiting else self._now()

    def _now(self) -> datetime:
        """An instant that was not said before: a record that is first seen now comes after every earlier watermark."""
        self._last = max(self._clock(), self._last + datetime.resolution)
        return self._last

    def _sort(self, items: Sequence[Item], reader: ItemReader, now: datetime) -> _Sorted:
        found = _Sorted([], [], [], [], [])
        taught = reader.taught_by(items)
        read = [_Read.of(item, taught, now) for item in items]
        known = self._ledger.known({one.key for one in read}) if read else set()
        found.again = sorted({one.key for one in read if one.key in known and isinstance(one.record, Article)})
        for item, one in zip(items, read, strict=True):
            fate = fate_of(item, one.record, known=one.key in known, too_large=one.too_large)
            found.fates.append(fate)
            found.reasons.append(one.record.reason if isinstance(one.record, DeadLetter) else "")
            if one.key in known or fate is Fate.TOO_OLD:
                continue
            known.add(one.key)
            found.records.append(one.value)
            found.seen.append(Seen(one.key, one.record.event_time if isinstance(one.record, Article) else None))
        return found

    def _keep(self, parcel: Parcel, before: Standing) -> None:
        name = parcel.standing.name
        if parcel.records:
            self._open = (self._spool.put(encode_parcel(parcel)), parcel)
            self._finish_open()
        elif not self._says_nothing(parcel, before):
            self._ledger.take_in([parcel])
        else:
            self.standings[name] = parcel.standing
            return
        self.standings[name] = parcel.standing
        self._kept_at[name] = parcel.at

    def _says_nothing(self, parcel: Parcel, before: Standing) -> bool:
        """Whether a poll is like the one before it: of such, one a minute is written down.

        Of failures, those of a file alone, which is looked at every few seconds though it may be absent for long.
        """
        same = parcel.failure == before.history.failure and parcel.failure in ("", FailureReason.FILE)
        same = same and parcel.change is None and parcel.standing.state == before.state
        kept_at = self._kept_at.get(before.name)
        return same and not parcel.accounts.fetched and kept_at is not None and parcel.at - kept_at < QUIET_EVERY

    def _finish_open(self) -> None:
        """Has the store take in what is in the spool already, and only there."""
        if self._open is None:
            return
        number, parcel = self._open
        self._ledger.take_in([parcel])
        self._open = None
        self._waiting.append((number, parcel.at))
        self.standings[parcel.standing.name] = parcel.standing


class _Read(NamedTuple):
    record: Article | DeadLetter
    value: bytes
    key: str
    too_large: bool

    @classmethod
    def of(cls, item: Item, reader: ItemReader, now: datetime) -> _Read:
        read = reader.read(item, now)
        record, value = fitted(read)
        return cls(record, value, _key(record), len(item.original) > reader.max_item_bytes or record is not read)


def _poll(outcome: Batch | SourceError, accounts: Accounts, now: datetime, *, listing: bool) -> Poll:
    if isinstance(outcome, SourceError):
        return Poll(at=now, failure=outcome.reason.value, listing=listing)
    return Poll(at=now, accounts=accounts, listing=listing and not outcome.not_modified, shape=outcome.shape)


def _key(record: Article | DeadLetter) -> str:
    """What a record is known by: an article by its id, a dead letter by its place and its bytes."""
    if isinstance(record, Article):
        return record.id
    return article_id("dead letter", record.source, record.position, record.original.hex())
