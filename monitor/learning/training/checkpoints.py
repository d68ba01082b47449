"""The state of a run after its epochs, in a folder: tensors as safetensors and the rest as JSON, nothing that runs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from monitor.errors import ModelError
from monitor.learning.network.adapters import load_trained, trained_state
from monitor.learning.recipe import Recipe
from monitor.learning.training.places import epochs_kept

_WEIGHTS, _TENSORS, _REST = "weights.safetensors", "state.safetensors", "state.json"
_AGAIN = "Train into another folder, or remove this one to begin anew."


class Checkpoints:
    """Keeps the newest epoch of a run and its best one; see `training.Keeper`.

    Each epoch is a folder, written aside and renamed when it is whole: a cut at any moment leaves the one before.
    """

    def __init__(self, folder: Path, recipe: Recipe, data_fingerprint: str) -> None:
        """Name the run; nothing is read or written yet.

        Args:
            folder: Of this run alone.
            recipe: Must be the same when the run goes on.
            data_fingerprint: Of all that the run learns from, each part for itself, and is judged by; likewise.
        """
        self.folder = folder
        self._identity = {"recipe": msgspec.to_builtins(recipe), "data_fingerprint": data_fingerprint}

    def epochs_done(self) -> int:
        """The newest epoch that is kept; 0 for none."""
        return max(epochs_kept(self.folder), default=0)

    def restore(self, parts: dict[str, Any]) -> int:
        """Load the newest state into the parts.

        Returns:
            How many epochs are done; 0 where nothing is kept.

        Raises:
            ModelError: What is kept was made by another recipe or from other data, or cannot be read.
        """
        epoch = self.epochs_done()
        if not epoch:
            return 0
        folder = self._at(epoch)
        try:
            kept = json.loads((folder / _REST).read_text(encoding="utf-8"))
            tensors = load_file(folder / _TENSORS)
            weights = load_file(folder / _WEIGHTS)
            self._require_same(kept["identity"])
            load_trained(parts["model"], weights)
            for name in parts.keys() - {"model"}:
                if name != "schedule":
                    parts[name].load_state_dict(_tree(kept["parts"][name], tensors))
            parts["schedule"].load_state_dict(
                _tree(kept["parts"]["schedule"], tensors)
            )  # last: it sets the optimiser's rates
            if parts["best"].epoch:
                parts["best"].weights = load_file(self._at(parts["best"].epoch) / _WEIGHTS)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise ModelError(f"{folder}: this checkpoint is damaged: {error!r}.", _AGAIN) from error
        return epoch

    def keep(self, parts: dict[str, Any], epoch: int) -> None:
        """Write the state after an epoch, and remove what is neither the newest nor the best."""
        tensors: dict[str, Tensor] = {}
        rest = {name: _flat(part.state_dict(), name, tensors) for name, part in parts.items() if name != "model"}
        aside = self.folder / f".epoch-{epoch:04}.partial"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        save_file(
            {name: tensor.contiguous() for name, tensor in trained_state(parts["model"]).items()}, aside / _WEIGHTS
        )
        save_file(tensors, aside / _TENSORS)
        (aside / _REST).write_text(json.dumps({"identity": self._identity, "parts": rest}), encoding="utf-8")
        for path in aside.iterdir():
            _flush(path)
        shutil.rmtree(self._at(epoch), ignore_errors=True)
        aside.rename(self._at(epoch))
        _flush(self.folder)
        for old in epochs_kept(self.folder):
            if old not in (epoch, parts["best"].epoch):
                shutil.rmtree(self._at(old), ignore_errors=True)

    def clear(self) -> None:
        """Remove what is kept: the run is over."""
        for epoch in epochs_kept(self.folder):
            shutil.rmtree(self._at(epoch))
        for aside in self.folder.glob(".epoch-*.partial"):
            shutil.rmtree(aside)

    def _at(self, epoch: int) -> Path:
        return self.folder / f"epoch-{epoch:04}"

    def _require_same(self, kept: Mapping[str, Any]) -> None:
        if kept["data_fingerprint"] != self._identity["data_fingerprint"]:
            raise ModelError(
                f"{self.folder}: the run kept here has learnt from other data: other texts train or validate, or "
                "another parent or teacher is named.",
                _AGAIN,
            )
        now: dict[str, Any] = self._identity["recipe"]
        differing = [
            name for name in sorted(now.keys() | kept["recipe"].keys()) if now.get(name) != kept["recipe"].get(name)
        ]
        if differing:
            changes = ", ".join(f"{name} was {kept['recipe'].get(name)}, not {now.get(name)}" for name in differing)
            raise ModelError(f"{self.folder}: the run kept here follows another recipe: {changes}.", _AGAIN)


def _flat(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Return a state as JSON can hold it, its tensors moved to `tensors` under the names that stand in their places."""
    if isinstance(value, Tensor):
        tensors[name] = value.detach().cpu().contiguous()
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"map": [[key, _flat(inner, f"{name}.{key}", tensors)] for key, inner in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_flat(inner, f"{name}.{place}", tensors) for place, inner in enumerate(value)]
    return value


def _tree(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The inverse of `_flat`; tuples have become lists."""
    if isinstance(value, list):
        return [_tree(inner, tensors) for inner in value]
    if isinstance(value, dict):
        if "tensor" in value:
            return tensors[value["tensor"]]
        return {key: _tree(inner, tensors) for key, inner in value["map"]}
    return value


def _flush(path: Path) -> None:
    """See that a file's content, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
