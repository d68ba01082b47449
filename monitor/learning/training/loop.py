"""The training loop: all tasks in every batch, one optimiser, one schedule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from monitor.errors import ModelError
from monitor.learning.data.batches import Integers, endless, sorted_batches, training_batches
from monitor.learning.data.encoding import Encoded
from monitor.learning.data.stories import EncodedFamily
from monitor.learning.network.adalora import RankBudget, budget_of
from monitor.learning.network.adapters import load_trained, trained_state
from monitor.learning.network.model import pad
from monitor.learning.network.precision import PRECISIONS, autocast
from monitor.learning.recipe import Recipe
from monitor.learning.training.losses import batch_loss, story_loss
from monitor.learning.training.optimising import Schedule, make_optimizer, make_schedule

GRADIENT_NORM = 1.0
"""Gradients are scaled down to this length."""
MOST_SKIPPED = 32
"""Steps in a row that fp16 may leave out: halved so often, the scale of 65,536 is below 2e-5, and is not the cause."""
_SMALLER = "Give a smaller learning rate."

Loss = Callable[[Any, Sequence[Encoded], Recipe], Tensor]
"""The mean loss of rows, given what the model says of them."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        epoch: 1 for the first.
        step: Optimiser steps done, of `steps`.
        steps: Planned.
        loss: Mean training loss since the last report; NaN at the end of an epoch.
        rate: Learning rate of the first parameter group.
        validation_loss: At the end of an epoch; None elsewhere.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    rate: float
    validation_loss: float | None = None


class Keeper(Protocol):
    """Keeps a run's state, so that it can go on after a cut.

    The parts are "model", whose trained weights are kept, "best", a `Best`, and others that have `state_dict` and
    `load_state_dict`.
    """

    def restore(self, parts: dict[str, Any]) -> int:
        """Loads the newest state into the parts; returns how many epochs are done, 0 where nothing is kept."""
        ...

    def keep(self, parts: dict[str, Any], epoch: int) -> None:
        """Keeps the state after an epoch."""
        ...


@dataclass
class Best:
    """The best epoch so far.

    Attributes:
        loss: Its validation loss.
        epoch: 0 before the first.
        weights: Copies of the trained weights after it, on the CPU.
    """

    loss: float = math.inf
    epoch: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def weigh(self, loss: float, epoch: int, model: nn.Module) -> None:
        """Takes an epoch that is better."""
        if loss < self.loss:
            self.loss, self.epoch = loss, epoch
            self.weights = {name: tensor.clone() for name, tensor in trained_state(model).items()}

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs beside the weights."""
        return {"loss": self.loss, "epoch": self.epoch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on where `state_dict` was taken."""
        self.loss, self.epoch = state["loss"], state["epoch"]


@dataclass
class _Run:
    """What an epoch works on."""

    model: nn.Module
    rows: Sequence[Encoded]
    recipe: Recipe
    optimizer: torch.optim.Optimizer
    schedule: Schedule
    scaler: torch.amp.GradScaler
    budget: RankBudget | None
    best: Best
    steps: int
    pad_id: int
    loss: Loss
    families: Sequence[EncodedFamily]
    skipped: int = 0
    """Steps left out since the last one that was taken."""

    def parts(self) -> dict[str, Any]:
        """All that has a state, in the order in which it is to be restored: the schedule sets the optimiser's rates."""
        named = ("model", "optimizer", "schedule", "scaler", "budget", "best")
        return {name: part for name in named if (part := getattr(self, name)) is not None}

    def over(self, epochs_done: int) -> bool:
        """Whether patience has run out."""
        patience = self.recipe.patience
        return bool(patience and epochs_done and epochs_done - self.best.epoch >= patience)


def prepare_run(seed: int, threads: int) -> None:
    """Seed torch, before a model's new heads are drawn, and bound its CPU threads; 0 leaves them as they are."""
    torch.manual_seed(seed)
    if threads:
        torch.set_num_threads(threads)


def steps_of(examples: int, recipe: Recipe) -> int:
    """Optimiser steps of a whole run."""
    return recipe.epochs * -(-examples // (recipe.batch_size * recipe.accumulation))


def train(
    model: nn.Module,
    rows: Sequence[Encoded],
    recipe: Recipe,
    report: Callable[[Progress], None],
    *,
    pad_id: int,
    validation: Sequence[Encoded] = (),
    keeper: Keeper | None = None,
    report_every: int = 50,
    loss: Loss = batch_loss,
    families: Sequence[EncodedFamily] = (),
) -> int:
    """Fine-tune the model in place; with patience, it ends with the weights of its best epoch.

    Args:
        model: As `apply_method` left it, on the device on which to train.
        rows: Encoded examples.
        recipe: How.
        report: Called after every `report_every` steps and at the end of every epoch.
        pad_id: Of the tokenizer.
        validation: Encoded examples that are not among the rows; needed for patience and for the plateau schedule.
        keeper: Keeps and restores the state at the ends of epochs.
        report_every: In steps.
        loss: Of a batch.
        families: Of stories; at each step the model also learns to tell those of some apart.

    Returns:
        The epoch whose weights the model has now.

    Raises:
        ModelError: The recipe cannot be followed here, or the loss is no longer a number.
    """
    require_possible(recipe, model, bool(rows), bool(validation))
    steps = steps_of(len(rows), recipe)
    optimizer = make_optimizer(model, recipe)
    schedule = make_schedule(optimizer, recipe, steps)
    scaler = torch.amp.GradScaler(_device(model).type, enabled=recipe.precision == "fp16")
    budget = budget_of(model, recipe, steps)
    run = _Run(model, rows, recipe, optimizer, schedule, scaler, budget, Best(), steps, pad_id, loss, families)
    done = keeper.restore(run.parts()) if keeper else 0
    while done < recipe.epochs and not run.over(done):
        done += 1
        _epoch(run, done, report, report_every)
        judged = mean_loss(model, validation, recipe, pad_id, loss=loss) if validation else None
        _require_numbers(model, judged, done)
        if judged is not None:
            schedule.epoch_ended(judged)
            run.best.weigh(judged, done, model)
        if (done == recipe.epochs or run.over(done)) and run.skipped >= steps // recipe.epochs:
            # Before it is kept, or the run would end well when it is resumed.
            raise ModelError("fp16 took no step in the last epoch: every gradient was beyond it.", _SMALLER)
        if keeper:
            keeper.keep(run.parts(), done)
        report(Progress(done, schedule.step_count, steps, math.nan, schedule.rate, judged))
    if recipe.patience and run.best.epoch:
        load_trained(model, run.best.weights)
        done = run.best.epoch
    model.eval()
    return done


@torch.no_grad()
def mean_loss(
    model: nn.Module, rows: Sequence[Encoded], recipe: Recipe, pad_id: int, *, loss: Loss = batch_loss
) -> float:
    """The mean loss of encoded examples, without dropout."""
    model.eval()
    total = 0.0
    for places in sorted_batches([len(row.ids) for row in rows], 2 * recipe.batch_size):
        members = [rows[place] for place in places]
        total += float(_forward(model, members, recipe, pad_id, loss)) * len(members)
    return total / len(rows)


def _epoch(run: _Run, epoch: int, report: Callable[[Progress], None], report_every: int) -> None:
    recipe, schedule = run.recipe, run.schedule
    torch.manual_seed(
        recipe.seed + epoch
    )  # dropout and order depend on seed and epoch alone: a resumed run is the same
    rng = np.random.default_rng((recipe.seed, epoch))
    lengths = np.array([len(row.ids) for row in run.rows])
    families = endless(run.families, np.random.default_rng((recipe.seed, epoch, 1)))
    run.model.train()
    losses = list[float]()
    for batch in training_batches(lengths, recipe.batch_size * recipe.accumulation, rng):
        losses.append(_step(run, batch, list(islice(families, recipe.story_families))))
        if schedule.step_count % report_every == 0:
            report(Progress(epoch, schedule.step_count, run.steps, float(np.mean(losses)), schedule.rate))
            losses.clear()


def _step(run: _Run, batch: Integers, families: Sequence[EncodedFamily]) -> float:
    """Take one step of the optimiser, over one forward pass or more; return the mean loss of the batch's examples."""
    recipe = run.recipe
    total = 0.0
    for places in _parts_of(batch, recipe.batch_size):
        share = len(places) / len(batch)
        loss = _forward(run.model, [run.rows[place] for place in places], recipe, run.pad_id, run.loss)
        total += share * loss.item()
        if run.budget:
            loss = loss + run.budget.regulariser()
        run.scaler.scale(share * loss).backward()  # type: ignore[no-untyped-call]
    if families and recipe.story_weight:
        apart = recipe.story_weight * _told_apart(run, families)
        total += apart.item()
        run.scaler.scale(apart).backward()  # type: ignore[no-untyped-call]
    if not math.isfinite(total) and recipe.precision != "fp16":  # there, the scaler leaves such steps out
        raise ModelError(f"the loss is no longer a number after {run.schedule.step_count} steps.", _SMALLER)
    run.scaler.unscale_(run.optimizer)
    norm = nn.utils.clip_grad_norm_(run.model.parameters(), GRADIENT_NORM)
    if recipe.precision == "fp16":
        run.skipped = 0 if bool(torch.isfinite(norm)) else run.skipped + 1
        if run.skipped >= MOST_SKIPPED:
            raise ModelError(f"fp16 left out {run.skipped} steps in a row: the gradients are no numbers.", _SMALLER)
    run.scaler.step(run.optimizer)
    run.scaler.update()
    run.schedule.step()
    if run.budget and bool(torch.isfinite(norm)):
        run.budget.step(run.schedule.step_count)
    run.optimizer.zero_grad(set_to_none=True)
    return total


def _parts_of(batch: Integers, size: int) -> Iterator[Integers]:
    for start in range(0, len(batch), size):
        yield batch[start : start + size]


def _told_apart(run: _Run, families: Sequence[EncodedFamily]) -> Tensor:
    """The loss over families of stories, all of them together: whatever is another story among them lies apart."""
    device = _device(run.model)
    rows = [row for family in families for row in family.rows]
    stories = [story for family in families for story in family.stories]
    vectors, order = list[Tensor](), list[int]()
    for places in sorted_batches([len(row) for row in rows], run.recipe.batch_size):  # or half would be padding
        ids, mask = pad([rows[place] for place in places], run.pad_id)
        with autocast(device, PRECISIONS[run.recipe.precision]):
            vectors.append(run.model(ids.to(device), mask.to(device)).story)
        order += places.tolist()
    return story_loss(torch.cat(vectors), [stories[place] for place in order])


def _forward(model: nn.Module, members: Sequence[Encoded], recipe: Recipe, pad_id: int, loss: Loss) -> Tensor:
    device = _device(model)
    ids, mask = pad([row.ids for row in members], pad_id)  # [batch, tokens] each
    with autocast(device, PRECISIONS[recipe.precision]):
        outputs = model(ids.to(device), mask.to(device))
    return loss(outputs, members, recipe)


def require_possible(recipe: Recipe, model: nn.Module, rows: bool, validation: bool) -> None:
    """Refuse what cannot be followed.

    Args:
        recipe: How it is to be trained.
        model: On the device on which to train.
        rows: Whether there are examples.
        validation: Whether there are some to validate on.

    Raises:
        ModelError: There are none, the device lacks the arithmetic, or the recipe needs validation examples.
    """
    if not rows:
        raise ModelError("there are no examples to train on.", "Give some.")
    if recipe.precision == "fp16" and _device(model).type != "cuda":
        raise ModelError("fp16 needs a GPU.", "Set the precision to bf16 or fp32.")
    if not validation and (recipe.patience or recipe.schedule == "plateau"):
        which = "patience" if recipe.patience else "the plateau schedule"
        raise ModelError(f"{which} needs validation examples.", "Give some, or train without it.")


def _require_numbers(model: nn.Module, judged: float | None, epoch: int) -> None:
    """Refuse to go on with a run that has diverged: its last step may have been the one.

    Raises:
        ModelError: The validation loss, or a trained weight, is not finite.
    """
    if judged is not None and not math.isfinite(judged):
        raise ModelError(f"the validation loss is no longer a number after epoch {epoch}.", _SMALLER)
    trained = (parameter for parameter in model.parameters() if parameter.requires_grad)
    if not all(bool(torch.isfinite(parameter).all()) for parameter in trained):
        raise ModelError(f"the weights are no longer numbers after epoch {epoch}.", _SMALLER)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
