"""The verdict on one series at one step: which of its windows stands out, and how far.

Every window length is judged against the baseline of that length by a beta-binomial upper tail. A window stands out
only with enough stories, enough negatives, a large enough effect and a small enough probability, the latter divided by
the number of window lengths (Bonferroni: the chance that any of them errs is at most the sum). How often one looks is
not corrected for: windows that slide by the minute overlap almost wholly; what it costs is measured by
`python -m benchmarks.surge_calm`. No memory and no hysteresis here: the same counts always get the same verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from typing import NamedTuple

from monitor.surges.baseline import Expectation
from monitor.surges.counting import SlidingWindow
from monitor.surges.rules import SurgeRules
from monitor.surges.statistics import log_upper_tail
from monitor.surges.surge import Reason
from monitor.surges.windows import WindowCounts

_RANK = {Reason.SURGE: 0, Reason.ELEVATED: 1}


class Verdict(NamedTuple):
    """What is said of a series, and of which window.

    Attributes:
        reason: SURGE and ELEVATED stand out; ORDINARY where some window held enough stories to be judged; else QUIET.
        length: Of the strongest window, in minutes; 0 where none stands out.
        p_value: Of that window, before the division by the number of lengths; 1 where none stands out.
    """

    reason: Reason
    length: int = 0
    p_value: float = 1.0

    @property
    def stands_out(self) -> bool:
        """Whether it is worth a row."""
        return self.reason in _RANK


ORDINARY = Verdict(Reason.ORDINARY)
QUIET = Verdict(Reason.QUIET)


class Detector:
    """Judges windows by fixed rules.

    Args:
        rules: What it takes to stand out.
    """

    def __init__(self, rules: SurgeRules) -> None:
        self.rules = rules
        lengths = len(rules.window_minutes)
        self._opening = log(rules.opening_p / lengths)
        self._elevated = log(rules.elevated_p / lengths)

    def judge(self, windows: tuple[SlidingWindow, ...], expected: Callable[[int], Expectation]) -> Verdict:
        """The strongest verdict over a series' windows: SURGE before ELEVATED, then smaller p, then shorter window.

        Args:
            windows: Ascending by length.
            expected: Gives, for a length in minutes, what the series' past lets expect.
        """
        rules = self.rules
        best: tuple[int, float, int] | None = None
        enough = False
        for window in windows:
            n, k = window.stories, window.negatives
            if n < rules.minimum_stories:
                continue
            expectation = expected(window.length)
            if not expectation.mature:
                continue
            enough = True
            effect = k / n - expectation.mean
            if k < rules.minimum_negatives or effect < rules.minimum_effect / 2:
                continue
            tail = log_upper_tail(k, n, expectation.law)
            if tail > self._elevated:
                continue
            surging = tail <= self._opening and effect >= rules.minimum_effect
            found = (0 if surging else 1, tail, window.length)
            best = found if best is None else min(best, found)
        if best is None:
            return ORDINARY if enough else QUIET
        return Verdict(Reason.SURGE if best[0] == 0 else Reason.ELEVATED, best[2], exp(best[1]))


def p_value(counts: WindowCounts, expectation: Expectation) -> float:
    """Probability of at least so many negatives of so many stories, if nothing has changed."""
    return exp(log_upper_tail(counts.negatives, counts.stories, expectation.law))
