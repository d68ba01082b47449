"""How probable a finding is when many series are watched by many windows and statistics, all day long."""

from __future__ import annotations

import numpy as np

from monitor.surges.statistics import Array


def adjusted(p_values: Array, weights: Array, family: float) -> Array:
    """The least false discovery rate at which each hypothesis is rejected.

    By Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289, with a weight for each hypothesis (Genovese, Roeder &
    Wasserman 2006, Biometrika 93:509). Under no change at all, the chance that any is rejected at level a is at most a.
    Not cut at 1: beyond it, a number of findings to expect, for those who put up with more than one false one a day.

    Args:
        p_values: Of those that were looked at and may be small, in [0, 1].
        weights: Of each, positive.
        family: Sum of the weights of all series that are watched, these included; of the others nothing is unusual.

    Returns:
        One for each, not negative.

    >>> adjusted(np.array([0.001, 0.5, 0.002]), np.ones(3), family=10).round(4).tolist()
    [0.01, 1.6667, 0.01]
    """
    shared_out = p_values * family / weights
    order = np.argsort(shared_out, kind="stable")
    stepped = shared_out[order] / np.arange(1, len(p_values) + 1)
    least = np.minimum.accumulate(stepped[::-1])[::-1]
    found = np.empty(len(p_values))
    found[order] = least
    return found
