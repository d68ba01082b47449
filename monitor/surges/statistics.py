"""Small pure functions over arrays: laws of negatives among stories and of stories in time, what is learnt of them.

Two laws carry the verdicts. `K ~ BetaBinomial(n, alpha, beta)` counts the negatives of `n` stories whose common
probability of being negative is itself drawn from Beta(alpha, beta): stories of one day are alike, so counts
vary more than a binomial allows. `K ~ NB(mean, size)` counts stories that come in clusters, as one event begets
several.

All arguments are arrays that broadcast against one another, or plain numbers. Tails are logarithms: they stay exact
where the probability itself would underflow.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Array = npt.NDArray[np.float64]
Numbers = npt.ArrayLike

EXACT_UP_TO: Final = 20_000
"""Stories up to which tails of the beta-binomial are summed; beyond, they are integrated, to three digits."""

SMALLEST: Final = -745.0
"""Logarithm of the least positive float: no tail is less."""

_NEGLIGIBLE = 1e-18
_CELLS = 1_024  # of an integral
_FEW, _MANY = 16, 256  # terms of a sum at a time
_BAND_CELLS = 500_000  # probabilities held at a time
_EXACT_BANDS = 2_000  # stories up to which a band is summed


class Beta(NamedTuple):
    """Parameters of a beta distribution, both positive: numbers, or arrays of one shape."""

    alpha: Array
    beta: Array


def log_probability(k: Numbers, n: Numbers, law: Beta) -> Array:
    """Logarithm of P(K = k) of the beta-binomial, for 0 <= k <= n (Skellam 1948, J. R. Stat. Soc. B 10:257).

    >>> round(float(np.exp(log_probability(1, 2, Beta(1, 1)))), 12)  # a uniform probability: every count is as likely
    0.333333333333
    """
    k, n = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    alpha, beta = law
    ways = special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0)
    found: Array = ways + special.betaln(k + alpha, n - k + beta) - special.betaln(alpha, beta)
    return found


def log_upper_tail(k: Numbers, n: Numbers, law: Beta) -> Array:
    """Logarithm of P(K >= k) of the beta-binomial, in [`SMALLEST`, 0]: at least so many negatives by chance.

    >>> round(float(log_upper_tail(5, 5, Beta(1, 1))), 6) == round(float(np.log(1 / 6)), 6)
    True
    """
    k, n, alpha, beta = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (k, n, *law)))
    shape = k.shape
    k, n, alpha, beta = (np.atleast_1d(a).ravel() for a in (k, n, alpha, beta))
    found = np.zeros(k.shape)
    found[k > n] = SMALLEST
    inside = (k > 0) & (k <= n)
    many = inside & (n > EXACT_UP_TO)
    if many.any():
        found[many] = _log_tail_of_many(k[many], n[many], alpha[many], beta[many])
    above = inside & ~many & (k >= n * alpha / (alpha + beta))
    if above.any():
        found[above] = _log_tail_above(k[above], n[above], alpha[above], beta[above])
    below = inside & ~many & ~above
    if below.any():
        # Below the mean the lower tail is the small one; by symmetry P(K <= k - 1) = P(n - K >= n - k + 1).
        lower = np.exp(_log_tail_above((n - k + 1.0)[below], n[below], beta[below], alpha[below]))
        found[below] = np.log(np.maximum(1.0 - lower, 5e-324))
    return np.clip(found, SMALLEST, 0.0).reshape(shape)


def _log_tail_above(k: Array, n: Array, alpha: Array, beta: Array) -> Array:
    """Sums upwards from k, each term from the one before, some at a time; for k at or above the mean."""
    total, term, done, width = np.ones(k.shape), np.ones(k.shape), 0, _FEW
    left = np.flatnonzero(k < n)
    while left.size:
        j, of = k[left, None] + done + np.arange(width), n[left, None]
        left_over = np.maximum(of - j, 0.0)  # none beyond n: a factor of 0 ends the sum
        ratios = (
            left_over * (alpha[left, None] + j) / ((j + 1.0) * (beta[left, None] + np.maximum(left_over - 1.0, 0.0)))
        )
        terms = term[left, None] * np.cumprod(ratios, axis=1)
        total[left] += terms.sum(axis=1)
        term[left] = terms[:, -1]
        done, width = done + width, min(2 * width, _MANY)
        left = left[term[left] >= _NEGLIGIBLE * total[left]]
    found: Array = log_probability(k, n, Beta(alpha, beta)) + np.log(total)
    return found


def _log_tail_of_many(k: Array, n: Array, alpha: Array, beta: Array) -> Array:
    """The sum as an integral by the midpoint rule: over so many stories the probabilities change smoothly."""
    steps = (np.arange(_CELLS) + 0.5) / _CELLS
    width = (n - k + 1.0) / _CELLS
    places = (k - 0.5)[:, None] + (n - k + 1.0)[:, None] * steps
    found = log_probability(places, n[:, None], Beta(alpha[:, None], beta[:, None]))
    total: Array = special.logsumexp(found, axis=1) + np.log(width)
    return total


def log_volume_tail(k: Numbers, mean: Numbers, size: Numbers) -> Array:
    """Logarithm of P(K >= k) of the negative binomial, in [`SMALLEST`, 0]: at least so many stories by chance.

    The variance is mean + mean^2 / size. The tail is an incomplete beta function (Johnson, Kemp & Kotz 2005,
    Univariate Discrete Distributions, eq. 5.31).

    Args:
        k: Stories, at least 0.
        mean: Expected stories, at least 0.
        size: Positive.

    >>> round(float(np.exp(log_volume_tail(1, 1.0, 1.0))), 12)  # geometric: half of the time there is none
    0.5
    """
    k, mean, size = (np.asarray(a, dtype=np.float64) for a in (k, mean, size))
    tail = special.betainc(np.maximum(k, 1e-9), size, mean / (mean + size))
    found: Array = np.where(k > 0, np.log(np.maximum(tail, 5e-324)), 0.0)
    return np.maximum(found, SMALLEST)


def fisher(one: Numbers, other: Numbers) -> Array:
    """Logarithm of the chance that two independent chances multiply to so little or less.

    Fisher's method (Fisher 1932, Statistical Methods for Research Workers, 4th ed., section 21.1): of two uniform
    numbers P(UV <= x) = x (1 - log x). Where the chances are of counts it errs on the safe side.

    Args:
        one: Logarithm of a chance, at most 0.
        other: Likewise.

    >>> round(float(np.exp(fisher(np.log(0.1), np.log(0.1)))), 4)
    0.0561
    """
    product = np.asarray(one, dtype=np.float64) + np.asarray(other, dtype=np.float64)
    found: Array = product + np.log1p(-product)
    return found


def cluster_size(mean: Numbers, clustering: Numbers, known: Numbers) -> Array:
    """The size of a negative binomial for stories that come in clusters, at a rate that is not known exactly.

    Events are Poisson, the stories of an event log-series: together negative binomial with variance mean (1 +
    clustering), whatever the mean (Quenouille 1949, Biometrics 5:162). A rate known only as well as from `known`
    stories adds mean^2 / known to it, as in a gamma posterior; both together give the size.

    >>> round(float(cluster_size(2.0, 1.0, np.inf)), 12)
    2.0
    """
    mean, known = np.asarray(mean, dtype=np.float64), np.asarray(known, dtype=np.float64)
    found: Array = 1.0 / (clustering / np.maximum(mean, 1e-300) + 1.0 / known)
    return found


def log_likelihood_ratio(k: Numbers, n: Numbers, usual: Beta, worse: Beta) -> Array:
    """How much better one law explains a count than another, the step of a CUSUM (Page 1954, Biometrika 41:100).

    >>> float(log_likelihood_ratio(3, 4, Beta(1, 3), Beta(3, 1))) > 0
    True
    """
    found: Array = log_probability(k, n, worse) - log_probability(k, n, usual)
    return found


def predictive(mean: Numbers, overdispersion: Numbers, information: Numbers) -> Beta:
    """The law of a new window's share, given what is known of the mean and how windows vary around it.

    A window's share varies around the mean with variance m(1-m)r, and the mean itself is known only as well as from
    `information` independent stories: variance m(1-m)/(information + 1), as in a beta posterior. Both together are a
    beta law with intraclass correlation t = r + (1 - r)/(information + 1) and precision 1/t - 1 (the moment matching of
    Griffiths 1973, Biometrics 29:637). Without overdispersion it is the beta posterior itself.

    Args:
        mean: Expected share, in (0, 1).
        overdispersion: Intraclass correlation r, in [0, 1).
        information: Independent stories that the mean is worth, positive.

    >>> tuple(float(number) for number in predictive(0.25, 0.0, 40.0))
    (10.0, 30.0)
    """
    mean, total = np.asarray(mean, dtype=np.float64), intraclass(overdispersion, information)
    precision = 1.0 / total - 1.0
    return Beta(mean * precision, (1.0 - mean) * precision)


def intraclass(overdispersion: Numbers, information: Numbers) -> Array:
    """How much the stories of a new window resemble one another, the doubt about the mean included; see `predictive`.

    >>> float(intraclass(0.0, 39.0))
    0.025
    """
    spread = np.asarray(overdispersion, dtype=np.float64)
    found: Array = spread + (1.0 - spread) / (np.asarray(information, dtype=np.float64) + 1.0)
    return found


def raised(mean: Numbers, odds: float) -> Array:
    """A share whose odds are so many times as high.

    >>> round(float(raised(0.2, 2.0)), 12) == round(1 / 3, 12)
    True
    """
    mean = np.asarray(mean, dtype=np.float64)
    found: Array = odds * mean / (1.0 - mean + odds * mean)
    return found


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


def own_overdispersion(
    spread: Array, stories: Array, pairs: Array, information: Array, usual: Array, doubt: float
) -> Array:
    """Overdispersion of single series, each shrunk towards the usual one as far as its own past tells little.

    The moment estimate of a series has a variance of about 1 / `information`; series differ from one another by
    `doubt` times the usual one. The posterior mean weighs both (Efron & Morris 1975, J. Am. Stat. Assoc. 70:311).

    Args:
        spread: As in `estimate_overdispersion`, by series.
        stories: Likewise.
        pairs: Likewise.
        information: Sum of n(n - 1) / (2 (1 + (n - 1)r)^2) over blocks, likewise weighted.
        usual: Of series of their kind, positive.
        doubt: Positive.

    Returns:
        Not bounded: may be negative.

    >>> nothing, usual = np.zeros(1), np.array([0.02])
    >>> own_overdispersion(nothing, nothing, nothing, nothing, usual, 0.5).tolist()
    [0.02]
    """
    own = (spread - stories) / np.maximum(pairs, 1e-9)
    trust = information / (information + 1.0 / (doubt * usual) ** 2)
    found: Array = usual + trust * (own - usual)
    return found


def together(stories: Array, pairs: Array, overdispersion: Array) -> Array:
    """Overdispersion of several blocks taken as one: only stories of one block resemble one another.

    The variance m(1-m)(N + r sum of n(n - 1)) of a sum of independent blocks is that of one block of N stories with
    the overdispersion r sum of n(n - 1) / (N(N - 1)).

    Args:
        stories: N, by series.
        pairs: Sum of n(n - 1) over blocks.
        overdispersion: r.

    >>> together(np.array([4.0]), np.array([4.0]), np.array([0.3])).round(3).tolist()  # 2 and 2: two pairs of six
    [0.1]
    """
    found: Array = overdispersion * pairs / np.maximum(stories * (stories - 1.0), 1.0)
    return found


def residual(k: Numbers, n: Numbers, law: Beta) -> Array:
    """How surprising a count is, in standard deviations of a normal: the mid-p quantile residual, in [-8, 8].

    A quantile residual (Dunn & Smyth 1996, J. Comput. Graph. Stat. 5:236) instead of Pearson's or Anscombe's: with
    one story in an hour those call every single negative an outlier, and a baseline that weighs by them learns too
    low a mean.

    >>> abs(round(float(residual(5, 10, Beta(50, 50))), 6))
    0.0
    """
    above = np.exp(log_upper_tail(np.asarray(k) + 1, n, law))
    return deviations(above + 0.5 * np.exp(log_probability(k, n, law)))


def deviations(tail: Numbers) -> Array:
    """The standard deviations of a normal above which it lies with this probability, in [-8, 8].

    >>> float(deviations(0.5))
    0.0
    """
    found: Array = -special.ndtri(np.clip(np.asarray(tail, dtype=np.float64), 1e-15, 1.0 - 1e-15))
    return found + 0.0


def outlier_weight(score: Numbers, threshold: float) -> Array:
    """How much a past block teaches: 1 up to the threshold, then 1/score^2, in (0, 1].

    Farrington et al. 1996 (J. R. Stat. Soc. A 159:547) with the threshold of Noufaily et al. 2013 (Stat. Med. 32:1206):
    past outbreaks must not raise the baseline that is to find the next one.

    >>> float(outlier_weight(2.0, 2.58)), float(outlier_weight(4.0, 2.58))
    (1.0, 0.0625)
    """
    score = np.asarray(score, dtype=np.float64)
    found: Array = np.where(score <= threshold, 1.0, np.minimum(1.0, np.maximum(np.abs(score), 1e-9) ** -2.0))
    return found


def share_band(n: int, alpha: float, beta: float, coverage: float) -> tuple[float, float]:
    """The equal-tailed band of the share K/n: the smallest shares whose cumulative probability reaches its ends.

    Args:
        n: Stories, at least 0; of none, anything is expected: (0, 1).
        alpha: Of the share's law.
        beta: Likewise.
        coverage: Probability inside the band, in (0, 1).

    >>> share_band(100, 1e9, 1e9, 0.95)  # practically a fair coin: 40 to 60 heads of 100
    (0.4, 0.6)
    """
    low, high = share_bands(np.array([n], dtype=np.float64), Beta(np.array([alpha]), np.array([beta])), coverage)
    return (float(low[0]), float(high[0]))


def share_bands(n: Array, law: Beta, coverage: float) -> tuple[Array, Array]:
    """Lower and upper ends of `share_band` for many; arrays of one length."""
    tail = (1.0 - coverage) / 2.0
    low, high = np.zeros(len(n)), np.ones(len(n))
    many = np.flatnonzero(n > _EXACT_BANDS)
    if many.size:
        low[many], high[many] = _bands_of_many(n[many], Beta(law.alpha[many], law.beta[many]), tail)
    order = np.argsort(n, kind="stable")
    order = order[(n[order] > 0) & (n[order] <= _EXACT_BANDS)]
    while order.size:  # rows of about one length together
        widest = 2 * n[order[0]] + _FEW
        rows = min(int(np.searchsorted(n[order], widest, side="right")), int(_BAND_CELLS / widest))
        here, order = order[:rows], order[rows:]
        low[here], high[here] = _exact_bands(n[here], Beta(law.alpha[here], law.beta[here]), tail)
    return low, high


def _exact_bands(n: Array, law: Beta, tail: float) -> tuple[Array, Array]:
    of, alpha, beta = n[:, None], law.alpha[:, None], law.beta[:, None]
    j = np.arange(int(n.max()))
    inside = j < of
    with np.errstate(divide="ignore"):
        steps = np.log(
            np.where(inside, (of - j) * (alpha + j) / ((j + 1.0) * np.maximum(beta + of - j - 1.0, 1e-300)), 1)
        )
    first = log_probability(np.zeros(len(n)), n, law)[:, None]
    logarithms = np.concatenate([first, first + np.cumsum(steps, axis=1)], axis=1)
    cumulative = np.cumsum(np.where(np.arange(j.size + 1) <= of, np.exp(logarithms), 0.0), axis=1)
    # Rounding may leave the sum of all a hair below 1; its last place is then the end.
    low, high = (np.minimum((cumulative < end).sum(axis=1), n) / n for end in (tail, 1.0 - tail))
    return low, high


def _bands_of_many(n: Array, law: Beta, tail: float) -> tuple[Array, Array]:
    """The share is nearly a beta variable, with the variance of counts."""
    alpha, beta = law
    together = 1.0 / (alpha + beta + 1.0)
    precision = 1.0 / (together + (1.0 - together) / n) - 1.0
    mean = alpha / (alpha + beta)
    low, high = (
        np.clip(np.round(special.betaincinv(mean * precision, (1.0 - mean) * precision, end) * n), 0, n) / n
        for end in (tail, 1.0 - tail)
    )
    return low, high
