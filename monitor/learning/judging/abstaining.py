"""From which confidence on an answer should count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEAST_ACCURACY = 0.6
LOWEST, HIGHEST = 0.34, 0.7


def abstain_threshold(
    probabilities: npt.NDArray[np.float64], truth: npt.NDArray[np.int64], least: float = LEAST_ACCURACY
) -> float:
    """The confidence below which answers are too often wrong to be counted.

    Args:
        probabilities: [n, classes], calibrated, of held-out texts.
        truth: [n], class indices.
        least: How often an answer must be right to be counted, in (0, 1).

    Returns:
        The largest confidence, to two decimals and within [`LOWEST`, `HIGHEST`], at which answers are right less often
        than `least`; how often they are right at each confidence is estimated by isotonic regression.

    >>> sure = np.array([[0.9, 0.1]] * 8 + [[0.55, 0.45]] * 4)
    >>> abstain_threshold(sure, np.array([0] * 8 + [1, 1, 1, 0]))
    0.56
    """
    confidence = probabilities.max(axis=1)
    order = np.argsort(confidence, kind="stable")
    right = (probabilities.argmax(axis=1) == truth)[order].astype(np.float64)
    poor = np.flatnonzero(_isotonic(right) < least)
    edge = float(confidence[order][poor[-1]]) if len(poor) else LOWEST
    return float(np.clip(np.floor(edge * 100.0 + 1.0) / 100.0, LOWEST, HIGHEST))


def _isotonic(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The closest non-decreasing sequence, by pooling adjacent violators.

    Source: Ayer et al., An Empirical Distribution Function for Sampling with Incomplete Information, 1955.
    """
    pools: list[tuple[float, int]] = []  # mean and size
    for value in values.tolist():
        mean, size = value, 1
        while pools and pools[-1][0] >= mean:
            before, count = pools.pop()
            mean, size = (before * count + mean * size) / (count + size), count + size
        pools.append((mean, size))
    return np.repeat([mean for mean, _ in pools], [size for _, size in pools])
