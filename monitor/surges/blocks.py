"""Disjoint blocks of every series: closed at their end, learnt a guard time later, then settled for good.

block        [0h ------ 1h)
closes                   |1h                      row written: counts, band, weight
late story               .....|1h20               row replaced: counts corrected
learnt                                    |25h    row replaced where it held negatives: final weight; the baseline moves
late story                                ....|   counted in its minute, nothing else: the past is not re-opened
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heappop, heappush

from monitor.surges.baseline import BaselineState, lesson_weight
from monitor.surges.counting import SeriesCounts, counts_dated
from monitor.surges.expectations import Expectations
from monitor.surges.minutes import moment_of
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series
from monitor.surges.windows import ClosedWindow, Window, WindowCounts

_CLOSE, _LEARN = 0, 1


class Blocks:
    """The schedule of closing and learning over all series; costs nothing where nothing was counted.

    Args:
        rules: Window lengths and guard band.
        expectations: Taught by what is learnt.
        counts: Of every series; shared with the caller.
    """

    def __init__(self, rules: SurgeRules, expectations: Expectations, counts: Mapping[Series, SeriesCounts]) -> None:
        self._rules = rules
        self._lengths = tuple((length, counts_dated(length)) for length in rules.window_minutes)
        self._expectations = expectations
        self._counts = counts
        self._schedule: list[tuple[int, int, int, Series, int]] = []
        self._corrected: set[tuple[int, Series, int]] = set()
        self.closed: dict[tuple[Series, Window], ClosedWindow] = {}
        """Rows written or replaced since they were last collected."""
        self.baselines: dict[tuple[Series, int], BaselineState] = {}
        """Likewise."""

    @property
    def due(self) -> int | None:
        """The next minute at which something closes or is learnt."""
        return self._schedule[0][0] if self._schedule else None

    def add(self, series: Series, minute: int, timed: tuple[int, int], dated: tuple[int, int], end: int) -> None:
        """Counts stories of a minute in the blocks that hold it, unless these were learnt before the step at `end`."""
        counts, guard = self._counts[series], self._rules.guard_minutes
        for length, with_dated in self._lengths:
            start = minute - minute % length
            closes, learnt = start + length, start + length + guard
            stories = timed[0] + dated[0] if with_dated else timed[0]
            if learnt < end or not stories:
                continue
            negatives = timed[1] + dated[1] if with_dated else timed[1]
            fresh = counts.add_to_block(length, start, stories, negatives)
            if closes < end:
                self._corrected.add((length, series, start))
            elif fresh:
                heappush(self._schedule, (closes, _CLOSE, length, series, start))
            if fresh:
                heappush(self._schedule, (learnt, _LEARN, length, series, start))

    def correct(self) -> None:
        """Writes anew the rows of closed blocks to which a late story was added."""
        for length, series, start in sorted(self._corrected):
            self._write(length, series, start)
        self._corrected.clear()

    def disregard_corrections(self) -> None:
        """For a restart: what was added so far stands in the rows already."""
        self._corrected.clear()

    def settle(self, end: int) -> bool:
        """Closes and learns, in a fixed order, whatever is due by `end`; True where a baseline moved."""
        moved = False
        while self._schedule and self._schedule[0][0] <= end:
            _, kind, length, series, start = heappop(self._schedule)
            if kind == _LEARN:
                self._learn(length, series, start)
                moved = True
            else:
                self._write(length, series, start)
        return moved

    def _learn(self, length: int, series: Series, start: int) -> None:
        stories, negatives = self._counts[series].blocks[length][start]
        # Without a negative the weight is 1 whatever the baseline says, so the row as it closed is still true.
        weight = self._write(length, series, start) if negatives else 1.0
        del self._counts[series].blocks[length][start]
        block, counts = Window(moment_of(start), moment_of(start + length)), WindowCounts(stories, negatives)
        self.baselines[series, length] = self._expectations.learn(series, block, length, counts, weight)

    def _write(self, length: int, series: Series, start: int) -> float:
        """Writes the row of a block; gives its weight."""
        stories, negatives = self._counts[series].blocks[length][start]
        counts = WindowCounts(stories, negatives)
        expected = self._expectations.of(series, length)
        low, high = expected.band(stories, self._rules.band_coverage) if expected.mature else (None, None)
        window = Window(moment_of(start), moment_of(start + length))
        weight = lesson_weight(counts, expected, self._rules)
        self.closed[series, window] = ClosedWindow(
            series=series,
            window=window,
            counts=counts,
            expected_share=expected.mean if expected.mature else None,
            low=low,
            high=high,
            weight=weight,
        )
        return weight
