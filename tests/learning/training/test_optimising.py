"""Rates by step and by depth. Needs the extra: train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from monitor.learning.recipe import Recipe
from monitor.learning.training.optimising import PLATEAU_FACTOR, Schedule, make_optimizer, make_schedule
from tests.learning.tiny import tiny_base, tiny_model


def _schedule(steps: int, **changes: Any) -> Schedule:
    recipe = msgspec.structs.replace(Recipe(learning_rate=1.0, warmup_share=0.2), **changes)
    return make_schedule(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0), recipe, steps)


def _rates(schedule: Schedule, steps: int) -> list[float]:
    """The rate that each step is taken with."""
    rates = []
    for _ in range(steps):
        rates.append(schedule.rate)
        schedule.step()
    return rates


def test_the_rate_rises_to_its_peak_then_falls_in_a_line_to_nothing() -> None:
    schedule = _schedule(10)
    rates = _rates(schedule, 10)
    assert rates == pytest.approx([1 / 2, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert schedule.rate == 0.0


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_every_step_of_the_shortest_runs_has_a_rate(steps: int) -> None:
    rates = _rates(_schedule(steps), steps)
    assert all(0.0 < rate <= 1.0 for rate in rates)


def test_a_plateau_halves_the_rate_after_epochs_that_are_no_better() -> None:
    schedule = _schedule(100, schedule="plateau", warmup_share=0.0)
    rates = []
    for loss in (0.9, 0.7, 0.7, 0.6, 0.8, 0.65):
        schedule.step()
        schedule.epoch_ended(loss)
        rates.append(schedule.rate)
    assert PLATEAU_FACTOR == 0.5
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25, 0.125]


def test_a_line_takes_no_notice_of_the_loss() -> None:
    heard, deaf = _schedule(10), _schedule(10)
    for _ in range(10):
        heard.step()
        deaf.step()
        heard.epoch_ended(5.0)
        assert heard.rate == deaf.rate


@pytest.mark.parametrize("kind", ["linear", "plateau"])
def test_a_schedule_goes_on_where_it_was(kind: str) -> None:
    first, second = (_schedule(10, schedule=kind) for _ in range(2))
    for _ in range(4):
        first.step()
        first.epoch_ended(1.0)
    second.load_state_dict(first.state_dict())
    assert second.rate == first.rate
    assert _rates(second, 3) == _rates(first, 3)


def test_rates_fall_with_depth_and_norms_and_biases_do_not_decay(tmp_path: Path) -> None:
    recipe = Recipe(learning_rate=1.0, layer_decay=0.5, head_factor=3.0, weight_decay=0.1)
    model = tiny_model(tiny_base(tmp_path))
    groups = make_optimizer(model, recipe).param_groups
    rates = {id(tensor): (group["lr"], group["weight_decay"]) for group in groups for tensor in group["params"]}
    found = {name: rates[id(tensor)] for name, tensor in model.named_parameters()}
    assert found["topic_head.weight"] == (3.0, 0.1)
    assert found["topic_head.bias"] == (3.0, 0.0)
    assert found["encoder.encoder.layer.1.output.dense.weight"] == (1.0, 0.1)
    assert found["encoder.encoder.layer.0.output.LayerNorm.weight"] == (0.5, 0.0)
    assert found["encoder.embeddings.word_embeddings.weight"] == (0.25, 0.1)


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)])
def test_the_optimiser_is_the_recipes(tmp_path: Path, name: str, kind: type) -> None:
    recipe = msgspec.structs.replace(Recipe(), optimizer=name)
    optimizer = make_optimizer(tiny_model(tiny_base(tmp_path)), recipe)
    assert type(optimizer) is kind
    assert name == "adamw" or all(group["momentum"] == 0.9 for group in optimizer.param_groups)


def test_frozen_weights_are_not_the_optimisers(tmp_path: Path) -> None:
    model = tiny_model(tiny_base(tmp_path))
    model.encoder.requires_grad_(False)
    held = [tensor for group in make_optimizer(model, Recipe()).param_groups for tensor in group["params"]]
    assert len(held) == sum(not name.startswith("encoder.") for name, _ in model.named_parameters())
