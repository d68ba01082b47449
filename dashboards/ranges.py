"""How far back a chart looks, and how finely: one choice sets span, sliding window and distance of points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.clock import MINUTE, ceil_to, floor_to
from monitor.surges.windows import Window

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)

MOST_POINTS = 400
"""Of one series in one chart."""


@dataclass(frozen=True)
class Range:
    """A choice of the time selector.

    Attributes:
        name: As the selector shows it.
        span: How far back from the stream's time; None: as far as there is anything.
        window: Length of the window whose negative share each point tells.
        step: Distance of points.
        grain: Of the counts that are read; divides `step` and `window`.
        renewed: How much stream time passes before the same question is asked again.
    """

    name: str
    span: timedelta | None
    window: timedelta
    step: timedelta
    grain: timedelta
    renewed: timedelta

    @property
    def slides(self) -> bool:
        """Whether windows overlap and are counted from minutes; else they are the disjoint blocks of the store."""
        return self.step < self.window

    def reach(self, tick: datetime, first: datetime | None) -> Window:
        """What the chart covers.

        Args:
            tick: UTC-aware time of the stream.
            first: Start of the oldest thing in the store; None where there is none.
        """
        end = ceil_to(tick, self.grain)
        if self.span is not None:
            return Window(end - self.span, end)
        return Window(min(floor_to(first or tick, _DAY), end - _DAY), end)

    def freshness(self, tick: datetime) -> datetime:
        """The part of a tick on which answers depend, so that a new one is asked for only now and then."""
        return floor_to(tick, self.renewed)


RANGES: tuple[Range, ...] = (
    Range("6 h", 6 * _HOUR, _HOUR, 5 * MINUTE, MINUTE, timedelta(seconds=5)),
    Range("1 d", _DAY, _HOUR, 15 * MINUTE, 5 * MINUTE, timedelta(seconds=15)),
    Range("1 w", 7 * _DAY, _DAY, 2 * _HOUR, 30 * MINUTE, MINUTE),
    Range("1 m", 30 * _DAY, _DAY, _DAY, _DAY, 5 * MINUTE),
    Range("all", None, _DAY, _DAY, _DAY, 5 * MINUTE),
)
BY_NAME = {choice.name: choice for choice in RANGES}
DEFAULT = "1 d"
