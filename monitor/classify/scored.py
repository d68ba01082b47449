"""What the classifier makes of an article."""

from __future__ import annotations

import msgspec

from monitor.articles import WIRE_VERSION, Article, WireVersion


class ScoredArticle(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="scored"):
    """An article with its topic and its sentiment.

    Attributes:
        article: As it was read from the articles topic.
        topic: Name of the most probable topic.
        topic_probabilities: By topic name, calibrated, in [0, 1], five decimals; those of 0.01 and more.
        sentiment: "negative", "neutral" or "positive": the most probable.
        negative: Calibrated probability in [0, 1], five decimals.
        neutral: Likewise.
        positive: Likewise.
        model_version: Which model said so.
    """

    article: Article
    topic: str
    topic_probabilities: dict[str, float]
    sentiment: str
    negative: float
    neutral: float
    positive: float
    model_version: str
    v: WireVersion = WIRE_VERSION


class UnscoredArticle(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="unscored"):
    """An article that is kept and counted, but that no model at hand can read.

    Attributes:
        article: As it was read from the articles topic.
        reason: One sentence, such as "Language zh is not supported by model 1a2b3c."
    """

    article: Article
    reason: str
    v: WireVersion = WIRE_VERSION
