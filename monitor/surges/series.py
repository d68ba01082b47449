"""What is watched: everything, a topic, an entity, or a topic of an entity."""

from __future__ import annotations

import msgspec


class Series(msgspec.Struct, frozen=True, order=True):
    """One stream of stories whose negative share is watched.

    Attributes:
        entity: Name of the company or asset; empty for any.
        topic: Name of the topic; empty for any.
    """

    entity: str = ""
    topic: str = ""

    @property
    def key(self) -> str:
        """Stable text for tables and labels: `all`, `topic=Earnings`, `entity=Boeing`, `entity=Boeing,topic=Earnings`.

        >>> Series(topic="Earnings").key
        'topic=Earnings'
        """
        parts = [f"{name}={value}" for name, value in (("entity", self.entity), ("topic", self.topic)) if value]
        return ",".join(parts) or "all"

    @classmethod
    def parse(cls, key: str) -> Series:
        """The inverse of `key`.

        >>> Series.parse("entity=Smith, Barney,topic=IPO")
        Series(entity='Smith, Barney', topic='IPO')
        """
        if key == "all":
            return ALL
        if key.startswith("topic="):
            return cls(topic=key.removeprefix("topic="))
        entity, _, topic = key.removeprefix("entity=").partition(",topic=")
        return cls(entity=entity, topic=topic)

    @property
    def title(self) -> str:
        """A name for people, such as `Boeing · Earnings` or `All news`."""
        return " · ".join(part for part in (self.entity, self.topic) if part) or "All news"


ALL = Series()
