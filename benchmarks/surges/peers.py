"""The detectors of disease surveillance and the rules of thumb of media monitors, each as published.

All of them see the same counts. Those made for one series of counts are given the negatives or, in a second variant,
the share of negatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from benchmarks.surges.protocol import Counts, FloatArray
from benchmarks.surges.trailing import trailing_moments, trailing_sum

On: TypeAlias = Literal["negatives", "share"]

_EARS_WINDOW: Final = 7
_EARS_GAP: Final = {"C1": 0, "C2": 2, "C3": 2}
_EARS_ALARM: Final = {"C1": 3.0, "C2": 3.0, "C3": 2.0}
_SMALLEST_DEVIATION: Final = {"negatives": 7**-0.5, "share": 0.01}
_METHOD_HOURS: Final = 12
_USUAL_DAYS: Final = 7


def share_of(counts: Counts) -> FloatArray:
    """Share of negatives, [series, periods]; 0 of no stories."""
    share: FloatArray = counts.negatives / np.maximum(counts.stories, 1)
    return share


@dataclass(frozen=True)
class Ears:
    """C1, C2 and C3 of the Early Aberration Reporting System.

    Hutwagner et al. 2003 (J. Urban Health 80:i89), in the notation of Fricker et al. 2008 (Stat. Med. 27:3407):
    C1(t) = (y(t) - mean) / s over the 7 periods before, C2 the same with two periods left out between, and
    C3(t) = sum over t-2..t of max(0, C2 - 1). They alarm at C1 > 3, C2 > 3, C3 > 2. A baseline of seven equal counts
    has s = 0; as implementations do, s has a floor: here that of six equal counts and one that differs by 1 (for shares
    .01).
    """

    which: Literal["C1", "C2", "C3"]
    on: On

    @property
    def name(self) -> str:
        """As it stands in tables."""
        return f"EARS {self.which} ({self.on})"

    @property
    def nominal(self) -> float:
        """Just below the published limit, which itself does not alarm."""
        return float(np.nextafter(-_EARS_ALARM[self.which], -np.inf))

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        values = counts.negatives if self.on == "negatives" else share_of(counts)
        mean, deviation = trailing_moments(values, _EARS_WINDOW, _EARS_GAP[self.which])
        statistic = (values - mean) / np.maximum(deviation, _SMALLEST_DEVIATION[self.on])
        if self.which != "C3":
            return -statistic
        excess = np.maximum(0.0, statistic - 1.0)
        summed = excess.copy()
        summed[:, 1:] += excess[:, :-1]
        summed[:, 2:] += excess[:, :-2]
        return -summed


@dataclass(frozen=True)
class Shewhart:
    """z-score of the share, arcsine-transformed, against the 28 periods before; alarms at 3 (Shewhart 1931).

    Of k negatives among n stories the angle asin(sqrt((k + 3/8) / (n + 3/4))) has a variance of about 1/(4n + 2)
    whatever the share (Anscombe 1948, Biometrika 35:246).
    """

    window: int = 28
    name: str = "Shewhart (share)"
    nominal: float = -3.0

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        angle = np.arcsin(np.sqrt((counts.negatives + 0.375) / (counts.stories + 0.75)))
        mean, deviation = trailing_moments(angle, self.window)
        return -(angle - mean) / np.maximum(deviation, 1e-3)


@dataclass(frozen=True)
class LastAgainstTwelve:
    """Meltwater's spike detection as its users know it: the last hour against the 12 hours before.

    The product's factor is not published, so there is no nominal threshold. Periods stand for hours. A mean of
    nothing counts as one negative in the twelve periods.
    """

    name: str = "Meltwater rule"

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        usual = np.maximum(trailing_sum(counts.negatives, _METHOD_HOURS), 1.0) / _METHOD_HOURS
        return -counts.negatives / usual


@dataclass(frozen=True)
class MoreThanFive:
    """WorldMonitor's rule: more than 5 mentions, at least 3 times the mean of 7 days.

    Its third condition, two sources, is not simulated: the scenarios count stories only, so the rule alarms here at
    least as often as in its own setting.
    """

    mentions: int = 5
    name: str = "WorldMonitor rule"
    nominal: float = -3.0

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        window = _USUAL_DAYS * counts.periods_a_week // 7
        usual = np.maximum(trailing_sum(counts.negatives, window), 1.0) / window
        ratio = counts.negatives / usual
        return np.where(np.isnan(usual), np.nan, np.where(counts.negatives > self.mentions, -ratio, 0.0))


def expected_negatives(counts: Counts, window: int, gap: int) -> tuple[FloatArray, FloatArray]:
    """Mean m and dispersion a of negatives given stories, Var(k) = m + a m^2, each [series, periods].

    The mean is the period's stories times the share of negatives in the window before, which ends `gap` periods ago so
    that a building surge does not hide itself; one negative in ten stories is added, which matters to young series
    only. The dispersion is the moment estimate from the same window (Breslow 1984, Appl. Stat. 33:38), within
    [1e-4, 5].
    """
    negatives = trailing_sum(counts.negatives, window, gap, growing=True)
    stories = trailing_sum(counts.stories, window, gap, growing=True)
    mean = counts.stories * (negatives + 1.0) / (stories + 10.0)
    known = np.nan_to_num(mean)
    excess = trailing_sum(np.where(np.isnan(mean), 0.0, (counts.negatives - known) ** 2 - known), window, gap, True)
    squares = trailing_sum(known**2, window, gap, growing=True)
    return mean, np.clip(excess / np.maximum(squares, 1e-9), 1e-4, 5.0)


def log_likelihood_ratio(k: FloatArray, mean: FloatArray, dispersion: FloatArray, shift: FloatArray) -> FloatArray:
    """Log-likelihood ratio of a negative binomial mean e^shift times as large (Höhle & Paul 2008, eq. 5).

    k shift + (k + 1/a) log((1 + a m) / (1 + a m e^shift)).
    """
    ratio = (1 + dispersion * mean) / (1 + dispersion * mean * np.exp(shift))
    found: FloatArray = k * shift + (k + 1 / dispersion) * np.log(ratio)
    return found


@dataclass(frozen=True)
class NegativeBinomialCusum:
    """CUSUM of negative binomial log-likelihood ratios against a fixed rise (Höhle & Paul 2008, CSDA 52:4357).

    C(t) = max(0, C(t-1) + llr(t)). Watkins et al. 2008 (BMC Med. Inform. Decis. Mak. 8:37) run such a CUSUM on counts;
    here the mean follows the stories. It is not reset after an alarm, since a score knows of no threshold. Thresholds
    are set by simulation in both papers, so there is no nominal one.
    """

    rise: float = 1.5
    window: int = 365
    gap: int = 14
    name: str = "NB CUSUM"

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        mean, dispersion = expected_negatives(counts, self.window, self.gap)
        ratio = log_likelihood_ratio(counts.negatives.astype(float), mean, dispersion, np.log(self.rise))
        total, sums = np.zeros(len(ratio)), np.full(ratio.shape, np.nan)
        for period in range(ratio.shape[1]):
            step = ratio[:, period]
            total = np.maximum(0.0, total + np.where(np.isnan(step), 0.0, step))
            sums[:, period] = np.where(np.isnan(step), np.nan, total)
        return -sums


@dataclass(frozen=True)
class NegativeBinomialGlr:
    """Generalised likelihood ratio over when a rise began and how large it is (Höhle & Paul 2008, CSDA 52:4357).

    max over the last `reach` periods as the start, of the summed log-likelihood ratio at the best rise. The rise is
    the Poisson estimate, sum k / sum m, which needs no iteration; rises alone count.
    """

    reach: int = 10
    window: int = 365
    gap: int = 14
    name: str = "NB GLR"

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        mean, dispersion = expected_negatives(counts, self.window, self.gap)
        k = counts.negatives.astype(float)
        best, total_k, total_mean = np.zeros(k.shape), np.zeros(k.shape), np.zeros(k.shape)
        for back in range(min(self.reach, k.shape[1])):
            total_k[:, back:] += k[:, : k.shape[1] - back]
            total_mean[:, back:] += np.nan_to_num(mean[:, : k.shape[1] - back])
            shift = np.log(np.maximum(total_k, 1e-9) / np.maximum(total_mean, 1e-9)).clip(0.0, 20.0)
            summed = np.zeros(k.shape)
            for ago in range(back + 1):
                then = slice(None, k.shape[1] - ago)
                summed[:, ago:] += np.nan_to_num(
                    log_likelihood_ratio(k[:, then], mean[:, then], dispersion[:, then], shift[:, ago:])
                )
            best = np.maximum(best, summed)
        return np.where(np.isnan(mean), np.nan, -best)
