"""Topics made of a handful of examples, or of their description alone: a direction of the embedding and a bias.

The encoder stays as it is. A logistic regression with a ridge penalty, its two sides weighing the same, tells the
examples from a background of ordinary texts; the description counts as an example or two. It was kept after it had
been compared on real headlines with a linear metric learned contrastively (as SetFit does to an encoder: Tunstall et
al., Efficient Few-Shot Learning Without Prompts, 2022), with linear discriminants and with centroids: of eight to
sixty-four examples the metric learned their accidents.

No text of the background is labelled, and some belong to the new topic. So probabilities are fitted to what can be
known: how examples and background score in fits that had not seen them, and the share of the background that belongs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, exp, log, sqrt

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MIN_EXAMPLES, MAX_EXAMPLES = 8, 64
LEAST_BACKGROUND = 200
"""With fewer ordinary texts nothing can be said about how rare a topic is."""
MOST_BACKGROUND = 2_000
"""More make no better direction, and a fit takes longer."""
COMMON_SHARE = 0.03
"""Share of a topic before anything is known about it; the model's own twenty have one of 0.05 on average."""
APPLIES_FROM = 0.5
"""A topic takes a text whose probability of belonging to it is at least this."""

_RIDGE = 0.04  # divided by the number of examples: the fewer there are, the less is believed
_DESCRIPTION_COUNTS = 1.5  # examples
_COUNTEREXAMPLES_WEIGH = 0.2  # of the side that is not the topic
_FOLDS = 8
_LARGEST_SHARE = 0.3
_ZERO_SHOT_SLOPE, _ZERO_SHOT_OFFSET = 0.99, -0.43


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """How a new topic will do, as far as it can be known without labels.

    Attributes:
        share: Of texts like the background, how many belong to the topic, in (0, 1).
        share_given: Whether a person said so; else it is an estimate, good to a factor of about two.
        precision: Of the texts that the topic takes, the share that belongs to it; None where it took none.
        recall: Of the texts that belong, the share that it takes.
        taken: Share of the background that it takes.
    """

    share: float
    share_given: bool
    precision: float | None
    recall: float
    taken: float


@dataclass(frozen=True)
class Question:
    """What makes a topic: the probability of yes is the logistic function of `direction` times embedding plus `bias`.

    Attributes:
        direction: [width].
        bias: Log-odds at right angles to it.
        expected: How it will do.
    """

    direction: Floats
    bias: float
    expected: Expectation

    def probabilities(self, embeddings: npt.NDArray[np.floating]) -> Floats:
        """How probably each text belongs: [n], of embeddings [n, width]."""
        return _logistic(embeddings.astype(np.float64) @ self.direction + self.bias)


@dataclass(frozen=True)
class _Axis:
    """A direction, measured in standard deviations of the background from its mean."""

    direction: Floats
    centre: float
    spread: float

    def of(self, embeddings: Floats) -> Floats:
        values: Floats = (embeddings @ self.direction - self.centre) / self.spread
        return values

    def question(self, slope: float, offset: float, expected: Expectation) -> Question:
        direction = self.direction * (slope / self.spread)
        return Question(direction, offset - slope * self.centre / self.spread, expected)


def question_of_examples(
    examples: npt.NDArray[np.floating],
    background: npt.NDArray[np.floating],
    *,
    description: npt.NDArray[np.floating] | None = None,
    counterexamples: npt.NDArray[np.floating] | None = None,
    share: float | None = None,
    seed: int = 0,
) -> Question:
    """Make a topic of texts that belong to it.

    Args:
        examples: [n, width], embeddings of length 1; n at least 2.
        background: [m, width], likewise, of ordinary texts in random order; some may belong to the topic.
        description: [width], of the topic's name and description.
        counterexamples: [k, width], of texts that look like the topic and do not belong.
        share: Of the background that belongs, in (0, 1); estimated by default.
        seed: Of the folds.
    """
    positives, ordinary = examples.astype(np.float64), background.astype(np.float64)[:MOST_BACKGROUND]
    told = np.zeros((0, positives.shape[1])) if description is None else description.astype(np.float64)[None]
    others = counterexamples.astype(np.float64) if counterexamples is not None else np.zeros((0, positives.shape[1]))
    inside, outside = _unseen_scores(positives, ordinary, told, others, seed)
    found = estimated_share(inside, outside) if share is None else share
    slope, offset = fitted_to_share(outside, float(inside.mean()), found)
    answers = _logistic(slope * outside + offset)
    found_again = int((_logistic(slope * inside + offset) >= APPLIES_FROM).sum())
    recall = (found_again + 1) / (len(inside) + 2)  # Laplace's rule of succession: all of eight is no certainty
    expected = _expectation(answers, found, share is not None, recall)
    return _axis(positives, ordinary, told, others).question(slope, offset, expected)


def question_of_description(
    description: npt.NDArray[np.floating], background: npt.NDArray[np.floating], share: float | None = None
) -> Question:
    """Make a topic of its description alone: by how far a text is more like it than ordinary ones are.

    How much that tells was measured on fourteen of the model's own topics, by their descriptions, on training texts.

    Args:
        description: [width], embedding of its name and description, of length 1.
        background: [m, width], likewise, of ordinary texts.
        share: Of the background that belongs, in (0, 1); a customary one by default.
    """
    ordinary = background.astype(np.float64)
    axis = _measured(description.astype(np.float64), ordinary)
    found = COMMON_SHARE if share is None else share
    offset = _ZERO_SHOT_OFFSET + _log_odds(found)
    answers = _logistic(_ZERO_SHOT_SLOPE * axis.of(ordinary) + offset)
    taken = answers >= APPLIES_FROM
    recall = float(answers[taken].sum() / answers.sum())
    return axis.question(_ZERO_SHOT_SLOPE, offset, _expectation(answers, found, share is not None, recall))


def estimated_share(inside: Floats, outside: Floats) -> float:
    """Estimate which share of the background belongs to a topic.

    Above any threshold the background has at least those of its own that belong, so their share is at most that of
    the background above it, divided by the share of all members that are. The least such bound over thresholds about
    the examples' mean, their scores taken as normal, is the estimate (Blanchard, Lee and Scott, Semi-Supervised
    Novelty Detection, JMLR 11:2973, 2010). With few examples it is drawn toward the customary share, in logarithms.

    Args:
        inside: [n], scores of examples that the fit had not seen.
        outside: [m], of the background, likewise.
    """
    mean, spread = float(inside.mean()), max(float(inside.std(ddof=1)), 1e-6)
    bounds = []
    for step in np.linspace(-0.5, 0.75, 11).tolist():
        above = float((outside > mean + step * spread).mean()) + 0.5 / len(outside)
        bounds.append(above / (0.5 * (1.0 - erf(step / sqrt(2.0)))))
    doubt = MIN_EXAMPLES / len(inside)  # variance of the estimate's logarithm; that of the customary share's is 1
    drawn = (log(min(bounds)) + doubt * log(COMMON_SHARE)) / (1.0 + doubt)
    return float(np.clip(exp(drawn), 1.0 / len(outside), _LARGEST_SHARE))


def fitted_to_share(outside: Floats, mean_inside: float, share: float, ridge: float = 1e-3) -> tuple[float, float]:
    """Fit a logistic function so that the background's probabilities add up to the share that belongs.

    The logistic loss of examples against a background that holds some of their kind, corrected for those, is
    mean(softplus(a s + b)) - share (a mean_inside + b), which is convex (du Plessis, Niu and Sugiyama, Convex
    Formulation for Learning from Positive and Unlabeled Data, ICML 2015). At its minimum the probabilities of the
    background have the mean `share`, and its scores, weighted with them, the mean of the examples.

    Args:
        outside: [m], scores of the background.
        mean_inside: Mean score of the examples.
        share: Of the background that belongs, in (0, 1).
        ridge: Penalty on the slope.

    Returns:
        Slope and offset.

    >>> scores = np.array([-1.0, 0.0, 1.0, 4.0])
    >>> slope, offset = fitted_to_share(scores, 3.0, 0.25)
    >>> round(float(_logistic(slope * scores + offset).mean()), 3)
    0.25
    """

    def loss(slope: float, offset: float) -> float:
        fit = float(np.logaddexp(0.0, slope * outside + offset).mean()) - share * (slope * mean_inside + offset)
        return fit + 0.5 * ridge * slope * slope

    slope, offset = 1.0, _log_odds(share)
    for _ in range(100):
        p = _logistic(slope * outside + offset)
        weight = p * (1.0 - p)
        gradient = np.array([(p * outside).mean() - share * mean_inside + ridge * slope, p.mean() - share])
        mixed = (weight * outside).mean()
        curvature = np.array([[(weight * outside**2).mean() + ridge, mixed], [mixed, weight.mean()]]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        size, before = 1.0, loss(slope, offset)
        while loss(slope - size * step[0], offset - size * step[1]) > before and size > 1e-6:
            size /= 2.0
        slope, offset = slope - size * float(step[0]), offset - size * float(step[1])
        if float(np.abs(step).max()) < 1e-8:
            break
    return max(slope, 0.0), offset


def _unseen_scores(
    positives: Floats, ordinary: Floats, told: Floats, others: Floats, seed: int
) -> tuple[Floats, Floats]:
    """Scores of examples and background, each text's from a fit without it: [n], [m]."""
    rng = np.random.default_rng(seed)
    folds = min(_FOLDS, len(positives))
    of_positives = rng.permutation(len(positives)) % folds
    of_ordinary = rng.permutation(len(ordinary)) % folds
    inside, outside = np.zeros(len(positives)), np.zeros(len(ordinary))
    for fold in range(folds):
        mine, theirs = of_positives == fold, of_ordinary == fold
        axis = _axis(positives[~mine], ordinary[~theirs], told, others)
        inside[mine], outside[theirs] = axis.of(positives[mine]), axis.of(ordinary[theirs])
    return inside, outside


def _axis(positives: Floats, ordinary: Floats, told: Floats, others: Floats) -> _Axis:
    """The ridge-penalised logistic regression's direction."""
    rows = np.concatenate([positives, told, ordinary, others])
    counts = np.concatenate([np.ones(len(positives)), np.full(len(told), _DESCRIPTION_COUNTS)])
    aside = _COUNTEREXAMPLES_WEIGH * len(others) / (len(others) + MIN_EXAMPLES)
    weights = np.concatenate(
        [
            0.5 * counts / counts.sum(),
            np.full(len(ordinary), 0.5 * (1.0 - aside) / len(ordinary)),
            np.full(len(others), 0.5 * aside / max(len(others), 1)),
        ]
    )
    belongs = np.arange(len(rows)) < len(counts)
    direction, _ = ridge_logistic(rows, belongs.astype(np.float64), weights, _RIDGE / len(positives))
    return _measured(direction, ordinary)


def ridge_logistic(rows: Floats, truth: Floats, weights: Floats, ridge: float) -> tuple[Floats, float]:
    """Minimise the weighted logistic loss plus ridge / 2 times the direction's square, by Newton's method.

    Args:
        rows: [n, width].
        truth: [n], each 0 or 1.
        weights: [n], adding up to 1.
        ridge: Above 0.

    Returns:
        Direction [width] and bias.
    """
    features = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)  # [n, width + 1]
    penalty = np.append(np.full(rows.shape[1], ridge), 1e-9)
    solution = np.zeros(features.shape[1])
    for _ in range(25):
        p = _logistic(features @ solution)
        gradient = features.T @ (weights * (p - truth)) + penalty * solution
        scaled = features * np.sqrt(np.maximum(weights * p * (1.0 - p), 1e-12))[:, None]
        step = np.linalg.solve(scaled.T @ scaled + np.diag(penalty), gradient)
        solution = solution - step
        if float(np.abs(step).max()) < 1e-4 * max(1.0, float(np.abs(solution).max())):
            break
    direction: Floats = solution[:-1]
    return direction, float(solution[-1])


def _measured(direction: Floats, ordinary: Floats) -> _Axis:
    values = ordinary @ direction
    return _Axis(direction, float(values.mean()), max(float(values.std()), 1e-9))


def _expectation(answers: Floats, share: float, share_given: bool, recall: float) -> Expectation:
    taken = answers >= APPLIES_FROM
    return Expectation(
        share=share,
        share_given=share_given,
        precision=float(answers[taken].mean()) if taken.any() else None,
        recall=recall,
        taken=float(taken.mean()),
    )


def _logistic(values: Floats) -> Floats:
    answers: Floats = 1.0 / (1.0 + np.exp(-np.clip(values, -60.0, 60.0)))
    return answers


def _log_odds(share: float) -> float:
    return log(share / (1.0 - share))
