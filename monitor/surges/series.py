"""What is watched: everything, a topic, an entity, or a topic of an entity; and what only explains it."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from monitor.entities.names import readable

_USUAL = "usual:"
_SOURCE = "source="


class Kind(IntEnum):
    """What a series is about."""

    ALL = 0
    TOPIC = 1
    ENTITY = 2
    ENTITY_TOPIC = 3
    COVARIATE = 4
    """Stories of one source, model or hour of the week: how negative they usually are is learnt, and never judged."""


class Series(msgspec.Struct, frozen=True, order=True):
    """One stream of stories whose negative share is watched.

    Attributes:
        entity: Id of the company or asset; empty for any.
        topic: Name of the topic; empty for any.
        covariate: Of what kind the stories are, such as `source=Reuters`; empty for any.
    """

    entity: str = ""
    topic: str = ""
    covariate: str = ""

    @classmethod
    def told_by(cls, source: str) -> Series:
        """What one source tells, which only explains others."""
        return cls(covariate=_SOURCE + source)

    @property
    def is_source(self) -> bool:
        """Whether it is what one source tells."""
        return self.covariate.startswith(_SOURCE)

    @property
    def kind(self) -> Kind:
        """What it is about."""
        if self.covariate:
            return Kind.COVARIATE
        if self.entity:
            return Kind.ENTITY_TOPIC if self.topic else Kind.ENTITY
        return Kind.TOPIC if self.topic else Kind.ALL

    @property
    def key(self) -> str:
        """Stable text for tables and labels: `all`, `topic=Earnings`, `entity=Boeing`, `entity=Boeing,topic=Earnings`.

        >>> Series(topic="Earnings").key
        'topic=Earnings'
        """
        if self.covariate:
            return _USUAL + self.covariate
        parts = [f"{name}={value}" for name, value in (("entity", self.entity), ("topic", self.topic)) if value]
        return ",".join(parts) or "all"

    @classmethod
    def parse(cls, key: str) -> Series:
        """The inverse of `key`.

        >>> Series.parse("entity=Smith, Barney,topic=IPO")
        Series(entity='Smith, Barney', topic='IPO', covariate='')
        """
        if key == "all":
            return ALL
        if key.startswith(_USUAL):
            return cls(covariate=key.removeprefix(_USUAL))
        if key.startswith("topic="):
            return cls(topic=key.removeprefix("topic="))
        entity, _, topic = key.removeprefix("entity=").partition(",topic=")
        return cls(entity=entity, topic=topic)

    @property
    def title(self) -> str:
        """A name for people.

        >>> Series(entity="boeing", topic="Earnings").title
        'Boeing · Earnings'
        """
        parts = (readable(self.entity), self.topic, self.covariate)
        return " · ".join(part for part in parts if part) or "All news"


ALL = Series()
