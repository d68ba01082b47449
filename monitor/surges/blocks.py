"""Disjoint blocks of all series: closed at their end, learnt a guard time later, then settled for good.

block        [0h ------ 24h)
closes                   |24h                     rows written: counts, band, weight; cumulative sums move
late story               .....|25h                row replaced: counts corrected
learnt                                   |48h     rows replaced where they held negatives: final weight; baselines move
late story                                ....|   counted in its minute, nothing else: the past is not re-opened

Baselines learn from long blocks (a day). Short ones (an hour) are kept of all news and of topics alone: for charts, and
to learn how much shares vary within a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.surges.baseline import Baselines
from monitor.surges.columns import Columns, Ids, SeriesIndex, distinct
from monitor.surges.dispersion import DispersionState
from monitor.surges.lessons import BaselineState, Lessons
from monitor.surges.minutes import moment_of
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Kind
from monitor.surges.sliding import Entries, counts_dated, ones
from monitor.surges.statistics import share_bands
from monitor.surges.windows import ClosedWindow, Window, WindowCounts

_CLOSE, _LEARN = 0, 1
_NOWHERE = -1
_NAMES = ("stories", "negatives", "offsets")


class Rows(NamedTuple):
    """What is to be stored, sorted by key.

    Attributes:
        closed: Blocks that closed, or whose row is to be replaced.
        baselines: Of series that learnt something.
        dispersion: Of pools that did.
    """

    closed: tuple[ClosedWindow, ...]
    baselines: tuple[BaselineState, ...]
    dispersion: tuple[DispersionState, ...]


class Blocks:
    """The schedule of closing and learning over all series; costs nothing where nothing was counted.

    Args:
        index: Which numbers the series.
        rules: Block lengths and guard band.
        baselines: Taught by what is learnt.
    """

    def __init__(self, index: SeriesIndex, rules: SurgeRules, baselines: Baselines) -> None:
        self._index = index
        self._rules = rules
        self._baselines = baselines
        self._lengths = tuple(sorted({rules.short_block_minutes, rules.block_minutes}))
        self._few = SeriesIndex()
        """Numbers again the series of short blocks: with a place for each company these would take gigabytes."""
        self._among_few = Columns(index, place=((), np.int64, _NOWHERE))
        self._of_few = np.zeros(1, dtype=np.int64)
        """By number among the few, the number of the series."""
        self._schedule: list[tuple[int, int, int, int]] = []
        self._blocks: dict[tuple[int, int], Columns] = {}
        self._corrected: dict[tuple[int, int], list[Ids]] = {}
        self._written: dict[tuple[int, int], list[tuple[npt.NDArray[np.generic], ...]]] = {}
        self._moved: list[Ids] = []
        self._pools: dict[tuple[str, int], DispersionState] = {}

    @property
    def due(self) -> int | None:
        """The next minute at which something closes or is learnt."""
        return self._schedule[0][0] if self._schedule else None

    def collect(self) -> Rows:
        """Rows written or replaced since the last time."""
        written, self._written = self._written, {}
        moved, self._moved = self._moved, []
        pools, self._pools = self._pools, {}
        closed = [row for block, batches in written.items() for row in self._rows(block, batches)]
        ids = np.unique(np.concatenate(moved)) if moved else np.zeros(0, dtype=np.int64)
        return Rows(
            closed=tuple(sorted(closed, key=lambda row: (row.series, row.window))),
            baselines=tuple(sorted(self._baselines.states(ids), key=lambda state: state.series)),
            dispersion=tuple(pools[key] for key in sorted(pools)),
        )

    def add(self, entries: Entries, end: int) -> None:
        """Counts stories in the blocks that hold their minute, unless these were learnt before the step at `end`.

        Or before the guard band was made longer: a restart counts their minutes again, and none is to teach twice.
        """
        for length in self._lengths:
            if entries.dated and not counts_dated(length):
                continue
            start = entries.minute - entries.minute % length
            closes, learnt = start + length, start + length + self._rules.guard_minutes
            if learnt < end or (length == self._rules.block_minutes and closes <= self._baselines.clock):
                continue
            ids, negatives, offsets = entries.ids, entries.negatives, entries.offsets
            if length != self._rules.block_minutes:
                dense = self._index.kinds[ids] <= Kind.TOPIC
                ids, negatives, offsets = ids[dense], negatives[dense], offsets[dense]
            places = self._places(length, ids)
            block = self._blocks.get((length, start))
            if block is None:
                index = self._numbering(length)
                block = self._blocks[length, start] = Columns(index, **dict.fromkeys(_NAMES, ((), np.int32, 0)))
                if closes >= end:
                    heappush(self._schedule, (closes, _CLOSE, length, start))
                heappush(self._schedule, (learnt, _LEARN, length, start))
            np.add.at(block["stories"], places, ones(len(ids)))
            np.add.at(block["negatives"], places, negatives)
            np.add.at(block["offsets"], places, offsets)
            if closes < end:
                self._corrected.setdefault((length, start), []).append(ids)

    def correct(self) -> None:
        """Writes anew the rows of closed blocks to which late stories were added."""
        for length, start in sorted(self._corrected):
            self._write(length, start, np.unique(np.concatenate(self._corrected[length, start])))
        self._corrected.clear()

    def disregard_corrections(self) -> None:
        """For a restart: what was added so far stands in the rows already."""
        self._corrected.clear()

    def recent(self, ids: Ids, end: int) -> list[Lessons]:
        """What the long block that holds the minute before `end` holds of some series, then those before it.

        As many as `SurgeRules.summed_blocks` sums.
        """
        length = self._rules.block_minutes
        start = (end - 1) - (end - 1) % length
        return [self._held(ids, start - back * length) for back in range(max(self._rules.summed_blocks, default=1))]

    def _held(self, ids: Ids, start: int) -> Lessons:
        block = self._blocks.get((self._rules.block_minutes, start))
        if block is None:
            nothing = np.zeros(len(ids), dtype=np.int32)
            return Lessons(ids, nothing, nothing, nothing)
        return Lessons(ids, *(block[name][ids] for name in _NAMES))

    def settle(self, end: int) -> bool:
        """Closes and learns, in a fixed order, whatever is due by `end`; True where a baseline moved."""
        moved = False
        while self._schedule and self._schedule[0][0] <= end:
            due, kind, length, start = heappop(self._schedule)
            if kind == _CLOSE:
                self._close(length, start)
            else:
                self._learn(length, start, due - self._rules.guard_minutes)
            moved = True
        return moved

    def _numbering(self, length: int) -> SeriesIndex:
        return self._index if length == self._rules.block_minutes else self._few

    def _places(self, length: int, ids: Ids) -> Ids:
        """Where a block of this length keeps what it counts of some series, which it must hold."""
        if length == self._rules.block_minutes:
            return ids
        known = self._among_few["place"]
        for number in distinct(ids[known[ids] == _NOWHERE]).tolist():
            place = known[number] = self._few.number(self._index.series[number])
            self._of_few = np.append(self._of_few, number) if place else self._of_few
        found: Ids = known[ids]
        return found

    def _counts(self, length: int, start: int) -> Lessons:
        block = self._blocks[length, start]
        ids = np.flatnonzero(block["stories"][: len(self._numbering(length))])
        if length != self._rules.block_minutes:
            ids = np.sort(self._of_few[ids])
        places = self._places(length, ids)
        return Lessons(ids, *(block[name][places] for name in _NAMES))

    def _close(self, length: int, start: int) -> None:
        counts = self._counts(length, start)
        self._write(length, start, counts.ids)
        if length == self._rules.block_minutes:
            self._moved.append(self._baselines.build(counts, start + length))

    def _learn(self, length: int, start: int, end: int) -> None:
        counts = self._counts(length, start)
        # Without a negative the weight is 1 whatever the baseline says, so the row as it closed is still true.
        self._write(length, start, counts.ids[counts.negatives > 0])
        self._numbering(length).holders.remove(self._blocks.pop((length, start)))
        pools: list[DispersionState] = []
        if length == self._rules.block_minutes:
            pools += self._baselines.learn(counts, int(counts.stories[0]), end)
            self._moved.append(counts.ids)
        else:
            pools += self._baselines.learn_short(counts, end)
        self._pools.update({(pool.kind, pool.window_minutes): pool for pool in pools})

    def _write(self, length: int, start: int, ids: Ids) -> None:
        """Writes the rows of a block; of what only explains others there is none."""
        ids = ids[self._index.kinds[ids] != Kind.COVARIATE]
        if not len(ids):
            return
        block, places = self._blocks[length, start], self._places(length, ids)
        counts = Lessons(ids, *(block[name][places] for name in _NAMES))
        expected = self._baselines.expect(ids)
        mean = self._baselines.usual(expected.mean, counts)
        law = self._baselines.law(expected, mean, length)
        weights = self._baselines.weights(counts, expected, length)
        low, high = share_bands(counts.stories.astype(np.float64), law, self._rules.band_coverage)
        columns = (ids, counts.stories, counts.negatives, expected.mature, mean, low, high, weights)
        self._written.setdefault((length, start), []).append(columns)

    def _rows(
        self, block: tuple[int, int], batches: list[tuple[npt.NDArray[np.generic], ...]]
    ) -> Iterable[ClosedWindow]:
        """Of a series the row written last."""
        length, start = block
        window, rows = Window(moment_of(start), moment_of(start + length)), dict[int, ClosedWindow]()
        for columns in batches:
            for number, n, k, mature, share, low, high, weight in zip(*(c.tolist() for c in columns), strict=True):
                rows[number] = ClosedWindow(
                    series=self._index.series[number],
                    window=window,
                    counts=WindowCounts(n, k),
                    expected_share=share if mature else None,
                    low=low if mature else None,
                    high=high if mature else None,
                    weight=weight,
                )
        return rows.values()
