"""What a batch's answers cost: each known target, hard or a teacher's, by example."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from monitor.learning.data.encoding import UNKNOWN, Encoded, Floats
from monitor.learning.network.model import Outputs
from monitor.learning.recipe import Recipe

STORY_SCALE = 20.0
"""By which cosines of stories are multiplied: the usual one of the loss."""


def batch_loss(outputs: Outputs, rows: Sequence[Encoded], recipe: Recipe) -> Tensor:
    """The weighted sum of the losses of all answers, per example of the batch; a scalar.

    Hard targets cost their smoothed cross-entropy. A teacher's cost the cross-entropy with its whole distribution
    (Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, 2015, with temperature 1); where both are
    known they are mixed by `recipe.soft_weight`. The embedding costs one minus its cosine with the untouched base's,
    the story vector one minus that with what it shall keep.

    Args:
        outputs: Of the rows, padded.
        rows: What is known of each.
        recipe: Weights of the parts.
    """
    parts = [
        recipe.topic_weight * _class_loss(outputs.topic, rows, "topic", recipe),
        recipe.sentiment_weight * _class_loss(outputs.sentiment, rows, "sentiment", recipe),
        recipe.tag_weight * tag_loss(outputs.tags, rows, recipe),
        recipe.target_weight * _target_loss(outputs.targets, rows, recipe),
    ]
    if recipe.embedding_weight:
        kept = ((outputs.embedding, [row.embedding for row in rows]), (outputs.story, [row.story for row in rows]))
        parts += [recipe.embedding_weight * _held(said, wanted) for said, wanted in kept]
    total: Tensor = torch.stack([part.float() for part in parts]).sum() / len(rows)
    return total


def story_loss(vectors: Tensor, stories: Sequence[int]) -> Tensor:
    """What it costs that texts of different stories are as near each other as texts of one; a scalar.

    log(1 + sum exp(s (n - p))) over every cosine p of two texts of one story and every cosine n of two of different
    ones: pairs are ranked over the whole batch, so that one threshold can part them (CoSENT: Su, 2022; as a loss for
    sentence embeddings also Huang et al., CoSENT: Consistent Sentence Embedding via Similarity Ranking, 2024).

    Args:
        vectors: [texts, width], of length 1.
        stories: Number of each one's story.
    """
    numbers = torch.tensor(stories, device=vectors.device)
    first, second = torch.triu_indices(len(stories), len(stories), offset=1, device=vectors.device)
    cosines = STORY_SCALE * (vectors.float() @ vectors.float().T)[first, second]
    same = numbers[first] == numbers[second]
    apart, together = cosines[~same], cosines[same]
    wrong = (apart.unsqueeze(0) - together.unsqueeze(1)).flatten()
    return torch.logsumexp(torch.cat([wrong.new_zeros(1), wrong]), dim=0)


def _held(said: Tensor, wanted: Sequence[Floats | None]) -> Tensor:
    """The sum over those texts that have a wanted vector of one minus its cosine with what was said."""
    held = [place for place, vector in enumerate(wanted) if vector is not None]
    if not held:
        return said.new_zeros((), dtype=torch.float32)
    kept = torch.from_numpy(np.stack([vector for vector in wanted if vector is not None])).to(said.device)
    return (1.0 - (said[held].float() * kept).sum(dim=-1)).sum()


def _class_loss(logits: Tensor, rows: Sequence[Encoded], task: str, recipe: Recipe) -> Tensor:
    labels = torch.tensor([getattr(row, task) for row in rows], device=logits.device)
    hard = nn.functional.cross_entropy(
        logits.float(), labels, ignore_index=UNKNOWN, reduction="none", label_smoothing=recipe.label_smoothing
    )  # [batch], 0 where unknown
    taught = [place for place, row in enumerate(rows) if row.soft is not None]
    if not taught:
        return hard.sum()
    answers = torch.from_numpy(np.stack([getattr(rows[place].soft, task) for place in taught])).to(logits.device)
    soft = torch.zeros_like(hard)
    soft[taught] = _soft_loss(logits[taught].float(), answers)
    share = torch.zeros_like(hard)
    share[taught] = torch.where(labels[taught] == UNKNOWN, 1.0, recipe.soft_weight)
    return (share * soft + (1.0 - share) * hard).sum()


def _soft_loss(logits: Tensor, answers: Tensor) -> Tensor:
    """Cross-entropy of each row with a teacher's distribution, both given as logits; [rows]."""
    wanted = torch.softmax(answers.float(), dim=-1)
    return -(wanted * torch.log_softmax(logits, dim=-1)).sum(dim=-1)


def tag_loss(logits: Tensor, rows: Sequence[Encoded], recipe: Recipe) -> Tensor:
    """The sum over the texts of the mean loss over each one's tokens; a scalar.

    Args:
        logits: [batch, tokens, tags].
        rows: Of the batch; a tag may be `UNKNOWN`.
        recipe: Share of a teacher's answers.
    """
    total = logits.new_zeros((), dtype=torch.float32)
    known = [place for place, row in enumerate(rows) if row.tags and row.soft is None]
    if known:
        width = logits.shape[1]
        labels = torch.tensor(
            [list(rows[place].tags) + [UNKNOWN] * (width - len(rows[place].tags)) for place in known],
            device=logits.device,
        )  # [known, tokens]
        losses = nn.functional.cross_entropy(
            logits[known].float().transpose(1, 2), labels, ignore_index=UNKNOWN, reduction="none"
        )
        total = total + (losses.sum(dim=1) / (labels != UNKNOWN).sum(dim=1).clamp(min=1)).sum()
    for place, row in enumerate(rows):
        if row.soft is not None:
            count = len(row.ids)
            own = logits[place, :count].float()
            soft = _soft_loss(own, torch.from_numpy(row.soft.tags).to(logits.device)).mean()
            if row.tags:
                hard = nn.functional.cross_entropy(own, torch.tensor(row.tags, device=logits.device))
                soft = recipe.soft_weight * soft + (1.0 - recipe.soft_weight) * hard
            total = total + soft
    return total


def _target_loss(logits: Tensor, rows: Sequence[Encoded], recipe: Recipe) -> Tensor:
    """Sum over the texts of the mean loss over each one's mentions: each mention's logits are its tokens' mean.

    A teacher's answers count at each token as much as the teacher thinks that it belongs to a mention, so that texts
    whose mentions nobody marked teach too.
    """
    total = logits.new_zeros((), dtype=torch.float32)
    for place, row in enumerate(rows):
        share = 0.0 if row.soft is None else (recipe.soft_weight if row.targets else 1.0)
        if row.targets:
            means = torch.stack([logits[place, list(target.tokens)].float().mean(dim=0) for target in row.targets])
            labels = torch.tensor([target.sentiment for target in row.targets], device=logits.device)
            hard = nn.functional.cross_entropy(means, labels, label_smoothing=recipe.label_smoothing)
            total = total + (1.0 - share) * hard
        if row.soft is not None:
            tags = torch.from_numpy(row.soft.tags).to(logits.device)
            inside = 1.0 - torch.softmax(tags, dim=-1)[:, 0]  # [tokens], the teacher's belief that a mention is there
            losses = _soft_loss(
                logits[place, : len(row.ids)].float(), torch.from_numpy(row.soft.targets).to(logits.device)
            )
            total = total + share * (inside * losses).sum() / inside.sum().clamp(min=1.0)
    return total
