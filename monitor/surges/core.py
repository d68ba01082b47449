"""From sightings to surges, step by step: the pure core that the surge worker feeds and whose rows it writes.

Time moves in whole minutes. `advance` walks every whole minute since the last call at which something can change (a
sighting enters, a block closes or is learnt, a window that stands out loses a story), so that quiet
series and quiet hours cost nothing, and one call over a long span says what many short ones would. Between minutes the
open minute may be assessed early: such a step counts what has entered and may say so, but whatever a whole minute says
does not depend on it.

    sightings       a   b          c
    minutes     |10:00      |10:01       |10:02      a and b enter at 10:01, c at 10:02 ...
    calls       ^      ^(1)  ^            ^          ... but at (1), between minutes, a enters early
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush

from monitor.surges.advance import Advance, Entry, Sighting, Snapshot
from monitor.surges.assessing import Assessor
from monitor.surges.blocks import Blocks
from monitor.surges.counting import SeriesCounts
from monitor.surges.detector import Detector
from monitor.surges.expectations import Expectations
from monitor.surges.headlines import headline_key
from monitor.surges.ledger import Ledger
from monitor.surges.minutes import minute_of, moment_of
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.stories import FULL_NOVELTY, StoryHead, StoryIndex
from monitor.surges.windows import WindowCounts


def memory_start(rules: SurgeRules, tick: datetime) -> datetime:
    """From which minute on a Snapshot taken at `tick` needs the minute counts."""
    return moment_of(minute_of(tick) - rules.memory_minutes)


class SurgeCore:
    """Counts stories, learns what is usual, and says what is not.

    Args:
        rules: What it takes to stand out.
        snapshot: Where to go on; None for a new beginning.
    """

    def __init__(self, rules: SurgeRules, snapshot: Snapshot | None = None) -> None:
        self._rules = rules
        self._lateness = timedelta(minutes=rules.lateness_minutes)
        self._horizon = timedelta(minutes=rules.story_horizon_minutes)
        self._counts: dict[Series, SeriesCounts] = {}
        expectations = Expectations(rules, snapshot.baselines if snapshot else ())
        self._blocks = Blocks(rules, expectations, self._counts)
        self._assessor = Assessor(Detector(rules), expectations, self._counts)
        self._stories = StoryIndex(
            snapshot.story_heads if snapshot else (),
            rules.story_limit,
            rules.near_story_limit,
            rules.alikeness,
            self._horizon,
        )
        self._wakes: list[tuple[int, Series]] = []
        self._waking: dict[Series, int] = {}
        """The earliest wake of every series in `_wakes`."""
        self._open_minute: int | None = None
        """End of the minute in which something was assessed early: a step that must not be passed over."""
        self._tick = snapshot.tick if snapshot else None
        self._ledger = Ledger()
        if snapshot:
            self._restore(snapshot)

    @property
    def tick(self) -> datetime | None:
        """`now` of the last call; None before the first."""
        return self._tick

    def advance(self, now: datetime, sightings: Sequence[Sighting]) -> Advance:
        """Moves on to `now` and takes in what was first seen since the last call.

        A sighting enters at the first step after it was first seen, or at the first step of this call where that has
        passed. The order of `sightings` does not matter.

        Args:
            now: UTC-aware, not before that of the last call.
            sightings: First seen before `now`, none given before.

        Raises:
            ValueError: Time went back.
        """
        if self._tick is not None and now < self._tick:
            raise ValueError(f"Time went back from {self._tick.isoformat()} to {now.isoformat()}.")
        last = minute_of(now)
        between = now != moment_of(last)
        arrivals = self._arrivals(sightings, last + 1 if between else last)
        position = 0
        while (end := self._next_step(arrivals, position, last)) is not None:
            position = self._enter_all(arrivals, position, end, moment_of(end))
            self._assess_minute(end)
        if position < len(arrivals):  # entering between minutes
            self._enter_all(arrivals, position, last + 1, now)
            self._open_minute = last + 1
            self._ledger.surges.extend(self._assessor.assess_early(last + 1, now))
        self._tick = now
        ledger, self._ledger = self._ledger, Ledger()
        return ledger.collect(now, self._blocks)

    def _arrivals(self, sightings: Sequence[Sighting], latest: int) -> list[tuple[int, Sighting]]:
        """Every sighting with the end of the step at which it enters, in the order of entering."""
        earliest = minute_of(self._tick) + 1 if self._tick is not None else None
        arrivals = []
        for sighting in sightings:
            step = minute_of(sighting.first_seen_at) + 1
            if earliest is not None and step < earliest:
                step = earliest
            arrivals.append((min(step, latest), sighting))
        arrivals.sort(key=lambda a: (a[0], a[1].first_seen_at, a[1].event_time, a[1].article_id))
        return arrivals

    def _next_step(self, arrivals: list[tuple[int, Sighting]], position: int, last: int) -> int | None:
        """The next whole minute, up to `last`, at which something can change."""
        dues = [
            arrivals[position][0] if position < len(arrivals) else None,
            self._blocks.due,
            self._wakes[0][0] if self._wakes else None,
            self._open_minute,
        ]
        return min((due for due in dues if due is not None and due <= last), default=None)

    def _enter_all(self, arrivals: list[tuple[int, Sighting]], position: int, end: int, step: datetime) -> int:
        """Enters the sightings of the step whose windows end at `end`; gives the position after the last of them."""
        if position == len(arrivals) or arrivals[position][0] != end:
            return position
        for head in self._stories.expire(moment_of(end)):
            self._ledger.expire(head)
        while position < len(arrivals) and arrivals[position][0] == end:
            self._enter(arrivals[position][1], end, step)
            position += 1
        self._blocks.correct()
        return position

    def _enter(self, sighting: Sighting, end: int, step: datetime) -> None:
        key = headline_key(sighting.title)
        fingerprint = sighting.fingerprint
        known = self._stories.find(key, fingerprint, sighting.event_time)
        closing = moment_of(end)
        head = (
            known.with_member()
            if known
            else StoryHead(
                story_id=sighting.article_id,
                key=key,
                members=1,
                novelty=FULL_NOVELTY,
                topic=sighting.topic,
                negative=sighting.negative,
                dated=sighting.dated,
                event_time=sighting.event_time,
                first_seen_at=sighting.first_seen_at,
                entered_at=step,
                expires_at=closing + self._horizon,
                text=fingerprint.text,
                shingles=fingerprint.shingles,
                embedding=fingerprint.embedding,
                model_version=fingerprint.model_version,
            )
        )
        self._stories.put(head)
        self._ledger.story_heads[head.story_id] = head
        late = closing - sighting.event_time > self._lateness
        self._ledger.members[sighting.article_id] = Entry(head.latest, late, step)
        if known is None:
            self._count(head, end)

    def _count(self, head: StoryHead, end: int) -> None:
        """Counts a new story in its minute, in every series that it belongs to."""
        minute = _minute_counted(head, end)
        one, none = (1, int(head.negative)), (0, 0)
        timed, dated = (none, one) if head.dated else (one, none)
        for series in series_of(head.topic):
            if minute < end - self._rules.memory_minutes:
                self._ledger.add(series, minute, timed, dated)
                continue
            counts = self._counts_of(series, end)
            counts.slide(end)
            counts.forget(end - self._rules.memory_minutes)
            self._ledger.minutes[series, minute] = counts.add(minute, timed, dated)
            self._blocks.add(series, minute, timed, dated, end)
            self._assessor.touch(series, minute, negative=head.negative, dated=head.dated)

    def _assess_minute(self, end: int) -> None:
        """Settles blocks, then assesses what may have changed, at a whole minute."""
        moved = self._blocks.settle(end)
        woken = set()
        while self._wakes and self._wakes[0][0] <= end:
            minute, series = heappop(self._wakes)
            woken.add(series)
            if self._waking.get(series) == minute:
                del self._waking[series]
        surges, unusual = self._assessor.assess(end, woken, everything=moved)
        self._ledger.surges.extend(surges)
        self._open_minute = None
        self._wake_again(unusual)

    def _wake_again(self, unusual: Iterable[Series]) -> None:
        """Sees to it that series which stand out are looked at again when a window loses a story."""
        for series in unusual:
            change = self._counts[series].next_change()
            if change is not None:
                self._wake(series, change)

    def _wake(self, series: Series, minute: int) -> None:
        if minute < self._waking.get(series, minute + 1):
            self._waking[series] = minute
            heappush(self._wakes, (minute, series))

    def _counts_of(self, series: Series, end: int) -> SeriesCounts:
        """The counts of a series; for a new one, with windows that end at `end`."""
        counts = self._counts.get(series)
        if counts is None:
            counts = self._counts[series] = SeriesCounts(self._rules.window_minutes, end)
        return counts

    def _restore(self, snapshot: Snapshot) -> None:
        """Rebuilds what stood after the last whole minute, and on top of it what has entered since."""
        settled = minute_of(snapshot.tick)
        start = settled - self._rules.memory_minutes
        for row in sorted(snapshot.minute_counts, key=lambda row: (row.minute, row.series)):
            minute = minute_of(row.minute)
            if minute < start:
                continue
            timed, dated = _pair(row.timed), _pair(row.dated)
            self._counts_of(row.series, settled).add(minute, timed, dated)
            self._blocks.add(row.series, minute, timed, dated, settled + 1)
        self._blocks.disregard_corrections()
        last_minute = moment_of(settled)
        for head in snapshot.story_heads:
            if head.entered_at > last_minute:
                self._open_minute = settled + 1
                minute = _minute_counted(head, settled + 1)
                for series in series_of(head.topic) if minute >= settled + 1 - self._rules.memory_minutes else ():
                    self._assessor.touch(series, minute, negative=head.negative, dated=head.dated)
        for series in self._assessor.restore(snapshot.surges, last_minute):
            # Where the rules have changed, their shorter windows may be empty already: then the next minute says so.
            change = self._counts_of(series, settled).next_change()
            self._wake(series, settled + 1 if change is None else change)


def series_of(topic: str) -> tuple[Series, ...]:
    """The series that a story of this topic belongs to."""
    return (ALL, Series(topic=topic)) if topic else (ALL,)


def _minute_counted(head: StoryHead, end: int) -> int:
    """The minute in which a story that enters at the step ending at `end` counts: never one that has not begun."""
    return min(minute_of(head.event_time), end - 1)


def _pair(counts: WindowCounts) -> tuple[int, int]:
    return (counts.stories, counts.negatives)
