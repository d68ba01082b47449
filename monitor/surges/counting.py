"""Counts of one series: one-minute buckets, windows that slide over them, and disjoint blocks.

Minutes here are whole numbers since the epoch, and intervals are half-open. Sliding costs what enters and leaves, never
the length of the window, and a series that nothing happens to costs nothing.

    minute     0 1 2 3 4 5 6 7 8 9
    stories    . 2 . . 1 . . 3 . .
    window           [-------)          start 3, end 8: 4 stories
"""

from __future__ import annotations

from bisect import bisect_left, insort

from monitor.surges.rules import DAY_MINUTES
from monitor.surges.windows import WindowCounts

TIMED_STORIES, TIMED_NEGATIVES, DATED_STORIES, DATED_NEGATIVES = range(4)


def counts_dated(length: int) -> bool:
    """Whether windows of this many minutes take in stories that have a date only: they span whole days."""
    return length >= DAY_MINUTES


class SlidingWindow:
    """The running sums of the window `[start, start + length)` over a series' buckets."""

    __slots__ = ("first", "length", "negatives", "start", "stories", "with_dated")

    def __init__(self, length: int, start: int) -> None:
        self.length = length
        self.start = start
        self.stories = 0
        self.negatives = 0
        self.with_dated = counts_dated(length)
        self.first = start
        """No bucket of the window before this minute holds anything: what `SeriesCounts.slide` need not look at."""

    @property
    def counts(self) -> WindowCounts:
        """What the window holds now."""
        return WindowCounts(self.stories, self.negatives)


class SeriesCounts:
    """All that is counted of one series within memory.

    Args:
        lengths: Of the windows, in minutes, ascending.
        end: Where the windows end at first, in minutes since the epoch.
    """

    __slots__ = ("_cells", "_minutes", "blocks", "windows")

    def __init__(self, lengths: tuple[int, ...], end: int) -> None:
        self._minutes: list[int] = []
        self._cells: dict[int, list[int]] = {}
        self.windows = tuple(SlidingWindow(length, end - length) for length in lengths)
        self.blocks: dict[int, dict[int, list[int]]] = {length: {} for length in lengths}
        """By length, then by the block's first minute: stories and negatives, until the baseline has learnt them."""

    def cell(self, minute: int) -> list[int]:
        """The bucket of a minute, made where there is none: timed stories, negatives, dated stories, negatives."""
        cell = self._cells.get(minute)
        if cell is None:
            cell = self._cells[minute] = [0, 0, 0, 0]
            if self._minutes and minute < self._minutes[-1]:
                insort(self._minutes, minute)
            else:
                self._minutes.append(minute)
        return cell

    def add(self, minute: int, timed: tuple[int, int], dated: tuple[int, int]) -> list[int]:
        """Counts stories and negatives in a minute and in the windows that cover it; gives the minute's bucket.

        The minute must lie before the end of the windows as they will next be slid to.
        """
        cell = self.cell(minute)
        cell[TIMED_STORIES] += timed[0]
        cell[TIMED_NEGATIVES] += timed[1]
        cell[DATED_STORIES] += dated[0]
        cell[DATED_NEGATIVES] += dated[1]
        for window in self.windows:
            if minute >= window.start:
                window.stories += timed[0] + dated[0] if window.with_dated else timed[0]
                window.negatives += timed[1] + dated[1] if window.with_dated else timed[1]
                if minute < window.first:
                    window.first = minute
        return cell

    def add_to_block(self, length: int, start: int, stories: int, negatives: int) -> bool:
        """Counts in a block that is not yet learnt; True where the block held nothing before."""
        blocks = self.blocks[length]
        block = blocks.get(start)
        if block is None:
            blocks[start] = [stories, negatives]
            return True
        block[0] += stories
        block[1] += negatives
        return False

    def slide(self, end: int) -> None:
        """Moves every window's end to `end`, which is never before where it was."""
        for window in self.windows:
            start = end - window.length
            if start <= window.start:
                continue
            if window.first < start:
                self._leave(window, start)
            window.start = start

    def _leave(self, window: SlidingWindow, start: int) -> None:
        minutes = self._minutes
        i = bisect_left(minutes, window.start)
        while i < len(minutes) and minutes[i] < start:
            cell = self._cells[minutes[i]]
            window.stories -= cell[TIMED_STORIES]
            window.negatives -= cell[TIMED_NEGATIVES]
            if window.with_dated:
                window.stories -= cell[DATED_STORIES]
                window.negatives -= cell[DATED_NEGATIVES]
            i += 1
        window.first = minutes[i] if i < len(minutes) else start

    def next_change(self) -> int | None:
        """The first end to which sliding would take a bucket out of some window; None when all windows are empty."""
        changes = []
        for window in self.windows:
            i = bisect_left(self._minutes, window.start)
            if i < len(self._minutes):
                changes.append(self._minutes[i] + window.length + 1)
        return min(changes, default=None)

    def forget(self, before: int) -> None:
        """Drops the buckets before a minute that no window covers any more, once a good part of them is old."""
        if not self._minutes or self._minutes[0] >= before:
            return
        i = bisect_left(self._minutes, before)
        if 2 * i >= len(self._minutes):
            for minute in self._minutes[:i]:
                del self._cells[minute]
            del self._minutes[:i]
