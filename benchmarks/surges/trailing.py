"""Sums and moments over the periods before each one, with a gap; what most detectors call a baseline."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.surges.protocol import FloatArray, IntArray


def trailing_sum(values: IntArray | FloatArray, window: int, gap: int = 0, growing: bool = False) -> FloatArray:
    """For each period t the sum over t - gap - window to t - gap - 1, [series, periods].

    NaN where the window is not full; if `growing`, only where it is empty.

    >>> trailing_sum(np.array([[1, 2, 3, 4, 5]]), window=2, gap=1)
    array([[nan, nan, nan,  3.,  5.]])
    >>> trailing_sum(np.array([[1, 2, 3, 4, 5]]), window=2, growing=True)
    array([[nan,  1.,  3.,  5.,  7.]])
    """
    periods = values.shape[1]
    upto = np.concatenate([np.zeros((len(values), 1), values.dtype), np.cumsum(values, axis=1)], axis=1)
    end = np.arange(periods) - gap
    begin = end - window
    summed = upto[:, np.maximum(end, 0)] - upto[:, np.maximum(begin, 0)]
    known: FloatArray = np.where(end > 0 if growing else begin >= 0, summed, np.nan)
    return known


def trailing_moments(values: IntArray | FloatArray, window: int, gap: int = 0) -> tuple[FloatArray, FloatArray]:
    """Mean and sample standard deviation over the same window as `trailing_sum`, NaN where it is not full.

    >>> mean, deviation = trailing_moments(np.array([[1, 3, 8]]), window=2)
    >>> mean, deviation.round(4)
    (array([[nan, nan,  2.]]), array([[   nan,    nan, 1.4142]]))
    """
    mean, deviation = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    if (first := window + gap) < values.shape[1]:
        windows = sliding_window_view(values, window, axis=1)[:, : values.shape[1] - first]
        mean[:, first:] = windows.mean(axis=2)
        deviation[:, first:] = windows.std(axis=2, ddof=1)
    return mean, deviation
