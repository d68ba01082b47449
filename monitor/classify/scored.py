"""What the classifier makes of an article."""

from __future__ import annotations

import msgspec

from monitor.articles import WIRE_VERSION, Article, WireVersion
from monitor.classify.mentions import Mention


class ScoredArticle(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="scored"):
    """An article with its topic, its sentiment, and what it says of whom.

    What stands after the model's version came later than the first messages; its defaults let those be read.

    Attributes:
        article: As it was read from the articles topic.
        topic: Name of the most probable topic.
        topic_probabilities: By topic name, calibrated, in [0, 1], five decimals; those of 0.01 and more.
        sentiment: "negative", "neutral" or "positive": the most probable.
        negative: Calibrated probability in [0, 1], five decimals.
        neutral: Likewise.
        positive: Likewise.
        model_version: Which model said so.
        mentions: The companies and assets that the text names, in the order in which they stand there.
        embedding: Tells its story from others, as `monitor.classify.embeddings` keeps it; empty where there is none.
        abstain_below: Probability of the likeliest sentiment below which, by the model's own papers, the answer should
            not be counted; in [0, 1]. It travels with the answer, as the next message may be another model's.
    """

    article: Article
    topic: str
    topic_probabilities: dict[str, float]
    sentiment: str
    negative: float
    neutral: float
    positive: float
    model_version: str
    mentions: tuple[Mention, ...] = ()
    embedding: bytes = b""
    abstain_below: float = 0.5
    v: WireVersion = WIRE_VERSION

    def counts_as_negative(self, abstain_below: float | None) -> bool:
        """Whether its sentiment is negative, and probable enough to be counted.

        Args:
            abstain_below: Probability in [0, 1] below which it is not; None: what its model asks for.
        """
        least = self.abstain_below if abstain_below is None else abstain_below
        return self.sentiment == "negative" and self.negative >= least


class UnscoredArticle(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="unscored"):
    """An article that is kept and counted, but that no model at hand can read.

    Attributes:
        article: As it was read from the articles topic.
        reason: One sentence, such as "Language zh is not supported by model 1a2b3c."
    """

    article: Article
    reason: str
    v: WireVersion = WIRE_VERSION
