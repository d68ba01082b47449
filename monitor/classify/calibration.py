"""Temperature scaling: one positive number per head makes its probabilities honest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DECIMALS = 5


def calibrated_probabilities(logits: npt.NDArray[np.floating], temperature: float) -> Floats:
    """Return softmax(logits / temperature), computed in float64 row by row.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, eq. 9.

    Args:
        logits: [n, classes].
        temperature: Above 0; above 1 softens, below 1 sharpens.

    Returns:
        [n, classes], each row summing to 1.

    Raises:
        ValueError: If the temperature is not above 0.
    """
    if not temperature > 0.0:
        raise ValueError(f"temperature must be above 0, not {temperature}")
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    powers = np.exp(scaled)
    sums: Floats = powers.sum(axis=1, keepdims=True)
    shares: Floats = powers / sums
    return shares


def rounded_probabilities(probabilities: Floats) -> Floats:
    """Return the probabilities rounded to `DECIMALS` places, half to even.

    Rounding is what is stored and sent, so that equal inputs give equal bytes everywhere.
    """
    rounded: Floats = np.round(probabilities, DECIMALS)
    return rounded
