"""Every method learns, leaves the rest as it is, and can be kept and put back. Needs the extra: train."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import openvino
import pytest
import torch
from torch import Tensor, nn

from monitor.errors import ModelError
from monitor.learning.network.adalora import RankBudget
from monitor.learning.network.adapters import apply_method, load_trained, merge_adapters, trained_state
from monitor.learning.network.bottleneck import Bottleneck
from monitor.learning.network.model import Classifier, load_encoder, pad
from monitor.learning.network.prefix import PrefixedAttention, insert_prefixes
from monitor.learning.recipe import Method, Recipe
from monitor.learning.training.loop import Progress, steps_of, train
from tests.learning.tiny import RECIPE, tiny_base, tiny_model, tiny_rows

METHODS: tuple[Method, ...] = ("full", "lora", "adalora", "prefix", "bottleneck")
KINDS: tuple[Literal["bert", "mpnet"], ...] = ("bert", "mpnet")
IDS, MASK = pad([[2, 4, 13, 3], [2, 7, 3], [2, 5, 6, 7, 8, 3]], 0)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A folder of each kind of base."""
    root = tmp_path_factory.mktemp("bases")
    for kind in KINDS:
        tiny_base(root / kind, kind)
    return lambda kind: root / kind


def _recipe(method: Method, **changes: Any) -> Recipe:
    rate = {"full": 3e-3, "prefix": 2e-2}.get(method, 1e-2)
    return msgspec.structs.replace(RECIPE, method=method, learning_rate=rate, **changes)


def _trained(folder: Path, recipe: Recipe) -> tuple[Classifier, list[Progress], dict[str, Tensor]]:
    """A model after training, the reports, and what it was before."""
    model, rows, reports = tiny_model(folder), tiny_rows(folder), list[Progress]()
    apply_method(model, recipe, steps_of(len(rows), recipe))
    before = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    train(model, rows, recipe, reports.append, pad_id=0, report_every=9)
    return model, reports, before


def _answers(model: nn.Module) -> np.ndarray[Any, Any]:
    model.eval()
    with torch.no_grad():
        return np.concatenate(
            [part[MASK.bool()].ravel() if part.dim() == 3 else part.ravel() for part in model(IDS, MASK)]
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_learns_and_leaves_frozen_weights_bit_for_bit(
    bases: Callable[[str], Path], method: Method, kind: str
) -> None:
    model, reports, before = _trained(bases(kind), _recipe(method))
    losses = [report.loss for report in reports if np.isfinite(report.loss)]
    assert losses[-1] < 0.6 * losses[0]
    for name, tensor in model.named_parameters():
        if name.startswith(("embedding_head", "story_head")):  # no example says what they should be
            continue
        if tensor.requires_grad:
            assert not torch.equal(tensor, before[name]), name
        else:
            assert torch.equal(tensor, before[name]), name
    held = sum(tensor.numel() for name, tensor in model.named_parameters() if name.startswith("encoder."))
    kept = sum(tensor.numel() for name, tensor in trained_state(model).items() if name.startswith("encoder."))
    assert kept == held if method == "full" else 0 < kept < held / 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_what_is_kept_makes_the_same_model_on_a_fresh_base(
    bases: Callable[[str], Path], method: Method, kind: str
) -> None:
    recipe = _recipe(method, epochs=2)
    model, _, _ = _trained(bases(kind), recipe)
    fresh = tiny_model(bases(kind), seed=99)
    apply_method(fresh, recipe)
    assert not np.array_equal(_answers(fresh), _answers(model))
    load_trained(fresh, trained_state(model))
    assert np.array_equal(_answers(fresh), _answers(model))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["lora", "adalora"])
def test_a_merged_model_answers_the_same_and_is_plain(bases: Callable[[str], Path], method: Method, kind: str) -> None:
    model, _, _ = _trained(bases(kind), _recipe(method, epochs=3))
    answers = _answers(model)
    merge_adapters(model)
    assert np.allclose(_answers(model), answers, atol=1e-4)
    plain = load_encoder(bases(kind))
    assert [name for name, _ in model.encoder.named_modules()] == [name for name, _ in plain.named_modules()]
    plain.load_state_dict(model.encoder.state_dict())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "kind"),
    [("lora", "bert"), ("prefix", "bert"), ("prefix", "mpnet"), ("bottleneck", "bert"), ("bottleneck", "mpnet")],
)
def test_a_method_can_be_exported(bases: Callable[[str], Path], method: Method, kind: str) -> None:
    model, _, _ = _trained(bases(kind), _recipe(method, epochs=1))
    merge_adapters(model)
    model.encoder.set_attn_implementation("eager")  # type: ignore[operator]
    model.eval()
    with torch.no_grad():
        graph = openvino.convert_model(model, example_input={"input_ids": IDS[:, :5], "attention_mask": MASK[:, :5]})
    served = openvino.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(
        {0: IDS.numpy(), 1: MASK.numpy()}
    )
    with torch.no_grad():
        assert np.allclose(served[0], model(IDS, MASK).topic, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_prefix_of_no_length_changes_nothing(bases: Callable[[str], Path], kind: str) -> None:
    model = tiny_model(bases(kind))
    answers = _answers(model)
    insert_prefixes(model.encoder, 3)
    assert not np.allclose(_answers(model), answers, atol=1e-3)
    for module in model.modules():
        if isinstance(module, PrefixedAttention):
            module.keys, module.values = nn.Parameter(module.keys[:, :0]), nn.Parameter(module.values[:, :0])
    assert np.allclose(_answers(model), answers, atol=1e-5)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
def test_a_prefix_sees_no_padding(bases: Callable[[str], Path], implementation: str) -> None:
    model = tiny_model(bases("bert"))
    model.encoder.set_attn_implementation(implementation)  # type: ignore[operator]
    insert_prefixes(model.encoder, 3)
    model.eval()
    with torch.no_grad():
        together = model(IDS, MASK).topic[1]
        alone = model(IDS[1:2, :3], MASK[1:2, :3]).topic[0]
    assert torch.allclose(together, alone, atol=1e-5)


def test_a_prefix_attends_as_longer_keys_and_values_would(bases: Callable[[str], Path]) -> None:
    model = tiny_model(bases("bert"))
    plain: Any = model.encoder.encoder.layer[0].attention.self  # type: ignore[union-attr,index]
    words = torch.randn(3, 32)
    widened = PrefixedAttention(plain.eval(), "bert", words)
    states = torch.randn(2, 5, 32)
    expected = plain(torch.cat([words.expand(2, -1, -1), states], dim=1))[0][:, 3:]
    assert torch.allclose(widened(states)[0], expected, atol=1e-5)


def test_a_prefix_is_no_longer_than_a_text(bases: Callable[[str], Path]) -> None:
    with pytest.raises(ModelError, match="prefix of 600"):
        apply_method(tiny_model(bases("bert")), _recipe("prefix", rank=600))


def test_a_bottleneck_begins_as_the_identity(bases: Callable[[str], Path]) -> None:
    model = tiny_model(bases("mpnet"))
    answers = _answers(model)
    apply_method(model, _recipe("bottleneck"))
    assert sum(isinstance(module, Bottleneck) for module in model.modules()) == 2 * 2
    assert np.array_equal(_answers(model), answers)


def test_adalora_gives_up_the_least_important_ranks(bases: Callable[[str], Path]) -> None:
    model, _, _ = _trained(bases("bert"), _recipe("adalora"))
    ranks = RankBudget(model.encoder, 9).ranks
    assert len(ranks) == 2 * 6  # of each layer's six matrices
    assert sum(ranks.values()) <= RECIPE.rank * len(ranks)
    assert len(set(ranks.values())) > 1


def test_adalora_holds_its_vectors_orthogonal(bases: Callable[[str], Path]) -> None:
    model = tiny_model(bases("bert"))
    apply_method(model, _recipe("adalora"), 9)
    budget = RankBudget(model.encoder, 9)
    assert budget.regulariser().item() > 1.0
    for name, matrix in model.encoder.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            nn.init.orthogonal_(matrix)
    assert budget.regulariser().item() == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3, 7])
def test_adalora_ends_with_its_budget_however_short_the_run(bases: Callable[[str], Path], steps: int) -> None:
    recipe = _recipe("adalora", epochs=steps, batch_size=72)
    model, _, _ = _trained(bases("bert"), recipe)
    ranks = RankBudget(model.encoder, steps).ranks
    assert sum(ranks.values()) <= recipe.rank * len(ranks)


def test_weights_of_another_method_or_shape_are_refused(bases: Callable[[str], Path]) -> None:
    lora, other = tiny_model(bases("bert")), tiny_model(bases("bert"))
    apply_method(lora, _recipe("lora"))
    apply_method(other, _recipe("lora", rank=2))
    before = _answers(other)
    with pytest.raises(ModelError, match="shape"):
        load_trained(other, trained_state(lora))
    with pytest.raises(ModelError, match="do not fit"):
        load_trained(tiny_model(bases("bert")), trained_state(lora))
    assert np.array_equal(_answers(other), before)
