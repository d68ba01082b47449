"""A truly worse model is hardly ever promoted, a truly better one mostly is, and each refusal says why."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pytest

from monitor.classify.labels import Labels
from monitor.learning.judging.acceptance import (
    HeadComparison,
    JudgingRules,
    compare_heads,
    figures,
    judge,
    labels_fault,
)
from monitor.learning.judging.bootstrap import paired_bootstrap
from monitor.learning.judging.evaluation import evaluate
from monitor.learning.judging.verdicts import (
    ClassCollapsed,
    NoBetterOnNewest,
    Promote,
    Refuse,
    TooFewToJudge,
    WorseCalibration,
    WorseOnFrozen,
)

NAMES = ("negative", "neutral", "positive")
RULES = JudgingRules(resamples=300)
SEEDS = count()


def test_the_figures_are_those_of_the_evaluation() -> None:
    rng = np.random.default_rng(0)
    truth, ours, theirs = (rng.integers(0, 3, 500) for _ in range(3))
    for metric in ("accuracy", "macro_f1"):
        found = paired_bootstrap(ours, theirs, truth, metric)
        assert found.champion == pytest.approx(getattr(evaluate(np.eye(3)[ours], truth, NAMES), metric))
        assert found.candidate == pytest.approx(getattr(evaluate(np.eye(3)[theirs], truth, NAMES), metric))
        assert found.low < found.delta < found.high


def test_the_interval_is_that_of_drawing_texts_one_by_one() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 300)
    ours, theirs = (np.where(rng.random(300) < 0.8, truth, rng.integers(0, 3, 300)) for _ in range(2))
    drawn = rng.integers(0, 300, (2000, 300))
    slow = [
        evaluate(np.eye(3)[theirs[rows]], truth[rows], NAMES).macro_f1
        - evaluate(np.eye(3)[ours[rows]], truth[rows], NAMES).macro_f1
        for rows in drawn
    ]
    found = paired_bootstrap(ours, theirs, truth, "macro_f1", resamples=8000, seed=2)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(slow, [0.05, 0.95])), abs=0.006)


def test_equal_answers_are_no_difference_at_all() -> None:
    truth = np.array([0, 1, 2] * 10)
    found = paired_bootstrap(truth, truth, truth, "macro_f1", resamples=100)
    assert (found.delta, found.low, found.high, found.p_worse) == (0.0, 0.0, 0.0, 0.5)


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot compare 0 and 0 answers to 0 texts"):
        paired_bootstrap(*(np.zeros(0, dtype=np.int64),) * 3, "accuracy")


def test_a_model_that_lost_the_margin_is_promoted_in_five_of_a_hundred_attempts_at_most() -> None:
    promoted = [_attempt(frozen_gain=-0.02, newest_gain=0.05) for _ in range(300)]
    assert np.mean([isinstance(verdict, Promote) for verdict in promoted]) < 0.08


def test_a_model_that_is_worse_on_the_newest_labels_is_mostly_refused() -> None:
    promoted = [_attempt(frozen_gain=0.0, newest_gain=-0.08) for _ in range(200)]
    assert np.mean([isinstance(verdict, Promote) for verdict in promoted]) < 0.1


def test_a_better_model_is_mostly_promoted() -> None:
    promoted = [_attempt(frozen_gain=0.015, newest_gain=0.1) for _ in range(200)]
    assert np.mean([isinstance(verdict, Promote) for verdict in promoted]) > 0.85


def test_a_promotion_says_what_was_gained() -> None:
    truth = np.arange(300) % 3
    ours = np.where(np.arange(300) < 60, (truth + 1) % 3, truth)
    verdict = judge([_compared(ours, truth, truth)], [_compared(ours, truth, truth)], RULES)
    assert (
        str(verdict)
        == "Its accuracy against the champion's is +0.200 on the newest labels and +0.200 on the frozen set."
    )


def test_a_worse_model_is_refused_with_the_figures() -> None:
    truth = np.arange(600) % 3
    theirs = np.where(np.arange(600) < 120, (truth + 1) % 3, truth)
    verdict = judge([_compared(truth, theirs, truth)], [_compared(truth, truth, truth)], RULES)
    assert isinstance(verdict, Refuse)
    assert verdict.kind == "WorseOnFrozen"
    assert {type(fault) for fault in verdict.faults} >= {WorseOnFrozen, ClassCollapsed}
    assert str(verdict).startswith("On the frozen set its sentiment accuracy is 0.800 against 1.000; it may have lost ")


def test_a_collapsed_class_is_refused_though_the_whole_is_better() -> None:
    truth = np.repeat([0, 1, 2], [500, 40, 460])
    ours = truth.copy()
    ours[:60] = 2  # wrong on 60 of the first class
    theirs = truth.copy()
    theirs[500:520] = 0  # wrong on half of the small one
    verdict = judge([_compared(ours, theirs, truth)], [_compared(ours, truth, truth)], _loose())
    assert isinstance(verdict, Refuse)
    assert [type(fault) for fault in verdict.faults] == [ClassCollapsed]
    told = "It finds 50% of the 40 texts of the sentiment neutral, where the champion finds 100%."
    assert str(verdict) == told


def test_a_boaster_is_refused() -> None:
    truth = np.arange(600) % 3
    ours = np.where(np.arange(600) % 10 == 0, (truth + 1) % 3, truth)  # right in 90 of 100
    honest, boasting = _sure(ours, 0.9), _sure(ours, 0.999)
    head = compare_heads("sentiment", NAMES, honest, boasting, truth, RULES, seed=0)
    verdict = judge([head], [head], RULES)
    assert isinstance(verdict, Refuse)
    (fault,) = verdict.faults
    assert isinstance(fault, WorseCalibration)
    assert (fault.champion_ece, fault.candidate_ece) == pytest.approx((0.0, 0.099))


def test_models_that_are_equally_honest_are_hardly_ever_refused_for_their_honesty() -> None:
    """By chance, of 20 classes and 100 labels, their errors differ by more than the margin in a fifth of draws."""
    rng = np.random.default_rng(11)
    found = list[bool]()
    margins = list[bool]()
    for _ in range(200):
        ours, theirs, truth = _honest_pair(100, 20, rng)
        head = compare_heads("topic", [str(place) for place in range(20)], ours, theirs, truth, RULES, next(SEEDS))
        margins.append(head.candidate_ece - head.champion_ece > RULES.calibration_margin)
        verdict = judge([head, head], [head], RULES)
        found.append(
            isinstance(verdict, Refuse) and any(isinstance(fault, WorseCalibration) for fault in verdict.faults)
        )
    assert np.mean(margins) > 0.2
    assert np.mean(found) < 0.05


def test_a_candidate_of_the_same_answers_is_not_worse_whatever_the_margins() -> None:
    truth = np.arange(300) % 3
    ours = np.where(np.arange(300) < 60, (truth + 1) % 3, truth)
    head = _compared(ours, ours, truth)
    rules = JudgingRules(resamples=300, accuracy_margin=0, macro_f1_margin=0, calibration_margin=0)
    assert isinstance(judge([head], [head], rules), Promote)


def test_a_handful_of_labels_of_a_task_refuses_a_candidate_only_where_it_is_surely_worse() -> None:
    truth = np.arange(300) % 3
    large = _compared(np.where(np.arange(300) < 30, (truth + 1) % 3, truth), truth, truth)
    few = np.arange(8) % 3
    ours, theirs, bad = few.copy(), few.copy(), (few + 1) % 3
    ours[[1, 2]] = 0
    theirs[0] = 1
    assert isinstance(judge([large, _compared(ours, theirs, few)], [large], RULES), Promote)
    verdict = judge([large, _compared(few, bad, few)], [large], RULES)
    assert isinstance(verdict, Refuse)
    assert [type(fault) for fault in verdict.faults] == [WorseOnFrozen]


def test_worse_on_the_newest_is_refused_even_if_one_task_makes_up_for_the_other() -> None:
    truth = np.arange(300) % 3
    worse = np.where(np.arange(300) < 30, (truth + 1) % 3, truth)
    frozen = _compared(truth, truth, truth)
    one = judge([frozen], [_compared(truth, worse, truth)], RULES)
    both = judge([frozen], [_compared(truth, worse, truth), _compared(worse, truth, truth)], RULES)
    for verdict in (one, both):
        assert isinstance(verdict, Refuse)
        assert [type(fault) for fault in verdict.faults] == [NoBetterOnNewest]
        assert str(verdict) == "On the 300 newest labels it is right 10.0% less often."


def test_a_set_that_is_too_small_decides_nothing() -> None:
    truth = np.arange(29) % 3
    large = np.arange(300) % 3
    verdict = judge([_compared(large, large, large)], [_compared(truth, truth, truth)], RULES)
    assert verdict == Refuse((TooFewToJudge("newest", 29, 30),))
    assert judge([], [], RULES) == Refuse((TooFewToJudge("frozen", 0, 200), TooFewToJudge("newest", 0, 30)))
    assert str(verdict) == "Only 29 of the 30 newest labels that a judgement needs are there."


def test_other_labels_are_named() -> None:
    assert labels_fault(Labels(), Labels()) is None
    more = Labels(topics=(*Labels().topics, "Crypto"))
    assert str(labels_fault(Labels(), more)) == "Its labels are not the champion's: topic: Crypto is new."
    turned = Labels(sentiments=tuple(reversed(NAMES)))
    assert "sentiment: their order differs" in str(labels_fault(Labels(), turned))


def test_what_a_verdict_rests_on_can_be_kept() -> None:
    truth = np.arange(300) % 3
    head = _compared(truth, truth, truth)
    kept: dict[str, Any] = figures([head], [head], judge([head], [head], RULES))
    assert kept["verdict"]["type"] == "Promote"
    assert kept["frozen"][0]["accuracy"]["delta"] == 0.0


def _attempt(frozen_gain: float, newest_gain: float) -> object:
    """Judge a simulated candidate whose true accuracy differs by so much; the models disagree on 12 of 100 texts."""
    frozen = _simulated(1500, frozen_gain)
    return judge([frozen], [_simulated(150, newest_gain)], RULES)


def _simulated(n: int, gain: float, disagreement: float = 0.12) -> HeadComparison:
    rng = np.random.default_rng(next(SEEDS))
    truth = rng.integers(0, 3, n)
    lot = rng.random(n)
    only_theirs, only_ours = (disagreement + gain) / 2, (disagreement - gain) / 2
    wrong = (truth + 1) % 3
    ours = np.where(lot < only_theirs + 0.1, wrong, truth)  # .1: both wrong
    theirs = np.where((lot >= only_theirs) & (lot < only_theirs + 0.1 + only_ours), wrong, truth)
    return compare_heads("sentiment", NAMES, _sure(ours, 0.85), _sure(theirs, 0.85), truth, RULES, seed=next(SEEDS))


def _compared(ours: np.ndarray, theirs: np.ndarray, truth: np.ndarray) -> HeadComparison:
    accuracy = [max(0.34, float((side == truth).mean())) for side in (ours, theirs)]
    return compare_heads("sentiment", NAMES, _sure(ours, accuracy[0]), _sure(theirs, accuracy[1]), truth, RULES, seed=0)


def _sure(answers: np.ndarray, confidence: float) -> np.ndarray:
    probabilities = np.full((len(answers), 3), (1 - confidence) / 2)
    probabilities[np.arange(len(answers)), answers] = confidence
    return probabilities


def _honest_pair(n: int, classes: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two models' probabilities and the truth: each is the posterior of what that model reads, so both are honest."""
    truth = rng.integers(0, classes, n)
    one = np.eye(classes)[truth]
    shared = one * 3.2 + rng.normal(size=(n, classes)) * 1.4
    sides = []
    for _ in range(2):
        own = one * 2.0 + rng.normal(size=(n, classes)) * 1.6
        logits = shared * 3.2 / 1.4**2 + own * 2.0 / 1.6**2
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        sides.append(powers / powers.sum(axis=1, keepdims=True))
    return sides[0], sides[1], truth


def _loose() -> JudgingRules:
    return JudgingRules(resamples=300, macro_f1_margin=0.5)
