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

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.surges.advance import Advance, Entry, Sighting, Snapshot
from monitor.surges.headlines import headline_key
from monitor.surges.ledger import Ledger
from monitor.surges.minutes import minute_of, moment_of
from monitor.surges.rules import SurgeRules
from monitor.surges.sorting import Sorter, entries_of_rows
from monitor.surges.stories import FULL_NOVELTY, StoryHead, StoryIndex
from monitor.surges.tally import Tally


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
        self._tally = Tally(
            rules,
            minute_of(snapshot.tick) if snapshot else 0,
            snapshot.baselines if snapshot else (),
            snapshot.dispersion if snapshot else (),
        )
        self._sorter = Sorter(rules, self._tally.index, self._tally.baselines)
        self._stories = StoryIndex(
            snapshot.story_heads if snapshot else (),
            rules.story_limit,
            rules.near_story_limit,
            rules.alikeness,
            self._horizon,
            rules.tellings_per_story,
        )
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
            self._ledger.surges.extend(self._tally.assess(end))
            self._open_minute = None
        if position < len(arrivals):  # entering between minutes
            self._enter_all(arrivals, position, last + 1, now)
            self._open_minute = last + 1
            self._ledger.surges.extend(self._tally.assessor.assess_early(last + 1, now))
        self._tick = now
        ledger, self._ledger = self._ledger, Ledger()
        return ledger.collect(now, self._tally.index, self._tally.blocks)

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
            self._tally.due,
            self._open_minute,
        ]
        return min((due for due in dues if due is not None and due <= last), default=None)

    def _enter_all(self, arrivals: list[tuple[int, Sighting]], position: int, end: int, step: datetime) -> int:
        """Enters the sightings of the step whose windows end at `end`; gives the position after the last of them."""
        if position == len(arrivals) or arrivals[position][0] != end:
            return position
        for head in self._stories.expire(moment_of(end)):
            self._ledger.expire(head)
        self._tally.slide(end)
        while position < len(arrivals) and arrivals[position][0] == end:
            self._enter(arrivals[position][1], end, step)
            position += 1
        entries = self._sorter.collect()
        self._ledger.entries += entries
        self._tally.enter(entries, end)
        return position

    def _enter(self, sighting: Sighting, end: int, step: datetime) -> None:
        """Puts an article into its story, and a new story or a retelling into the series that it counts in."""
        key = headline_key(sighting.title)
        fingerprint = sighting.fingerprint
        companies = {company for company, _ in sighting.about}
        known = self._stories.find(key, fingerprint, sighting.event_time, companies)
        first = self._stories.retold(known, sighting.source, key, fingerprint) if known else None
        if known and first is None:
            head = known.with_member()
        else:
            head = StoryHead(
                story_id=sighting.article_id,
                key=key,
                members=1,
                novelty=first.novelty if first else FULL_NOVELTY,
                topic=sighting.topic,
                negative=sighting.negative,
                dated=sighting.dated,
                event_time=sighting.event_time,
                first_seen_at=sighting.first_seen_at,
                entered_at=step,
                expires_at=moment_of(end) + self._horizon,
                tellers=(sighting.source,),
                retells=first.story_id if first else "",
                about=sighting.about,
                text=fingerprint.text,
                shingles=fingerprint.shingles,
                embedding=fingerprint.embedding,
                model_version=fingerprint.model_version,
            )
            self._sorter.add(head, sighting.source, sighting.model, _minute_counted(head, end))
        for one in (first, head):
            if one is not None:
                self._stories.put(one)
                self._ledger.story_heads[one.story_id] = one
        late = moment_of(end) - sighting.event_time > self._lateness
        self._ledger.members[sighting.article_id] = Entry(head.latest, late, step)

    def _restore(self, snapshot: Snapshot) -> None:
        """Rebuilds what stood after the last whole minute, and on top of it what has entered since."""
        settled, tally = minute_of(snapshot.tick), self._tally
        start = settled - self._rules.memory_minutes
        rows = [row for row in snapshot.minute_counts if minute_of(row.minute) >= start]
        tally.restore(entries_of_rows(rows, tally.index), settled)
        last_minute = moment_of(settled)
        for head in snapshot.story_heads:
            if head.entered_at > last_minute:
                self._open_minute = settled + 1
                minute = _minute_counted(head, settled + 1)
                if minute >= settled + 1 - self._rules.memory_minutes:
                    tally.assessor.touch(self._sorter.judged(head, minute))
        if tally.assessor.restore(snapshot.surges, last_minute):
            self._open_minute = settled + 1


def _minute_counted(head: StoryHead, end: int) -> int:
    """The minute in which a story that enters at the step ending at `end` counts: never one that has not begun."""
    return min(minute_of(head.event_time), end - 1)
