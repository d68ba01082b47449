"""The tables of entities: what no list knows, what each article is about, and who watches what.

Listed companies stand in the gazetteer, not here. Ids in `article_entities` are those that the classifier wrote; what
was merged later is resolved when they are read, so that they stay the effect of the stream alone.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, Table, Text

from monitor.store.columns import SHARE, Instant, PlainText
from monitor.store.metadata import BY_KEY, WALL, metadata

entities = Table(
    "entities",
    metadata,
    Column("id", Text, primary_key=True),  # Mention.entity of one that no list knows
    Column("name", PlainText, nullable=False),  # as the first article wrote it
    Column("first_article", Text, nullable=False),  # no foreign key: an entity outlives the article
    Column("first_seen_at", Instant, nullable=False),  # of that article
    Column("last_seen_at", Instant, nullable=False),  # of the newest
    Column("status", Text, nullable=False, info=WALL),  # provisional, confirmed, merged
    Column("merged_into", Text, info=WALL),  # id of another, here or in the gazetteer; null unless merged
    Column("decided_at", Instant, info=WALL),  # this and all below: null while nobody decided
    Column("decided_by", PlainText, info=WALL),
    Column("why", PlainText, info=WALL),
    CheckConstraint("status IN ('provisional', 'confirmed', 'merged')", name="status"),
    CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", name="merged"),
    Index(None, "status", "last_seen_at"),
    Index(None, "merged_into"),
)

article_entities = Table(
    "article_entities",
    metadata,
    Column("article_id", Text, primary_key=True),
    Column("entity", Text, primary_key=True),  # Mention.entity
    Column("relevance", Integer, nullable=False),  # 1 to 100
    Column("negative", SHARE, nullable=False),  # toward the entity, the mean of its mentions; likewise below
    Column("neutral", SHARE, nullable=False),
    Column("positive", SHARE, nullable=False),
    Column("event_time", Instant, nullable=False),  # of the article
    Index(None, "entity", "event_time"),
    Index(None, "event_time"),
    **BY_KEY,
)

watchlists = Table(
    "watchlists",
    metadata,
    Column("person", Text, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("since", Instant, nullable=False, info=WALL),
    **BY_KEY,
)
