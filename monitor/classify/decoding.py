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
        stories: Likewise.
        offsets: Characters of each token of each text.
    """

    topic: Logits
    sentiment: Logits
    tags: Sequence[Logits]
    targets: Sequence[Logits]
    embeddings: Vectors
    stories: Vectors
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
    return Scores(
        topic_probabilities=rounded_probabilities(added.joined(topics, raw.embeddings)),
        sentiment_probabilities=rounded_probabilities(calibrated_probabilities(raw.sentiment, temperatures.sentiment)),
        mentions=_mentions(texts, raw, temperatures.target),
        embeddings=raw.embeddings,
        stories=raw.stories,
    )


def decode_targets(raw: RawAnswers, places: Sequence[int], spans: Sequence[Span], manifest: Manifest) -> Floats:
    """The sentiment toward given stretches of texts; see `Engine.sentiment_toward`.

    Args:
        raw: The model's answers for the texts.
        places: Of the text of each stretch among them.
        spans: Characters of each stretch.
        manifest: The model's: temperatures.
    """
    rows = []
    for place, span in zip(places, spans, strict=True):
        tokens = tokens_within(raw.offsets[place], span)
        rows.append(raw.targets[place][tokens].mean(axis=0) if tokens else raw.sentiment[place])
    logits = np.stack(rows) if rows else np.zeros((0, len(manifest.sentiments)), dtype=np.float32)
    return rounded_probabilities(calibrated_probabilities(logits, manifest.temperatures.target))


def _mentions(texts: Sequence[str], raw: RawAnswers, temperature: float) -> tuple[tuple[Mention, ...], ...]:
    found: list[list[Mention]] = [[] for _ in texts]
    spans = _tagged_spans(raw)
    if spans:
        means = np.stack([raw.targets[place][first:last].mean(axis=0) for place, first, last in spans])
        toward = rounded_probabilities(calibrated_probabilities(means, temperature)).tolist()
        sure = _least_sure(raw, spans)
    offsets: Sequence[Span] = ()
    before = -1
    for number, (place, first, last) in enumerate(spans):
        offsets, before = offsets if place == before else raw.offsets[place], place
        start, end = offsets[first][0], offsets[last - 1][1]
        negative, neutral, positive = toward[number]
        found[place].append(
            Mention(
                start=start,
                end=end,
                text=texts[place][start:end],
                confidence=sure[number],
                negative=negative,
                neutral=neutral,
                positive=positive,
            )
        )
    return tuple(map(tuple, found))


def _tagged_spans(raw: RawAnswers) -> list[tuple[int, int, int]]:
    """Every mention: the place of its text, its first token and the token after its last."""
    if not len(raw.tags):
        return []
    tags = np.concatenate(raw.tags).argmax(axis=1)  # of all tokens at once; most texts have none but zeros
    ends = np.cumsum([len(rows) for rows in raw.tags])
    spans = []
    for place in np.unique(np.searchsorted(ends, np.flatnonzero(tags), side="right")).tolist():
        own = tags[ends[place] - len(raw.tags[place]) : ends[place]].tolist()
        spans += [(place, first, last) for first, last in token_spans(own, raw.offsets[place])]
    return spans


def _least_sure(raw: RawAnswers, spans: Sequence[tuple[int, int, int]]) -> list[float]:
    """Of each mention, the least probability of a tag among its tokens, five decimals."""
    sure = softmax(np.concatenate([raw.tags[place][first:last] for place, first, last in spans])).max(axis=1)
    starts = np.cumsum([0] + [last - first for _, first, last in spans[:-1]])
    return [round(least, 5) for least in np.minimum.reduceat(sure, starts).tolist()]
