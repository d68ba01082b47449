"""Everything that decides the outcome of a training run, apart from the examples."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Positive = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]
Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]

Method = Literal["full", "lora", "adalora", "prefix", "bottleneck"]


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a run.

    Attributes:
        base: Name of the encoder to start from.
        method: "full" trains every weight; the others train a small addition and leave the encoder as it is.
        rank: Size of the addition: LoRA's and AdaLoRA's rank, the adapter's bottleneck, the prefix's length.
        alpha: LoRA's scale is alpha / rank.
        epochs: Passes over the examples, at most.
        patience: Stop after so many epochs without a better validation loss; 0 never stops early.
        batch_size: Examples per forward pass.
        accumulation: Forward passes per step of the optimiser; it saves memory, and the steps are those of a batch that
            is so many times larger.
        optimizer: "adamw", or "sgd" with momentum .9.
        learning_rate: Peak rate of the encoder's top layer, or of the addition.
        head_factor: The heads' rate as a multiple of that.
        layer_decay: Rate of each layer as a share of the one above it.
        weight_decay: Of all weights but biases and norms.
        warmup_share: Share of the steps in which the rate rises.
        schedule: After the warm-up, "linear" falls to 0; "plateau" halves the rate when the validation loss stalls.
        label_smoothing: Share of a hard target spread over all classes.
        dropout: Before the heads.
        topic_weight: Weight of a topic's loss.
        sentiment_weight: Weight of a sentiment's loss.
        tag_weight: Weight of a text's mean loss over its token tags.
        target_weight: Weight of a text's mean loss over the sentiments toward its mentions.
        embedding_weight: Weight of one minus the cosine between the embedding and the untouched base's.
        embedding_share: Share of the examples whose embedding is held to the base's: each costs a pass of the base.
        story_weight: Weight of a step's loss over families of stories, where there are any.
        story_families: Families read at each step.
        soft_weight: Share of the teacher's answers in a target where both are known; the rest is the label.
        precision: Arithmetic of the encoder: "bf16", "fp16" (GPU only) or "fp32".
        max_tokens: Longer texts are cut.
        seed: Of initialisation, order and dropout.
    """

    base: str = "all-MiniLM-L6-v2"
    method: Method = "full"
    rank: Count = 16
    alpha: Positive = 32.0
    epochs: Count = 3
    patience: Annotated[int, msgspec.Meta(ge=0)] = 0
    batch_size: Count = 32
    accumulation: Count = 1
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: Positive = 1.5e-4
    head_factor: Positive = 5.0
    layer_decay: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.9
    weight_decay: Weight = 0.01
    warmup_share: Share = 0.08
    schedule: Literal["linear", "plateau"] = "linear"
    label_smoothing: Share = 0.05
    dropout: Share = 0.1
    topic_weight: Weight = 1.0
    sentiment_weight: Weight = 1.0
    tag_weight: Weight = 1.0
    target_weight: Weight = 1.0
    embedding_weight: Weight = 2.0
    embedding_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    story_weight: Weight = 1.0
    story_families: Count = 12
    soft_weight: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.7
    precision: Literal["bf16", "fp16", "fp32"] = "bf16"
    max_tokens: Annotated[int, msgspec.Meta(ge=4, le=512)] = 96
    seed: Seed = 7


FAST = Recipe(story_weight=0.2, story_families=6)
"""The shipped fast grade. With a weight of 1 and twelve families a step, stories cost topics a point and a half."""

QUALITY = Recipe(
    base="all-mpnet-base-v2",
    method="lora",
    learning_rate=3e-4,
    head_factor=2.0,
    layer_decay=1.0,
    embedding_share=0.3,
    story_weight=0.2,
    story_families=6,
)
"""The shipped quality grade."""
