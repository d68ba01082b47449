"""The training loop: both tasks in every batch, one optimiser, one schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from monitor.learning.examples import Example
from monitor.learning.model import TwoHeads, pad

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = -100  # cross_entropy leaves such targets out

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a training run, apart from the examples.

    Attributes:
        epochs: Passes over the examples.
        batch_size: Examples per step.
        learning_rate: Peak rate of the encoder's top layer.
        head_factor: The heads' rate as a multiple of that.
        layer_decay: Rate of each layer as a share of the one above it.
        weight_decay: Of all weights but biases and norms.
        warmup_share: Share of the steps in which the rate rises; it falls linearly to 0 after them.
        label_smoothing: Share of the target spread over all classes.
        dropout: Before the heads.
        sentiment_weight: Weight of a sentiment label's loss against a topic label's.
        max_tokens: Longer texts are cut.
        seed: Of initialisation, order and dropout.
    """

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 1.5e-4
    head_factor: float = 5.0
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup_share: float = 0.08
    label_smoothing: float = 0.05
    dropout: float = 0.1
    sentiment_weight: float = 1.0
    max_tokens: int = 96
    seed: int = 7


@dataclass(frozen=True)
class Progress:
    """Where a run stands: `step` of `steps` is done, `loss` is the mean of the steps since the last report."""

    epoch: int
    step: int
    steps: int
    loss: float


def prepare_run(seed: int, threads: int) -> None:
    """Seed torch, before a model's new heads are drawn, and bound its CPU threads; 0 leaves them as they are."""
    torch.manual_seed(seed)
    if threads:
        torch.set_num_threads(threads)


def train(
    model: TwoHeads,
    tokenizer: Tokenizer,
    examples: Sequence[Example],
    recipe: Recipe,
    report: Callable[[Progress], None],
    report_every: int = 50,
) -> None:
    """Fine-tune the model in place.

    Args:
        model: With fresh heads.
        tokenizer: Truncating, not padding.
        examples: Labelled for either task or both.
        recipe: How.
        report: Called after every `report_every` steps and after the last one.
        report_every: In steps.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    tokens = [encoding.ids for encoding in tokenizer.encode_batch([example.text for example in examples])]
    steps = recipe.epochs * -(-len(examples) // recipe.batch_size)
    optimizer = torch.optim.AdamW(_parameter_groups(model, recipe), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps, recipe.warmup_share))
    model.train()
    step, losses = 0, list[float]()
    for epoch in range(1, recipe.epochs + 1):
        for batch in _batches(np.array([len(row) for row in tokens]), recipe.batch_size, rng):
            loss = _loss(model, [tokens[place] for place in batch], [examples[place] for place in batch], recipe)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            losses.append(loss.item())
            if step % report_every == 0 or step == steps:
                report(Progress(epoch, step, steps, float(np.mean(losses))))
                losses.clear()
    model.eval()


@torch.no_grad()
def predict(
    model: TwoHeads, tokenizer: Tokenizer, texts: Sequence[str], batch_size: int = 64, autocast: bool = False
) -> tuple[Floats, Floats]:
    """Return the logits of prepared texts in float32 arithmetic: [n, topics] and [n, sentiments].

    Args:
        model: Any.
        tokenizer: Truncating, not padding.
        texts: Prepared.
        batch_size: Texts per forward pass.
        autocast: Compute in bfloat16: faster, for a look during training.
    """
    model.eval()
    tokens = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    order = np.argsort([len(row) for row in tokens], kind="stable")
    topics = np.zeros((len(texts), model.topic_head.out_features))
    sentiments = np.zeros((len(texts), model.sentiment_head.out_features))
    for start in range(0, len(texts), batch_size):
        places = order[start : start + batch_size]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            topic_logits, sentiment_logits = model(*pad([tokens[place] for place in places]))
        topics[places] = topic_logits.float().numpy()
        sentiments[places] = sentiment_logits.float().numpy()
    return topics, sentiments


def _loss(model: TwoHeads, rows: list[list[int]], examples: Sequence[Example], recipe: Recipe) -> Tensor:
    """Return the summed losses of all known labels, per example of the batch."""
    ids, mask = pad(rows)  # [batch, tokens] each
    with torch.autocast("cpu", dtype=torch.bfloat16):
        topic_logits, sentiment_logits = model(ids, mask)  # [batch, topics], [batch, sentiments]
    topics = [UNKNOWN if example.topic is None else example.topic for example in examples]
    sentiments = [UNKNOWN if example.sentiment is None else example.sentiment for example in examples]
    topic_loss = _summed_loss(topic_logits, topics, recipe.label_smoothing)
    sentiment_loss = _summed_loss(sentiment_logits, sentiments, recipe.label_smoothing)
    return (topic_loss + recipe.sentiment_weight * sentiment_loss) / len(examples)


def _summed_loss(logits: Tensor, targets: list[int], smoothing: float) -> Tensor:
    return nn.functional.cross_entropy(
        logits.float(), torch.tensor(targets), ignore_index=UNKNOWN, reduction="sum", label_smoothing=smoothing
    )


def _batches(lengths: npt.NDArray[np.int64], size: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    """Yield shuffled batches whose members have similar lengths: sorted within pools of 32 batches."""
    order = rng.permutation(len(lengths))
    batches = list[npt.NDArray[np.int64]]()
    for start in range(0, len(order), size * 32):
        pool = order[start : start + size * 32]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches.extend(pool[first : first + size] for first in range(0, len(pool), size))
    for place in rng.permutation(len(batches)):
        yield batches[place]


def _rate(step: int, steps: int, warmup_share: float) -> float:
    """Return the learning rate at a step as a share of its peak."""
    warmup = max(1, round(steps * warmup_share))
    return min((step + 1) / warmup, max(0.0, (steps - step) / max(1, steps - warmup)))


def _parameter_groups(model: TwoHeads, recipe: Recipe) -> list[dict[str, object]]:
    """Give every parameter its rate by depth; biases and norms are not decayed."""
    depth = 1 + max((int(name.split(".")[3]) for name, _ in model.named_parameters() if ".layer." in name), default=0)
    groups = list[dict[str, object]]()
    for name, parameter in model.named_parameters():
        if not name.startswith("encoder."):
            rate = recipe.learning_rate * recipe.head_factor
        elif ".layer." in name:
            rate = recipe.learning_rate * recipe.layer_decay ** (depth - 1 - int(name.split(".")[3]))
        else:
            rate = recipe.learning_rate * recipe.layer_decay**depth
        decay = 0.0 if parameter.ndim == 1 else recipe.weight_decay
        groups.append({"params": [parameter], "lr": rate, "weight_decay": decay})
    return groups
