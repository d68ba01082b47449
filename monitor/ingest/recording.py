"""A recorded file in the order in which its items would have come, with the clock that they would have been seen by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from monitor.articles import Article, Precision, event_time
from monitor.ingest.items import Item, ItemReader
from monitor.records import DeadLetter

_NEVER_SEEN_LATE = datetime.max.replace(tzinfo=UTC)


class Arrival(msgspec.Struct, frozen=True):
    """An item and the replay's clock when it comes.

    Attributes:
        item: As read from the file.
        at: UTC-aware; never decreases from one arrival to the next.
    """

    item: Item
    at: datetime


class Recording:
    """The items of a file by time of arrival.

    The arrival is what the recording says (its `seen` column), else the item's event time: when it was published, or
    the end of its day. An item without any time comes with the one before it in the file. A file without a `seen`
    column may be in any order; one with it is a record of what came when, late items included.
    """

    def __init__(self, items: Iterable[Item], reader: ItemReader) -> None:
        items = list(items)
        self._reader = reader.taught_by(items)
        arrivals: list[tuple[datetime, int, Item]] = []
        previous = datetime.min.replace(tzinfo=UTC)
        for number, item in enumerate(items):
            previous = self._arrival(item) or previous
            arrivals.append((previous, number, item))
        says = any(str((item.fields or {}).get(reader.columns.time) or "").strip() for _, _, item in arrivals)
        known = [at for at, _, _ in arrivals if at.year > 1]
        earliest = min(known, default=datetime(2000, 1, 1, tzinfo=UTC))
        arrivals.sort(key=lambda arrival: arrival[:2])
        self.is_unreadable_in_time: Final = says and not known
        """Whether its items say when they were published, and none so that it can be read: all would come at once."""
        self._arrivals = [Arrival(item, max(at, earliest)) for at, _, item in arrivals]

    def __len__(self) -> int:
        return len(self._arrivals)

    def arrivals(self, start: int = 0) -> Iterator[Arrival]:
        """Yields the arrivals from the given place on."""
        yield from self._arrivals[start:]

    def read(self, arrival: Arrival) -> Article | DeadLetter:
        """The article or dead letter that an arrival holds."""
        return self._reader.read(arrival.item, arrival.at)

    def _arrival(self, item: Item) -> datetime | None:
        if seen := self._reader.seen(item):
            return seen
        published = self._reader.published(item)
        if published is None:
            return None
        moment: datetime = published[0]
        precision: Precision = published[1]
        return event_time(moment, precision, _NEVER_SEEN_LATE)
