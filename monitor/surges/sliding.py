"""Windows of all series at once, sliding by the minute: running sums, and what is due to leave them.

Minutes here are whole numbers since the epoch, and intervals are half-open. All windows end at the same minute. Sliding
costs what enters and leaves, never the length of a window or the number of series; what nothing happens to costs
nothing.

    minute     0 1 2 3 4 5 6 7 8 9
    stories    . 2 . . 1 . . 3 . .
    window           [-------)          start 3, end 8: 4 stories; those of minute 4 leave when the end moves to 10
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.surges.columns import Columns, Ids, SeriesIndex, distinct
from monitor.surges.rules import DAY_MINUTES
from monitor.surges.series import Kind

Counts = npt.NDArray[np.int32]


class Entries(NamedTuple):
    """Stories of one minute, each once in every series that it belongs to; arrays of one length.

    Attributes:
        minute: Since the epoch.
        dated: Whether they were published with a date only: they count in windows of a day or more.
        ids: Numbers of the series.
        negatives: 1 where the story counts as negative in that series, else 0.
        offsets: By how much the usual share of such a story differs from the series' own, in thousandths.
    """

    minute: int
    dated: bool
    ids: Ids
    negatives: Counts
    offsets: Counts

    def of(self, kept: npt.NDArray[np.bool_]) -> Entries:
        """Some of them."""
        if kept.all():
            return self
        return self._replace(ids=self.ids[kept], negatives=self.negatives[kept], offsets=self.offsets[kept])


def ones(many: int) -> Counts:
    """So many ones, of the type of the counts: `ufunc.at` is twenty times slower where it must convert."""
    return np.ones(many, dtype=np.int32)


def counts_dated(length: int) -> bool:
    """Whether windows of this many minutes take in stories that have a date only: they span whole days."""
    return length >= DAY_MINUTES


class SlidingWindows:
    """The running sums of every window of every series.

    Args:
        index: Which numbers the series.
        lengths: In minutes, ascending.
        end: Where all windows end at first, in minutes since the epoch.
    """

    def __init__(self, index: SeriesIndex, lengths: tuple[int, ...], end: int) -> None:
        shape = (len(lengths),)
        self.lengths = lengths
        self.end = end
        self._sums = Columns(
            index, stories=(shape, np.int32, 0), negatives=(shape, np.int32, 0), offsets=(shape, np.int32, 0)
        )
        self._leaving: list[tuple[int, int, int, Entries]] = []
        self._pushed = 0
        self._index = index
        self.active = np.zeros(len(Kind), dtype=np.int64)
        """By kind, series with a story in the longest window: the family among which surges are looked for."""

    @property
    def stories(self) -> Counts:
        """By window and series."""
        return self._sums["stories"]

    @property
    def negatives(self) -> Counts:
        """Likewise."""
        return self._sums["negatives"]

    @property
    def offsets(self) -> Counts:
        """Likewise: sums of the offsets of its stories, in thousandths."""
        return self._sums["offsets"]

    @property
    def next_leave(self) -> int | None:
        """The first end to which sliding takes something out of a window; None when all windows are empty."""
        return self._leaving[0][0] if self._leaving else None

    def enter(self, entries: Entries) -> None:
        """Counts stories in every window that covers their minute, which lies before the end."""
        for place, length in enumerate(self.lengths):
            if entries.minute < self.end - length or (entries.dated and not counts_dated(length)):
                continue
            if place == len(self.lengths) - 1:
                self.active += self._kinds_without(place, entries.ids)
            np.add.at(self.stories[place], entries.ids, ones(len(entries.ids)))
            np.add.at(self.negatives[place], entries.ids, entries.negatives)
            np.add.at(self.offsets[place], entries.ids, entries.offsets)
            self._pushed += 1
            heappush(self._leaving, (entries.minute + length + 1, self._pushed, place, entries))

    def slide(self, end: int) -> list[Ids]:
        """Moves every window's end to `end`, never back; gives the series that lost a story, by what they lost."""
        lost = []
        while self._leaving and self._leaving[0][0] <= end:
            _, _, place, entries = heappop(self._leaving)
            np.subtract.at(self.stories[place], entries.ids, ones(len(entries.ids)))
            np.subtract.at(self.negatives[place], entries.ids, entries.negatives)
            np.subtract.at(self.offsets[place], entries.ids, entries.offsets)
            if place == len(self.lengths) - 1:
                self.active -= self._kinds_without(place, entries.ids)
            lost.append(entries.ids)
        self.end = max(self.end, end)
        return lost

    def _kinds_without(self, place: int, ids: Ids) -> npt.NDArray[np.int64]:
        """By kind, how many of these series have no story in a window; none of what only explains others."""
        empty = ids[self.stories[place][ids] == 0]
        empty = distinct(empty) if len(empty) > 1 else empty
        found = np.bincount(self._index.kinds[empty], minlength=len(Kind))
        found[Kind.COVARIATE] = 0
        return found
