"""A model's folder back as something that can be trained: weights over their base, or out of an int8 graph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from monitor.classify.labels import Labels
from monitor.classify.manifest import Manifest, load_manifest
from monitor.errors import ModelError
from monitor.learning.network.adapters import apply_method, load_trained, merge_adapters
from monitor.learning.network.bases import Base, base_named
from monitor.learning.network.export import WEIGHTS_NAME
from monitor.learning.network.model import Classifier, with_story_head
from monitor.learning.network.recovering import recover_weights
from monitor.learning.recipe import Recipe

MERGEABLE = ("lora", "adalora")


@dataclass(frozen=True)
class Restored:
    """What a folder's weights made of a base.

    Attributes:
        manifest: The folder's.
        recipe: By which it was trained; of its settings, those that this code knows.
        adapted: Whether an addition lies over the untouched encoder, so that it can go on by the same method alone.
    """

    manifest: Manifest
    recipe: Recipe
    adapted: bool


def restore_weights(model: Classifier, folder: Path) -> Restored:
    """Load the weights of a model's folder into a fresh model, in place.

    Args:
        model: As `load_base` returns it for the folder's base.
        folder: Holds a manifest, and weights.safetensors or a graph.

    Raises:
        ModelError: The folder is no whole model, or its weights do not fit the model.
    """
    manifest = load_manifest(folder, Labels())
    recipe = recipe_of(manifest)
    if not (folder / WEIGHTS_NAME).is_file():
        if recipe.method not in ("full", *MERGEABLE):
            raise ModelError(
                f"{folder}: a {recipe.method} cannot be read back out of a graph.",
                "Go on from the folder of weights that the graph was exported from.",
            )
        recover_weights(model, folder / "model.xml")
        return Restored(manifest, recipe, adapted=False)
    if recipe.method != "full":
        apply_method(model, recipe, steps=1_000)
    _load_state(model, folder / WEIGHTS_NAME)
    return Restored(manifest, recipe, adapted=recipe.method != "full")


def _load_state(model: Classifier, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        load_trained(model, with_story_head(load_file(path)))
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: cannot be read: {error}.", "Get the folder anew.") from error


def plain(model: Classifier, restored: Restored) -> None:
    """Fold an addition into the encoder, in place, so that another method can train it."""
    if restored.adapted and restored.recipe.method in MERGEABLE:
        merge_adapters(model)
    elif restored.adapted:
        raise ModelError(
            f"the model was trained by {restored.recipe.method}, which goes on by the same method and rank alone.",
            f"Use --method {restored.recipe.method} --set rank={restored.recipe.rank}.",
        )
    for parameter in model.parameters():
        parameter.requires_grad_(True)


def base_of(manifest: Manifest) -> Base:
    """The pinned base of a model.

    Raises:
        ModelError: There is none of that name, or it has other weights now.
    """
    base = base_named(manifest.base_model)
    if base.sha256 != manifest.base_sha256:
        raise ModelError(
            f"the model was made from other weights of {base.name} than are pinned here.",
            "Train it anew from the base.",
        )
    return base


def recipe_of(manifest: Manifest) -> Recipe:
    """The recipe in a manifest, without settings that this code does not know."""
    fields = {field.encode_name for field in msgspec.structs.fields(Recipe)}
    known = {name: value for name, value in manifest.recipe.items() if name in fields}
    try:
        return msgspec.convert(known, Recipe, strict=False)
    except msgspec.ValidationError as error:
        raise ModelError(f"the manifest's recipe cannot be read: {error}.", "Get the folder anew.") from error
