"""False alarms, sensitivity and delay of detectors on simulated panels, all at the same rate of false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.surges.injecting import SIZES, Injected, injected, null_panel
from benchmarks.surges.protocol import BoolArray, Detector, FloatArray, nominal_of, scores_of
from benchmarks.surges.scenarios import SCENARIOS, Panel, Scenario

LARGE: Final = (5, 10)  # sizes whose mean sensitivity is the headline figure
WEEK: Final = 7  # days
RATE: Final = 0.001  # false alarms per decision at which all detectors are compared (Watkins et al. 2008)


class Role(IntEnum):
    """What a panel is drawn for; each has seeds of its own."""

    CALIBRATION = 0
    NULLS = 1
    SURGES = 2
    MULTIPLICITY = 3


def generator(seed: int, role: Role, *numbers: int) -> np.random.Generator:
    """The generator of one panel: another seed, role or number gives other draws."""
    return np.random.default_rng([seed, role, *numbers])


@dataclass(frozen=True)
class Budget:
    """How much is simulated.

    Attributes:
        nulls: Series of a null panel; one for calibration, another for the realised rate.
        surges: Series, with a surge each, per size.
    """

    nulls: int = 100
    surges: int = 100


@dataclass(frozen=True)
class Trial:
    """The panels of one family, the same for every detector."""

    scenario: Scenario
    calibration: Panel
    nulls: Panel
    surges: dict[int, Injected]

    @classmethod
    def draw(cls, scenario: Scenario, budget: Budget, seed: int) -> Trial:
        """Simulates the family's panels."""
        number = [known.family for known in SCENARIOS].index(scenario.family)
        surges = {}
        for size in SIZES:
            rng = generator(seed, Role.SURGES, number, size)
            surges[size] = injected(null_panel(scenario, budget.surges, rng), size, rng)
        return cls(
            scenario,
            null_panel(scenario, budget.nulls, generator(seed, Role.CALIBRATION, number)),
            null_panel(scenario, budget.nulls, generator(seed, Role.NULLS, number)),
            surges,
        )


@dataclass(frozen=True)
class Power:
    """What a detector finds at one threshold.

    Attributes:
        false_alarm_rate: Of decisions on null series.
        sensitivity: Share of surges with an alarm between their first and last injected story, by size.
        delays: Periods from the onset to the first alarm, of the surges of size 5 and 10 that were found.
    """

    false_alarm_rate: float
    sensitivity: dict[int, float]
    delays: tuple[int, ...]


@dataclass(frozen=True)
class Score:
    """A detector on a family.

    Attributes:
        detector: Its name.
        family: The family's name.
        at_rate: With the threshold that makes `RATE` false alarms on the calibration panel; the rate is of fresh nulls.
        as_published: With its own threshold, if it has one.
        decision_minutes: Length of a decision's period or block.
    """

    detector: str
    family: str
    at_rate: Power
    as_published: Power | None
    decision_minutes: float


@dataclass(frozen=True)
class Scores:
    """What a detector says of a trial, NaN where nobody asks.

    Attributes:
        detector: Its name.
        nominal: Its own threshold, if any.
        trial: What was scored.
        calibration: [series, periods].
        nulls: [series, periods].
        surges: By size, [series, periods], for the weeks that the surges touch.
    """

    detector: str
    nominal: float | None
    trial: Trial
    calibration: FloatArray
    nulls: FloatArray
    surges: dict[int, FloatArray]

    @classmethod
    def of(cls, detector: Detector, trial: Trial) -> Scores:
        """Asks the detector, which sees the panels' counts only."""

        def judged(panel: Panel) -> FloatArray:
            return scores_of(detector, panel.counts, np.broadcast_to(panel.judged, panel.counts.stories.shape))

        surges = {
            size: scores_of(detector, case.panel.counts, touched(case.surging, WEEK))
            for size, case in trial.surges.items()
        }
        own = nominal_of(detector)
        return cls(detector.name, own, trial, judged(trial.calibration), judged(trial.nulls), surges)

    def judge(self, block: int = 1) -> Score:
        """Counts false alarms and surges found.

        Args:
            block: Periods of a decision, an alarm in any of which counts: 7 to compare with a detector of weeks.
        """
        nulls = by_blocks(self.nulls, block)
        found = {
            size: (by_blocks(self.surges[size], block), by_blocks(case.surging, block, np.logical_or))
            for size, case in self.trial.surges.items()
        }

        def power(threshold: float) -> Power:
            each = {size: detections(*arrays, threshold) for size, arrays in found.items()}
            delays = tuple(delay for size in LARGE for delay in each[size][1])
            return Power(rate_at(nulls, threshold), {size: share for size, (share, _) in each.items()}, delays)

        return Score(
            self.detector,
            self.trial.scenario.family,
            power(threshold_at(by_blocks(self.calibration, block), RATE)),
            None if self.nominal is None else power(self.nominal),
            self.trial.scenario.period.total_seconds() / 60 * block,
        )


def threshold_at(scores: FloatArray, rate: float) -> float:
    """The largest score that, as a threshold, alarms at no more than `rate` of the decisions; -inf if there is none.

    NaN is no decision. Of tied scores all alarm or none.

    >>> threshold_at(np.array([1.0, 2.0, 2.0, 3.0]), 0.5), threshold_at(np.array([1.0, 2.0, 3.0, 3.0]), 0.5)
    (1.0, 2.0)
    """
    known = np.sort(scores[~np.isnan(scores)])
    allowed = int(rate * len(known))
    if allowed == 0:
        return float("-inf")
    boundary = known[allowed - 1]
    if allowed == len(known) or known[allowed] > boundary:
        return float(boundary)
    below = known[known < boundary]
    return float(below[-1]) if len(below) else float("-inf")


def rate_at(scores: FloatArray, threshold: float) -> float:
    """Share of decisions that alarm; NaN is no decision."""
    known = scores[~np.isnan(scores)]
    return float((known <= threshold).mean()) if len(known) else float("nan")


def by_blocks(values: npt.NDArray[Any], periods: int, join: np.ufunc = np.fmin) -> npt.NDArray[Any]:
    """Values of each block of periods joined, by default to the smallest, [series, blocks]; a rest is left out.

    >>> by_blocks(np.array([[3.0, np.nan, 1.0, 2.0, 0.0]]), 2)
    array([[3., 1.]])
    """
    series, blocks = len(values), values.shape[1] // periods
    joined: npt.NDArray[Any] = join.reduce(values[:, : blocks * periods].reshape(series, blocks, periods), axis=2)
    return joined


def touched(marked: BoolArray, periods: int) -> BoolArray:
    """Marks whole blocks of periods that hold a mark, [series, periods]; a rest that makes no block is its own."""
    wide = np.pad(marked, ((0, 0), (0, -marked.shape[1] % periods)))
    whole: BoolArray = np.repeat(by_blocks(wide, periods, np.logical_or), periods, axis=1)[:, : marked.shape[1]]
    return whole


def detections(scores: FloatArray, surging: BoolArray, threshold: float) -> tuple[float, list[int]]:
    """Share of series whose surge alarms while it lasts, and the delays of those, in periods after its onset."""
    alarms = (scores <= threshold) & surging
    found = alarms.any(axis=1)
    delays = alarms.argmax(axis=1) - surging.argmax(axis=1)
    return float(found.mean()), [int(delay) for delay in delays[found]]


def mean_sensitivity(power: Power) -> float:
    """Mean over the large sizes."""
    return float(np.mean([power.sensitivity[size] for size in LARGE]))


def median_delay(powers: Sequence[Power]) -> float | None:
    """Median delay in periods over all families given; None where nothing was found."""
    delays = [delay for power in powers for delay in power.delays]
    return float(np.median(delays)) if delays else None
