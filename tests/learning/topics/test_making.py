"""Topics of a handful of examples, on embeddings drawn so that the truth is known."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.added_topics import NO_BELOW, AddedTopic, AddedTopics
from monitor.learning.topics.making import (
    APPLIES_FROM,
    estimated_share,
    fitted_to_share,
    question_of_description,
    question_of_examples,
)

WIDTH = 24
Floats = npt.NDArray[np.float64]


def unit(rows: Floats) -> Floats:
    lengthened: Floats = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return lengthened


def world(seed: int, share: float, texts: int = 1500, distance: float = 3.5) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Texts, of which a share lies about a point of its own."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(texts, WIDTH))
    belongs = rng.random(texts) < share
    rows[belongs, 0] += distance
    rows[belongs, 1] += distance / 2
    return unit(rows), belongs


def examples_of(seed: int, count: int) -> Floats:
    rows, _ = world(seed, 1.0, count)
    return rows


@pytest.mark.parametrize("count", [8, 16, 64])
def test_a_handful_of_examples_tells_the_topic_from_the_rest(count: int) -> None:
    background, _ = world(1, 0.05)
    unseen, belongs = world(2, 0.05)
    question = question_of_examples(examples_of(3, count), background)
    answers = question.probabilities(unseen)
    assert answers[belongs].mean() > 0.35
    assert answers[~belongs].mean() < 0.03


def test_what_is_expected_comes_true_on_texts_that_no_fit_had_seen() -> None:
    precisions, recalls = [], []
    for seed in range(10):
        background, _ = world(100 + seed, 0.04)
        unseen, belongs = world(200 + seed, 0.04, 4000)
        question = question_of_examples(examples_of(300 + seed, 16), background, seed=seed)
        taken = question.probabilities(unseen) >= APPLIES_FROM
        assert question.expected.precision is not None
        precisions.append(question.expected.precision - (taken & belongs).sum() / taken.sum())
        recalls.append(question.expected.recall - (taken & belongs).sum() / belongs.sum())
    assert abs(np.mean(precisions)) < 0.15
    assert abs(np.mean(recalls)) < 0.15


def test_a_share_that_is_given_is_what_the_background_adds_up_to() -> None:
    background, _ = world(1, 0.05)
    question = question_of_examples(examples_of(3, 8), background, share=0.05)
    assert question.expected.share == 0.05
    assert question.expected.share_given
    assert question.probabilities(background).mean() == pytest.approx(0.05, abs=0.03)


def test_the_estimated_share_is_near_the_true_one_with_many_examples() -> None:
    rng = np.random.default_rng(0)
    outside = np.concatenate([rng.normal(size=1900), rng.normal(4.0, 1.0, size=100)])
    assert estimated_share(rng.normal(4.0, 1.0, size=64), outside) == pytest.approx(0.05, rel=0.4)


@given(share=st.floats(0.005, 0.3), mean=st.floats(0.5, 4.0), seed=st.integers(0, 50))
def test_the_fitted_function_adds_up_to_the_share_and_never_falls(share: float, mean: float, seed: int) -> None:
    scores = np.random.default_rng(seed).normal(size=400)
    slope, offset = fitted_to_share(scores, mean, share)
    assert slope >= 0.0
    assert float((1.0 / (1.0 + np.exp(-np.clip(slope * scores + offset, -60.0, 60.0)))).mean()) == pytest.approx(
        share, abs=0.01
    )


def test_counterexamples_lower_what_looks_like_them() -> None:
    background, _ = world(1, 0.05)
    rng = np.random.default_rng(5)
    near = rng.normal(size=(40, WIDTH))
    near[:, 1] += 3.5
    near = unit(near)
    examples = examples_of(3, 16)
    without = question_of_examples(examples, background, share=0.05)
    with_them = question_of_examples(examples, background, counterexamples=near[:20], share=0.05)
    assert with_them.probabilities(near[20:]).mean() < without.probabilities(near[20:]).mean()


def test_a_description_alone_finds_what_is_most_like_it() -> None:
    background, belongs = world(1, 0.05)
    told = np.zeros(WIDTH)
    told[:2] = 1.0, 0.5
    question = question_of_description(unit(told), background, share=0.05)
    answers = question.probabilities(background)
    assert answers[belongs].mean() > 5 * answers[~belongs].mean()
    assert np.corrcoef(answers, background @ told)[0, 1] > 0


def test_the_same_examples_make_the_same_question() -> None:
    background, _ = world(1, 0.05)
    first, second = (question_of_examples(examples_of(3, 8), background) for _ in range(2))
    assert (first.direction == second.direction).all()
    assert first.bias == second.bias


def test_texts_that_no_added_topic_concerns_keep_their_answers_bit_for_bit() -> None:
    topic = AddedTopic(name="Shipping", description="", origin="examples", examples=8, direction=(8.0, 0.0), bias=-4.0)
    embeddings = np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32)
    own = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.4]])
    joined = AddedTopics([topic]).joined(own, embeddings)
    assert (joined[1, :3] == own[1]).all()
    assert joined[1, 3] == 0.0
    assert joined[0, 3] > 0.9
    assert joined.sum(axis=1) == pytest.approx(1.0)
    assert 0.0 < NO_BELOW < APPLIES_FROM


def test_it_needs_no_training_libraries() -> None:
    code = (
        "import sys, pipelines.topics, monitor.cli.topics\n"
        "print([name for name in ('torch', 'openvino') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr
