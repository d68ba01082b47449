"""A tiny model learns all its tasks, by every optimiser and schedule. Needs the extra: train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from monitor.errors import ModelError
from monitor.learning.data.encoding import Encoded, Target
from monitor.learning.data.stories import StoryText, encode_families, families
from monitor.learning.network.adapters import apply_method
from monitor.learning.network.model import Classifier, load_tokenizer
from monitor.learning.network.predicting import predict
from monitor.learning.recipe import Recipe
from monitor.learning.training.loop import Progress, mean_loss, steps_of, train
from tests.learning.tiny import RECIPE, tiny_base, tiny_examples, tiny_model, tiny_rows


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base"))


def _train(
    base: Path, seed: int = 1, *, validation: list[Encoded] | None = None, **changes: Any
) -> tuple[Classifier, list[Progress], int]:
    recipe = msgspec.structs.replace(RECIPE, **changes)
    model, rows, reports = tiny_model(base, seed), tiny_rows(base), list[Progress]()
    apply_method(model, recipe, steps_of(len(rows), recipe))
    epoch = train(model, rows, recipe, reports.append, pad_id=0, report_every=9, validation=validation or ())
    return model, reports, epoch


@pytest.fixture(scope="module")
def trained(base: Path) -> tuple[Classifier, list[Progress], int]:
    """A model that has learnt all tasks."""
    return _train(base)


def test_all_heads_learn_and_the_loss_falls(base: Path, trained: tuple[Classifier, list[Progress], int]) -> None:
    model, reports, epoch = trained
    answers = predict(model, [row.ids for row in tiny_rows(base)], 0)
    sentiments, topics = answers.sentiment().argmax(axis=1), answers.topic().argmax(axis=1)
    toward = list[bool]()
    for place, (example, row) in enumerate(zip(tiny_examples(), tiny_rows(base), strict=True)):
        assert example.topic in (None, topics[place])
        assert example.sentiment in (None, sentiments[place])
        for target in row.targets:
            given = answers.soft[place].targets[list(target.tokens)].mean(axis=0).argmax()
            toward.append(given == target.sentiment)
        assert row.tags in ((), tuple(answers.soft[place].tags.argmax(axis=1)))
    assert np.mean(toward) > 0.6  # the slowest to learn
    losses = [report.loss for report in reports if np.isfinite(report.loss)]
    assert losses[-1] < 0.6 * losses[0]
    assert (epoch, reports[-1].step, reports[-1].steps) == (12, 12 * 9, 12 * 9)


def test_stories_of_one_event_come_together_and_look_alikes_go_apart(base: Path) -> None:
    """The same word for what happens is one story here, whatever it happens to: the base sees it the other way."""
    told = [
        [StoryText(verb, f"{thing} {verb}") for thing in ("oil", "gold", "euro") for verb in ("falls", "rises")],
        [StoryText(verb, f"{thing} {verb}") for thing in ("oil", "gold", "dividend") for verb in ("waits", "wins")],
    ]
    families = encode_families(told, load_tokenizer(base, 16))
    model, rows = tiny_model(base), tiny_rows(base)
    train(model, rows, RECIPE, lambda _: None, pad_id=0, families=families)
    for family in families:
        vectors = predict(model, family.rows, 0).stories
        cosines, same = vectors @ vectors.T, np.equal.outer(family.stories, family.stories)
        assert cosines[same].min() > cosines[~same].max()


def test_a_seed_makes_a_run_with_stories_repeatable(base: Path) -> None:
    texts = (StoryText("a", "oil falls"), StoryText("a", "oil plunges"), StoryText("b", "oil rises", resembles="a"))
    told = families(texts)
    found = []
    for _ in range(2):
        model = tiny_model(base)
        recipe = msgspec.structs.replace(RECIPE, epochs=1)
        given = encode_families(told, load_tokenizer(base, 16))
        train(model, tiny_rows(base), recipe, lambda _: None, pad_id=0, families=given)
        found.append(model.story_head.weight.detach())
    assert torch.equal(*found)


def test_a_seed_makes_a_run_repeatable(base: Path) -> None:
    first, second, other = (_train(base, seed, epochs=2)[0] for seed in (1, 1, 2))
    assert all(torch.equal(one, two) for one, two in zip(first.parameters(), second.parameters(), strict=True))
    assert not torch.equal(first.topic_head.weight, other.topic_head.weight)


def test_padding_does_not_change_an_answer(trained: tuple[Classifier, list[Progress], int]) -> None:
    alone = predict(trained[0], [[2, 13, 4, 3]], 0).sentiment()
    together = predict(trained[0], [[2, 13, 4, 3], [2, 14, 7, 16, 11, 15, 9, 13, 10, 3]], 0).sentiment()
    assert np.allclose(alone[0], together[0], atol=1e-5)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_accumulated_steps_are_those_of_a_larger_batch(base: Path, optimizer: str) -> None:
    found = []
    for size, accumulation in ((16, 1), (8, 2), (3, 16 // 3 + 1)):
        recipe = msgspec.structs.replace(
            RECIPE, epochs=2, batch_size=size, accumulation=accumulation, optimizer=optimizer, learning_rate=1e-3
        )
        model = tiny_model(base, dropout=0.0)
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        reports = list[Progress]()
        train(model, tiny_rows(base), recipe, reports.append, pad_id=0, report_every=1)
        found.append((model.topic_head.weight.detach(), [report.loss for report in reports]))
    (whole, losses), (halved, same), (other, _) = found
    assert torch.allclose(whole, halved, atol=1e-4)
    assert np.allclose(losses, same, atol=1e-3, equal_nan=True)
    assert not torch.allclose(whole, other, atol=1e-4)  # 18 a step are other steps


def test_patience_ends_a_run_with_its_best_weights(base: Path) -> None:
    known = [row for row in tiny_rows(base) if row.sentiment >= 0]
    contrary = [Encoded(row.ids, sentiment=(row.sentiment + 1) % 3) for row in known]
    recipe = msgspec.structs.replace(RECIPE, epochs=9, patience=2, label_smoothing=0.0)
    model, reports, epoch = _train(base, validation=contrary, epochs=9, patience=2, label_smoothing=0.0)
    ends = {report.epoch: report.validation_loss for report in reports if report.validation_loss is not None}
    assert len(ends) == epoch + 2 < 9
    assert ends[epoch] == min(ends.values())
    assert mean_loss(model, contrary, recipe, 0) == pytest.approx(ends[epoch])


def test_the_steps_of_a_run_are_as_planned(base: Path) -> None:
    for size, accumulation in ((8, 1), (8, 2), (5, 3), (100, 1)):
        _, reports, _ = _train(base, epochs=1, batch_size=size, accumulation=accumulation)
        assert reports[-1].step == reports[-1].steps


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"precision": "fp16"}, "fp16 needs a GPU"),
        ({"patience": 1}, "patience needs validation"),
        ({"schedule": "plateau"}, "plateau schedule needs validation"),
        ({"learning_rate": 1e30, "optimizer": "sgd"}, "no longer a number"),
    ],
)
def test_what_cannot_be_done_is_said(base: Path, changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ModelError, match=match):
        _train(base, **changes)


@pytest.mark.parametrize(
    ("rate", "validated", "match"),
    [(1e30, True, "validation loss is no longer a number"), (1e39, False, "weights are no longer numbers")],
)
def test_a_run_that_diverges_at_its_last_step_fails(base: Path, rate: float, validated: bool, match: str) -> None:
    one_step: dict[str, Any] = {"epochs": 1, "batch_size": 100, "learning_rate": rate, "warmup_share": 0.0}
    with pytest.raises(ModelError, match=match):
        _train(base, validation=tiny_rows(base) if validated else None, **one_step)


class Kept:
    """A keeper that notes the epochs it is given."""

    def __init__(self) -> None:
        self.epochs = list[int]()

    def restore(self, parts: dict[str, Any]) -> int:  # noqa: ARG002
        return 0

    def keep(self, parts: dict[str, Any], epoch: int) -> None:  # noqa: ARG002
        self.epochs.append(epoch)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize(
    ("epochs", "match"), [(2, "took no step in the last epoch"), (9, "left out 32 steps in a row")]
)
def test_fp16_that_takes_no_step_fails(base: Path, epochs: int, match: str) -> None:
    model = tiny_model(base).cuda()
    with torch.no_grad():
        model.topic_head.bias.fill_(float("nan"))
        model.topic_head.bias.requires_grad_(False)
    recipe = msgspec.structs.replace(RECIPE, precision="fp16", epochs=epochs)
    kept = Kept()
    with pytest.raises(ModelError, match=match):
        train(model, tiny_rows(base), recipe, lambda _: None, pad_id=0, keeper=kept)
    assert epochs not in kept.epochs  # or the run would end well when it is resumed


def test_no_examples_are_no_run(base: Path) -> None:
    with pytest.raises(ModelError, match="no examples"):
        train(tiny_model(base), [], Recipe(), lambda _: None, pad_id=0)


def test_bf16_trains_as_well(base: Path) -> None:
    _, reports, _ = _train(base, precision="bf16")
    losses = [report.loss for report in reports if np.isfinite(report.loss)]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_fp16_trains_on_a_gpu(base: Path) -> None:
    model, reports = tiny_model(base).cuda(), list[Progress]()
    recipe = msgspec.structs.replace(RECIPE, precision="fp16")
    train(model, tiny_rows(base), recipe, reports.append, pad_id=0, report_every=9)
    losses = [report.loss for report in reports if np.isfinite(report.loss)]
    assert losses[-1] < 0.6 * losses[0]


def test_targets_are_where_the_tiny_examples_say(base: Path) -> None:
    assert tiny_rows(base)[0].targets == (Target((1,), 0),)
