"""Who is assessed at a step, and whether what is found is worth a row.

A series is assessed when a new story entered it, and as long as it stands out also when one of its windows loses a
story or a baseline moves. It can begin to surge only on news: when a new negative story lies in the window that stands
out; without one, a surge by the numbers (ordinary stories sliding out of a window) is told as elevated.

Rows are emitted for SURGE and for ELEVATED (also for a series that never surges: few, and they show what was building)
whenever reason, window length or counts differ from the row before, and once when the series is ordinary or
quiet again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from monitor.clock import MINUTE
from monitor.surges.counting import SeriesCounts, counts_dated
from monitor.surges.detector import Detector, p_value
from monitor.surges.expectations import Expectations
from monitor.surges.minutes import moment_of
from monitor.surges.series import Series
from monitor.surges.surge import Reason, Surge
from monitor.surges.windows import Window, WindowCounts

_UNUSUAL = (Reason.SURGE, Reason.ELEVATED)
_NEVER = -1


class Assessor:
    """Remembers of every series what was last said of it, as long as that was not that it is ordinary.

    Args:
        detector: Gives the verdicts.
        expectations: What every series' past lets expect.
        counts: Of every series; shared with the caller.
    """

    def __init__(self, detector: Detector, expectations: Expectations, counts: Mapping[Series, SeriesCounts]) -> None:
        self._detector = detector
        self._version = detector.rules.version
        self._expectations = expectations
        self._counts = counts
        self._touched: set[Series] = set()
        self._news: dict[Series, tuple[int, int]] = {}
        """Since the last whole minute: the newest minutes of a new negative story, with a time and with a date only."""
        self._settled: dict[Series, Surge] = {}
        """Last said at a whole minute, of series that stood out then."""
        self._early: dict[Series, Surge] = {}
        """Last said since that minute."""

    def touch(self, series: Series, minute: int, *, negative: bool, dated: bool) -> None:
        """Notes that a new story was counted in a series."""
        self._touched.add(series)
        if negative:
            timed_news, dated_news = self._news.get(series, (_NEVER, _NEVER))
            if dated:
                self._news[series] = (timed_news, max(dated_news, minute))
            else:
                self._news[series] = (max(timed_news, minute), dated_news)

    def restore(self, surges: Iterable[Surge], last_minute: datetime) -> list[Series]:
        """Takes up what was last said; gives the series that stood out at the last whole minute."""
        for surge in sorted(surges, key=lambda surge: surge.tick):
            if surge.tick > last_minute:
                self._early[surge.series] = surge
            elif surge.reason in _UNUSUAL:
                self._settled[surge.series] = surge
            else:
                self._settled.pop(surge.series, None)
        return sorted(self._settled)

    def assess_early(self, end: int, step: datetime) -> list[Surge]:
        """Assesses what was touched since the last whole minute; `end` is that of the windows, `step` the present."""
        surges = []
        for series in sorted(self._touched):
            before = self._early.get(series, self._settled.get(series))
            row = self._assess(series, end, step, before)
            if row is not None and _says(row) != _says(before):
                self._early[series] = row
                surges.append(row)
        return surges

    def assess(self, end: int, woken: Iterable[Series], *, everything: bool) -> tuple[list[Surge], list[Series]]:
        """Assesses, at the whole minute `end`, what was touched and what stands out and may have changed.

        Args:
            end: In minutes since the epoch; also where the windows end.
            woken: Series out of whose windows something has slid, if they stand out.
            everything: A baseline moved, so whatever stands out must be looked at.

        Returns:
            The rows, by series; and the assessed series that stand out now.
        """
        targets = self._touched | (self._settled.keys() if everything else self._settled.keys() & set(woken))
        step = moment_of(end)
        surges, unusual = [], []
        for series in sorted(targets):
            settled, early = self._settled.get(series), self._early.pop(series, None)
            row = self._assess(series, end, step, settled or early)
            if row is None:
                continue
            if _says(row) != _says(settled) or (early and _says(row) != _says(early)):
                surges.append(row)
            if row.reason in _UNUSUAL:
                self._settled[series] = row
                unusual.append(series)
            else:
                self._settled.pop(series, None)
        self._touched.clear()
        self._news.clear()
        return surges, unusual

    def _assess(self, series: Series, end: int, step: datetime, before: Surge | None) -> Surge | None:
        """What there is to say of a series; None where it is ordinary and nothing else was said before."""
        counts = self._counts[series]
        counts.slide(end)
        verdict = self._detector.judge(counts.windows, partial(self._expectations.of, series))
        if verdict.stands_out:
            if verdict.reason is Reason.SURGE and not self._may_surge(series, verdict.length, end):
                return self._row(series, end, step, Reason.ELEVATED, verdict.length)
            return self._row(series, end, step, verdict.reason, verdict.length)
        if before is None:
            return None
        # The last word is about the window that the word before was about, so that both can be compared.
        length = before.window.length // MINUTE
        known = any(window.length == length for window in counts.windows)
        return self._row(series, end, step, verdict.reason, length if known else counts.windows[-1].length)

    def _may_surge(self, series: Series, length: int, end: int) -> bool:
        """Whether a series surged at the last whole minute, or a new negative story lies in its window."""
        settled = self._settled.get(series)
        if settled and settled.reason is Reason.SURGE:
            return True
        timed, dated = self._news.get(series, (_NEVER, _NEVER))
        return (max(timed, dated) if counts_dated(length) else timed) >= end - length

    def _row(self, series: Series, end: int, step: datetime, reason: Reason, length: int) -> Surge:
        counts = next(window.counts for window in self._counts[series].windows if window.length == length)
        expected = self._expectations.of(series, length)
        low, high = expected.band(counts.stories, self._detector.rules.band_coverage)
        share = counts.negatives / counts.stories if counts.stories else expected.mean
        return Surge(
            tick=step,
            series=series,
            reason=reason,
            window=Window(moment_of(end - length), moment_of(end)),
            counts=counts,
            expected_share=expected.mean,
            low=low,
            high=high,
            p_value=p_value(counts, expected),
            effect=share - expected.mean,
            rule_version=self._version,
        )


def _says(surge: Surge | None) -> tuple[Reason, timedelta, WindowCounts] | None:
    """What must change for a new row; nothing is said of what is ordinary."""
    if surge is None or surge.reason not in _UNUSUAL:
        return None
    return (surge.reason, surge.window.length, surge.counts)
