"""Figures against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.calibration import calibrated_probabilities
from monitor.learning.judging.evaluation import evaluate, expected_calibration_error, fit_temperature


def _sure(answers: list[int], classes: int) -> np.ndarray:
    return np.eye(classes)[answers]


def test_figures_of_a_small_case() -> None:
    report = evaluate(_sure([0, 0, 1, 1], 3), np.array([0, 1, 1, 1]), ("a", "b", "c"))
    assert report.n == 4
    assert report.accuracy == 0.75
    assert report.per_class["a"].precision == 0.5
    assert report.per_class["b"].recall == pytest.approx(2 / 3)
    assert report.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)  # class c occurs nowhere and does not count
    assert report.weighted_f1 == pytest.approx((2 / 3 + 3 * 4 / 5) / 4)
    assert report.ece == pytest.approx(0.25)
    assert report.per_class["c"].support == 0


def test_json_figures_are_rounded_and_plain() -> None:
    figures = evaluate(_sure([0, 0, 1], 2), np.array([0, 1, 1]), ("a", "b")).as_json()
    assert figures["accuracy"] == 0.66667
    assert figures["per_class"]["b"] == {"precision": 1.0, "recall": 0.5, "f1": 0.66667, "support": 2}


def test_nothing_to_judge_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot judge"):
        evaluate(np.zeros((0, 2)), np.zeros(0, dtype=np.int64), ("a", "b"))


def test_an_honest_classifier_has_no_calibration_error() -> None:
    probabilities = np.tile([0.75, 0.25], (400, 1))
    truth = np.array([0, 0, 0, 1] * 100)
    assert expected_calibration_error(probabilities, truth) == pytest.approx(0.0)


def test_a_boaster_has_one() -> None:
    probabilities = np.tile([0.95, 0.05], (400, 1))
    truth = np.array([0, 1] * 200)
    assert expected_calibration_error(probabilities, truth) == pytest.approx(0.45)


@given(st.floats(0.3, 4.0))
def test_the_fitted_temperature_is_the_one_that_made_the_answers(temperature: float) -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(4000, 3)) * 2.0
    chances = calibrated_probabilities(logits, temperature)
    truth = (chances.cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    assert fit_temperature(logits, truth) == pytest.approx(temperature, rel=0.2)


def _honest(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose probabilities are right, of a classifier that seldom errs, and answers drawn from them."""
    logits = rng.normal(size=(count, 3)) * 3.0 + np.eye(3)[rng.integers(0, 3, count)] * 9.0
    chances = calibrated_probabilities(logits, 1.0)
    return logits, (chances.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)


def test_a_temperature_of_few_answers_costs_little_on_fresh_ones() -> None:
    """Thirty are often all right, which says little of how sure one may be."""
    rng = np.random.default_rng(1)
    logits, truth = _honest(5000, rng)

    def log_loss(temperature: float) -> float:
        chances = calibrated_probabilities(logits, temperature)[np.arange(len(truth)), truth]
        return float(-np.log(np.maximum(chances, 1e-30)).mean())

    found = [fit_temperature(*_honest(30, rng)) for _ in range(100)]
    assert min(found) > 0.5
    assert np.mean([log_loss(temperature) for temperature in found]) < log_loss(1.0) + 0.01
