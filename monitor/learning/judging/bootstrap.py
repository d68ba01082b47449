"""How far two classifiers lie apart on the same texts, and how sure that is: numpy only, and pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from monitor.learning.judging.evaluation import calibration_gaps

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Metric = Literal["accuracy", "macro_f1"]

_CHUNK_NUMBERS = 4_000_000  # drawn at once: 32 MB


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Candidate minus champion on the same texts.

    Attributes:
        metric: What was compared.
        n: Texts.
        champion: Its figure, in [0, 1].
        candidate: Likewise.
        delta: Candidate minus champion, in [-1, 1].
        low: Lower end of the interval of the difference.
        high: Upper end.
        p_worse: Share of the resamples in which the candidate was worse, ties counting half, in (0, 1).
    """

    metric: Metric
    n: int
    champion: float
    candidate: float
    delta: float
    low: float
    high: float
    p_worse: float


def paired_bootstrap(
    champion: Integers,
    candidate: Integers,
    truth: Integers,
    metric: Metric,
    *,
    resamples: int = 2000,
    seed: int = 0,
    coverage: float = 0.9,
) -> Comparison:
    """Compare two classifiers' answers to the same texts.

    Texts are drawn with replacement, each with its truth and both answers, and the difference is taken anew; its
    percentiles are the interval. As only the counts of (truth, answer, answer) matter, a resample is one draw from a
    multinomial law over the triples that occur. Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
    chapters 13 and 16; paired for classifiers: Koehn, EMNLP 2004.

    Args:
        champion: [n], its answers as class indices; n at least 1.
        candidate: [n], likewise.
        truth: [n], likewise.
        metric: Accuracy, or the mean F1 over the classes that occur in a resample's truth or answers of either.
        resamples: How many.
        seed: Of the draws.
        coverage: Of the interval, in (0, 1); .9 leaves 5 of 100 below its lower end.

    Raises:
        ValueError: If there is nothing to compare or the lengths differ.

    >>> truth = np.arange(400) % 3
    >>> found = paired_bootstrap((truth + (truth == 2)) % 3, truth, truth, "accuracy")
    >>> round(found.delta, 3), found.low > 0.25, found.high < 0.4, found.p_worse < 0.001
    (0.333, True, True, True)
    """
    if not (0 < len(truth) == len(champion) == len(candidate)):
        raise ValueError(f"cannot compare {len(champion)} and {len(candidate)} answers to {len(truth)} texts")
    triples, counts = np.unique(np.stack([truth, champion, candidate]), axis=1, return_counts=True)
    figures = _accuracies if metric == "accuracy" else _macro_f1s
    ours, theirs = (float(figure[0]) for figure in figures(counts[None, :].astype(np.float64), triples))
    pairs = [figures(drawn, triples) for drawn in _drawn(counts, resamples, seed)]
    spread = np.concatenate([after - before for before, after in pairs])
    low, high = np.quantile(spread, [(1.0 - coverage) / 2.0, (1.0 + coverage) / 2.0])
    worse = float((spread < 0.0).sum()) + float((spread == 0.0).sum()) / 2.0
    return Comparison(
        metric=metric,
        n=len(truth),
        champion=ours,
        candidate=theirs,
        delta=theirs - ours,
        low=float(low),
        high=float(high),
        p_worse=(worse + 0.5) / (resamples + 1.0),
    )


def least_calibration_loss(
    champion: Floats,
    candidate: Floats,
    truth: Integers,
    *,
    resamples: int = 2000,
    seed: int = 0,
    coverage: float = 0.9,
) -> float:
    """Return the lower end of the interval of the calibration error that a candidate has gained.

    Drawn as in `paired_bootstrap`. Of few texts the errors of two honest models differ by chance alone, more than any
    margin that matters; the lower end tells what is left when chance is allowed for.

    Args:
        champion: [n, classes], its probabilities; n at least 1.
        candidate: [n, classes], likewise.
        truth: [n], class indices.
        resamples: How many.
        seed: Of the draws.
        coverage: Of the interval, in (0, 1).

    Returns:
        Candidate's error less the champion's, in [-1, 1].

    >>> truth = np.arange(400) % 10 // 9  # nine in ten are of the first class
    >>> honest, boasting = (np.tile([sure, 1 - sure], (400, 1)) for sure in (0.9, 0.999))
    >>> 0.03 < least_calibration_loss(honest, boasting, truth) < 0.1
    True
    """
    gaps = np.hstack([calibration_gaps(side, truth) for side in (champion, candidate)])
    kinds, counts = np.unique(gaps, axis=0, return_counts=True)  # [kinds, both sides' bins]
    sums = [np.abs(drawn @ kinds).reshape(len(drawn), 2, -1).sum(axis=2) for drawn in _drawn(counts, resamples, seed)]
    errors = np.concatenate(sums) / len(truth)  # [resamples, 2]
    return float(np.quantile(errors[:, 1] - errors[:, 0], (1.0 - coverage) / 2.0))


def _drawn(counts: Integers, resamples: int, seed: int) -> Iterator[Floats]:
    """Resamples of as many texts as there are, as counts of each kind, [some, kinds] at a time."""
    rng, texts = np.random.default_rng(seed), int(counts.sum())
    step = max(1, _CHUNK_NUMBERS // len(counts))
    for start in range(0, resamples, step):
        yield rng.multinomial(texts, counts / texts, min(step, resamples - start)).astype(np.float64)


def _accuracies(counts: Floats, triples: Integers) -> tuple[Floats, Floats]:
    """Of both sides, [resamples] each, from counts [resamples, triples] of triples [3, triples]."""
    truth, champion, candidate = triples
    totals = counts.sum(axis=1)
    return counts @ (champion == truth) / totals, counts @ (candidate == truth) / totals


def _macro_f1s(counts: Floats, triples: Integers) -> tuple[Floats, Floats]:
    """Likewise; F1 is twice the hits over answers and truths together."""
    truth, champion, candidate = triples
    classes = np.unique(triples)
    true = (truth[:, None] == classes).astype(np.float64)  # [triples, classes]
    ours, theirs = ((side[:, None] == classes).astype(np.float64) for side in (champion, candidate))
    supports, our_answers, their_answers = counts @ true, counts @ ours, counts @ theirs  # [resamples, classes]
    occurring = (supports + our_answers + their_answers) > 0.0
    pairs = ((counts @ (true * ours), our_answers), (counts @ (true * theirs), their_answers))
    before, after = (
        (2.0 * hits / np.maximum(supports + answers, 1.0)).sum(axis=1) / occurring.sum(axis=1)
        for hits, answers in pairs
    )
    return before, after
