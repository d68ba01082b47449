"""What a surge rests on, for people: its stories, the words that set them apart, and who tells them."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A story shown as evidence.

    Attributes:
        article_id: Of the article that told it first.
        title: As it was published.
        source: Who published it.
        url: Where; empty where that is not known.
        event_time: UTC-aware.
        negative: Of an entity's series, toward it; in [0, 1].
    """

    article_id: str
    title: str
    source: str
    url: str
    event_time: datetime
    negative: float


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a window of a series held at a tick; the same at any later time.

    Attributes:
        stories: The most negative distinct ones.
        terms: Words that set the negative stories apart from what is usual in the series, the clearest first.
        sources: Who told the negative stories, copies included, with how many articles; the most first.
    """

    stories: tuple[Story, ...] = ()
    terms: tuple[str, ...] = ()
    sources: tuple[tuple[str, int], ...] = ()
