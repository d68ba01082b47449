"""Sorts new stories into the series that they count in, with what their source, model and hour make usual of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

import numpy as np

from monitor.surges.baseline import Baselines
from monitor.surges.columns import SeriesIndex
from monitor.surges.minutes import minute_of, moment_of
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.sliding import Entries
from monitor.surges.stories import StoryHead
from monitor.surges.windows import MinuteCount

MOST_OFFSET: Final = 300
"""In thousandths: no source, model or hour is believed to shift the usual share by more."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Sorter:
    """Gathers the stories of one step as columns.

    Args:
        rules: How many companies of a story count.
        index: Which numbers the series.
        baselines: For what sources, models and hours make usual.
    """

    def __init__(self, rules: SurgeRules, index: SeriesIndex, baselines: Baselines) -> None:
        self._rules = rules
        self._index = index
        self._baselines = baselines
        self._taught = baselines.clock
        self._offsets: dict[int, int] = {}
        """By number of a covariate, as the baselines have it since they last learnt."""
        self._gathered: dict[tuple[int, bool], list[tuple[int, bool, int]]] = defaultdict(list)

    def add(self, head: StoryHead, source: str, model: str, minute: int) -> None:
        """Takes in a new story, which counts in `minute`."""
        covariates = [self._index.number(series) for series in covariates_of(head, source, model, minute)]
        rows, offset = self._gathered[minute, head.dated], 0
        for number, own in zip(covariates, self._offsets_of(covariates), strict=True):
            # Each explains what those before it leave: a source that writes at night is not counted twice.
            rows.append((number, head.negative, offset))
            offset = min(max(offset + own, -MOST_OFFSET), MOST_OFFSET)
        rows += ((self._index.number(series), negative, offset) for series, negative in series_of(head))

    def collect(self) -> list[Entries]:
        """What was taken in since the last time, by minute."""
        gathered, self._gathered = self._gathered, defaultdict(list)
        return [_entries(minute, dated, rows) for (minute, dated), rows in sorted(gathered.items())]

    def judged(self, head: StoryHead, minute: int) -> Entries:
        """A story in the series that it may bring to stand out; for a restart, which knows its offset from the rows."""
        return _entries(
            minute, head.dated, [(self._index.number(series), negative, 0) for series, negative in series_of(head)]
        )

    def _offsets_of(self, covariates: list[int]) -> list[int]:
        """By how much each shifts the share usual of all news; in thousandths, as whole numbers sum exactly."""
        if self._taught != self._baselines.clock:
            self._taught = self._baselines.clock
            self._offsets.clear()
        new = [number for number in covariates if number not in self._offsets]
        if new:
            means = self._baselines.expect(np.array([0, *new], dtype=np.int64)).mean
            self._offsets.update(zip(new, np.round(1000 * (means[1:] - means[0])).astype(int).tolist(), strict=True))
        return [self._offsets[number] for number in covariates]


def series_of(head: StoryHead) -> list[tuple[Series, bool]]:
    """The series that a story counts in, each with whether it is negative there."""
    found = [(ALL, head.negative)]
    if head.topic:
        found.append((Series(topic=head.topic), head.negative))
    for entity, negative in head.about:
        found.append((Series(entity=entity), negative))
        if head.topic:
            found.append((Series(entity=entity, topic=head.topic), negative))
    return found


def covariates_of(head: StoryHead, source: str, model: str, minute: int) -> list[Series]:
    """What makes a share usual: who tells, who judges, and when in the week; a date alone has no hour."""
    found = [Series.told_by(source)]
    if model:
        found.append(Series(covariate=f"model={model}"))
    if not head.dated:
        moment = moment_of(minute)
        found.append(Series(covariate=f"hour={_DAYS[moment.weekday()]} {moment.hour:02}"))
    return found


def entries_of_rows(rows: Iterable[MinuteCount], index: SeriesIndex) -> Iterator[Entries]:
    """The stories of stored rows, in the order of minutes: of their offsets only the sums are known, which suffice."""
    for moment, of_minute in groupby(
        sorted(rows, key=lambda row: (row.minute, row.series)), key=lambda row: row.minute
    ):
        parts: dict[bool, list[tuple[int, bool, int]]] = {False: [], True: []}
        for row in of_minute:
            number = index.number(row.series)
            for counts, offset, dated in ((row.timed, row.timed_offset, False), (row.dated, row.dated_offset, True)):
                stories = [(number, place < counts.negatives, 0) for place in range(counts.stories)]
                parts[dated] += [(number, stories[0][1], offset), *stories[1:]] if stories else []
        for dated, stories in parts.items():
            if stories:
                yield _entries(minute_of(moment), dated, stories)


def _entries(minute: int, dated: bool, rows: list[tuple[int, bool, int]]) -> Entries:
    ids, negatives, offsets = zip(*rows, strict=True)
    return Entries(
        minute,
        dated,
        np.array(ids, dtype=np.int64),
        np.array(negatives, dtype=np.int32),
        np.array(offsets, dtype=np.int32),
    )
