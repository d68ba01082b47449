"""Simulated series after the scenarios of disease surveillance, adapted to negatives among stories.

Noufaily et al. 2013 (Stat. Med. 32:1206) cross seven sets of parameters with trend and season to 42 scenarios of weekly
counts; Bédubourg & Le Strat 2017 (PLoS ONE 12:e0181227) compare 21 detectors on them. News adds a denominator. So here
the stories n of a period are negative binomial around a volume, and the negatives among them beta-binomial around a
share; trend and season act on both. In place of seven fixed sets every series draws its own from the family's ranges,
so that one panel holds large and small, calm and unruly ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

import numpy as np

from benchmarks.surges.protocol import BoolArray, Counts, FloatArray

Range: TypeAlias = tuple[float, float]
Shape: TypeAlias = Literal["lognormal", "climb"]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_START: Final = datetime(2015, 1, 5, tzinfo=UTC)  # a Monday
_YEAR: Final = timedelta(days=365.25)
_NONE: Final[Range] = (0.0, 0.0)
_ALL_NEWS: Final = 5_000.0  # stories a day in all news
_BURST: Final[Range] = (2.0, 5.0)  # how many times the usual volume
_BURST_DAYS: Final = (1, 5)
_WANDER_MEMORY: Final = 0.9  # correlation of a period's wander with the one before
_HOLIDAYS: Final = (
    *((1, 1), (1, 2), (4, 3), (4, 6), (5, 25), (7, 3), (7, 4), (9, 7), (11, 26), (11, 27)),
    *((12, day) for day in range(24, 32)),
)  # (month, day); the same in each year


@dataclass(frozen=True)
class Scenario:
    """A family of series. Every series draws each parameter from its range; amplitudes get a random sign.

    Attributes:
        family: Name in tables.
        period: Length of a period.
        periods: How many, history included.
        history: Periods before the first that is judged.
        volume: Mean stories a period, drawn log-uniformly.
        dispersion: d in Var(n) = v + d v^2 of the stories n around their volume v.
        share: Share of negatives, without season and trend.
        correlation: Intraclass correlation of the negatives of a period.
        wander: Standard deviation, in logits, of a share that wanders from period to period (an AR(1)).
        trend: Of the share, in logits a year.
        volume_trend: In logarithms a year.
        week: Amplitude of the weekly rhythm in the share, in logits.
        volume_week: By how much of a logarithm weekends (and nights, for hours) have fewer stories.
        year: Amplitude of the annual rhythm in the share, in logits.
        volume_year: The same of the volume, in logarithms.
        holiday: What is left of the volume on a holiday; None: there are no holidays.
        bursts: Volume bursts a year, twofold to fivefold for one to five periods, at an unchanged share.
        past: Surges in the history, none of them to be found (Noufaily et al. inject four).
        shape: How an injected surge spreads over periods (injecting.py).
    """

    family: str
    period: timedelta = DAY
    periods: int = 1477
    history: int = 1113
    volume: Range = (8.0, 200.0)
    dispersion: Range = (0.02, 0.1)
    share: Range = (0.08, 0.35)
    correlation: Range = (0.0, 0.004)
    wander: Range = _NONE
    trend: Range = _NONE
    volume_trend: Range = _NONE
    week: Range = _NONE
    volume_week: Range = _NONE
    year: Range = _NONE
    volume_year: Range = _NONE
    holiday: Range | None = None
    bursts: float = 0.0
    past: int = 0
    shape: Shape = "lognormal"


SCENARIOS: Final = (
    Scenario("stationary"),
    Scenario("trend", trend=(0.1, 0.25), volume_trend=(0.0, 0.2)),
    Scenario("season", week=(0.1, 0.35), volume_week=(0.4, 1.4), year=(0.1, 0.35), volume_year=(0.1, 0.4)),
    Scenario("overdispersed", dispersion=(0.1, 0.4), correlation=(0.01, 0.04), wander=(0.05, 0.2)),
    Scenario("holidays", volume_week=(0.4, 1.4), holiday=(0.03, 0.3)),
    Scenario("volume bursts", bursts=8.0),
    Scenario("low counts", volume=(0.2, 3.0), dispersion=(0.5, 2.0), share=(0.1, 0.35)),
    Scenario("past surges", past=4),
    Scenario("slow builds", shape="climb"),
    Scenario("hourly", HOUR, periods=2016, history=1344, volume=(1.0, 40.0), week=(0.1, 0.35), volume_week=(0.8, 1.6)),
)


@dataclass(frozen=True)
class Panel:
    """Simulated series and the laws that they were drawn from.

    Attributes:
        counts: What detectors see.
        volume: Expected stories, [series, periods].
        share: Expected share of negatives, [series, periods].
        dispersion: Of the stories, [series].
        correlation: Intraclass correlation of the negatives, [series].
        judged: Which periods count, [periods].
        shape: How injected surges spread.
    """

    counts: Counts
    volume: FloatArray = field(repr=False)
    share: FloatArray = field(repr=False)
    dispersion: FloatArray = field(repr=False)
    correlation: FloatArray = field(repr=False)
    judged: BoolArray = field(repr=False)
    shape: Shape = "lognormal"

    def deviation(self) -> FloatArray:
        """Standard deviation of the negatives of a period, its stories not given, [series, periods].

        Of n stories, E = v and E[n(n-1)] = v^2 (1 + d); negatives of a period have the common share q with mean s and
        variance s(1-s)r, hence Var(k) = E[n] s(1-s) + E[n(n-1)] s(1-s) r + Var(n) s^2.
        """
        v, s = self.volume, self.share
        d, r = self.dispersion[:, None], self.correlation[:, None]
        within = s * (1 - s) * (v + v**2 * (1 + d) * r)
        deviation: FloatArray = np.sqrt(within + s**2 * (v + d * v**2))
        return deviation


def simulate(scenario: Scenario, series: int, rng: np.random.Generator) -> Panel:
    """Draws a panel without surges (but for those of the past, where the family has them)."""
    hours = scenario.period / HOUR * np.arange(scenario.periods, dtype=float)
    volume = _volume(scenario, hours, series, rng)
    share = _share(scenario, hours, series, rng)
    dispersion = rng.uniform(*scenario.dispersion, series)
    correlation = rng.uniform(*scenario.correlation, series)
    # A negative binomial is a Poisson of a gamma mean, a beta-binomial a binomial of a beta share.
    stories = rng.poisson(volume * rng.gamma(1 / dispersion, dispersion, volume.shape[::-1]).T)
    drawn = _beta(share, correlation[:, None], rng)
    totals = rng.poisson(_ALL_NEWS * (scenario.period / DAY) * _common_rhythm(scenario, hours))
    judged = np.arange(scenario.periods) >= scenario.history
    counts = Counts(stories, rng.binomial(stories, drawn), totals, scenario.period, _START)
    return Panel(counts, volume, share, dispersion, correlation, judged, scenario.shape)


def _volume(scenario: Scenario, hours: FloatArray, series: int, rng: np.random.Generator) -> FloatArray:
    """Expected stories, [series, periods]."""
    least, most = np.log(scenario.volume)
    logarithm = rng.uniform(least, most, (series, 1))
    logarithm = logarithm + _signed(scenario.volume_trend, series, rng) * _years(hours - hours[-1] / 2)
    logarithm = logarithm + _signed(scenario.volume_year, series, rng) * np.sin(2 * np.pi * _years(hours))
    logarithm = logarithm - rng.uniform(*scenario.volume_week, (series, 1)) * _rest(scenario, hours)
    if scenario.holiday is not None:
        left = np.log(rng.uniform(*scenario.holiday, (series, 1)))
        logarithm = logarithm + left * _is_holiday(scenario)
    volume: FloatArray = np.exp(logarithm) * _bursts(scenario, series, rng)
    return volume


def _share(scenario: Scenario, hours: FloatArray, series: int, rng: np.random.Generator) -> FloatArray:
    """Expected share of negatives, [series, periods]."""
    base = rng.uniform(*scenario.share, (series, 1))
    logit = np.log(base / (1 - base)) + _signed(scenario.trend, series, rng) * _years(hours - hours[-1] / 2)
    week, year = 2 * np.pi * hours / (7 * 24), 2 * np.pi * _years(hours)
    turns = rng.uniform(0, 2 * np.pi, (3, series, 1))
    rhythm = np.sin(week + turns[0]) + 0.5 * np.sin(2 * week + turns[1])
    if scenario.period < DAY:
        rhythm = rhythm + np.sin(7 * week + turns[1])
    logit = logit + _signed(scenario.week, series, rng) * rhythm
    logit = logit + _signed(scenario.year, series, rng) * np.sin(year + turns[2])
    logit = logit + rng.uniform(*scenario.wander, (series, 1)) * _autoregressive(logit.shape, rng)
    share: FloatArray = 1 / (1 + np.exp(-logit))
    return share


def _signed(amplitude: Range, series: int, rng: np.random.Generator) -> FloatArray:
    """[series, 1], from the range, up or down."""
    drawn: FloatArray = rng.uniform(*amplitude, (series, 1)) * rng.choice((-1.0, 1.0), (series, 1))
    return drawn


def _years(hours: FloatArray) -> FloatArray:
    years: FloatArray = hours * (HOUR / _YEAR)
    return years


def _rest(scenario: Scenario, hours: FloatArray) -> FloatArray:
    """How much a period is one of rest, [periods], in [0, 1]: weekends, and for hours the nights."""
    weekend = (hours // 24) % 7 >= 5
    if scenario.period == DAY:
        return weekend.astype(float)
    night = 0.5 + 0.5 * np.cos(2 * np.pi * (hours % 24 - 3) / 24)
    rest: FloatArray = np.maximum(night, 0.7 * weekend)
    return rest


def _common_rhythm(scenario: Scenario, hours: FloatArray) -> FloatArray:
    """What all news has in common, [periods], as a factor."""
    rhythm = np.exp(-np.mean(scenario.volume_week) * _rest(scenario, hours))
    if scenario.holiday is not None:
        rhythm = rhythm * np.where(_is_holiday(scenario), np.mean(scenario.holiday), 1.0)
    common: FloatArray = rhythm
    return common


def _is_holiday(scenario: Scenario) -> BoolArray:
    times = [_START + number * scenario.period for number in range(scenario.periods)]
    return np.array([(time.month, time.day) in _HOLIDAYS for time in times])


def _bursts(scenario: Scenario, series: int, rng: np.random.Generator) -> FloatArray:
    """Factors of the volume, [series, periods]: 1 but in bursts."""
    factor = np.ones((series, scenario.periods))
    expected = scenario.bursts * (scenario.period * scenario.periods / _YEAR)
    for row, number in zip(factor, rng.poisson(expected, series), strict=True):
        for start in rng.integers(0, scenario.periods, number):
            row[start : start + rng.integers(*_BURST_DAYS, endpoint=True)] = rng.uniform(*_BURST)
    return factor


def _autoregressive(shape: tuple[int, ...], rng: np.random.Generator) -> FloatArray:
    """AR(1) with variance 1 along the last axis, [series, periods]."""
    noise = rng.standard_normal(shape)
    noise[:, 1:] *= np.sqrt(1 - _WANDER_MEMORY**2)
    for period in range(1, shape[1]):
        noise[:, period] += _WANDER_MEMORY * noise[:, period - 1]
    return noise


def _beta(share: FloatArray, correlation: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Shares drawn around their mean with variance s(1-s)r, [series, periods]."""
    precision = 1 / np.maximum(correlation, 1e-9) - 1
    drawn: FloatArray = np.where(correlation < 1e-6, share, rng.beta(share * precision, (1 - share) * precision))
    return drawn
