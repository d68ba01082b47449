"""Runs the simulations for all detectors and puts their figures together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.surges.farrington import FarringtonFlexible
from benchmarks.surges.injecting import SIZES
from benchmarks.surges.multiplicity import Multiplicity
from benchmarks.surges.protocol import Detector
from benchmarks.surges.scenarios import DAY, HOUR, Scenario
from benchmarks.surges.scoring import WEEK, Budget, Power, Score, Scores, Trial, mean_sensitivity, median_delay

REFERENCE = "farringtonFlexible"


def judge_all(
    scenarios: Iterable[Scenario], detectors: Sequence[Detector], budget: Budget, seed: int
) -> Iterator[tuple[Score | None, Score | None]]:
    """Scores by period and by week, of each detector on each family, as they come.

    Days: None for the detector of weeks. Weeks: None for families that have no days.
    """
    for scenario in scenarios:
        trial = Trial.draw(scenario, budget, seed)
        for detector in detectors:
            farrington = isinstance(detector, FarringtonFlexible)
            if farrington and scenario.period != DAY:
                continue
            scores = Scores.of(detector, trial)
            of_weeks = farrington and scores.detector.endswith("(weeks)")
            yield (
                None if of_weeks else scores.judge(),
                scores.judge(WEEK) if scenario.period == DAY else None,
            )


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(value, 5)


def _power(power: Power) -> dict[str, Any]:
    return {
        "false_alarm_rate": _rounded(power.false_alarm_rate),
        "sensitivity": _rounded(mean_sensitivity(power)),
        "by_size": {str(size): _rounded(share) for size, share in power.sensitivity.items()},
        "median_delay_periods": median_delay([power]),
    }


def row(score: Score) -> dict[str, Any]:
    """A detector on a family, for a table."""
    return {
        "family": score.family,
        "detector": score.detector,
        "at_rate": _power(score.at_rate),
        "as_published": None if score.as_published is None else _power(score.as_published),
    }


def summary(scores: Sequence[Score], multiplicity: Multiplicity | None) -> dict[str, Any]:
    """A detector over all families.

    `false_alarm_rate` is what its own threshold (p <= .001, or its authors' rule) makes on fresh nulls, and where it
    has none what the calibrated threshold makes; `sensitivity` and `by_size` are at the calibrated threshold, at which
    all detectors are equal. Families count alike. `median_delay_minutes` is that of the hourly family: from the start
    of the onset's period to the end of the period that alarms, when the alarm can be given.
    """
    at_rate = [score.at_rate for score in scores]
    published = [score.as_published for score in scores if score.as_published is not None]
    hourly = [score for score in scores if score.decision_minutes == HOUR.total_seconds() / 60]
    daily = [score for score in scores if score.decision_minutes != HOUR.total_seconds() / 60]
    hours = median_delay([score.at_rate for score in hourly])
    return {
        "false_alarm_rate": _rounded(_mean(power.false_alarm_rate for power in published or at_rate)),
        "sensitivity": _rounded(_mean(map(mean_sensitivity, at_rate))),
        "fdr": None if multiplicity is None else _rounded(multiplicity.fdr),
        "median_delay_minutes": None if hours is None else (hours + 1) * hourly[0].decision_minutes,
        "median_delay_periods": median_delay([score.at_rate for score in daily]),
        "by_size": {str(size): _rounded(_mean(power.sensitivity[size] for power in at_rate)) for size in SIZES},
        "realised_rate_at_calibrated_threshold": _rounded(_mean(power.false_alarm_rate for power in at_rate)),
        "sensitivity_as_published": _rounded(_mean(map(mean_sensitivity, published))) if published else None,
        "multiplicity": None if multiplicity is None else asdict(multiplicity),
    }


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def by_detector(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """Scores of each detector, in the order of their coming."""
    found: dict[str, list[Score]] = {}
    for score in scores:
        found.setdefault(score.detector, []).append(score)
    return found


def better_variants(summaries: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Of EARS on negatives and on shares keeps what finds more at the equal rate, named in `on`."""
    chosen: dict[str, Mapping[str, Any]] = {}
    for name, found in summaries.items():
        plain, _, on = name.rstrip(")").partition(" (")
        if not plain.startswith("EARS"):
            chosen[name] = found
        elif plain not in chosen or found["sensitivity"] > chosen[plain]["sensitivity"]:
            chosen[plain] = {**found, "on": on}
    return chosen


def against_reference(days: Iterable[Score], weeks: Iterable[Score]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Mean sensitivity to large surges at the equal rate, by family and detector, decisions by day and by week."""
    table: dict[str, dict[str, dict[str, float | None]]] = {}
    for unit, scores in (("days", days), ("weeks", weeks)):
        for score in scores:
            found = table.setdefault(score.family, {}).setdefault(unit, {})
            found[score.detector] = _rounded(mean_sensitivity(score.at_rate))
    return table
