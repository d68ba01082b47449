"""Drift tests: how often they cry wolf where nothing moved, and that they see what moved."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.learning.deciding.drift import (
    chi_squared_tail,
    compare_calibration,
    compare_embeddings,
    compare_shares,
    population_stability_index,
    psi_limit,
)

SHARES = np.array([0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.03, 0.02, 0.01])


TABLE = {(1, 0.05): 3.841459, (2, 0.05): 5.991465, (3, 0.01): 11.344867, (7, 0.99): 1.239042, (19, 0.001): 43.820196}
"""Quantiles of the chi-squared law by degrees of freedom and upper tail, as tables print them."""


@pytest.mark.parametrize(("freedom", "tail"), TABLE)
def test_the_chi_squared_tail_is_that_of_the_tables(freedom: int, tail: float) -> None:
    assert chi_squared_tail(TABLE[freedom, tail], freedom) == pytest.approx(tail, rel=1e-5)


def test_the_limit_of_the_index_is_the_quantile_of_its_noise() -> None:
    assert psi_limit(1000, 200, 20, 0.001) == pytest.approx(TABLE[19, 0.001] * (1 / 1000 + 1 / 200), rel=1e-6)


def test_the_index_is_that_of_the_definition() -> None:
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.4, 0.2])
    expected = ((q - p) * np.log(q / p)).sum()
    found = population_stability_index((p * 1e6).astype(np.int64), (q * 1e6).astype(np.int64))
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("recent", [60, 300, 2000])
def test_shares_that_did_not_move_are_found_drifted_at_the_stated_rate(recent: int) -> None:
    rng = np.random.default_rng(4)
    found = [compare_shares(rng.multinomial(1000, SHARES), rng.multinomial(recent, SHARES)) for _ in range(2000)]
    rate = np.mean([shift is not None and shift.p_value <= 0.05 for shift in found])
    assert 0.03 < rate < 0.07  # the rate of the folk limit of .2 is next to 1 at 60 texts, and 0 at 2000


def test_shares_that_moved_are_found_even_where_the_index_is_small() -> None:
    moved = SHARES + np.array([-0.08, 0.08, 0, 0, 0, 0, 0, 0, 0, 0])
    shift = compare_shares((SHARES * 10_000).astype(np.int64), (moved * 5_000).astype(np.int64))
    assert shift is not None
    assert shift.p_value < 1e-9
    assert shift.psi < 0.1


@pytest.mark.parametrize("recent", [[0, 0], [3, 0], [400, 0]])
def test_of_too_few_or_of_one_class_nothing_is_said(recent: list[int]) -> None:
    assert compare_shares(np.array([400, 0]), np.array(recent)) is None


def test_embeddings_that_did_not_move_are_told_apart_at_the_stated_rate_at_most() -> None:
    rng = np.random.default_rng(1)
    found = [compare_embeddings(rng.normal(size=(200, 16)), rng.normal(size=(90, 16)), seed) for seed in range(400)]
    assert np.mean([shift is not None and shift.p_value <= 0.05 for shift in found]) < 0.08


def test_a_theme_that_enters_the_news_is_told_apart() -> None:
    rng = np.random.default_rng(2)
    before, after = (_unit(rng.normal(size=(600, 48))) for _ in range(2))
    theme = _unit(rng.normal(size=(1, 48)))
    after[:420] = _unit(after[:420] + 1.5 * theme)
    shift = compare_embeddings(before, after, seed=0)
    assert shift is not None
    assert shift.accuracy > 0.75
    assert shift.p_value < 1e-12
    assert compare_embeddings(before, after, seed=0) == shift


def test_a_handful_of_texts_says_nothing_about_the_news() -> None:
    assert compare_embeddings(np.ones((500, 4)), np.ones((19, 4)), seed=0) is None


@pytest.mark.parametrize("labels", [30, 300])
def test_an_honest_model_is_found_dishonest_at_the_stated_rate_at_most(labels: int) -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for seed in range(300):
        probabilities, truth = _answers(rng, labels, boast=0.0)
        alarms += compare_calibration(probabilities, truth, 0.0, false_alarms=0.05, draws=300, seed=seed).decayed
    assert alarms / 300 < 0.08


def test_a_model_that_is_as_dishonest_as_its_card_says_raises_no_alarm() -> None:
    probabilities, truth = _answers(np.random.default_rng(6), 2000, boast=0.1)
    assert not compare_calibration(probabilities, truth, 0.1).decayed


def test_a_boaster_is_found_with_enough_labels_only() -> None:
    few = compare_calibration(*_answers(np.random.default_rng(7), 30, boast=0.15), 0.02)
    many = compare_calibration(*_answers(np.random.default_rng(7), 600, boast=0.15), 0.02)
    assert (few.decayed, many.decayed) == (False, True)
    assert few.limit > 2 * many.limit


def _unit(rows: np.ndarray) -> np.ndarray:
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _answers(rng: np.random.Generator, labels: int, boast: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of three classes and the truth, right less often than claimed by `boast`."""
    claimed = rng.uniform(0.55, 0.99, labels)
    answer = rng.integers(0, 3, labels)
    probabilities = np.repeat(((1 - claimed) / 2)[:, None], 3, axis=1)
    probabilities[np.arange(labels), answer] = claimed
    right = rng.random(labels) < claimed - boast
    return probabilities, np.where(right, answer, (answer + 1) % 3)
