"""The store's first schema.

Revision 0001, of nothing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.BigInteger()  # microseconds since the epoch
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _create_articles()
    _create_refused()
    _create_counts()
    _create_learnt()
    _create_surges()
    _create_alerts()
    _create_outbox()
    _create_positions()
    _create_operations()


def _create_articles() -> None:
    op.create_table(
        "articles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("published_at", _MOMENT),
        sa.Column("published_precision", sa.Text()),
        sa.Column("first_seen_at", _MOMENT, nullable=False),
        sa.Column("event_time", _MOMENT, nullable=False),
        sa.Column("entered_at", _MOMENT, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("unscored_reason", sa.Text()),
        sa.Column("topic", sa.Text()),
        sa.Column("topic_probabilities", sa.Text()),
        sa.Column("sentiment", sa.Text()),
        sa.Column("negative", sa.Double()),
        sa.Column("neutral", sa.Double()),
        sa.Column("positive", sa.Double()),
        sa.Column("model_version", sa.Text()),
        sa.Column("story_id", sa.Text()),
        sa.Column("novelty", sa.Integer()),
        sa.CheckConstraint("status IN ('scored', 'unscored')", name="ck_articles_status"),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
    )
    op.create_index("ix_articles_event_time", "articles", ["event_time"])
    _index_some("ix_articles_followers", "articles", ["story_id"], sa.text("story_id <> id"))
    _index_some("ix_articles_late", "articles", ["event_time"], sa.text("late"))
    op.create_index("ix_articles_source_position", "articles", ["source", "position"])
    op.create_index("ix_articles_topic_event_time", "articles", ["topic", "event_time"])
    _index_some("ix_articles_unscored", "articles", ["event_time"], sa.text("status = 'unscored'"))


def _create_refused() -> None:
    op.create_table(
        "duplicates",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("first_seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "position", name="pk_duplicates"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_duplicates_first_seen_at", "duplicates", ["first_seen_at"])
    op.create_table(
        "dead_letters",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("original", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "position", "stage", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_seen_at", "dead_letters", ["seen_at"])


def _create_counts() -> None:
    op.create_table(
        "minute_counts",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("minute", _MOMENT, nullable=False),
        sa.Column("timed_stories", sa.Integer(), nullable=False),
        sa.Column("timed_negatives", sa.Integer(), nullable=False),
        sa.Column("dated_stories", sa.Integer(), nullable=False),
        sa.Column("dated_negatives", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", "minute", name="pk_minute_counts"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "window_counts",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("start", _MOMENT, nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("negatives", sa.Integer(), nullable=False),
        sa.Column("expected_share", sa.Double()),
        sa.Column("low", sa.Double()),
        sa.Column("high", sa.Double()),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("series", "window_seconds", "start", name="pk_window_counts"),
        sqlite_with_rowid=False,
    )


def _create_learnt() -> None:
    op.create_table(
        "baselines",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("window_seconds", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("series", "window_seconds", name="pk_baselines"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "story_heads",
        sa.Column("story_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("novelty", sa.Integer(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("negative", sa.Boolean(), nullable=False),
        sa.Column("dated", sa.Boolean(), nullable=False),
        sa.Column("event_time", _MOMENT, nullable=False),
        sa.Column("first_seen_at", _MOMENT, nullable=False),
        sa.Column("entered_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("story_id", name="pk_story_heads"),
        sqlite_with_rowid=False,
    )


def _create_surges() -> None:
    op.create_table(
        "surges",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("tick", _MOMENT, nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("window_start", _MOMENT, nullable=False),
        sa.Column("window_end", _MOMENT, nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("negatives", sa.Integer(), nullable=False),
        sa.Column("expected_share", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("p_value", sa.Double(), nullable=False),
        sa.Column("effect", sa.Double(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_surges"),
        sa.UniqueConstraint("tick", "series", name="uq_surges_tick_series"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_surges_series_tick", "surges", ["series", "tick"])
    _index_some("ix_surges_surged", "surges", ["tick"], sa.text("reason = 'surge'"))


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("fired_at", _MOMENT),
        sa.Column("resolved_at", _MOMENT),
        sa.Column("calm_since", _MOMENT),
        sa.Column("latest", sa.Text(), nullable=False),
        sa.Column("peak", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_opened_at", "alerts", ["opened_at"])
    op.create_index("ix_alerts_series_opened_at", "alerts", ["series", "opened_at"])
    op.create_index("ix_alerts_state_opened_at", "alerts", ["state", "opened_at"])
    op.create_table(
        "transitions",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_transitions_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert_id", "number", name="pk_transitions"),
    )
    op.create_index("ix_transitions_at", "transitions", ["at"])


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("first_attempt_at", _MOMENT),
        sa.Column("delivered_at", _MOMENT),
        sa.Column("last_error", sa.Text()),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("claimed_until", _MOMENT),
        sa.CheckConstraint("status IN ('pending', 'delivered', 'dead')", name="ck_outbox_status"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_outbox_alert_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_alert_id", "outbox", ["alert_id"])
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_index("ix_outbox_status_next_attempt_at", "outbox", ["status", "next_attempt_at"])


def _create_positions() -> None:
    op.create_table(
        "progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tick", _MOMENT, nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_progress"),
    )
    op.create_table(
        "offsets",
        sa.Column("topic_id", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("next_offset", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("topic_id", "partition", name="pk_offsets"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursors"),
    )


def _create_operations() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("scheduled_at", _MOMENT, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT),
        sa.Column("outcome", sa.Text()),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("job", "scheduled_at", name="uq_runs_job_scheduled_at"),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"])
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.Column("counters", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
    )


def _index_some(name: str, table: str, columns: list[str], condition: sa.TextClause) -> None:
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
