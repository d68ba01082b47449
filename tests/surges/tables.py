"""What the surge worker's tables would hold: applies the core's rows, and makes the snapshot that a restart reads."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from monitor.clock import MINUTE, floor_to
from monitor.surges.advance import Advance, Entry, Sighting, Snapshot
from monitor.surges.core import SurgeCore, memory_start
from monitor.surges.dispersion import DispersionState
from monitor.surges.lessons import BaselineState
from monitor.surges.near_duplicates import Fingerprint
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series
from monitor.surges.stories import StoryHead
from monitor.surges.surge import Surge
from monitor.surges.windows import ClosedWindow, MinuteCount, Window

START = datetime(2024, 5, 6, tzinfo=UTC)


class Tables:
    """Rows by their keys, as a database would hold them."""

    def __init__(self) -> None:
        self.tick: datetime | None = None
        self.members: dict[str, Entry] = {}
        self.minutes: dict[tuple[Series, datetime], MinuteCount] = {}
        self.closed: dict[tuple[Series, Window], ClosedWindow] = {}
        self.baselines: dict[Series, BaselineState] = {}
        self.dispersion: dict[tuple[str, int], DispersionState] = {}
        self.heads: dict[str, StoryHead] = {}
        self.surges: dict[tuple[datetime, Series], Surge] = {}

    def write(self, advance: Advance) -> None:
        self.tick = advance.tick
        assert not self.members.keys() & advance.members.keys()
        self.members.update(advance.members)
        for row in advance.minute_counts:
            before = self.minutes.get((row.series, row.minute))
            self.minutes[row.series, row.minute] = before + row if before else row
        self.closed.update({(row.series, row.window): row for row in advance.closed})
        self.baselines.update({row.series: row for row in advance.baselines})
        self.dispersion.update({(row.kind, row.window_minutes): row for row in advance.dispersion})
        self.heads.update({head.story_id: head for head in advance.story_heads})
        for story_id in advance.ended_stories:
            self.heads.pop(story_id, None)
        self.surges.update({(surge.tick, surge.series): surge for surge in advance.surges})

    def snapshot(self, rules: SurgeRules) -> Snapshot | None:
        """Through JSON and back, so that nothing rests on the identity of objects; rows in an order of no meaning."""
        if self.tick is None:
            return None
        since, minute = memory_start(rules, self.tick), floor_to(self.tick, MINUTE)
        newest: dict[Series, Surge] = {}
        for surge in sorted(self.surges.values(), key=lambda s: s.tick):
            if surge.tick <= minute:
                newest[surge.series] = surge
        after = [surge for surge in self.surges.values() if surge.tick > minute]
        snapshot = Snapshot(
            tick=self.tick,
            minute_counts=tuple(reversed([row for row in self.minutes.values() if row.minute >= since])),
            baselines=tuple(reversed(self.baselines.values())),
            dispersion=tuple(reversed(self.dispersion.values())),
            story_heads=tuple(reversed(self.heads.values())),
            surges=(*reversed(after), *reversed(newest.values())),
        )
        return msgspec.json.decode(msgspec.json.encode(snapshot), type=Snapshot)

    @property
    def rows(self) -> tuple[object, ...]:
        return (self.members, self.minutes, self.closed, self.baselines, self.dispersion, self.heads, self.surges)


def run(sightings: Sequence[Sighting], cuts: Iterable[datetime], rules: SurgeRules, *, restart: bool = False) -> Tables:
    """Feeds the core as the worker would, calling it at each cut with all that was first seen before it.

    Args:
        sightings: In any order.
        cuts: UTC-aware, ascending; what was first seen at or after the last one is not fed.
        rules: For the core.
        restart: Whether the core dies after every call and is rebuilt from the tables.
    """
    tables, core, before = Tables(), SurgeCore(rules), None
    for cut in cuts:
        batch = [s for s in sightings if s.first_seen_at < cut and (before is None or s.first_seen_at >= before)]
        tables.write(core.advance(cut, batch))
        before = cut
        if restart:
            core = SurgeCore(rules, tables.snapshot(rules))
    return tables


def dice(seed: int) -> random.Random:
    """Chance that repeats itself."""
    return random.Random(seed)


def at(days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
    """A moment counted from a Monday's midnight."""
    return START + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def sighting(
    name: str,
    seen: datetime,
    *,
    negative: bool = False,
    topic: str = "Banks",
    title: str | None = None,
    event_time: datetime | None = None,
    dated: bool = False,
    about: tuple[tuple[str, bool], ...] = (),
    source: str = "wire",
    model: str = "one",
    fingerprint: Fingerprint | None = None,
) -> Sighting:
    return Sighting(
        article_id=name,
        source=source,
        title=name if title is None else title,
        event_time=event_time or seen,
        first_seen_at=seen,
        dated=dated,
        topic=topic,
        negative=negative,
        about=about,
        model=model,
        fingerprint=fingerprint or Fingerprint(),
    )
