"""The simulated half of the benchmark of surges: what is drawn is what it says, and detectors are judged alike."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.surges.__main__ import main
from benchmarks.surges.detectors import our_detector, peers
from benchmarks.surges.farrington import FarringtonFlexible, p_values
from benchmarks.surges.farrington_r import compare, has_r
from benchmarks.surges.injecting import SIZES, injected, null_panel
from benchmarks.surges.multiplicity import BenjaminiHochberg, Size, experiment, rejected
from benchmarks.surges.ours import Alerts
from benchmarks.surges.peers import Ears, MoreThanFive
from benchmarks.surges.protocol import Counts, Detector, FloatArray, scores_of
from benchmarks.surges.report import judge_all
from benchmarks.surges.scenarios import DAY, HOUR, SCENARIOS, Scenario, simulate
from benchmarks.surges.scoring import Budget, detections, rate_at, threshold_at

SHORT = [replace(scenario, periods=160, history=100) for scenario in SCENARIOS]
LARGE_AND_CALM = Scenario("calm", periods=60, history=20, volume=(50.0, 50.0), share=(0.2, 0.2))


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def counts_of(negatives: list[int], stories: list[int]) -> Counts:
    """One series of days."""
    return Counts(
        np.array([stories]), np.array([negatives]), np.array(stories) + 100, DAY, datetime(2024, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize("scenario", SHORT, ids=lambda scenario: scenario.family)
def test_a_seed_gives_the_same_series_and_another_one_others(scenario: Scenario) -> None:
    first, again, other = (null_panel(scenario, 3, generator(seed)).counts for seed in (1, 1, 2))
    assert (first.stories == again.stories).all()
    assert (first.negatives == again.negatives).all()
    assert (first.totals == again.totals).all()
    assert (first.stories != other.stories).any()


def test_counts_vary_as_their_law_says() -> None:
    scenario = Scenario(
        "", periods=400, volume=(20.0, 20.0), share=(0.2, 0.2), dispersion=(0.1, 0.1), correlation=(0.03, 0.03)
    )
    panel = simulate(scenario, 200, generator())
    assert panel.counts.negatives.std() == pytest.approx(panel.deviation()[0, 0], rel=0.02)
    assert panel.counts.stories.mean() == pytest.approx(20.0, rel=0.02)


def test_bursts_bring_stories_and_leave_the_share_alone() -> None:
    calm = Scenario("", periods=2000, volume=(50.0, 50.0), share=(0.2, 0.2))
    bursting = simulate(replace(calm, bursts=20.0), 20, generator())
    inside = bursting.volume > 60.0
    share = bursting.counts.negatives[inside].sum() / bursting.counts.stories[inside].sum()
    assert bursting.counts.stories[inside].mean() > 100.0
    assert share == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("size", SIZES)
def test_the_first_period_of_a_surge_brings_so_many_standard_deviations(size: int) -> None:
    panel = null_panel(LARGE_AND_CALM, 3000, generator())
    case = injected(panel, size, generator())
    rows = np.arange(3000)
    more = (case.panel.counts.negatives - panel.counts.negatives)[rows, case.onset]
    # The onset is the first period with a negative, which is seldom not the first one: hence not quite so many.
    assert more.mean() / panel.deviation()[rows, case.onset].mean() == pytest.approx(size, rel=0.05)


def test_what_is_injected_is_negative_and_counts_as_stories() -> None:
    panel = null_panel(SHORT[0], 30, generator())
    case = injected(panel, 5, generator())
    more = case.panel.counts.negatives - panel.counts.negatives
    assert (more >= 0).all()
    assert (case.panel.counts.stories - panel.counts.stories == more).all()
    assert case.surging[more > 0].all()
    assert not more[~case.surging].any()
    assert case.surging[:, panel.judged].any(axis=1).all()
    assert not case.surging[:, ~panel.judged].any()


def test_a_slow_build_climbs_to_its_size() -> None:
    slow = replace(LARGE_AND_CALM, shape="climb")
    panel = null_panel(slow, 500, generator())
    case = injected(panel, 10, generator())
    lengths = case.surging.sum(axis=1)
    more = case.panel.counts.negatives - panel.counts.negatives
    thirds = np.array([row[np.flatnonzero(on)] for row, on in zip(more, case.surging, strict=True)], dtype=object)
    assert lengths.min() >= 3
    assert lengths.max() <= 14
    assert np.mean([row[-3:].mean() for row in thirds]) > 2 * np.mean([row[:3].mean() for row in thirds])


def test_past_surges_end_before_the_first_judged_period() -> None:
    crowded = replace(LARGE_AND_CALM, past=30, history=60, periods=120)
    without = simulate(crowded, 40, generator())
    assert not (null_panel(crowded, 40, generator()).counts.stories - without.counts.stories)[:, 60:].any()


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.sampled_from([0.001, 0.05, 0.3]))
def test_a_threshold_never_alarms_more_than_its_rate_and_the_next_score_would(scores: list[int], rate: float) -> None:
    values = np.array(scores, dtype=float)
    threshold = threshold_at(values, rate)
    assert rate_at(values, threshold) <= rate
    greater = values[values > threshold]
    if len(greater):
        assert rate_at(values, float(greater.min())) > rate


def test_a_surge_counts_as_found_only_while_it_lasts() -> None:
    scores = np.array([[0.0, 1.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1.0]])
    surging = np.array([[False, True, True, False], [False, True, True, False]])
    assert detections(scores, surging, 0.5) == (0.5, [1])


def test_ears_by_hand() -> None:
    # Seven days of mean 3 and standard deviation 1, then 7 and 9 negatives; C2 leaves out two days between.
    negatives = [2, 2, 3, 3, 3, 4, 4, 3, 3, 7, 9]
    counts = counts_of(negatives, [20] * len(negatives))
    deviation = np.std([2, 2, 3, 3, 3, 4, 4], ddof=1)
    c1 = Ears("C1", "negatives").scores(counts)[0]
    c2 = Ears("C2", "negatives").scores(counts)[0]
    c3 = Ears("C3", "negatives").scores(counts)[0]
    assert np.isnan(c1[:7]).all()
    assert c1[7] == pytest.approx(0.0)
    assert c2[9] == pytest.approx(-(7 - 3) / deviation)
    second = (9 - np.mean([2, 3, 3, 3, 4, 4, 3])) / np.std([2, 3, 3, 3, 4, 4, 3], ddof=1)
    assert c2[10] == pytest.approx(-second)
    # C3 needs three values of C2; those that are less than 1 add nothing.
    assert np.isnan(c3[10]) or c3[10] <= c2[10]
    longer = counts_of([*negatives, 9], [20] * 12)
    values = -Ears("C2", "negatives").scores(longer)[0][9:12]
    assert Ears("C3", "negatives").scores(longer)[0][11] == pytest.approx(-np.maximum(0.0, values - 1.0).sum())


def test_the_rule_of_more_than_five_wants_six() -> None:
    usual = [0, 1, 0, 1, 0, 1, 0]
    five, six = (MoreThanFive().scores(counts_of([*usual, last], [30] * 8))[0, -1] for last in (5, 6))
    assert five == 0.0
    assert six < MoreThanFive().nominal


@pytest.mark.parametrize("detector", [*peers(), our_detector()], ids=lambda detector: str(detector.name))
def test_a_score_has_its_place_and_rests_on_the_past_alone(detector: Detector) -> None:
    panel = injected(null_panel(replace(SCENARIOS[0], periods=1150, history=1120), 3, generator()), 10, generator())
    counts = panel.panel.counts
    wanted = np.broadcast_to(panel.panel.judged, counts.stories.shape)
    cut = 1134  # a whole number of weeks
    scores = scores_of(detector, counts, wanted)
    before = scores_of(detector, counts.until(cut), wanted[:, :cut])
    assert scores.shape == counts.stories.shape
    # Bit for bit; but regressions in batches of another shape are summed in another order on some processors.
    tolerance = 1e-12 if detector.name.startswith("farrington") else 0.0
    np.testing.assert_allclose(scores[:, :cut], before, rtol=tolerance, atol=0.0)
    assert not np.isnan(scores[:, panel.panel.judged]).all()


def test_a_flexible_farrington_of_a_flat_past_is_a_poisson_tail() -> None:
    negatives, stories = np.full((1, 1200), 6), np.full((1, 1200), 30)
    negatives[0, -1] = 12
    wanted = np.zeros((1, 1200), dtype=bool)
    wanted[0, -1] = True
    expected = 1.0 - sum(np.exp(-6.0) * 6.0**k / float(np.prod(np.arange(1, k + 1))) for k in range(12))
    assert p_values(negatives, stories, wanted, 365)[0, -1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.slow
@pytest.mark.skipif(not has_r(), reason="R with the package surveillance is not installed")
def test_our_flexible_farrington_is_that_of_r() -> None:
    assert compare(1, series=1, periods=7)["largest_difference"] < 1e-6


def test_flexible_farrington_is_not_asked_for_hours() -> None:
    hourly = replace(SCENARIOS[-1], periods=200, history=180)
    judged = judge_all([hourly], [Ears("C1", "share"), FarringtonFlexible("days")], Budget(2, 2), 1)
    assert hourly.period == HOUR
    assert [day.detector for day, _ in judged if day is not None] == ["EARS C1 (share)"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_rejects_the_smallest_and_never_the_unknown(p: list[float]) -> None:
    values = np.array([*p, np.nan])
    chosen = set(rejected(values, 0.2).tolist())
    assert len(p) not in chosen
    accepted = [p[place] for place in range(len(p)) if place not in chosen]
    assert max((p[place] for place in chosen), default=0.0) <= min(accepted, default=1.0)


class Omniscient:
    """Finds what is far above a share of .35, and says nothing else."""

    name = "omniscient"
    p_valued = True

    def scores(self, counts: Counts) -> FloatArray:
        return np.ones(counts.stories.shape)


def test_who_never_alarms_has_no_false_discoveries_and_finds_nothing() -> None:
    found = experiment(BenjaminiHochberg(Omniscient()), Size(series=16, surging=2, stretch=20, runs=1), 1)
    assert (found.fdr, found.found, found.alerts, found.quiet_runs_that_alarm) == (0.0, 0.0, 0.0, 0.0)


def test_our_alerts_name_the_series_that_surged() -> None:
    calm = simulate(replace(LARGE_AND_CALM, periods=60), 3, generator()).counts
    negatives, stories = calm.negatives.copy(), calm.stories.copy()
    negatives[1, 50] += 60
    stories[1, 50] += 60
    alerter = Alerts()
    assert alerter.alarms(calm) == []
    assert (1, 50) in alerter.alarms(replace(calm, negatives=negatives, stories=stories))
    assert {series for series, _ in alerter.alarms(replace(calm, negatives=negatives, stories=stories))} == {1}


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and the stories"):
        counts_of([3], [2])
    with pytest.raises(ValueError, match="do not fit"):
        Counts(np.ones((1, 3), int), np.ones((1, 3), int), np.ones(2, int), timedelta(days=1), datetime.now(UTC))


def test_the_command_ends_with_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--quick", "--json", "--scenario", "stationary", "--detector", "EARS C2", "--runs", "0"]
    assert main(asked) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    result = json.loads(last)
    assert {"false_alarm_rate", "sensitivity", "fdr", "median_delay_minutes"} <= result.keys()
    assert [json.loads(line)["detector"] for line in lines] == ["EARS C2 (negatives)", "EARS C2 (share)"]
    assert result["peers"]["EARS C2"]["sensitivity"] >= 0
