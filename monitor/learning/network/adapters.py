"""How much of the encoder is trained: all of it, or a small addition that is shipped alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from monitor.errors import ModelError
from monitor.learning.network.adalora import plan
from monitor.learning.network.bottleneck import insert_bottlenecks
from monitor.learning.network.prefix import insert_prefixes
from monitor.learning.recipe import Recipe

_LINEAR = {"mpnet": ["q", "k", "v", "o", "dense"], "bert": ["query", "key", "value", "dense"]}
_DROPOUT = 0.05


def apply_method(model: nn.Module, recipe: Recipe, steps: int = 1) -> None:
    """Prepare a model, in place, for training by a method; its heads are always trained.

    Args:
        model: Has the base's encoder as `encoder`: a BERT or an MPNet.
        recipe: Method, rank and alpha.
        steps: Of the whole run: AdaLoRA plans by them; 1 where nothing will be trained.

    Raises:
        ModelError: The method does not go with the encoder.
    """
    encoder: Any = model.encoder
    if recipe.method == "full":
        return
    for parameter in encoder.parameters():
        parameter.requires_grad_(False)
    if recipe.method == "bottleneck":
        insert_bottlenecks(encoder, recipe.rank)
    elif recipe.method == "prefix":
        insert_prefixes(encoder, recipe.rank)
    else:
        _insert_low_ranks(encoder, recipe, steps)


def merge_adapters(model: nn.Module) -> None:
    """Fold the additions of LoRA and AdaLoRA into the weights they stand beside, in place.

    The encoder is plain again and as fast as its base. Bottlenecks and prefixes cannot be folded; they stay.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    encoder: Any = model.encoder
    for name, module in list(encoder.named_modules()):
        if isinstance(module, BaseTunerLayer):
            module.merge()
            parent = encoder.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], module.get_base_layer())
    if hasattr(encoder, "peft_config"):
        del encoder.peft_config


def trained_state(model: nn.Module) -> dict[str, Tensor]:
    """The weights that training changed, by name: what a version of the model must keep beside its base.

    Those that lie on the CPU are not copied.
    """
    return {name: tensor.detach().cpu() for name, tensor in model.named_parameters() if tensor.requires_grad}


@torch.no_grad()
def load_trained(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put weights that `trained_state` gave into a model, in place.

    Args:
        model: Fresh from its base, after `apply_method` with the recipe of the state.
        state: By name; of any floating-point type.

    Raises:
        ModelError: Names or shapes are not those of the model; nothing was changed.
    """
    wanted = {name: tensor for name, tensor in model.named_parameters() if tensor.requires_grad}
    remedy = "Prepare the model with the recipe that the weights were trained by."
    if wanted.keys() != state.keys():
        odd = sorted(wanted.keys() ^ state.keys())
        where = "missing from the weights" if odd[0] in wanted else "unknown to the model"
        raise ModelError(f"trained weights: {odd[0]} is {where}, and {len(odd) - 1} more do not fit.", remedy)
    for name, tensor in wanted.items():
        if tensor.shape != state[name].shape:
            shapes = f"{tuple(state[name].shape)} is not {tuple(tensor.shape)}"
            raise ModelError(f"trained weights: the shape of {name}, {shapes}.", remedy)
    for name, tensor in wanted.items():
        tensor.copy_(state[name])


def _insert_low_ranks(encoder: Any, recipe: Recipe, steps: int) -> None:
    import peft

    shared: dict[str, Any] = {
        "lora_alpha": recipe.alpha,
        "target_modules": _LINEAR[encoder.config.model_type],
        "lora_dropout": _DROPOUT,
    }
    config: Any
    if recipe.method == "lora":
        config = peft.LoraConfig(r=recipe.rank, **shared)
    else:  # AdaLoRA starts with half as many ranks again and gives up the least important ones
        config = peft.AdaLoraConfig(
            init_r=recipe.rank * 3 // 2 + 1, target_r=recipe.rank, **plan(max(1, steps)), **shared
        )
    peft.inject_adapter_in_model(config, encoder)
