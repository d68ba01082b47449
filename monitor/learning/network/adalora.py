"""AdaLoRA's part in the training loop: ranks go to the matrices where they matter most."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from monitor.learning.recipe import Recipe

_ADAPTER = "default"


def plan(steps: int) -> dict[str, Any]:
    """AdaLoRA's phases over a run of so many steps: full ranks in the first tenth, final ranks in the last third."""
    return {"tinit": steps // 10, "tfinal": steps // 3, "total_step": steps}


class RankBudget:
    """Shrinks the ranks of a model prepared for AdaLoRA while it trains.

    Source: Zhang et al., Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning, ICLR 2023; importance and
    masks are computed by peft.
    """

    def __init__(self, encoder: Any, steps: int) -> None:
        """Plan a run.

        Args:
            encoder: As `apply_method` left it.
            steps: Of the whole run.
        """
        from peft.tuners import adalora

        self._encoder = encoder
        self._config = encoder.peft_config[_ADAPTER]
        for name, value in plan(steps).items():
            setattr(self._config, name, value)
        allocator: Any = adalora.RankAllocator
        self._allocator = allocator(encoder, self._config, _ADAPTER)
        self._final: dict[str, list[bool]] = {}

    def regulariser(self) -> Tensor:
        """How far the singular vectors are from orthogonal, weighted, to be added to the loss; a scalar, at least 0.

        The mean over the matrices of the Frobenius norm of P P' - 1, as peft computes it.
        """
        norms = list[Tensor]()
        for name, matrix in self._encoder.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                products = matrix @ matrix.T if "lora_A" in name else matrix.T @ matrix  # [rank, rank]
                norms.append(torch.linalg.matrix_norm(products - torch.eye(len(products), device=products.device)))
        return float(self._config.orth_reg_weight) * torch.stack(norms).mean()

    def step(self, step: int) -> None:
        """Weighs the ranks; to be called after the optimiser's step, while the gradients are still there.

        Args:
            step: Of the optimiser, 1 for the first.
        """
        if self._final:
            self._allocator.mask_using_rank_pattern(self._encoder, self._final)
        elif step < self._config.total_step - self._config.tfinal:
            self._allocator.update_and_allocate(self._encoder, step)
        else:
            if not self._allocator.ipt:  # a run of one step
                self._allocator.update_ipt(self._encoder)
            _, self._final = self._allocator.update_and_allocate(self._encoder, step, force_mask=True)
            self._allocator.reset_ipt()

    @property
    def ranks(self) -> dict[str, int]:
        """The singular values that are left of each matrix that has an addition."""
        return {name: int((values != 0).sum()) for name, values in self._encoder.named_parameters() if "lora_E" in name}

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs."""
        allocator = self._allocator
        return {
            "importance": dict(allocator.ipt),
            "mean_importance": dict(allocator.exp_avg_ipt),
            "uncertainty": dict(allocator.exp_avg_unc),
            "final": dict(self._final),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on where `state_dict` was taken."""
        device = next(self._encoder.parameters()).device
        kept = {part: {name: tensor.to(device) for name, tensor in state[part].items()} for part in list(state)[:3]}
        self._allocator.ipt = kept["importance"]
        self._allocator.exp_avg_ipt = kept["mean_importance"]
        self._allocator.exp_avg_unc = kept["uncertainty"]
        self._final = state["final"]


def budget_of(model: nn.Module, recipe: Recipe, steps: int) -> RankBudget | None:
    """The budget of a model prepared for AdaLoRA; None for other methods."""
    return RankBudget(model.encoder, steps) if recipe.method == "adalora" else None
