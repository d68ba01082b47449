"""What each known answer costs. Needs the extra: train."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from monitor.learning.data.encoding import UNKNOWN, Encoded, SoftAnswers, Target
from monitor.learning.network.model import Outputs
from monitor.learning.recipe import Recipe
from monitor.learning.training.losses import STORY_SCALE, batch_loss, story_loss, tag_loss

RECIPE = Recipe(label_smoothing=0.0)
EVEN = math.log(3.0)
"""What an even answer among three costs."""


def _outputs(rows: int, tokens: int = 4) -> Outputs:
    """Even answers."""
    return Outputs(
        torch.zeros(rows, 3), torch.zeros(rows, 3), torch.zeros(rows, tokens, 3), torch.zeros(rows, tokens, 3),
        *(torch.nn.functional.normalize(torch.ones(rows, 2), dim=-1) for _ in range(2)),
    )  # fmt: skip


def _cost(rows: list[Encoded], outputs: Outputs | None = None, **changes: Any) -> float:
    return float(batch_loss(outputs or _outputs(len(rows)), rows, msgspec.structs.replace(RECIPE, **changes)))


def test_what_is_unknown_costs_nothing() -> None:
    assert _cost([Encoded([2, 5, 6, 3])]) == 0.0


def test_each_answer_has_its_weight_and_a_batch_is_the_mean_of_its_rows() -> None:
    row = Encoded([2, 5, 6, 3], topic=1, sentiment=2, tags=(0, 1, 2, 0), targets=(Target((1, 2), 0), Target((3,), 1)))
    assert _cost([row]) == pytest.approx(4 * EVEN)
    assert _cost([row, Encoded([2, 3])]) == pytest.approx(2 * EVEN)
    weights: dict[str, Any] = {"topic_weight": 2.0, "sentiment_weight": 3.0, "tag_weight": 0.0, "target_weight": 0.5}
    assert _cost([row], **weights) == pytest.approx(5.5 * EVEN)


def test_a_teacher_is_heard_of_texts_that_nobody_labelled_whatever_its_share() -> None:
    sure = np.array([30.0, 0.0, 0.0], dtype=np.float32)
    soft = SoftAnswers(sure, sure, np.zeros((4, 3), np.float32), np.zeros((4, 3), np.float32))
    only: dict[str, Any] = {"tag_weight": 0.0, "target_weight": 0.0}
    for share in (0.0, 0.7):
        assert _cost([Encoded([2, 5, 6, 3], soft=soft)], soft_weight=share, **only) == pytest.approx(2 * EVEN)
    apart = Outputs(torch.tensor([[0.0, 5.0, 0.0]]), *_outputs(1)[1:])
    labelled = Encoded([2, 5, 6, 3], topic=1, sentiment=0, soft=soft)
    assert _cost([labelled], apart, soft_weight=0.0, **only) < EVEN + 0.1
    assert _cost([labelled], apart, soft_weight=1.0, **only) > EVEN + 4.0


def test_the_embedding_costs_its_distance_from_the_bases() -> None:
    side = math.sqrt(0.5)
    same, across = (np.array([side, sign * side], dtype=np.float32) for sign in (1, -1))
    assert _cost([Encoded([2, 3], embedding=same)]) == pytest.approx(0.0, abs=1e-6)
    assert _cost([Encoded([2, 3], embedding=across)]) == pytest.approx(RECIPE.embedding_weight)
    assert _cost([Encoded([2, 3], embedding=same, story=across), Encoded([2, 3])]) == pytest.approx(
        RECIPE.embedding_weight / 2
    )


def test_stories_cost_what_lies_as_near_as_texts_of_one_story() -> None:
    one, other = [1.0, 0.0], [0.0, 1.0]
    assert float(story_loss(torch.tensor([one, one, other]), [4, 4, 7])) == pytest.approx(0.0, abs=1e-6)
    alike = torch.tensor([one, one, one])
    assert float(story_loss(alike, [4, 4, 7])) == pytest.approx(math.log(3.0))  # two pairs apart as near as the one
    assert float(story_loss(torch.tensor([one, other, one]), [4, 4, 7])) == pytest.approx(STORY_SCALE, rel=1e-3)
    assert float(story_loss(alike, [1, 2, 3])) == 0.0  # nothing together to compare with


def test_stories_of_one_family_are_pulled_apart_across_families_too() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(6, 4, generator=torch.manual_seed(0)), dim=-1)
    vectors.requires_grad_(True)
    story_loss(vectors, [0, 0, 1, 2, 2, 3]).backward()  # type: ignore[no-untyped-call]
    assert vectors.grad is not None
    assert bool((vectors.grad.abs().sum(dim=1) > 0).all())


def test_a_teachers_answer_replaces_what_is_unknown_and_mixes_with_what_is_known() -> None:
    sure = np.array([0.0, 0.0, 50.0], dtype=np.float32)
    soft = SoftAnswers(sure, sure, np.tile(sure, (2, 1)), np.tile(sure, (2, 1)))
    outputs = _outputs(1, 2)._replace(topic=torch.tensor([[0.0, 0.0, 20.0]]))
    no_tags: dict[str, Any] = {"tag_weight": 0.0, "target_weight": 0.0, "sentiment_weight": 0.0}
    assert _cost([Encoded([2, 3], soft=soft)], outputs, **no_tags) == pytest.approx(0.0, abs=1e-5)
    mixed = _cost([Encoded([2, 3], topic=0, soft=soft)], outputs, soft_weight=0.75, **no_tags)
    assert mixed == pytest.approx(0.25 * 20.0, rel=1e-4)


def test_padding_and_unknown_tags_do_not_count() -> None:
    rows = [Encoded([2, 5, 3], tags=(0, UNKNOWN, 1)), Encoded([2, 3], tags=(UNKNOWN, UNKNOWN))]
    logits = torch.zeros(2, 5, 3)
    logits[0, 1] = torch.tensor([9.0, 0.0, 0.0])
    logits[:, 3:] = 7.0
    assert float(tag_loss(logits, rows, RECIPE)) == pytest.approx(EVEN)
