"""What was told of each series on each day, and the signs that detectors, ours and its peers, give of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Final

from benchmarks.surges.events_matching import Sign
from monitor.store.evidence import USUAL
from monitor.surges.series import Series
from monitor.surges.terms import distinctive

_TERMS: Final = 6
"""As in the evidence of an alert."""
_DAY = timedelta(days=1)

Naming = Callable[[str], str]
"""The name of an entity, by its id."""


class Told:
    """The stories of each series and day, for what an alert shows of them."""

    def __init__(self) -> None:
        self._all: dict[tuple[Series, date], list[str]] = defaultdict(list)
        self._negative: dict[tuple[Series, date], list[tuple[float, str]]] = defaultdict(list)

    def add(self, day: date, headline: str, negativity: float, series: Iterable[tuple[Series, bool]]) -> None:
        """Takes in a story, how probably it is negative, and what it counts for, each with whether negative there."""
        for one, negative in series:
            self._all[one, day].append(headline)
            if negative:
                self._negative[one, day].append((negativity, headline))

    def headline(self, series: Series, day: date) -> str:
        """The most negative headline among the negative ones; empty where there is none."""
        return max(self._negative.get((series, day), [(0.0, "")]))[1]

    def terms(self, series: Series, day: date) -> tuple[str, ...]:
        """The words that set the negative headlines of a day apart from all of the four weeks before."""
        here = [headline for _, headline in self._negative.get((series, day), ())]
        before = (day - number * _DAY for number in range(1, USUAL.days + 1))
        return distinctive(here, [headline for one in before for headline in self._all.get((series, one), ())], _TERMS)


def sign(series: Series, day: date, score: float, told: Told, naming: Naming) -> Sign:
    """A sign of a series: all series of a company are one subject."""
    subject = Series(entity=series.entity) if series.entity else series
    title = Series(entity=naming(series.entity) if series.entity else "", topic=series.topic).title
    return Sign(day, subject.key, title, score, told.headline(series, day), lambda: told.terms(series, day))
