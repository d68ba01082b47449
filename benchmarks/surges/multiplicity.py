"""Many series at once: how many of the alerts are false, and how often a quiet world alarms at all.

The panel mixes the families of daily series, since a monitor watches them all. A stretch of days is judged; history
lies before it. Alarms of one series in consecutive periods are one alert; it is true if any of them falls into the
series' surge or soon after it, as whoever sums up some days may tell of it late. Only what alarms during the surge has
found it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.surges.injecting import inject, null_panel
from benchmarks.surges.protocol import Alerter, BoolArray, Counts, Detector, FloatArray, gives_p_values, scores_of
from benchmarks.surges.scenarios import DAY, SCENARIOS, Panel, Scenario
from benchmarks.surges.scoring import LARGE, Role, generator

_HISTORY: Final = Scenario("").history
_LATE: Final = 3  # periods after a surge in which an alert is late, not false


@dataclass(frozen=True)
class Size:
    """How large the experiment is.

    Attributes:
        series: Of a panel.
        surging: How many of them get a surge, in the runs that have surges.
        stretch: Judged periods.
        runs: Panels with surges, and as many without.
    """

    series: int = 1000
    surging: int = 100
    stretch: int = 28
    runs: int = 20


@dataclass(frozen=True)
class Multiplicity:
    """Outcome of the experiment.

    Attributes:
        fdr: Mean over runs of false alerts / alerts, 0 in a run without alerts, on panels with surges.
        found: Share of the surges that were alerted.
        alerts: Mean number of alerts in a run with surges.
        quiet_runs_that_alarm: Share of the runs without surges in which anything alarmed during the stretch.
        quiet_ticks_that_alarm: The same by period.
    """

    fdr: float
    found: float
    alerts: float
    quiet_runs_that_alarm: float
    quiet_ticks_that_alarm: float


@dataclass(frozen=True)
class BenjaminiHochberg:
    """Controls the false discovery rate across series in each period (Benjamini & Hochberg 1995).

    A detector that gives no p-values gets them from null scores, as conformal prediction does: p is the share of null
    scores at most as large, the score itself counted among them (Vovk et al. 2005).

    Attributes:
        detector: Whose scores are taken.
        nulls: Sorted null scores; None: the scores are p-values.
        rate: Of false discoveries.
    """

    detector: Detector
    nulls: FloatArray | None = None
    rate: float = 0.05
    judged_from: int = _HISTORY

    @property
    def name(self) -> str:
        """As it stands in tables."""
        return f"Benjamini-Hochberg on {self.detector.name}"

    def alarms(self, counts: Counts) -> list[tuple[int, int]]:
        """As the protocol has it."""
        wanted = np.zeros(counts.stories.shape, dtype=bool)
        wanted[:, self.judged_from :] = True
        p = scores_of(self.detector, counts, wanted)
        if self.nulls is not None:
            at_most = np.searchsorted(self.nulls, p, side="right")
            p = np.where(np.isnan(p), np.nan, (1 + at_most) / (1 + len(self.nulls)))
        return [
            (int(series), period)
            for period in range(self.judged_from, p.shape[1])
            for series in rejected(p[:, period], self.rate)
        ]


def rejected(p: FloatArray, rate: float) -> npt.NDArray[np.intp]:
    """Indices of the hypotheses that the step-up procedure of Benjamini & Hochberg 1995 rejects; NaN never is one.

    Args:
        p: p-values, [hypotheses].
        rate: Of false discoveries.

    >>> rejected(np.array([0.02, 0.9, 0.03, 0.001]), 0.05)
    array([3, 0, 2])
    """
    order = np.argsort(p)  # NaN last
    order = order[: int((~np.isnan(p)).sum())]
    passes = np.flatnonzero(p[order] <= rate * np.arange(1, len(order) + 1) / max(len(order), 1))
    return order[: passes[-1] + 1 if len(passes) else 0]


def quiet_world(size: Size, seed: int, run: int, role: Role = Role.MULTIPLICITY) -> Panel:
    """A null panel of all daily families, in equal parts, judged in its last `stretch` periods."""
    daily = [scenario for scenario in SCENARIOS if scenario.period == DAY]
    rng = generator(seed, role, 100 + run)
    shares = np.diff(np.linspace(0, size.series, len(daily) + 1).astype(int))
    parts = [
        null_panel(replace(scenario, periods=_HISTORY + size.stretch), int(share), rng)
        for scenario, share in zip(daily, shares, strict=True)
    ]
    counts = replace(
        parts[0].counts,
        stories=np.concatenate([part.counts.stories for part in parts]),
        negatives=np.concatenate([part.counts.negatives for part in parts]),
    )
    return Panel(
        counts,
        volume=np.concatenate([part.volume for part in parts]),
        share=np.concatenate([part.share for part in parts]),
        dispersion=np.concatenate([part.dispersion for part in parts]),
        correlation=np.concatenate([part.correlation for part in parts]),
        judged=parts[0].judged,
    )


def surging_world(size: Size, seed: int, run: int) -> tuple[Counts, BoolArray]:
    """Counts with surges of sizes 5 and 10 in `surging` random series, and where they are, [series, periods]."""
    panel = quiet_world(size, seed, run)
    rng = generator(seed, Role.MULTIPLICITY, 10_000 + run)
    case = inject(panel, rng.choice(np.array(LARGE), size.series), rng)
    chosen = np.isin(np.arange(size.series), rng.choice(size.series, size.surging, replace=False))[:, None]
    calm, surging = panel.counts, case.panel.counts
    counts = replace(
        calm,
        stories=np.where(chosen, surging.stories, calm.stories),
        negatives=np.where(chosen, surging.negatives, calm.negatives),
    )
    return counts, case.surging & chosen


def alerts_of(alarms: BoolArray) -> list[tuple[int, int, int]]:
    """(series, first, last period) of every unbroken run of alarms, [series, periods].

    >>> alerts_of(np.array([[True, True, False, True]]))
    [(0, 0, 1), (0, 3, 3)]
    """
    padded = np.pad(alarms.astype(np.int8), ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1)
    series, first = np.nonzero(change == 1)
    _, after = np.nonzero(change == -1)
    return [(int(one), int(begin), int(end) - 1) for one, begin, end in zip(series, first, after, strict=True)]


def _alarmed(alerter: Alerter, counts: Counts, judged_from: int) -> BoolArray:
    alarmed = np.zeros(counts.stories.shape, dtype=bool)
    for series, period in alerter.alarms(counts):
        alarmed[series, period] = period >= judged_from
    return alarmed


def experiment(alerter: Alerter, size: Size, seed: int) -> Multiplicity:
    """Runs an alerter on panels with surges (by default 900 quiet series and 100 that surge) and on quiet ones.

    The quiet runs have draws of their own.
    """
    false_shares, found, numbers, quiet = [], [], [], []
    for run in range(size.runs):
        counts, surging = surging_world(size, seed, run)
        alarmed = _alarmed(alerter, counts, _HISTORY)
        true = [
            bool(surging[series, max(first - _LATE, 0) : last + 1].any()) for series, first, last in alerts_of(alarmed)
        ]
        false_shares.append(true.count(False) / max(len(true), 1))
        found.append((alarmed & surging).any(axis=1).sum() / surging.any(axis=1).sum())
        numbers.append(len(true))
        calm = quiet_world(size, seed, 1_000 + run).counts
        quiet.append(_alarmed(alerter, calm, _HISTORY)[:, _HISTORY:].any(axis=0))
    ticks = np.array(quiet)
    return Multiplicity(
        fdr=float(np.mean(false_shares)),
        found=float(np.mean(found)),
        alerts=float(np.mean(numbers)),
        quiet_runs_that_alarm=float(ticks.any(axis=1).mean()),
        quiet_ticks_that_alarm=float(ticks.mean()),
    )


def calibrated(detector: Detector, size: Size, seed: int) -> BenjaminiHochberg:
    """The detector under Benjamini-Hochberg, with p-values of its own or from quiet worlds made for calibration."""
    if gives_p_values(detector):
        return BenjaminiHochberg(detector)
    scores = []
    for run in range(4):
        panel = quiet_world(size, seed, run, Role.CALIBRATION)
        wanted = np.broadcast_to(panel.judged, panel.counts.stories.shape)
        found = scores_of(detector, panel.counts, wanted)
        scores.append(found[~np.isnan(found)])
    return BenjaminiHochberg(detector, np.sort(np.concatenate(scores)))
