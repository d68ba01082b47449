"""The distribution against exact arithmetic, and the estimates against what they were simulated from."""

from __future__ import annotations

from fractions import Fraction
from math import comb, exp, factorial, lgamma, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from monitor.surges.statistics import (
    Beta,
    cluster_size,
    estimate_overdispersion,
    fisher,
    log_likelihood_ratio,
    log_probability,
    log_upper_tail,
    log_volume_tail,
    outlier_weight,
    predictive,
    residual,
    share_band,
)
from tests.surges.tables import dice


def law(alpha: float, beta: float) -> Beta:
    return Beta(np.asarray(alpha), np.asarray(beta))


def exact(k: int, n: int, alpha: int, beta: int) -> Fraction:
    """P(K = k) for whole parameters, by factorials."""

    def beta_function(a: int, b: int) -> Fraction:
        return Fraction(factorial(a - 1) * factorial(b - 1), factorial(a + b - 1))

    return comb(n, k) * beta_function(k + alpha, n - k + beta) / beta_function(alpha, beta)


@given(st.integers(0, 60), st.integers(0, 61), st.integers(1, 40), st.integers(1, 40))
def test_the_upper_tail_equals_exact_arithmetic(n: int, k: int, alpha: int, beta: int) -> None:
    wanted = float(sum((exact(j, n, alpha, beta) for j in range(min(k, n + 1), n + 1)), Fraction(0)))
    assert exp(log_upper_tail(k, n, law(alpha, beta))) == pytest.approx(wanted, rel=1e-9, abs=1e-300)


@given(st.integers(1, 60), st.integers(1, 40), st.integers(1, 40))
def test_the_band_holds_at_least_its_coverage_and_not_much_more(n: int, alpha: int, beta: int) -> None:
    low, high = share_band(n, alpha, beta, 0.9)
    first, last = round(low * n), round(high * n)
    inside = float(sum(exact(k, n, alpha, beta) for k in range(first, last + 1)))
    within = inside - float(exact(first, n, alpha, beta) + exact(last, n, alpha, beta))
    assert inside >= 0.9 - 1e-9
    assert within <= 0.9 + 1e-9


def test_the_tail_stays_ordered_where_probabilities_underflow() -> None:
    ordered = log_upper_tail([1990, 1995], 2000, law(20.0, 180.0))
    assert ordered[0] > ordered[1] >= -745
    assert log_upper_tail(19_990, 20_000, law(2e5, 1.8e6)) == pytest.approx(-745, abs=1)


@given(st.integers(2_001, 20_000), st.floats(0.02, 0.9), st.floats(20, 500), st.floats(-1, 6))
def test_the_tail_of_very_many_stories_is_as_exact(n: int, mean: float, precision: float, far: float) -> None:
    sd = (mean * (1 - mean) / (precision + 1)) ** 0.5
    k = int(min(max(n * (mean + far * sd), 1), n))
    usual = law(mean * precision, (1 - mean) * precision)
    wanted = float(np.exp(log_probability(np.arange(k, n + 1), n, usual)).sum())
    assert exp(log_upper_tail(k, n, usual)) == pytest.approx(wanted, rel=0.01, abs=1e-300)


@given(st.integers(0, 40), st.floats(0.01, 30), st.floats(0.05, 50))
def test_the_volume_tail_sums_the_negative_binomial(k: int, mean: float, size: float) -> None:
    chance = size / (size + mean)
    below = sum(
        exp(lgamma(j + size) - lgamma(size) - lgamma(j + 1) + size * log(chance) + j * log(1 - chance))
        for j in range(k)
    )
    if 1 - below > 1e-6:
        assert exp(log_volume_tail(k, mean, size)) == pytest.approx(1 - below, rel=1e-6)


@given(st.floats(0.01, 20), st.floats(0.1, 5), st.floats(1, 1e4))
def test_clusters_and_an_unsure_rate_widen_what_is_expected(mean: float, clustering: float, known: float) -> None:
    size = cluster_size(mean, clustering, known)
    variance = mean + mean**2 / size
    assert variance == pytest.approx(mean * (1 + clustering) + mean**2 / known)
    assert cluster_size(mean, clustering, known / 2) < size


@given(st.floats(0.001, 1))
def test_two_chances_multiply_to_so_little_as_often_as_fisher_says(product: float) -> None:
    """For every chance u the other must be at most x / u."""
    wanted, _ = quad(lambda u: min(1.0, product / u), 0.0, 1.0, points=[product])
    assert exp(float(fisher(log(product) / 3, 2 * log(product) / 3))) == pytest.approx(wanted, rel=1e-6)


@given(st.floats(-300, 0), st.floats(-300, 0))
def test_two_chances_together_are_no_less_than_their_product(one: float, other: float) -> None:
    found = float(fisher(one, other))
    assert one + other <= found <= 0.0
    assert found == fisher(other, one)
    assert fisher(one - 1.0, other) < found


def test_evidence_for_a_worse_share_adds_up_and_a_martingale_bounds_it() -> None:
    """By Wald's inequality the ratio itself has mean 1 while nothing has changed."""
    usual, worse = law(4.0, 16.0), law(7.0, 13.0)
    counts = np.arange(13)
    ratios = log_likelihood_ratio(counts, 12, usual, worse)
    assert float((np.exp(log_probability(counts, 12, usual)) * np.exp(ratios)).sum()) == pytest.approx(1.0)
    assert ratios[10] > 0 > ratios[0]


@pytest.mark.parametrize("n", [1_000, 100_000])
def test_the_band_of_many_stories_lies_around_the_mean(n: int) -> None:
    low, high = share_band(n, 60.0, 240.0, 0.95)
    assert 0.14 < low < 0.2 < high < 0.26


@given(st.floats(0.01, 0.99), st.floats(0, 0.3), st.floats(1, 1e5))
def test_uncertainty_of_the_mean_widens_the_law_and_keeps_its_mean(mean: float, spread: float, known: float) -> None:
    narrow, wider = predictive(mean, spread, known), predictive(mean, spread, known / 2)
    assert narrow.alpha / (narrow.alpha + narrow.beta) == pytest.approx(mean)
    assert wider.alpha + wider.beta < narrow.alpha + narrow.beta


def test_the_moment_estimate_finds_the_correlation_that_counts_were_drawn_with() -> None:
    chance = dice(5)
    spread = stories = pairs = 0.0
    for _ in range(4000):
        share, n = chance.betavariate(0.2 * 19, 0.8 * 19), chance.randint(5, 60)
        k = sum(chance.random() < share for _ in range(n))
        spread, stories, pairs = spread + (k - n * 0.2) ** 2 / 0.16, stories + n, pairs + n * (n - 1)
    assert estimate_overdispersion(spread, stories, pairs, 0.01, 100) == pytest.approx(0.05, abs=0.005)


def test_a_single_negative_story_is_no_outlier_but_many_are() -> None:
    usual = law(2.0, 18.0)
    assert residual(1, 1, usual) < 2.58
    assert residual(9, 10, usual) > 2.58
    assert residual(0, 30, usual) < 0


@given(st.floats(-8, 8), st.floats(-8, 8))
def test_more_surprising_blocks_never_teach_more(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 < outlier_weight(high, 2.58) <= outlier_weight(low, 2.58) <= 1
