"""Optimiser and learning-rate schedule of a run."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from monitor.learning.recipe import Recipe

_LAYER = re.compile(r"\.layer\.(\d+)\.")
PLATEAU_FACTOR = 0.5


class Schedule:
    """The rate at each step: a linear warm-up, then a linear fall to 0, or halving whenever the loss stalls.

    Attributes:
        step_count: Steps taken.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int) -> None:
        self._optimizer = optimizer
        self._peaks = [float(group["lr"]) for group in optimizer.param_groups]
        self._recipe = recipe
        self._steps = steps
        self._warmup = max(1, round(steps * recipe.warmup_share))
        self._plateau = 1.0
        self._best = float("inf")
        self.step_count = 0
        self._apply()

    @property
    def rate(self) -> float:
        """The rate of the first parameter group now."""
        return float(self._optimizer.param_groups[0]["lr"])

    def step(self) -> None:
        """Moves on by one step."""
        self.step_count += 1
        self._apply()

    def epoch_ended(self, loss: float) -> None:
        """Halves the rate of a plateau schedule if the validation loss is no better than the best so far."""
        if self._recipe.schedule == "plateau" and loss >= self._best:
            self._plateau *= PLATEAU_FACTOR
        self._best = min(self._best, loss)
        self._apply()

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs."""
        return {"step": self.step_count, "plateau": self._plateau, "best": self._best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on where `state_dict` was taken."""
        self.step_count, self._plateau, self._best = state["step"], state["plateau"], state["best"]
        self._apply()

    def _apply(self) -> None:
        rising = (self.step_count + 1) / self._warmup
        falling = max(0.0, (self._steps - self.step_count) / max(1, self._steps - self._warmup))
        share = min(rising, self._plateau if self._recipe.schedule == "plateau" else falling)
        for group, peak in zip(self._optimizer.param_groups, self._peaks, strict=True):
            group["lr"] = peak * share


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimiser of a recipe over the weights that its method trains."""
    groups = _parameter_groups(model, recipe)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9)
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


def make_schedule(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int) -> Schedule:
    """The schedule of a recipe over so many steps."""
    return Schedule(optimizer, recipe, steps)


def _parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Give every trained parameter its rate by depth; biases and norms are not decayed."""
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    depth = 1 + max(
        (int(found.group(1)) for name, _ in model.named_parameters() if (found := _LAYER.search(name))), default=0
    )
    groups = dict[tuple[float, float], list[Any]]()
    for name, parameter in named:
        layer = _LAYER.search(name)
        if not name.startswith("encoder."):
            rate = recipe.learning_rate * recipe.head_factor
        elif layer:
            rate = recipe.learning_rate * recipe.layer_decay ** (depth - 1 - int(layer.group(1)))
        else:
            rate = recipe.learning_rate * recipe.layer_decay**depth
        decay = 0.0 if parameter.ndim == 1 else recipe.weight_decay
        groups.setdefault((rate, decay), []).append(parameter)
    return [{"params": members, "lr": rate, "weight_decay": decay} for (rate, decay), members in groups.items()]
