"""A run that was cut goes on as if it had not been. Needs the extra: train."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch

from monitor.errors import ModelError
from monitor.learning.data.encoding import Encoded
from monitor.learning.network.adapters import apply_method
from monitor.learning.network.model import Classifier
from monitor.learning.recipe import Recipe
from monitor.learning.training.checkpoints import Checkpoints
from monitor.learning.training.loop import Progress, steps_of, train
from tests.learning.tiny import RECIPE, tiny_base, tiny_model, tiny_rows

RECIPES: dict[str, dict[str, Any]] = {
    "full": {"epochs": 4},
    "sgd": {"epochs": 4, "optimizer": "sgd", "learning_rate": 0.05, "accumulation": 2},
    "plateau": {"epochs": 5, "schedule": "plateau", "learning_rate": 5e-2, "warmup_share": 0.0},
    "lora": {"epochs": 4, "method": "lora"},
    "adalora": {"epochs": 5, "method": "adalora"},
    "prefix": {"epochs": 4, "method": "prefix"},
    "bottleneck": {"epochs": 4, "method": "bottleneck"},
    "patience": {"epochs": 9, "patience": 2, "label_smoothing": 0.0},
}


class _CutError(Exception):
    pass


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_base(tmp_path_factory.mktemp("base"))


def _cut_at(epoch: int, step: int) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        if progress.epoch == epoch and progress.step >= step:
            raise _CutError

    return report


def _run(
    base: Path, recipe: Recipe, folder: Path | None, report: Callable[[Progress], None] = lambda _: None
) -> tuple[Classifier, int]:
    rows, validation = _split(base)
    model = tiny_model(base)
    apply_method(model, recipe, steps_of(len(rows), recipe))
    keeper = Checkpoints(folder, recipe, "data") if folder else None
    epoch = train(model, rows, recipe, report, pad_id=0, validation=validation, keeper=keeper, report_every=1)
    return model, epoch


def _split(base: Path) -> tuple[list[Encoded], list[Encoded]]:
    """Rows to learn, and rows that contradict them: the validation loss soon rises."""
    rows = tiny_rows(base)
    return rows, [Encoded(row.ids, sentiment=(row.sentiment + 1) % 3) for row in rows if row.sentiment >= 0]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("cut", ["between epochs", "within an epoch"])
def test_a_resumed_run_ends_with_the_weights_of_an_uncut_one(base: Path, tmp_path: Path, name: str, cut: str) -> None:
    recipe = msgspec.structs.replace(RECIPE, **RECIPES[name])
    uncut, epoch = _run(base, recipe, None)
    steps = steps_of(len(_split(base)[0]), recipe) // recipe.epochs
    with pytest.raises(_CutError):
        _run(base, recipe, tmp_path, _cut_at(3, 3 * steps if cut == "between epochs" else 2 * steps + 2))
    assert Checkpoints(tmp_path, recipe, "data").epochs_done() in (2, 3)
    torch.manual_seed(1234)
    resumed, same_epoch = _run(base, recipe, tmp_path)
    assert same_epoch == epoch
    for (label, tensor), (_, other) in zip(uncut.named_parameters(), resumed.named_parameters(), strict=True):
        assert torch.equal(tensor, other), label


def test_a_run_whose_patience_ran_out_does_not_go_on(base: Path, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(RECIPE, **RECIPES["patience"])
    first, epoch = _run(base, recipe, tmp_path)
    done = Checkpoints(tmp_path, recipe, "data").epochs_done()
    assert epoch + recipe.patience == done < recipe.epochs
    reports = list[Progress]()
    second, same = _run(base, recipe, tmp_path, reports.append)
    assert (same, reports) == (epoch, [])
    assert all(torch.equal(one, two) for one, two in zip(first.parameters(), second.parameters(), strict=True))


def test_the_newest_and_the_best_epoch_are_kept_and_no_more(base: Path, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(RECIPE, **RECIPES["patience"])
    _, best = _run(base, recipe, tmp_path)
    keeper = Checkpoints(tmp_path, recipe, "data")
    names = [f"epoch-{epoch:04}" for epoch in (best, keeper.epochs_done())]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert {path.suffix for path in tmp_path.rglob("*.*")} == {".safetensors", ".json"}
    keeper.clear()
    assert keeper.epochs_done() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_half_written_epoch_does_not_exist(base: Path, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(RECIPE, epochs=2)
    _run(base, recipe, tmp_path)
    (tmp_path / "epoch-0002").rename(tmp_path / ".epoch-0002.partial")
    assert Checkpoints(tmp_path, recipe, "data").epochs_done() == 1
    _run(base, recipe, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-0001", "epoch-0002"]


@pytest.mark.parametrize(
    ("changes", "data", "match"),
    [
        ({"epochs": 7, "seed": 8}, "data", "epochs was 2, not 7, seed was 7, not 8"),
        ({}, "others", "other data"),
    ],
)
def test_another_recipe_or_other_data_is_refused(
    base: Path, tmp_path: Path, changes: dict[str, Any], data: str, match: str
) -> None:
    recipe = msgspec.structs.replace(RECIPE, epochs=2)
    _run(base, recipe, tmp_path)
    other = msgspec.structs.replace(recipe, **changes)
    model = tiny_model(base)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    keeper = Checkpoints(tmp_path, other, data)
    with pytest.raises(ModelError, match=match):
        train(model, tiny_rows(base), other, lambda _: None, pad_id=0, keeper=keeper)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("name", ["state.json", "state.safetensors", "weights.safetensors"])
def test_a_damaged_checkpoint_is_named(base: Path, tmp_path: Path, name: str) -> None:
    recipe = msgspec.structs.replace(RECIPE, epochs=1)
    _run(base, recipe, tmp_path)
    path = tmp_path / "epoch-0001" / name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match=r"epoch-0001: this checkpoint is damaged"):
        _run(base, recipe, tmp_path)


def test_what_is_not_a_tensor_can_be_read_by_people(base: Path, tmp_path: Path) -> None:
    recipe = msgspec.structs.replace(RECIPE, epochs=1)
    _run(base, recipe, tmp_path)
    written = json.loads((tmp_path / "epoch-0001" / "state.json").read_text())
    assert written["identity"]["recipe"]["method"] == "full"
    assert ["epoch", 1] in written["parts"]["best"]["map"]
