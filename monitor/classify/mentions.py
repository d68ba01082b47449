"""Mentions: stretches of text that name a company or an asset, from token tags, and the sentiment toward each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

TAGS: tuple[str, ...] = ("O", "B", "I")
"""Outside, the first token of a mention, a further token of it."""

Span = tuple[int, int]
"""Half-open: characters, or tokens where said so."""


class Mention(msgspec.Struct, frozen=True, kw_only=True):
    """A company or asset as the text names it.

    Attributes:
        start: First character in the prepared text.
        end: The character after the last.
        text: What stands there.
        confidence: Least probability of a tag among its tokens, in [0, 1], five decimals; 0 where the model tagged none
            and the gazetteer found it.
        negative: Calibrated probability of negative sentiment toward it, in [0, 1], five decimals. Of a mention behind
            what the model reads: the mean over its entity's mentions before, or 0 where there are none.
        neutral: Likewise, or 1 where there are none.
        positive: Likewise.
        entity: Id of the company or asset, with `~` first where no list knows it; empty where it is not known which.
        relevance: How much the text is about the entity, 0 (no entity) to 100.
        unsure: Whether the tags alone are too unsure to make an entity of its name: it counts if that is known already.
    """

    start: int
    end: int
    text: str
    confidence: float
    negative: float
    neutral: float
    positive: float
    entity: str = ""
    relevance: int = 0
    unsure: bool = False

    @property
    def sentiment(self) -> str:
        """The most probable sentiment; the first one among equals."""
        by_name = {"negative": self.negative, "neutral": self.neutral, "positive": self.positive}
        return max(by_name, key=by_name.__getitem__)


def tags_of(offsets: Sequence[Span], spans: Sequence[Span]) -> list[int]:
    """Tag tokens: the inverse of `token_spans`.

    Args:
        offsets: Characters of each token; marks such as [CLS] have none (start equals end).
        spans: Characters of each mention, not overlapping.

    Returns:
        The place in `TAGS` of each token's tag.

    >>> tags_of([(0, 0), (0, 5), (5, 6), (7, 11), (0, 0)], [(0, 6)])
    [0, 1, 2, 0, 0]
    """
    tags = [0] * len(offsets)
    for start, end in spans:
        inside = False
        for place, (first, last) in enumerate(offsets):
            if first < last and first < end and last > start:
                tags[place] = 2 if inside else 1
                inside = True
    return tags


def tokens_within(offsets: Sequence[Span], span: Span) -> list[int]:
    """Places of the tokens that touch a stretch of characters."""
    start, end = span
    return [place for place, (first, last) in enumerate(offsets) if first < last and first < end and last > start]


def token_spans(tags: Sequence[int], offsets: Sequence[Span]) -> list[Span]:
    """Find mentions in tags: half-open runs of tokens.

    A run begins at B, or at an I that follows no run.

    Args:
        tags: Place in `TAGS` of each token's tag.
        offsets: Characters of each token; marks have none.

    >>> token_spans([0, 1, 2, 0, 0], [(0, 0), (0, 5), (5, 6), (7, 11), (0, 0)])
    [(1, 3)]
    """
    spans: list[Span] = []
    begin: int | None = None
    for place, (tag, (first, last)) in enumerate(zip(tags, offsets, strict=True)):
        real = first < last
        if begin is not None and (not real or tag == 0 or tag == 1):
            spans.append((begin, place))
            begin = None
        if real and tag and begin is None:
            begin = place
    if begin is not None:
        spans.append((begin, len(tags)))
    return spans


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Softmax over the last axis, in float64."""
    powers = np.exp(np.asarray(logits, dtype=np.float64) - np.max(logits, axis=-1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return shares
