"""What a training run starts from: a base with fresh heads, or the weights of an earlier version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from monitor.classify.labels import Labels
from monitor.classify.manifest import load_manifest
from monitor.errors import ModelError
from monitor.learning.data.encoding import Encoded, Floats, encode
from monitor.learning.data.examples import Example
from monitor.learning.network.adapters import apply_method
from monitor.learning.network.bases import Base, base_folder, base_named
from monitor.learning.network.model import Classifier, load_base, load_encoder, load_tokenizer
from monitor.learning.network.predicting import embed_with_base, predict
from monitor.learning.network.restoring import MERGEABLE, Restored, plain, restore_weights
from monitor.learning.recipe import Recipe
from monitor.learning.training.loop import prepare_run, steps_of

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Start:
    """A model ready to be trained.

    Attributes:
        model: As `apply_method` left it.
        tokenizer: Truncating where training does.
        base: What it is made from.
        folder: Where the base's files lie.
        restored: The version that it goes on from, if any.
        adapted: Whether nothing but an addition to the untouched encoder is trained, so that it can be kept alone.
    """

    model: Classifier
    tokenizer: Tokenizer
    base: Base
    folder: Path
    restored: Restored | None
    adapted: bool


def start(
    recipe: Recipe, examples: int, *, parent: Path | None = None, local: Path | None = None, threads: int = 0
) -> Start:
    """Prepare a model for training.

    Args:
        recipe: How it will be trained.
        examples: How many there will be.
        parent: Folder of the version to go on from; None starts from the base.
        local: Folder of the base's files; None looks for them.
        threads: CPU threads; 0 leaves them as they are.

    Raises:
        ModelError: The base or the parent is missing or changed, or they or the method do not go together.
    """
    base = base_named(recipe.base)
    if parent is not None:
        made_from = load_manifest(parent, Labels())
        if made_from.base_sha256 != base.sha256:
            raise ModelError(
                f"{parent}: it was made from {made_from.base_model}, not from {base.name}.",
                f"Use --base {made_from.base_model}.",
            )
    folder = base_folder(base, local)
    prepare_run(recipe.seed, threads)
    model = load_base(base, Labels(), recipe.dropout, folder)
    restored = None if parent is None else restore_weights(model, parent)
    same = restored is not None and restored.adapted and _same_addition(restored.recipe, recipe)
    if restored and not same:
        plain(model, restored)
        if recipe.method not in ("full", *MERGEABLE):  # neither kept beside its base nor read back out of a graph
            raise ModelError(
                f"{parent}: over its trained weights a {recipe.method} could never be trained on again.",
                "Use --method lora or full, or start from the base: without --from.",
            )
    if not same:
        apply_method(model, recipe, steps_of(examples, recipe))
    adapted = recipe.method != "full" and (restored is None or same)
    if torch.cuda.is_available():
        model.cuda()
    return Start(model, load_tokenizer(folder, recipe.max_tokens), base, folder, restored, adapted)


def encoded_with_base(
    begun: Start, examples: Sequence[Example], recipe: Recipe, *, keep_stories: bool = True
) -> list[Encoded]:
    """Encode examples; a share of them, drawn by the seed, with the untouched base's embedding.

    Args:
        begun: Not yet trained.
        examples: To train on.
        recipe: How.
        keep_stories: They get the story vector, too, that the model gives them now: a parent's is kept, and one that
            was never trained stays the base's.
    """
    rows = encode(examples, begun.tokenizer)
    if not (recipe.embedding_weight and recipe.embedding_share):
        return rows
    held = np.flatnonzero(np.random.default_rng(recipe.seed).random(len(rows)) < recipe.embedding_share)
    encoder = load_encoder(begun.folder)
    vectors = embed_with_base(encoder, [rows[place].ids for place in held], begun.base.pad_id)
    wanted = dict(zip(held.tolist(), vectors, strict=True))
    stories = dict[int, Floats]()
    if keep_stories:
        now = predict(begun.model, [rows[place].ids for place in held], begun.base.pad_id, half=True).stories
        stories = dict(zip(held.tolist(), now, strict=True))
    places = range(len(rows))
    return encode(
        examples,
        begun.tokenizer,
        embeddings=[wanted.get(place) for place in places],
        stories=[stories.get(place) for place in places],
    )


def _same_addition(one: Recipe, other: Recipe) -> bool:
    scales = one.alpha == other.alpha or one.method not in MERGEABLE  # others have no scale
    return scales and (one.method, one.rank) == (other.method, other.rank)
