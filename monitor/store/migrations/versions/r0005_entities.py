"""Entities: those that no list knows, what each article is about, and watchlists.

Revision 0005, of 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.BigInteger()  # microseconds since the epoch


def upgrade() -> None:
    """Create the tables; articles that are there are about nothing that is known."""
    _create_entities()
    _create_article_entities()
    op.create_table(
        "watchlists",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person", "entity", name="pk_watchlists"),
        sqlite_with_rowid=False,
    )


def _create_entities() -> None:
    op.create_table(
        "entities",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_article", sa.Text(), nullable=False),
        sa.Column("first_seen_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Text()),
        sa.Column("decided_at", _MOMENT),
        sa.Column("decided_by", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.CheckConstraint("status IN ('provisional', 'confirmed', 'merged')", name="ck_entities_status"),
        sa.CheckConstraint("(status = 'merged') = (merged_into IS NOT NULL)", name="ck_entities_merged"),
        sa.PrimaryKeyConstraint("id", name="pk_entities"),
    )
    op.create_index("ix_entities_status_last_seen_at", "entities", ["status", "last_seen_at"])
    op.create_index("ix_entities_merged_into", "entities", ["merged_into"])


def _create_article_entities() -> None:
    op.create_table(
        "article_entities",
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("relevance", sa.Integer(), nullable=False),
        sa.Column("negative", sa.Double(), nullable=False),
        sa.Column("neutral", sa.Double(), nullable=False),
        sa.Column("positive", sa.Double(), nullable=False),
        sa.Column("event_time", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "entity", name="pk_article_entities"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_article_entities_entity_event_time", "article_entities", ["entity", "event_time"])
    op.create_index("ix_article_entities_event_time", "article_entities", ["event_time"])
