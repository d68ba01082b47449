"""The names of the topics and consumer groups of one monitor, and which partition an article belongs to."""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class TopicNames:
    """Names, with the prefix that keeps several monitors on one cluster apart.

    Attributes:
        prefix: Put before every name; may be empty.
    """

    prefix: str = ""

    @property
    def articles(self) -> str:
        """Articles as ingested."""
        return f"{self.prefix}articles"

    @property
    def scored(self) -> str:
        """Articles as classified; has as many partitions as `articles`."""
        return f"{self.prefix}scored"

    @property
    def dead_letters(self) -> str:
        """What could not be read, with its bytes."""
        return f"{self.prefix}dead-letters"

    @property
    def classifiers(self) -> str:
        """The consumer group in which classifiers share the work."""
        return f"{self.prefix}classifiers"

    def layout(self, partitions: int) -> dict[str, int]:
        """Partitions of each topic when it is created."""
        return {self.articles: partitions, self.scored: partitions, self.dead_letters: 1}


def partition_of(identity: str, partitions: int) -> int:
    """The partition of an article by its id: the same on every broker and in every run.

    >>> partition_of("1f3870be274f6c49b3e31a0c6728957f", 4)
    2
    """
    return zlib.crc32(identity.encode()) % partitions
