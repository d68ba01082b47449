"""Small pure functions: the beta-binomial distribution of negatives among stories, and what is needed to learn it.

`K ~ BetaBinomial(n, alpha, beta)` counts negatives of `n` stories whose common probability of being negative is itself
drawn from Beta(alpha, beta): stories of one day resemble one another, so counts vary more than a binomial allows.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from math import exp, inf, lgamma, log
from statistics import NormalDist
from typing import NamedTuple

_NORMAL = NormalDist()
_NEGLIGIBLE = 1e-18


class Beta(NamedTuple):
    """Parameters of a beta distribution, both positive."""

    alpha: float
    beta: float


def log_probability(k: int, n: int, law: Beta) -> float:
    """Logarithm of P(K = k), for 0 <= k <= n (Skellam 1948, J. R. Stat. Soc. B 10:257).

    >>> round(exp(log_probability(1, 2, Beta(1, 1))), 12)  # a uniform probability makes every count equally likely
    0.333333333333
    """
    alpha, beta = law
    ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    drawn = lgamma(k + alpha) + lgamma(n - k + beta) - lgamma(n + alpha + beta)
    return ways + drawn - lgamma(alpha) - lgamma(beta) + lgamma(alpha + beta)


def _log_tail_above(k: int, n: int, law: Beta) -> float:
    """Logarithm of P(K >= k) by summing upwards from k, each term from the one before; for k at or above the mean."""
    alpha, beta = law
    total = term = 1.0
    for j in range(k, n):
        term *= (n - j) * (alpha + j) / ((j + 1) * (beta + n - j - 1))
        total += term
        if term < _NEGLIGIBLE * total:
            break
    return log_probability(k, n, law) + log(total)


def log_upper_tail(k: int, n: int, law: Beta) -> float:
    """Logarithm of P(K >= k), never above 0; stays exact where the probability itself would underflow.

    >>> round(log_upper_tail(5, 5, Beta(1, 1)), 6) == round(log(1 / 6), 6)
    True
    """
    if k <= 0:
        return 0.0
    if k > n:
        return -inf
    alpha, beta = law
    if k >= n * alpha / (alpha + beta):
        return min(0.0, _log_tail_above(k, n, law))
    # Below the mean the lower tail is the small one; by symmetry P(K <= k - 1) = P(n - K >= n - k + 1).
    return log(max(1.0 - exp(_log_tail_above(n - k + 1, n, Beta(beta, alpha))), 5e-324))


def upper_tail(k: int, n: int, law: Beta) -> float:
    """P(K >= k): how probable it is to see at least so many negatives when nothing has changed, in [0, 1].

    >>> upper_tail(0, 10, Beta(2, 8))
    1.0
    >>> round(upper_tail(3, 5, Beta(1, 1)), 12)  # counts 3, 4, 5 of six equally likely ones
    0.5
    """
    return exp(log_upper_tail(k, n, law))


@lru_cache(maxsize=4096)
def share_band(n: int, law: Beta, coverage: float) -> tuple[float, float]:
    """The equal-tailed band of the share K/n: the smallest shares whose cumulative probability reaches its ends.

    Args:
        n: Stories, at least 0; of none, anything is expected: (0, 1).
        law: Of the share.
        coverage: Probability inside the band, in (0, 1).

    >>> share_band(100, Beta(1e9, 1e9), 0.95)  # practically a fair coin: 40 to 60 heads of 100
    (0.4, 0.6)
    """
    if n == 0:
        return (0.0, 1.0)
    alpha, beta = law
    tail = (1.0 - coverage) / 2.0
    # Far below the mean the first terms may underflow; they are then negligible, and the sum starts where they are not.
    start = bisect_left(range(int(n * alpha / (alpha + beta))), -600.0, key=lambda k: log_probability(k, n, law))
    term = cumulative = exp(log_probability(start, n, law))
    k = start
    while cumulative < tail and k < n:
        term *= (n - k) * (alpha + k) / ((k + 1) * (beta + n - k - 1))
        cumulative, k = cumulative + term, k + 1
    low = k
    while cumulative < 1.0 - tail and k < n:
        term *= (n - k) * (alpha + k) / ((k + 1) * (beta + n - k - 1))
        cumulative, k = cumulative + term, k + 1
    return (low / n, k / n)


def predictive(mean: float, overdispersion: float, information: float) -> Beta:
    """The law of a new block's share, given what is known of the mean and how blocks vary around it.

    A block's share varies around the mean with variance m(1-m)r, and the mean itself is known only as well as from
    `information` independent stories: variance m(1-m)/(information + 1), as in a beta posterior. Both together are a
    beta law with intraclass correlation t = r + (1 - r)/(information + 1) and precision 1/t - 1 (the moment matching of
    Griffiths 1973, Biometrics 29:637). Without overdispersion it is the beta posterior itself.

    Args:
        mean: Expected share, in (0, 1).
        overdispersion: Intraclass correlation r, in [0, 1).
        information: Independent stories that the mean is worth, positive.

    >>> predictive(0.25, 0.0, 40.0)
    Beta(alpha=10.0, beta=30.0)
    """
    total = overdispersion + (1.0 - overdispersion) / (information + 1.0)
    precision = 1.0 / total - 1.0
    return Beta(mean * precision, (1.0 - mean) * precision)


def estimate_overdispersion(spread: float, stories: float, pairs: float, prior: float, prior_pairs: float) -> float:
    """Moment estimate of the intraclass correlation (Williams 1982, Appl. Stat. 31:144), shrunk towards a prior.

    For a block, E[(k - nm)^2 / (m(1 - m))] = n + r n(n - 1); summed over blocks and solved for r.

    Args:
        spread: Sum of (k - nm)^2 / (m(1 - m)) over blocks, weighted.
        stories: Sum of n, likewise weighted.
        pairs: Sum of n(n - 1), likewise weighted.
        prior: Expected r before any data.
        prior_pairs: How many pairs the prior is worth, positive.

    >>> # as spread as a binomial
    >>> estimate_overdispersion(spread=10.0, stories=10.0, pairs=1000.0, prior=0.0, prior_pairs=1.0)
    0.0
    """
    return (spread - stories + prior * prior_pairs) / (pairs + prior_pairs)


def residual(k: int, n: int, law: Beta) -> float:
    """How surprising a count is, in standard deviations of a normal: the mid-p quantile residual, in [-8, 8].

    A quantile residual (Dunn & Smyth 1996, J. Comput. Graph. Stat. 5:236) instead of Pearson's or Anscombe's: with
    one story in an hour those call every single negative an outlier, and a baseline that weighs by them learns too
    low a mean.

    >>> abs(round(residual(5, 10, Beta(50, 50)), 6))
    0.0
    """
    above = upper_tail(k + 1, n, law)
    middle = above + 0.5 * exp(log_probability(k, n, law))
    return -_NORMAL.inv_cdf(min(max(middle, 1e-15), 1.0 - 1e-15))


def outlier_weight(score: float, threshold: float) -> float:
    """How much a past block teaches: 1 up to the threshold, then 1/score^2, in (0, 1].

    Farrington et al. 1996 (J. R. Stat. Soc. A 159:547) with the threshold of Noufaily et al. 2013 (Stat. Med. 32:1206):
    past outbreaks must not raise the baseline that is to find the next one.

    >>> outlier_weight(2.0, 2.58), outlier_weight(4.0, 2.58)
    (1.0, 0.0625)
    """
    return 1.0 if score <= threshold else min(1.0, score**-2)
