"""The statistics and the alerts of `monitor.surges` behind the benchmark's protocol: fed with counts, asked as live.

Every count becomes entries of a `Tally`, that is, stories already told apart from their copies. Stories of a day have a
date and no time, as most headlines do: they stand at its end, in windows of a day. Those of an hour stand at its end
too, in every window from an hour on. Of all news only the number is simulated; its negative share is taken to be that
of the panel's stories in the same period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.surges.protocol import BoolArray, Counts, FloatArray, IntArray
from benchmarks.surges.scenarios import DAY, Scenario
from monitor.clock import MINUTE
from monitor.surges.detector import Detector
from monitor.surges.minutes import minute_of
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.sliding import Entries
from monitor.surges.surge import Reason
from monitor.surges.tally import Tally

_HALF_LIVES: Final = 8  # what is older counts less than 1/250 and is not fed


class Feed:
    """A tally that takes in counts period by period.

    Args:
        counts: Whose series are companies, numbered as in the panel.
        rules: Of the tally.
        first: The first period that matters; what was forgotten by then is left out.
    """

    def __init__(self, counts: Counts, rules: SurgeRules, first: int) -> None:
        self._counts = counts
        self._length = counts.period // MINUTE
        self._origin = minute_of(counts.start)
        self._from = max(first - int(_HALF_LIVES * rules.half_life_days * DAY / counts.period), 0)
        self.tally = Tally(rules, self._origin + self._from * self._length)
        named = (Series(entity=f"company {row:05}") for row in range(len(counts.stories)))
        self.ids = self.tally.index.numbers(named)
        self._all = self.tally.index.number(ALL)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Each period, once it is counted, and the minute at which it ends; nothing is settled or judged yet."""
        for period in range(self._from, self._counts.stories.shape[1]):
            end = self._origin + (period + 1) * self._length
            self.tally.slide(end)
            self.tally.enter([self._entries(period, end - 1)], end)
            yield period, end

    def _entries(self, period: int, minute: int) -> Entries:
        stories, negatives = self._counts.stories[:, period], self._counts.negatives[:, period]
        everything = max(int(self._counts.totals[period]), int(stories.max(initial=0)))
        bad = round(everything * int(negatives.sum()) / max(int(stories.sum()), 1))
        n = np.concatenate([[everything], stories])
        k = np.concatenate([[bad], negatives])
        ids = np.repeat(np.concatenate([[self._all], self.ids]), n)
        return Entries(minute, self._counts.period >= DAY, ids, _first(k, n), np.zeros(len(ids), dtype=np.int32))


def _first(k: IntArray, n: IntArray) -> npt.NDArray[np.int32]:
    """1 for the first k of every n, 0 for the others.

    >>> _first(np.array([1, 0, 2]), np.array([2, 1, 2]))
    array([1, 0, 0, 1, 1], dtype=int32)
    """
    begins = np.cumsum(n) - n
    place = np.arange(n.sum()) - np.repeat(begins, n)
    return (place < np.repeat(k, n)).astype(np.int32)


@dataclass(frozen=True)
class Statistics:
    """The combined chance of the least likely test, before multiplicity across series.

    By the weighted Bonferroni of production, at one look: share and volume of every window, and the build. Windows
    shorter than a period are left out, as counts by period say nothing of them. What production asks of a surge besides
    its being unlikely (so many stories, so large an effect) is left out too: no detector here is asked for it.
    """

    rules: SurgeRules = field(
        default_factory=lambda: SurgeRules(
            minimum_stories=1, minimum_negatives=1, minimum_effect=1e-6, elevated_p=0.999
        )
    )
    name: str = "ours"
    nominal: float = 0.001
    p_valued: bool = True

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        return self.scores_where(counts, np.ones(counts.stories.shape, dtype=bool))

    def scores_where(self, counts: Counts, wanted: BoolArray) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        scores = np.full(counts.stories.shape, np.nan)
        judged = np.flatnonzero(wanted.any(axis=0))
        if not len(judged):
            return scores
        length = counts.period // MINUTE
        windows = tuple(minutes for minutes in self.rules.window_minutes if minutes >= length)
        rules = self.rules.model_copy(update={"window_minutes": windows})
        feed = Feed(counts, rules, int(judged[0]))
        tally = feed.tally
        detector = Detector(tally.index, rules, tally.windows, tally.baselines)
        for period, end in feed:
            tally.blocks.settle(end)
            here = np.flatnonzero(wanted[:, period])
            if len(here):
                ids = feed.ids[here]
                tests = detector.test(ids, partial(tally.blocks.recent, end=end))
                scores[here, period] = np.exp(detector.combined(tests, at_one_look=True))
            if period == judged[-1]:
                break
        return scores


@dataclass(frozen=True)
class Alerts:
    """The alerts of production, by the rules as shipped, assessed at the end of every period.

    What `Tally.assess` calls a surge opens one, and what it calls elevated keeps it open, as `monitor.alerts` has it.

    Attributes:
        rules: Of the tally.
        judged_from: The first period whose alarms are told.
    """

    rules: SurgeRules = field(default_factory=SurgeRules)
    judged_from: int = 0
    name: str = "ours"

    def alarms(self, counts: Counts) -> list[tuple[int, int]]:
        """As the protocol has it."""
        feed = Feed(counts, self.rules, self.judged_from)
        number = {feed.tally.index.series[place]: row for row, place in enumerate(feed.ids.tolist())}
        found, surging = [], set[int]()
        for period, end in feed:
            for surge in feed.tally.assess(end):
                row = number.get(surge.series)
                if row is not None and surge.reason is not Reason.ELEVATED:  # which keeps an alert open
                    (surging.add if surge.reason is Reason.SURGE else surging.discard)(row)
            if period >= self.judged_from:
                found += [(row, period) for row in sorted(surging)]
        return found


def detector() -> Statistics:
    """What takes part."""
    return Statistics()


def alerter() -> Alerts:
    """What takes part in the experiment on multiplicity."""
    return Alerts(judged_from=Scenario("").history)
