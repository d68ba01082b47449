"""The distribution against exact arithmetic, and the estimates against what they were simulated from."""

from __future__ import annotations

from fractions import Fraction
from math import comb, exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.surges.statistics import (
    Beta,
    estimate_overdispersion,
    log_upper_tail,
    outlier_weight,
    predictive,
    residual,
    share_band,
    upper_tail,
)
from tests.surges.tables import dice


def exact(k: int, n: int, alpha: int, beta: int) -> Fraction:
    """P(K = k) for whole parameters, by factorials."""

    def beta_function(a: int, b: int) -> Fraction:
        return Fraction(factorial(a - 1) * factorial(b - 1), factorial(a + b - 1))

    return comb(n, k) * beta_function(k + alpha, n - k + beta) / beta_function(alpha, beta)


@given(st.integers(0, 60), st.integers(0, 61), st.integers(1, 40), st.integers(1, 40))
def test_the_upper_tail_equals_exact_arithmetic(n: int, k: int, alpha: int, beta: int) -> None:
    wanted = float(sum((exact(j, n, alpha, beta) for j in range(min(k, n + 1), n + 1)), Fraction(0)))
    assert upper_tail(k, n, Beta(alpha, beta)) == pytest.approx(wanted, rel=1e-9, abs=1e-300)


@given(st.integers(1, 60), st.integers(1, 40), st.integers(1, 40))
def test_the_band_holds_at_least_its_coverage_and_not_much_more(n: int, alpha: int, beta: int) -> None:
    low, high = share_band(n, Beta(alpha, beta), 0.9)
    first, last = round(low * n), round(high * n)
    inside = float(sum(exact(k, n, alpha, beta) for k in range(first, last + 1)))
    within = inside - float(exact(first, n, alpha, beta) + exact(last, n, alpha, beta))
    assert inside >= 0.9 - 1e-9
    assert within <= 0.9 + 1e-9


def test_the_tail_stays_ordered_where_probabilities_underflow() -> None:
    law = Beta(20.0, 180.0)
    assert upper_tail(19_990, 20_000, Beta(2e5, 1.8e6)) == 0.0
    assert log_upper_tail(1990, 2000, law) > log_upper_tail(1995, 2000, law) > -1e4


@pytest.mark.parametrize("n", [1_000, 100_000])
def test_the_band_of_many_stories_lies_around_the_mean(n: int) -> None:
    low, high = share_band(n, Beta(60.0, 240.0), 0.95)
    assert 0.14 < low < 0.2 < high < 0.26


@given(st.floats(0.01, 0.99), st.floats(0, 0.3), st.floats(1, 1e5))
def test_uncertainty_of_the_mean_widens_the_law_and_keeps_its_mean(mean: float, spread: float, known: float) -> None:
    law = predictive(mean, spread, known)
    assert law.alpha / (law.alpha + law.beta) == pytest.approx(mean)
    wider = predictive(mean, spread, known / 2)
    assert wider.alpha + wider.beta < law.alpha + law.beta


def test_the_moment_estimate_finds_the_correlation_that_counts_were_drawn_with() -> None:
    chance = dice(5)
    spread = stories = pairs = 0.0
    for _ in range(4000):
        share, n = chance.betavariate(0.2 * 19, 0.8 * 19), chance.randint(5, 60)
        k = sum(chance.random() < share for _ in range(n))
        spread, stories, pairs = spread + (k - n * 0.2) ** 2 / 0.16, stories + n, pairs + n * (n - 1)
    assert estimate_overdispersion(spread, stories, pairs, 0.01, 100) == pytest.approx(0.05, abs=0.005)


def test_a_single_negative_story_is_no_outlier_but_many_are() -> None:
    law = Beta(2.0, 18.0)
    assert residual(1, 1, law) < 2.58
    assert residual(9, 10, law) > 2.58
    assert residual(0, 30, law) < 0


@given(st.floats(-8, 8), st.floats(-8, 8))
def test_more_surprising_blocks_never_teach_more(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 < outlier_weight(high, 2.58) <= outlier_weight(low, 2.58) <= 1


def test_the_tail_and_its_logarithm_agree() -> None:
    assert exp(log_upper_tail(7, 20, Beta(3, 9))) == upper_tail(7, 20, Beta(3, 9))
