"""From logits to calibrated answers: the same for every engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monitor.classify.added_topics import AddedTopics
from monitor.classify.calibration import calibrated_probabilities, rounded_probabilities
from monitor.classify.engine import Floats, Scores, Vectors
from monitor.classify.manifest import Manifest
from monitor.classify.mentions import Mention, Span, softmax, token_spans, tokens_within

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class RawAnswers:
    """What a model says of n texts before calibration.

    Attributes:
        topic: [n, topics].
        sentiment: [n, sentiments].
        tags: [tokens, tags] of each text.
        targets: [tokens, sentiments] of each text.
        embeddings: [n, width], of length 1.
        offsets: Characters of each token of each text.
    """

    topic: Logits
    sentiment: Logits
    tags: Sequence[Logits]
    targets: Sequence[Logits]
    embeddings: Vectors
    offsets: Sequence[Sequence[Span]]


def decode(texts: Sequence[str], raw: RawAnswers, manifest: Manifest, added: AddedTopics) -> Scores:
    """Calibrate a model's answers and read the mentions out of its tags.

    Args:
        texts: As they were scored.
        raw: The model's answers for them.
        manifest: The model's: temperatures.
        added: Topics that were added to the model's own.
    """
    temperatures = manifest.temperatures
    topics = calibrated_probabilities(raw.topic, temperatures.topic)
    mentions = [_mentions(text, raw, place, temperatures.target) for place, text in enumerate(texts)]
    return Scores(
        topic_probabilities=rounded_probabilities(added.joined(topics, raw.embeddings)),
        sentiment_probabilities=rounded_probabilities(calibrated_probabilities(raw.sentiment, temperatures.sentiment)),
        mentions=tuple(mentions),
        embeddings=raw.embeddings,
    )


def decode_targets(raw: RawAnswers, spans: Sequence[Span], manifest: Manifest) -> Floats:
    """The sentiment toward one given stretch of each text; see `Engine.sentiment_toward`."""
    rows = []
    for place, span in enumerate(spans):
        tokens = tokens_within(raw.offsets[place], span)
        rows.append(raw.targets[place][tokens].mean(axis=0) if tokens else raw.sentiment[place])
    logits = np.stack(rows) if rows else np.zeros((0, len(manifest.sentiments)), dtype=np.float32)
    return rounded_probabilities(calibrated_probabilities(logits, manifest.temperatures.target))


def _mentions(text: str, raw: RawAnswers, place: int, temperature: float) -> tuple[Mention, ...]:
    tags = raw.tags[place].argmax(axis=1)
    if not tags.any():
        return ()
    offsets = raw.offsets[place]
    found = list[Mention]()
    sure: Floats | None = None
    for first, last in token_spans(tags.tolist(), offsets):
        sure = softmax(raw.tags[place]).max(axis=1) if sure is None else sure
        logits = raw.targets[place][first:last].mean(axis=0, keepdims=True)
        negative, neutral, positive = rounded_probabilities(calibrated_probabilities(logits, temperature))[0].tolist()
        start, end = offsets[first][0], offsets[last - 1][1]
        found.append(
            Mention(
                start=start,
                end=end,
                text=text[start:end],
                confidence=round(float(sure[first:last].min()), 5),
                negative=negative,
                neutral=neutral,
                positive=positive,
            )
        )
    return tuple(found)
