"""What a detector is given and what it must answer; whoever meets `Detector` can be benchmarked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Counts:
    """Stories of many series, counted by period.

    Attributes:
        stories: Stories about the series, [series, periods].
        negatives: How many of them are negative, [series, periods], never more than the stories.
        totals: Stories in all news, [periods].
        period: Length of a period; a week holds a whole number of them.
        start: When the first period starts, in UTC.

    Raises:
        ValueError: The shapes differ, or there are more negatives than stories.
    """

    stories: IntArray
    negatives: IntArray
    totals: IntArray
    period: timedelta
    start: datetime

    def __post_init__(self) -> None:
        if self.stories.ndim != 2 or self.stories.shape != self.negatives.shape:
            raise ValueError(f"stories {self.stories.shape} and negatives {self.negatives.shape} differ in shape")
        if self.totals.shape != self.stories.shape[1:]:
            raise ValueError(f"totals {self.totals.shape} do not fit {self.stories.shape[1]} periods")
        if (self.negatives < 0).any() or (self.negatives > self.stories).any():
            raise ValueError("negatives must lie between 0 and the stories of their period")

    @property
    def periods_a_week(self) -> int:
        """After so many periods the weekly rhythm repeats: 7 for days, 168 for hours."""
        return _WEEK // self.period

    def until(self, periods: int) -> Counts:
        """The first `periods` periods: what was known then."""
        return replace(
            self,
            stories=self.stories[:, :periods],
            negatives=self.negatives[:, :periods],
            totals=self.totals[:periods],
        )


class Detector(Protocol):
    """Says how alarming each period of each series is."""

    @property
    def name(self) -> str:
        """As it stands in tables."""

    def scores(self, counts: Counts) -> FloatArray:
        """[series, periods]: the smaller, the more alarming, as p-values are; NaN where it is too early to say.

        The score of a period may rest on this period and on earlier ones only.
        """


@runtime_checkable
class Nominal(Protocol):
    """A detector with a threshold of its own: that of its authors, or .001 where its scores are p-values."""

    @property
    def nominal(self) -> float:
        """It alarms at scores not above this."""


@runtime_checkable
class PValued(Protocol):
    """A detector whose scores are probabilities: under the null at most x with a probability of at most x."""

    @property
    def p_valued(self) -> bool:
        """Whether they are; a detector without this attribute is taken to give mere scores."""


@runtime_checkable
class Costly(Protocol):
    """A detector too slow to judge every period; it is asked for those that count."""

    def scores_where(self, counts: Counts, wanted: BoolArray) -> FloatArray:
        """[series, periods], NaN where not wanted or where it is too early to say."""


class Alerter(Protocol):
    """Decides for a whole panel, with multiplicity taken care of."""

    @property
    def name(self) -> str:
        """As it stands in tables."""

    def alarms(self, counts: Counts) -> list[tuple[int, int]]:
        """(series, period) of every alarm; one of a period may rest on this and earlier periods only."""


def scores_of(detector: Detector, counts: Counts, wanted: BoolArray) -> FloatArray:
    """Scores [series, periods] where wanted [series, periods], NaN elsewhere."""
    if isinstance(detector, Costly):
        return detector.scores_where(counts, wanted)
    scores: FloatArray = np.where(wanted, detector.scores(counts), np.nan)
    return scores


def nominal_of(detector: Detector) -> float | None:
    """The threshold a detector brings along, if it does."""
    return detector.nominal if isinstance(detector, Nominal) else None


def gives_p_values(detector: Detector) -> bool:
    """Whether a detector's scores are probabilities."""
    return isinstance(detector, PValued) and detector.p_valued
