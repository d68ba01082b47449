"""The names a classifier answers with, in the order of its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.classify.mentions import TAGS
from monitor.errors import ModelError

Task = Literal["topic", "sentiment", "entity"]

SENTIMENTS: tuple[str, ...] = ("negative", "neutral", "positive")

TOPICS: tuple[str, ...] = (
    "Analyst Update",
    "Fed | Central Banks",
    "Company | Product News",
    "Treasuries | Corporate Debt",
    "Dividend",
    "Earnings",
    "Energy | Oil",
    "Financials",
    "Currencies",
    "General News | Opinion",
    "Gold | Metals | Materials",
    "IPO",
    "Legal | Regulation",
    "M&A | Investments",
    "Macro",
    "Markets",
    "Politics",
    "Personnel Change",
    "Stock Commentary",
    "Stock Movement",
)


@dataclass(frozen=True)
class Labels:
    """Label names in output order; they travel with the weights.

    Attributes:
        topics: Name of each topic output.
        sentiments: Name of each sentiment output, of the whole text and toward each mention alike.
        tags: Name of each token tag.
        added: Names of the topics that an analyst added; their outputs follow those of the topics.
    """

    topics: tuple[str, ...] = TOPICS
    sentiments: tuple[str, ...] = SENTIMENTS
    tags: tuple[str, ...] = TAGS
    added: tuple[str, ...] = ()

    def names(self, task: Task) -> tuple[str, ...]:
        """Return the label names of one answer, in output order."""
        return self.topics + self.added if task == "topic" else self.sentiments

    def require(self, found: Labels) -> None:
        """Refuse a model that answers with other labels; added topics are welcome.

        Args:
            found: The labels that came with the weights.

        Raises:
            ModelError: If a name or its place differs.
        """
        heads = {
            "topic": (self.topics, found.topics),
            "sentiment": (self.sentiments, found.sentiments),
            "tag": (self.tags, found.tags),
        }
        for task, (mine, theirs) in heads.items():
            difference = _first_difference(mine, theirs)
            if difference is not None:
                raise ModelError(
                    f"the model's {task} labels differ from the expected ones: {difference}.",
                    "Load a model that was trained with these labels, or train one: monitor train-base.",
                )


def topic_slug(name: str) -> str:
    """Return a topic's name as a short identifier.

    >>> topic_slug("Fed | Central Banks")
    'fed-central-banks'
    >>> topic_slug("M&A | Investments")
    'm-a-investments'
    """
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "-".join(words)


def _first_difference(expected: Sequence[str], found: Sequence[str]) -> str | None:
    for place, (mine, theirs) in enumerate(zip(expected, found, strict=False)):
        if mine != theirs:
            return f"output {place} is {theirs!r}, not {mine!r}"
    if len(expected) != len(found):
        return f"{len(found)} outputs, not {len(expected)}"
    return None
