"""Whether the news, or the model's honesty about it, has moved since the model was made: numpy only, and pure.

Each test answers twice: how unlikely the finding is where nothing moved, and how large it is. With many articles the
smallest change is significant, with few the largest may be chance, so that only both together mean drift.
"""

from __future__ import annotations

from math import erfc, exp, lgamma, log, sqrt

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.learning.judging.evaluation import ECE_BINS, expected_calibration_error

Floats = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]

LEAST_EXPECTED = 5.0
"""Cells with fewer expected counts are merged: below it the chi-squared law does not hold (Cochran 1954)."""


class ShareShift(msgspec.Struct, frozen=True):
    """How far shares moved between two windows.

    Attributes:
        psi: Population stability index, 0 for equal shares.
        p_value: Probability of one as large where nothing moved, in [0, 1].
        reference: Texts in the older window.
        recent: Texts in the newer one.
    """

    psi: float
    p_value: float
    reference: int
    recent: int


class InputShift(msgspec.Struct, frozen=True):
    """How well a linear classifier tells the texts of two windows apart.

    Attributes:
        accuracy: Share of texts it had not seen that it put into the right window, in [0, 1]; 0.5 where it cannot tell.
        p_value: Probability of one as large where nothing moved, in [0, 1].
        texts: On which that was judged.
    """

    accuracy: float
    p_value: float
    texts: int


class CalibrationShift(msgspec.Struct, frozen=True):
    """How far a model's confidence lies from its accuracy.

    Attributes:
        ece: Expected calibration error on the labels, in [0, 1].
        expected: What it was on the model's card, in [0, 1].
        limit: What it does not exceed, but for the false-alarm rate, while the model is as honest as on its card.
        labels: How many were looked at.
    """

    ece: float
    expected: float
    limit: float
    labels: int

    @property
    def decayed(self) -> bool:
        """Whether it is more than chance and the card allow."""
        return self.ece > self.limit


def population_stability_index(reference: Integers, recent: Integers) -> float:
    """Return the sum over the cells of (q - p) ln(q / p), p and q being the shares of either window.

    Half a count is added to each cell, so that an empty one gives a finite index. Source: Siddiqi, Credit Risk
    Scorecards, 2006; it is the symmetric divergence of Jeffreys, Proc. R. Soc. A 186:453, 1946.

    Args:
        reference: [cells], counts.
        recent: [cells], counts.

    >>> population_stability_index(np.array([50, 50]), np.array([500, 500]))
    0.0
    >>> round(population_stability_index(np.array([500, 500]), np.array([300, 700])), 3)
    0.169
    """
    p = (reference + 0.5) / (reference + 0.5).sum()
    q = (recent + 0.5) / (recent + 0.5).sum()
    return float(((q - p) * np.log(q / p)).sum())


def compare_shares(reference: Integers, recent: Integers) -> ShareShift | None:
    """Compare the counts of predicted classes in two windows.

    Where nothing moved, PSI / (1/n + 1/m) follows a chi-squared law with one degree of freedom less than there are
    cells. Source: Yurdakul and Naranjo, Statistical Properties of the Population Stability Index, Journal of Risk
    Model Validation 14(4), 2020. Rare classes are merged into one cell first.

    Args:
        reference: [classes], texts of each class in the older window.
        recent: [classes], likewise in the newer one.

    Returns:
        None where fewer than two cells are left: nothing can be said.

    >>> compare_shares(np.array([500, 500, 2]), np.array([50, 50, 0])).p_value > 0.9
    True
    >>> compare_shares(np.array([500, 500, 2]), np.array([20, 80, 0])).p_value < 1e-6
    True
    """
    cells = _merged(np.stack([reference, recent]).astype(np.int64))
    if cells.shape[1] < 2:
        return None
    n, m = (int(total) for total in cells.sum(axis=1))
    psi = population_stability_index(cells[0], cells[1])
    p_value = chi_squared_tail(psi / (1.0 / n + 1.0 / m), cells.shape[1] - 1)
    return ShareShift(psi=psi, p_value=p_value, reference=n, recent=m)


def compare_embeddings(reference: Floats, recent: Floats, seed: int, ridge: float = 1e-2) -> InputShift | None:
    """Ask whether a linear classifier can tell two windows' texts apart (a classifier two-sample test).

    Half of either window trains a ridge regression to -1 and +1, the other half judges it; there, where nothing moved,
    the number of right answers is binomial with probability one half, whatever was trained. The larger window is cut to
    the size of the smaller, so that guessing is right half of the time. Source: Lopez-Paz and Oquab, Revisiting
    Classifier Two-Sample Tests, ICLR 2017.

    Args:
        reference: [n, width], embeddings of independent texts; near-duplicates in both halves would be told by heart.
        recent: [m, width], likewise.
        seed: Of the halving.
        ridge: Penalty as a share of the mean variance of a feature, above 0.

    Returns:
        None where a window has fewer than 20 texts.

    >>> rng = np.random.default_rng(0)
    >>> same, moved = rng.normal(size=(400, 8)), rng.normal(size=(400, 8)) + 0.5
    >>> compare_embeddings(same, rng.normal(size=(400, 8)), seed=1).p_value > 0.01
    True
    >>> compare_embeddings(same, moved, seed=1).accuracy > 0.7
    True
    """
    size = min(len(reference), len(recent))
    if size < 20:
        return None
    rng = np.random.default_rng(seed)
    older = reference[rng.permutation(len(reference))[:size]].astype(np.float64)
    newer = recent[rng.permutation(len(recent))[:size]].astype(np.float64)
    half = size // 2
    middle = (older[:half].mean(axis=0) + newer[:half].mean(axis=0)) / 2.0
    features = np.concatenate([older[:half], newer[:half]]) - middle  # [2 half, width]
    sides = np.repeat([-1.0, 1.0], half)
    products = features.T @ features
    penalty = ridge * max(float(np.trace(products)) / len(products), 1e-12)
    weights = np.linalg.solve(products + penalty * np.eye(len(products)), features.T @ sides)
    old_right = (older[half:] - middle) @ weights < 0.0
    new_right = (newer[half:] - middle) @ weights > 0.0
    right, judged = int(old_right.sum() + new_right.sum()), len(old_right) + len(new_right)
    return InputShift(accuracy=right / judged, p_value=_coin_tail(right, judged), texts=judged)


def compare_calibration(
    probabilities: Floats,
    truth: Integers,
    expected: float,
    *,
    false_alarms: float = 0.01,
    draws: int = 1000,
    seed: int = 0,
    bins: int = ECE_BINS,
) -> CalibrationShift:
    """Compare the calibration error on labels with what the model's card promises.

    Few labels alone give a large error: bins of three texts are never honest. So the error is drawn again and again as
    if the confidences were true (consistency resampling: Broecker and Smith, Increasing the Reliability of
    Reliability Diagrams, Weather and Forecasting 22:651, 2007); the limit is the card's error plus the quantile of
    those draws, which bounds the error of a model that is as honest as its card because the error is a norm of the
    gaps, noise and true gap add up at most.

    Args:
        probabilities: [n, classes], what the model says now about the labelled texts; n at least 1.
        truth: [n], class indices.
        expected: Expected calibration error of the card, in [0, 1].
        false_alarms: Rate at which an honest model exceeds the limit, in (0, 1).
        draws: Repetitions.
        seed: Of the draws.
        bins: Of the calibration error.

    >>> sure = np.tile([0.9, 0.1], (30, 1))
    >>> truth = np.array([0] * 24 + [1] * 6)  # 80 of 100 right where 90 are promised: 30 labels do not show it
    >>> compare_calibration(sure, truth, 0.02).decayed
    False
    >>> compare_calibration(np.tile(sure, (40, 1)), np.tile(truth, 40), 0.02).decayed
    True
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    rng = np.random.default_rng(seed)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    member = np.eye(bins)[place]  # [n, bins]
    right = rng.random((draws, len(truth))) < confidence
    errors = np.abs((right - confidence) @ member).sum(axis=1) / len(truth)
    limit = min(1.0, expected + float(np.quantile(errors, 1.0 - false_alarms)))
    found = expected_calibration_error(np.asarray(probabilities, dtype=np.float64), truth, bins)
    return CalibrationShift(ece=found, expected=expected, limit=limit, labels=len(truth))


def chi_squared_tail(value: float, freedom: int) -> float:
    """Return P(X >= value) of a chi-squared law with whole degrees of freedom.

    Q(a + 1, x) = Q(a, x) + x^a e^-x / Gamma(a + 1), from Q(1/2, x) = erfc(sqrt x) or Q(1, x) = e^-x. Source:
    Abramowitz and Stegun 26.4.4 and 26.4.5.

    >>> round(chi_squared_tail(5.991464547, 2), 6), round(chi_squared_tail(30.14352721, 19), 6)
    (0.05, 0.05)
    """
    x = max(value, 0.0) / 2.0
    if x == 0.0:
        return 1.0
    a, tail = (0.5, erfc(sqrt(x))) if freedom % 2 else (1.0, exp(-x))
    while a < freedom / 2.0:
        tail += exp(a * log(x) - x - lgamma(a + 1.0))
        a += 1.0
    return min(tail, 1.0)


def psi_limit(reference: int, recent: int, cells: int, false_alarms: float) -> float:
    """Return the index that is exceeded at the given rate where nothing moved: the sampling noise of two windows.

    >>> round(psi_limit(1000, 50, 20, 0.01), 2)  # the customary limit of 0.2 would cry wolf here
    0.76
    >>> round(psi_limit(10_000, 5_000, 20, 0.01), 3)  # and here it would sleep through much
    0.011
    """
    low, high = 0.0, 1000.0 + 10.0 * cells
    while high - low > 1e-9 * high:
        middle = (low + high) / 2.0
        low, high = (middle, high) if chi_squared_tail(middle, cells - 1) > false_alarms else (low, middle)
    return high * (1.0 / reference + 1.0 / recent)


def _merged(counts: Integers) -> Integers:
    """Join the rarest cells until each expects enough, [2, fewer cells]; without a count in a window: none."""
    totals = counts.sum(axis=1)
    if not totals.all():
        return np.zeros((2, 0), dtype=np.int64)
    expected = counts.sum(axis=0) / totals.sum() * totals.min()
    order = np.argsort(expected, kind="stable")
    cells, waiting, weight = list[Integers](), np.zeros(2, dtype=np.int64), 0.0
    for place in order:
        waiting, weight = waiting + counts[:, place], weight + float(expected[place])
        if weight >= LEAST_EXPECTED:
            cells.append(waiting)
            waiting, weight = np.zeros(2, dtype=np.int64), 0.0
    if weight and cells:
        cells[-1] = cells[-1] + waiting
    return np.stack(cells, axis=1) if cells else np.zeros((2, 0), dtype=np.int64)


def _coin_tail(heads: int, throws: int) -> float:
    """P(X >= heads) of a fair coin, exactly."""
    terms = [lgamma(throws + 1) - lgamma(k + 1) - lgamma(throws - k + 1) for k in range(heads, throws + 1)]
    return min(1.0, sum(exp(term - throws * log(2.0)) for term in terms))
