"""Surges of known size and time, put into simulated series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmarks.surges.protocol import BoolArray, IntArray
from benchmarks.surges.scenarios import Panel, Scenario, simulate

SIZES: Final = (2, 3, 5, 10)
_SPREAD: Final = 0.5  # of the logarithm of a delay, in periods (Noufaily et al. 2013)
_FIRST: Final = 0.5  # of the negatives fall into the first period
_CLIMB: Final = (7, 14)  # periods a slow build takes
_ROOM: Final = 15  # periods between the last possible onset and the last period that it may fall into


@dataclass(frozen=True)
class Injected:
    """A panel with one surge in each series.

    Attributes:
        panel: Its counts hold the surges.
        surging: From the first to the last injected negative, [series, periods].
        size: In standard deviations of the negatives, [series].
    """

    panel: Panel
    surging: BoolArray
    size: IntArray

    @property
    def onset(self) -> IntArray:
        """First period of the surge, [series]."""
        first: IntArray = self.surging.argmax(axis=1)
        return first


def inject(panel: Panel, sizes: IntArray, rng: np.random.Generator, among: BoolArray | None = None) -> Injected:
    """Adds a surge to each series at a random judged period; injected negatives are stories too.

    A surge of size k brings, in its fullest period, a mean of k standard deviations of the negatives at its onset. Its
    number is Poisson, and each negative is delayed by a lognormal time with logarithm N(0, 0.5^2), so that half fall
    into the first period (Noufaily et al. 2013). There k deviations are the mean of the whole outbreak, half as many as
    here: sizes 3, 5 and 10 are their 6, 10 and 20. A surge without a negative is none, so the draw is repeated until
    there is one. In a slow build the expected negatives climb over 7 to 14 periods in equal steps up to k standard
    deviations in the last one.

    Args:
        panel: Left as it is.
        sizes: k of each series, [series].
        rng: Where all chance comes from.
        among: Periods that the surge may fall into, [periods]; by default the judged ones.
    """
    series, periods = panel.counts.stories.shape
    possible = np.flatnonzero(panel.judged if among is None else among)
    possible = possible[possible <= possible[-1] - _ROOM]
    onsets = rng.choice(possible, series)
    deviation = panel.deviation()[np.arange(series), onsets]
    extra = np.zeros((series, periods), dtype=np.int64)
    for row, onset, mean in zip(extra, onsets, deviation * sizes, strict=True):
        draw = _climb(mean, rng) if panel.shape == "climb" else _outbreak(mean / _FIRST, rng)
        fits = draw[: periods - onset]
        row[onset : onset + len(fits)] = fits
    counts = replace(panel.counts, stories=panel.counts.stories + extra, negatives=panel.counts.negatives + extra)
    begun = np.cumsum(extra, axis=1) > 0
    lasting = np.cumsum(extra[:, ::-1], axis=1)[:, ::-1] > 0
    return Injected(replace(panel, counts=counts), begun & lasting, sizes)


def _outbreak(mean: float, rng: np.random.Generator) -> IntArray:
    """Cases by period from the onset on, at least one of them."""
    cases = 0
    while not cases:
        cases = int(rng.poisson(mean))
    delays = np.floor(rng.lognormal(0.0, _SPREAD, cases)).astype(np.int64)
    return np.bincount(delays[delays < _ROOM], minlength=1)


def _climb(peak: float, rng: np.random.Generator) -> IntArray:
    """Cases by period, at least one of them."""
    length = int(rng.integers(*_CLIMB, endpoint=True))
    cases = np.zeros(length, dtype=np.int64)
    while not cases.any():
        cases = rng.poisson(peak * np.arange(1, length + 1) / length)
    return cases


def past_surges(panel: Panel, number: int, rng: np.random.Generator) -> Panel:
    """The panel with `number` surges of random sizes in the history of each series."""
    for _ in range(number):
        sizes = rng.choice(np.array(SIZES), panel.counts.stories.shape[0])
        panel = inject(panel, sizes, rng, among=~panel.judged).panel
    return panel


def injected(panel: Panel, size: int, rng: np.random.Generator) -> Injected:
    """The panel with a surge of one size in each series."""
    return inject(panel, np.full(panel.counts.stories.shape[0], size), rng)


def null_panel(scenario: Scenario, series: int, rng: np.random.Generator) -> Panel:
    """A panel with nothing to find: past surges, where the family has them, ended before the first judged period."""
    return past_surges(simulate(scenario, series, rng), scenario.past, rng)
