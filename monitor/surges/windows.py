"""Half-open event-time windows `[start, end)` and what is counted in them."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from monitor.clock import floor_to
from monitor.surges.series import Series


class Window(msgspec.Struct, frozen=True, order=True):
    """The half-open interval `[start, end)`; both ends UTC-aware and on whole minutes."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """`end - start`."""
        return self.end - self.start

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def block_of(moment: datetime, length: timedelta) -> Window:
    """The disjoint window of this length, counted from the epoch, holding `moment`: blocks partition time exactly."""
    start = floor_to(moment, length)
    return Window(start, start + length)


class WindowCounts(msgspec.Struct, frozen=True):
    """What a window holds: `negatives` of `stories`, 0 <= negatives <= stories."""

    stories: int = 0
    negatives: int = 0

    def __add__(self, other: WindowCounts) -> WindowCounts:
        return WindowCounts(self.stories + other.stories, self.negatives + other.negatives)


class MinuteCount(msgspec.Struct, frozen=True):
    """What was counted of one series in the minute `[minute, minute + 1 min)`.

    Attributes:
        series: Whose.
        minute: UTC-aware, on a whole minute.
        timed: Stories published with a time.
        dated: Stories published with a date only; they count at the end of their day, and in windows of a day or more.
        timed_offset: By how much the usual share of the timed stories, for their sources, models and hours, differs
            from the series' own: summed over them, in thousandths.
        dated_offset: Likewise of the dated ones.
    """

    series: Series
    minute: datetime
    timed: WindowCounts
    dated: WindowCounts
    timed_offset: int = 0
    dated_offset: int = 0

    def __add__(self, other: MinuteCount) -> MinuteCount:
        return MinuteCount(
            self.series,
            self.minute,
            self.timed + other.timed,
            self.dated + other.dated,
            self.timed_offset + other.timed_offset,
            self.dated_offset + other.dated_offset,
        )


class ClosedWindow(msgspec.Struct, frozen=True):
    """A disjoint window of a series that has ended: what was seen, what was expected, how much it teaches the baseline.

    Attributes:
        series: Whose counts.
        window: The block.
        counts: As known when it closed (a later correction replaces the row).
        expected_share: Negative share that the baseline expected, in [0, 1]; None while the series was too young to
            have one.
        low: Lower end of the band (expected range of the share at the block's volume), in [0, 1]; None likewise.
        high: Upper end of the band; None likewise.
        weight: How much the baseline learns from it, in [0, 1]; below 1 for past surges, so that a crisis does not
            become normal.
    """

    series: Series
    window: Window
    counts: WindowCounts
    expected_share: float | None
    low: float | None
    high: float | None
    weight: float
