"""Temperature scaling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor.classify.calibration import calibrated_probabilities, rounded_probabilities

LOGITS = arrays(np.float32, st.tuples(st.integers(1, 20), st.integers(2, 20)), elements=st.floats(-80, 80, width=32))
TEMPERATURES = st.floats(0.05, 20.0)


@given(LOGITS, TEMPERATURES)
def test_rows_sum_to_one_and_the_order_stays(logits: np.ndarray, temperature: float) -> None:
    probabilities = calibrated_probabilities(logits, temperature)
    assert np.allclose(probabilities.sum(axis=1), 1.0)
    assert np.allclose(probabilities.max(axis=1), probabilities[np.arange(len(logits)), logits.argmax(axis=1)])


@given(LOGITS, TEMPERATURES)
def test_a_row_alone_gives_the_same_bits_as_among_others(logits: np.ndarray, temperature: float) -> None:
    together = calibrated_probabilities(logits, temperature)
    alone = np.concatenate([calibrated_probabilities(row[None], temperature) for row in logits])
    assert together.tobytes() == alone.tobytes()


def test_a_temperature_above_one_softens() -> None:
    logits = np.array([[2.0, 0.0, -1.0]])
    assert calibrated_probabilities(logits, 2.0).max() < calibrated_probabilities(logits, 1.0).max()


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        calibrated_probabilities(np.zeros((1, 2)), 0.0)


def test_rounding_keeps_five_decimals() -> None:
    assert rounded_probabilities(np.array([[1 / 3, 2 / 3]])).tolist() == [[0.33333, 0.66667]]
