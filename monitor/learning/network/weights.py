"""A model folder's weights over their base, ready to serve: the inverse of `export.export_weights`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from monitor.classify.manifest import REBUILD, Manifest
from monitor.errors import ModelError
from monitor.learning.network.adapters import merge_adapters
from monitor.learning.network.bases import BASES, Base, base_named
from monitor.learning.network.model import Classifier, load_base
from monitor.learning.network.restoring import MERGEABLE, restore_weights


def load_weights(folder: Path, manifest: Manifest, base_folder: Path | None = None) -> tuple[Classifier, int]:
    """A model that answers: in evaluation mode, on the CPU, in float32, additions folded in where they can be.

    Args:
        folder: Holds weights.safetensors.
        manifest: Its manifest.
        base_folder: Holds the base; None to look for it as `monitor.learning.network.bases` does.

    Returns:
        The model, and the token id of its padding.

    Raises:
        ModelError: The base is missing or not the one that was trained on, or the weights do not fit it.
    """
    base = _base_of(manifest, base_folder)
    model = load_base(base, manifest.labels, local=base_folder)
    restored = restore_weights(model, folder)
    if restored.recipe.method in MERGEABLE:
        merge_adapters(model)
    encoder: Any = model.encoder
    return model.eval().requires_grad_(False), base.pad_id if base.pad_id >= 0 else int(encoder.config.pad_token_id)


def _base_of(manifest: Manifest, base_folder: Path | None) -> Base:
    """The base that a manifest names: a pinned one, or in a folder that was named, one that its hash alone pins."""
    unknown = Base(name=manifest.base_model, hub="", sha256=manifest.base_sha256, pad_id=-1, packages=())
    base = BASES.get(manifest.base_model, unknown)
    if base is unknown and base_folder is None:
        base_named(manifest.base_model)
    if base.sha256 != manifest.base_sha256:
        raise ModelError(f"{manifest.model_version} was trained on other weights of {base.name}.", REBUILD)
    return base
