"""Who is assessed at a step, and whether what is found is worth a row.

A series is assessed when a new story entered it (and a statistic is worth asking), and as long as it stands out also
when one of its windows loses a story or a baseline moves. It can begin to surge only on news: when a new negative story
lies in the window that stands out; without one, a surge by the numbers (ordinary stories sliding out of a window) is
told as elevated.

Rows are emitted for SURGE, ATTENTION and ELEVATED (also for a series that never surges: few, and they show what was
building) whenever reason, window length or counts differ from the row before, and once when the series is ordinary or
quiet again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from monitor.clock import MINUTE
from monitor.surges.baseline import NEVER, Baselines
from monitor.surges.blocks import Blocks
from monitor.surges.columns import Ids, SeriesIndex, among, distinct
from monitor.surges.detector import Costs, Detector, Strongest, Tests
from monitor.surges.minutes import moment_of
from monitor.surges.multiplicity import adjusted
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Kind
from monitor.surges.sliding import Entries, SlidingWindows, counts_dated
from monitor.surges.statistics import share_band
from monitor.surges.surge import Reason, Surge
from monitor.surges.windows import Window, WindowCounts

_UNUSUAL = (Reason.SURGE, Reason.ATTENTION, Reason.ELEVATED)
_DAYS_A_WEEK = 7


class Assessor:
    """Remembers of every series what was last said of it, as long as that was not that it is ordinary.

    Args:
        index: Which numbers the series.
        rules: What it takes to stand out.
        windows: Of all series; shared with the caller.
        blocks: Likewise.
        baselines: Likewise.
    """

    def __init__(
        self, index: SeriesIndex, rules: SurgeRules, windows: SlidingWindows, blocks: Blocks, baselines: Baselines
    ) -> None:
        self._index = index
        self._rules = rules
        self._version = rules.version
        self._windows = windows
        self._blocks = blocks
        self._baselines = baselines
        self._detector = Detector(index, rules, windows, baselines)
        self._weights = np.ones(len(Kind))
        self._weights[[Kind.ALL, Kind.TOPIC, Kind.ENTITY_TOPIC]] = (
            rules.topic_weight,
            rules.topic_weight,
            rules.part_weight,
        )
        self._opening = rules.false_alerts_per_week / _DAYS_A_WEEK
        self._news: list[Entries] = []
        """Entered since the last whole minute."""
        self._lost: list[Ids] = []
        """What windows lost since then."""
        self._settled: dict[int, Surge] = {}
        """Last said at a whole minute, of series that stood out then; by number."""
        self._early: dict[int, Surge] = {}
        """Last said since that minute."""
        self._renewed = False
        """Whether other rules said what was last said: then the next minute says it anew."""

    def touch(self, entries: Entries) -> None:
        """Notes that new stories were counted."""
        self._news.append(entries)

    def lose(self, lost: Iterable[Ids]) -> None:
        """Notes that stories have slid out of windows."""
        if self._settled:
            self._lost.extend(lost)

    @property
    def watching(self) -> bool:
        """Whether a series stands out, so that what leaves its windows must be followed."""
        return bool(self._settled)

    def restore(self, surges: Iterable[Surge], last_minute: datetime) -> bool:
        """Takes up what was last said; True where other rules said it, so that the next minute must say it anew."""
        for surge in sorted(surges, key=lambda surge: surge.tick):
            number = self._index.number(surge.series)
            if surge.tick > last_minute:
                self._early[number] = surge
            elif surge.reason in _UNUSUAL:
                self._settled[number] = surge
            else:
                self._settled.pop(number, None)
        self._renewed = any(surge.rule_version != self._version for surge in self._settled.values())
        return self._renewed

    def assess_early(self, end: int, step: datetime) -> list[Surge]:
        """Assesses what was touched since the last whole minute; `end` is that of the windows, `step` the present."""
        surges = []
        for number, row in self._assess(self._touched(end), end, step, {**self._settled, **self._early}):
            if _says(row) != _says(self._early.get(number, self._settled.get(number))):
                self._early[number] = row
                surges.append(row)
        return sorted(surges, key=lambda surge: surge.series)

    def assess(self, end: int, *, everything: bool) -> list[Surge]:
        """Assesses, at the whole minute `end`, what was touched and what stands out and may have changed.

        Args:
            end: In minutes since the epoch; also where the windows end.
            everything: A baseline moved, so whatever stands out must be looked at.

        Returns:
            The rows, by series.
        """
        followed = np.fromiter(self._settled, dtype=np.int64, count=len(self._settled))
        if not (everything or self._renewed) and len(followed):
            lost = np.concatenate([*self._lost, np.zeros(0, dtype=np.int64)])
            followed = followed[among(followed, set(lost.tolist()))]
        targets = distinct(np.concatenate([self._touched(end), followed]))
        surges = []
        before = {**self._early, **self._settled}
        for number, row in self._assess(targets, end, moment_of(end), before):
            settled, early = self._settled.get(number), self._early.get(number)
            if _says(row) == _says(settled) and (early is None or _says(row) == _says(early)):
                continue  # a restart knows what was said, not what would have been
            surges.append(row)
            if row.reason in _UNUSUAL:
                self._settled[number] = row
            else:
                self._settled.pop(number, None)
        self._renewed = False
        self._early.clear()
        self._news.clear()
        self._lost.clear()
        return sorted(surges, key=lambda surge: surge.series)

    def _touched(self, end: int) -> Ids:
        """The series that what entered since the last whole minute may bring to stand out, or that do already."""
        if not self._news:
            return np.zeros(0, dtype=np.int64)
        ids = distinct(np.concatenate([entries.ids for entries in self._news]))
        wanted = self._detector.asks(ids, partial(self._blocks.recent, end=end))
        wanted |= among(ids, {*self._settled, *self._early})
        touched: Ids = ids[wanted]
        return touched

    def _assess(self, targets: Ids, end: int, step: datetime, before: dict[int, Surge]) -> Iterable[tuple[int, Surge]]:
        """What there is to say of some series; nothing where one is ordinary and nothing else was said before."""
        if not len(targets):
            return
        # All that stands out is tested anew: how far one series does depends on how many others do.
        standing = np.fromiter(before.keys(), dtype=np.int64, count=len(before))
        ids = distinct(np.concatenate([targets, standing]))
        tests = self._detector.test(ids, partial(self._blocks.recent, end=end))
        notable = self._detector.notable(tests)
        costs = self._detector.costs(tests)
        strongest = {at: self._detector.strongest(tests, at, costs, opening=True) for at in notable.tolist()}
        daily = np.array([found.daily for found in strongest.values()])
        weights = self._weights[tests.expected.kinds[notable]]
        family = float(self._weights @ self._windows.active)
        chances = dict(zip(strongest, adjusted(daily, weights, family).tolist(), strict=True))
        places = dict(zip(ids.tolist(), range(len(ids)), strict=True))
        wanted = set(targets.tolist())
        for number in sorted(wanted & ({int(ids[at]) for at in strongest} | before.keys())):
            at = places[number]
            row = self._say(tests, costs, at, end, step, strongest.get(at), chances.get(at, 1.0), before.get(number))
            if row is not None:
                yield number, row

    def _say(
        self,
        tests: Tests,
        costs: Costs,
        at: int,
        end: int,
        step: datetime,
        strongest: Strongest | None,
        chance: float,
        before: Surge | None,
    ) -> Surge | None:
        if strongest is not None:
            number = int(tests.ids[at])
            if strongest.p_value < 1.0 and chance <= self._opening:
                surging = self._may_surge(number, self._rules.window_minutes[strongest.window], end)
                reason = Reason.SURGE if surging else Reason.ELEVATED
                return self._row(tests, at, end, step, reason, strongest, chance)
            soft = self._detector.strongest(tests, at, costs, opening=False)
            if soft.daily <= self._rules.elevated_p:
                return self._row(tests, at, end, step, Reason.ELEVATED, soft, chance)
            drawing = self._detector.attention(tests, at)
            drawn = drawing.daily * max(int(self._windows.active.sum()), 1)
            if drawing.p_value < 1.0 and drawn <= self._opening:
                return self._row(tests, at, end, step, Reason.ATTENTION, drawing, drawn)
        if before is None:
            return None
        # The last word is about the window that the word before was about, so that both can be compared.
        lengths = self._rules.window_minutes
        length = before.window.length // MINUTE
        window = lengths.index(length) if length in lengths else len(lengths) - 1
        reason = Reason.ORDINARY if tests.enough[at] else Reason.QUIET
        return self._row(tests, at, end, step, reason, Strongest(1.0, before.statistic, window, 1.0), 1.0)

    def _may_surge(self, number: int, length: int, end: int) -> bool:
        """Whether a series surged at the last whole minute, or a new negative story lies in its window."""
        settled = self._settled.get(number)
        if settled and settled.reason is Reason.SURGE:
            return True
        return any(
            entries.minute >= end - length
            and (counts_dated(length) or not entries.dated)
            and bool(entries.negatives[entries.ids == number].any())
            for entries in self._news
        )

    def _row(
        self, tests: Tests, at: int, end: int, step: datetime, reason: Reason, told: Strongest, chance: float
    ) -> Surge:
        number, length = int(tests.ids[at]), self._rules.window_minutes[told.window]
        stories, negatives = int(tests.stories[told.window, at]), int(tests.negatives[told.window, at])
        usual = float(tests.usual[told.window, at])
        low, high = share_band(stories, *self._detector.law(tests, at, told.window), self._rules.band_coverage)
        building = self._baselines.building_since(number)
        return Surge(
            tick=step,
            series=self._index.series[number],
            reason=reason,
            window=Window(moment_of(end - length), moment_of(end)),
            counts=WindowCounts(stories, negatives),
            expected_share=usual,
            low=low,
            high=high,
            p_value=told.p_value,
            effect=(negatives / stories if stories else usual) - usual,
            rule_version=self._version,
            statistic=told.statistic,
            adjusted_p=chance,
            expected_count=self._detector.expected_negatives(tests, at, told.statistic, told.window),
            building_since=None if building == NEVER else moment_of(building),
        )


def _says(surge: Surge | None) -> tuple[Reason, timedelta, WindowCounts] | None:
    """What must change for a new row; nothing is said of what is ordinary."""
    if surge is None or surge.reason not in _UNUSUAL:
        return None
    return (surge.reason, surge.window.length, surge.counts)
