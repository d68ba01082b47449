"""A model's answers for many texts, on the CPU or wherever the model lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from monitor.learning.data.batches import sorted_batches
from monitor.learning.data.encoding import SoftAnswers
from monitor.learning.network.model import Classifier, base_embeddings, pad
from monitor.learning.network.precision import autocast

Floats = npt.NDArray[np.float32]


class Answers:
    """Logits and vectors of n texts, in order.

    Attributes:
        soft: The logits of each text.
        embeddings: [n, width], of length 1.
        stories: Likewise.
    """

    def __init__(self, soft: list[SoftAnswers], embeddings: Floats, stories: Floats) -> None:
        self.soft = soft
        self.embeddings = embeddings
        self.stories = stories

    def topic(self) -> npt.NDArray[np.float64]:
        """[n, topics]."""
        return np.stack([answer.topic for answer in self.soft]).astype(np.float64)

    def sentiment(self) -> npt.NDArray[np.float64]:
        """[n, sentiments]."""
        return np.stack([answer.sentiment for answer in self.soft]).astype(np.float64)


@torch.no_grad()
def predict(
    model: Classifier,
    rows: Sequence[list[int]],
    pad_id: int,
    *,
    batch_size: int = 64,
    half: bool = False,
    report: Callable[[int], None] | None = None,
) -> Answers:
    """Answer for texts, given as token ids.

    Args:
        model: Is put into evaluation mode.
        rows: Token ids of each text.
        pad_id: Of its tokenizer.
        batch_size: Texts of a forward pass.
        half: Compute in bfloat16, where the device does: faster, less exact.
        report: Told after each pass how many texts are done.
    """
    model.eval()
    device = model.topic_head.weight.device
    soft: list[Any] = [None] * len(rows)
    embeddings = np.zeros((len(rows), model.embedding_head.out_features), dtype=np.float32)
    stories = np.zeros_like(embeddings)
    done = 0
    for places in sorted_batches([len(row) for row in rows], batch_size):
        ids, mask = pad([rows[place] for place in places], pad_id)
        with autocast(device, torch.bfloat16 if half else torch.float32):
            outputs = model(ids.to(device), mask.to(device))
        topic, sentiment, tags, targets, embedding, story = (part.float().cpu().numpy() for part in outputs)
        for line, place in enumerate(places.tolist()):
            count = len(rows[place])
            soft[place] = SoftAnswers(topic[line], sentiment[line], tags[line, :count], targets[line, :count])
        embeddings[places], stories[places] = embedding, story
        done += len(places)
        if report:
            report(done)
    return Answers(soft, embeddings, stories)


@torch.no_grad()
def embed_with_base(encoder: nn.Module, rows: Sequence[list[int]], pad_id: int, batch_size: int = 64) -> Floats:
    """The untouched base's embeddings of texts, given as token ids: [n, width], of length 1."""
    encoder.eval()
    found: Floats | None = None
    for places in sorted_batches([len(row) for row in rows], batch_size):
        ids, mask = pad([rows[place] for place in places], pad_id)
        with autocast(torch.device("cpu"), torch.bfloat16):
            outputs = encoder(input_ids=ids, attention_mask=mask)
        vectors = base_embeddings(outputs, mask).numpy()
        found = np.zeros((len(rows), vectors.shape[1]), dtype=np.float32) if found is None else found
        found[places] = vectors
    return np.zeros((0, 0), dtype=np.float32) if found is None else found
