"""The plainest detector of a raised share: a beta-binomial tail around a mean that forgets exponentially."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betaln, gammaln

from benchmarks.surges.protocol import Counts, FloatArray, IntArray

_NEGLIGIBLE: Final = 1e-12
_YOUNG: Final = 14  # periods


def upper_tail(k: IntArray, n: IntArray, alpha: FloatArray, beta: FloatArray) -> FloatArray:
    """P(K >= k) of beta-binomials, elementwise, in [0, 1]; all of one shape.

    Summed upwards from k, each term from the one before (Skellam 1948, J. R. Stat. Soc. B 10:257).

    >>> upper_tail(np.array([3]), np.array([5]), np.array([1.0]), np.array([1.0])).round(12)  # 3, 4, 5 of 0 to 5
    array([0.5])
    """
    shape = k.shape
    k, n, alpha, beta = (np.ravel(array).astype(float) for array in (k, n, alpha, beta))
    first = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + betaln(k + alpha, n - k + beta) - betaln(alpha, beta)
    total, open_ = np.ones_like(first), np.flatnonzero((k < n) & (k > 0))
    term, j, n, alpha, beta = np.ones(len(open_)), k[open_], n[open_], alpha[open_], beta[open_]
    while len(open_):
        term = term * (n - j) * (alpha + j) / ((j + 1) * (beta + n - j - 1))
        j = j + 1
        total[open_] += term
        going = (j < n) & ((term > _NEGLIGIBLE * total[open_]) | (j < n * alpha / (alpha + beta)))
        if not going.all():
            open_, term, j, n, alpha, beta = (array[going] for array in (open_, term, j, n, alpha, beta))
    tail = np.where(k > 0, np.exp(np.minimum(first + np.log(total), 0.0)), 1.0)
    return tail.reshape(shape)


@dataclass(frozen=True)
class BetaBinomialTail:
    """Upper-tail p-value of negatives given stories, nothing more: what every refinement must beat.

    Mean and intraclass correlation (Williams 1982, Appl. Stat. 31:144) forget with the same half-life; both start from
    a prior worth `prior` stories.
    """

    half_life: float = 60.0
    prior: float = 20.0
    name: str = "beta-binomial tail"
    nominal: float = 0.001
    p_valued: bool = True

    def scores(self, counts: Counts) -> FloatArray:
        """As the protocol has it: [series, periods]."""
        k, n = counts.negatives, counts.stories
        keep = 0.5 ** (1.0 / self.half_life)
        negatives, stories = np.full(len(k), 0.2 * self.prior), np.full(len(k), self.prior)
        spread, pairs = np.full(len(k), 0.01 * self.prior), np.full(len(k), self.prior)
        alpha, beta = np.empty(k.shape), np.empty(k.shape)
        for period in range(k.shape[1]):
            mean = negatives / stories
            within = np.clip(spread / pairs, 0.0, 0.5)
            precision = 1 / (within + (1 - within) / (stories + 1)) - 1
            alpha[:, period], beta[:, period] = mean * precision, (1 - mean) * precision
            now_k, now_n = k[:, period], n[:, period]
            excess = (now_k - now_n * mean) ** 2 / (mean * (1 - mean)) - now_n
            negatives, stories = keep * negatives + now_k, keep * stories + now_n
            spread, pairs = keep * spread + excess, keep * pairs + now_n * (now_n - 1)
        p = upper_tail(k, n, alpha, beta)
        p[:, :_YOUNG] = np.nan
        return p
