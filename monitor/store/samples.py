"""Draws from the stored stories, for those who ask whether the news has changed."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select

from monitor.store.schema import articles
from monitor.surges.windows import Window


class SampledStory(msgspec.Struct, frozen=True):
    """The words of the first article of a story."""

    id: str
    title: str
    body: str


def sample_stories(connection: Connection, span: Window, limit: int) -> list[SampledStory]:
    """Draw scored stories of a span of event time; of each chain of near-duplicates the first article alone.

    Ids are hashes, so that the first ones in their order are a random draw, and the same one tomorrow.

    Args:
        connection: In any transaction.
        span: By event time.
        limit: At most so many.
    """
    query = (
        select(articles.c.id, articles.c.title, articles.c.body)
        .where(
            articles.c.event_time >= span.start,
            articles.c.event_time < span.end,
            articles.c.status == "scored",
            articles.c.story_id == articles.c.id,
        )
        .order_by(articles.c.id)
        .limit(limit)
    )
    return [SampledStory(row.id, row.title, row.body) for row in connection.execute(query)]


def first_event_time(connection: Connection) -> datetime | None:
    """The earliest event time in the store; None while it is empty."""
    moment: datetime | None = connection.execute(select(func.min(articles.c.event_time))).scalar()
    return moment
