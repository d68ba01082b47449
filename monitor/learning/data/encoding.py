"""Examples as the training loop wants them: token ids, and a target for each answer that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from monitor.classify.mentions import tags_of, tokens_within
from monitor.learning.data.examples import Example

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN = -100  # cross_entropy leaves such targets out

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Target:
    """The sentiment toward one mention: the places of its tokens, and the label."""

    tokens: tuple[int, ...]
    sentiment: int


@dataclass(frozen=True)
class SoftAnswers:
    """What a teacher says of a text: logits.

    Attributes:
        topic: [topics].
        sentiment: [sentiments].
        tags: [tokens, tags], for the same tokens as the student's.
        targets: [tokens, sentiments].
    """

    topic: Floats
    sentiment: Floats
    tags: Floats
    targets: Floats


@dataclass(frozen=True)
class Encoded:
    """One text, ready for the model.

    Attributes:
        ids: Its tokens, marks included.
        topic: Index, or `UNKNOWN`.
        sentiment: Index, or `UNKNOWN`.
        tags: Index of each token's tag; empty where mentions are unknown.
        targets: Mentions whose sentiment is known.
        soft: A teacher's answers, or None.
        embedding: What the untouched base says [width], or None.
        story: The story vector that it shall keep [width], or None.
    """

    ids: list[int]
    topic: int = UNKNOWN
    sentiment: int = UNKNOWN
    tags: tuple[int, ...] = ()
    targets: tuple[Target, ...] = ()
    soft: SoftAnswers | None = None
    embedding: Floats | None = None
    story: Floats | None = None


def encode(
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    soft: Sequence[SoftAnswers | None] | None = None,
    embeddings: Sequence[Floats | None] | None = None,
    stories: Sequence[Floats | None] | None = None,
) -> list[Encoded]:
    """Tokenise examples and align their labels with the tokens; what truncation cut off is unknown.

    Args:
        examples: Of prepared text.
        tokenizer: Truncating, not padding.
        soft: A teacher's answers for each example.
        embeddings: The untouched base's embedding of each example.
        stories: The story vector that each shall keep.
    """
    encodings = tokenizer.encode_batch([example.text for example in examples])
    rows = list[Encoded]()
    for place, (example, encoding) in enumerate(zip(examples, encodings, strict=True)):
        rows.append(
            Encoded(
                ids=encoding.ids,
                topic=UNKNOWN if example.topic is None else example.topic,
                sentiment=UNKNOWN if example.sentiment is None else example.sentiment,
                tags=_tags(example, encoding.offsets),
                targets=_targets(example, encoding.offsets),
                soft=soft[place] if soft else None,
                embedding=embeddings[place] if embeddings else None,
                story=stories[place] if stories else None,
            )
        )
    return rows


def _tags(example: Example, offsets: list[tuple[int, int]]) -> tuple[int, ...]:
    if example.mentions is None or not example.tagged:
        return ()
    return tuple(tags_of(offsets, [(mention.start, mention.end) for mention in example.mentions]))


def _targets(example: Example, offsets: list[tuple[int, int]]) -> tuple[Target, ...]:
    found = list[Target]()
    for mention in example.mentions or ():
        tokens = tokens_within(offsets, (mention.start, mention.end))
        if mention.sentiment is not None and tokens:
            found.append(Target(tuple(tokens), mention.sentiment))
    return tuple(found)
