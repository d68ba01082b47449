"""The flexible Farrington method, the reference of disease surveillance, fast enough to simulate with.

Noufaily et al. 2013 (Stat. Med. 32:1206) on top of Farrington et al. 1996 (J. R. Stat. Soc. A 159:547): a quasi-Poisson
regression of past counts on a trend and a seasonal factor of ten levels, past outbreaks down-weighted by their
Anscombe residuals, refitted for every period that is judged. The logarithm of the stories is its offset, so it models
negatives given stories; its p-value, a negative binomial tail with the estimates plugged in, is the score.

R's `surveillance::farringtonFlexible` is the oracle (farrington_r.py): it needs 20 to 100 milliseconds a decision, and
a threshold at .001 needs tens of thousands of decisions in every family. This does the same regression for hundreds of
decisions at once; where R is installed, a test and `--check-r` compare them.

Settings are as published (w = 3, noPeriods = 10, reweighting above 2.58, 26 periods before the judged one left out),
and wherever there was a choice the one that suits it: three years of history, without which it takes no trend; a trend
that need not be significant; no minimum of recent cases, below which it would not judge. It is made for weeks, and
knows no day of the week; so it runs twice, on days and on weeks, where a surge has seven days to be seen but is
diluted by them. A detector of days that is compared with it on weeks is given the best of its seven scores, and a
threshold for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
from scipy.special import betainc, gammainc, xlogy

from benchmarks.surges.protocol import BoolArray, Counts, FloatArray, IntArray
from benchmarks.surges.scenarios import DAY
from monitor.errors import InputError

YEARS: Final = 3
HALF_WINDOW: Final = 3
LEVELS: Final = 10
LEFT_OUT: Final = 26
OUTLIER: Final = 2.58
NO_STORIES: Final = 0.01  # in place of the logarithm of none; no negative can be among none anyway
_ITERATIONS: Final = 25  # R's glm.control
_EPSILON: Final = 1e-8
_CHUNK: Final = 64


@dataclass(frozen=True)
class FarringtonFlexible:
    """The method on days, or on weeks of seven days each counted from the start of the panel.

    A week's score stands on its last day. The first periods, three years and some days, are too young.
    """

    of: Literal["days", "weeks"]
    nominal: float = 0.001
    p_valued: bool = True

    @property
    def name(self) -> str:
        """As it stands in tables."""
        return f"farringtonFlexible ({self.of})"

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        return self.scores_where(counts, np.ones(counts.stories.shape, dtype=bool))

    def scores_where(self, counts: Counts, wanted: BoolArray) -> FloatArray:
        """As the protocol has it.

        Raises:
            InputError: The periods are no days.
        """
        if counts.period != DAY:
            raise InputError("farringtonFlexible is run on days and weeks only.", "Give it periods of a day.")
        step, frequency = (1, 365) if self.of == "days" else (7, 52)
        scores = np.full(counts.stories.shape, np.nan)
        negatives, stories = in_blocks(counts.negatives, step), in_blocks(counts.stories, step)
        p = p_values(negatives, stories, in_blocks(wanted.astype(np.int64), step) > 0, frequency)
        scores[:, step - 1 : p.shape[1] * step : step] = p
        return scores


def in_blocks(values: IntArray, periods: int) -> IntArray:
    """Sums over blocks of periods, [series, blocks]; a rest is left out."""
    series, blocks = len(values), values.shape[1] // periods
    summed: IntArray = values[:, : blocks * periods].reshape(series, blocks, periods).sum(axis=2)
    return summed


class Design(NamedTuple):
    """Which past periods a decision learns from, the same for all decisions, latest first.

    Attributes:
        lags: How many periods ago, [rows].
        level: One-hot seasonal level, [rows, levels]; the last level is that of the judged period.
    """

    lags: IntArray
    level: FloatArray


def design(frequency: int) -> Design:
    """Seasonal levels as in `surveillance`: the 2w + 1 periods around each anniversary, and nine equal parts between.

    Args:
        frequency: Periods a year.
    """
    level = np.full(YEARS * frequency + HALF_WINDOW + 1, -1)
    level[: HALF_WINDOW + 1] = LEVELS - 1
    parts = LEVELS - 1
    between, rest = divmod(frequency - 2 * HALF_WINDOW - 1, parts)
    lengths = np.full(parts, between) + (np.arange(parts) < rest)
    for year in range(1, YEARS + 1):
        anniversary = year * frequency
        level[anniversary - HALF_WINDOW : anniversary + HALF_WINDOW + 1] = LEVELS - 1
        after = anniversary - HALF_WINDOW - lengths.sum()
        level[after : anniversary - HALF_WINDOW] = np.repeat(np.arange(parts), lengths)[::-1]
    lags = np.arange(LEFT_OUT + 1, len(level))
    return Design(lags, np.eye(LEVELS)[level[lags]])


def p_values(negatives: IntArray, stories: IntArray, wanted: BoolArray, frequency: int) -> FloatArray:
    """p-values of the wanted decisions, [series, periods]; NaN where not wanted, too young, or not convergent."""
    known = design(frequency)
    p = np.full(negatives.shape, np.nan)
    wanted = wanted.copy()
    wanted[:, : int(known.lags[-1])] = False
    rows, periods = np.nonzero(wanted)
    offset = np.log(np.maximum(stories, NO_STORIES))
    for begin in range(0, len(rows), _CHUNK):
        row, now = rows[begin : begin + _CHUNK], periods[begin : begin + _CHUNK]
        past = now[:, None] - known.lags
        y, exposure = negatives[row[:, None], past].astype(float), offset[row[:, None], past]
        mean, dispersion = _expected(y, exposure, offset[row, now], known)
        p[row, now] = _tail(negatives[row, now].astype(float), mean, dispersion)
    return p


def _tail(y: FloatArray, mean: FloatArray, dispersion: FloatArray) -> FloatArray:
    """P(K >= y) of a negative binomial with variance `dispersion` times the mean, of a Poisson where that is 1."""
    excess = np.maximum(dispersion - 1, 1e-12)
    k = np.maximum(y, 1.0)
    poisson = gammainc(k, mean)
    tail = np.where(dispersion > 1, betainc(k, mean / excess, excess / dispersion), poisson)
    return np.where(np.isnan(mean), np.nan, np.where(y > 0, tail, 1.0))


def _expected(
    y: FloatArray, offset: FloatArray, offset_now: FloatArray, known: Design
) -> tuple[FloatArray, FloatArray]:
    """Mean and dispersion of the judged periods, each [decisions], after reweighting, with or without a trend.

    As in `surveillance`: the trend is left out where its forecast exceeds the largest count of the past, or where the
    regression does not converge with it.

    Args:
        y: Past counts, [decisions, rows].
        offset: Past offsets, [decisions, rows].
        offset_now: Of the judged periods, [decisions].
        known: Rows of the regression.
    """
    mean, dispersion, fitted = _reweighted(y, offset, offset_now, known, trend=True)
    again = ~fitted | ~(mean <= y.max(axis=1))
    if again.any():
        flat, spread, converged = _reweighted(y[again], offset[again], offset_now[again], known, trend=False)
        mean[again], dispersion[again] = np.where(converged, flat, np.nan), spread
    return mean, dispersion


def _reweighted(
    y: FloatArray, offset: FloatArray, offset_now: FloatArray, known: Design, trend: bool
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Mean, dispersion and whether the first fit converged, each [decisions]."""
    first = _fit(y, offset, np.ones_like(y), known, trend)
    residual = 1.5 * (np.cbrt(y) ** 2 * first.mu ** (-1 / 6) - np.sqrt(first.mu))
    residual /= np.sqrt(first.dispersion[:, None] * np.maximum(1 - first.leverage, 1e-12))
    weights = np.where(residual > OUTLIER, np.maximum(residual, OUTLIER) ** -2, 1.0)
    weights *= y.shape[1] / weights.sum(axis=1, keepdims=True)
    second = _fit(y, offset, weights, known, trend)
    # The judged period is at lag 0 in the last level, so that level's intercept alone is its linear predictor.
    return np.exp(offset_now + second.now), second.dispersion, first.converged


class Fit(NamedTuple):
    """Outcome of regressions.

    Attributes:
        mu: Fitted means, [decisions, rows].
        leverage: Diagonal of the hat matrix, [decisions, rows].
        dispersion: Pearson's chi-squared over its degrees of freedom, at least 1, [decisions].
        now: Linear predictor of the judged period without its offset, [decisions].
        converged: [decisions].
    """

    mu: FloatArray
    leverage: FloatArray
    dispersion: FloatArray
    now: FloatArray
    converged: BoolArray


def _fit(y: FloatArray, offset: FloatArray, prior: FloatArray, known: Design, trend: bool) -> Fit:
    """Poisson regressions on level and, if asked, time, by iteratively reweighted least squares as R's glm.fit does.

    With one intercept per level, weighted least squares has a closed form: the slope of time within levels, then each
    level's intercept.
    """
    decisions, rows = y.shape
    time = -known.lags.astype(float)
    mu = y + 0.1
    eta, deviance = np.log(mu), np.full(decisions, np.inf)
    now, last_weight = np.zeros(decisions), np.zeros_like(y)
    converged, active = np.zeros(decisions, dtype=bool), np.arange(decisions)
    for _ in range(_ITERATIONS):
        weight = prior[active] * mu[active]
        response = eta[active] - offset[active] + (y[active] - mu[active]) / mu[active]
        within = _within(weight, time, known.level)
        mean = (weight * response) @ known.level / within.level_weight
        slope = (weight * within.apart * response).sum(axis=1) / within.squares if trend else np.zeros(len(active))
        eta[active] = offset[active] + mean @ known.level.T + slope[:, None] * within.apart
        mu[active] = np.exp(np.clip(eta[active], -700, 700))
        now[active], last_weight[active] = mean[:, -1] - slope * within.centre[:, -1], weight
        ratio = xlogy(y[active], y[active] / mu[active]) - (y[active] - mu[active])
        newer = 2 * (prior[active] * ratio).sum(axis=1)
        done = np.abs(newer - deviance[active]) / (np.abs(newer) + 0.1) < _EPSILON
        deviance[active] = newer
        converged[active[done]] = True
        active = active[~done]
        if not len(active):
            break
    freedom = rows - LEVELS - int(trend)
    dispersion = np.maximum((prior * (y - mu) ** 2 / mu).sum(axis=1) / freedom, 1.0)
    last = _within(last_weight, time, known.level)
    leverage = (1 / last.level_weight) @ known.level.T + trend * last.apart**2 / last.squares[:, None]
    return Fit(mu, last_weight * leverage, dispersion, now, converged)


class Within(NamedTuple):
    """Time within levels, under weights.

    Attributes:
        level_weight: Weight of each level, [decisions, levels].
        centre: Mean time of each level, [decisions, levels].
        apart: Time less its level's mean, [decisions, rows].
        squares: Weighted sum of `apart` squared, [decisions].
    """

    level_weight: FloatArray
    centre: FloatArray
    apart: FloatArray
    squares: FloatArray


def _within(weight: FloatArray, time: FloatArray, level: FloatArray) -> Within:
    level_weight = weight @ level
    centre = (weight * time) @ level / level_weight
    apart = time - centre @ level.T
    return Within(level_weight, centre, apart, (weight * apart**2).sum(axis=1))
