"""Sources: where each stands, its polls and accounts, what was seen before, changes of health; notices of them.

Revision 0003, of 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.BigInteger()  # microseconds since the epoch
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COLUMNS = ("fetched", "new", "duplicate", "too_old", "not_parsed", "too_large", "refused")


def upgrade() -> None:
    """Create the tables, and let the outbox hold what no alert is behind."""
    _create_states()
    _create_polls()
    _create_seen()
    _create_events()
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_outbox()
    else:
        op.alter_column("outbox", "alert_id", existing_type=sa.Text(), nullable=True)


def _accounts() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in _COLUMNS]


def _create_states() -> None:
    op.create_table(
        "source_states",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("last_poll_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_source_states"),
    )


def _create_polls() -> None:
    op.create_table(
        "source_polls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        *_accounts(),
        sa.PrimaryKeyConstraint("id", name="pk_source_polls"),
    )
    op.create_index("ix_source_polls_source_at", "source_polls", ["source", "at"])
    op.create_index("ix_source_polls_at", "source_polls", ["at"])
    op.create_table(
        "source_days",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("day", _MOMENT, nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        *_accounts(),
        sa.PrimaryKeyConstraint("source", "day", "failure", name="pk_source_days"),
        sqlite_with_rowid=False,
    )


def _create_seen() -> None:
    op.create_table(
        "seen_items",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("event_time", _MOMENT),
        sa.Column("first_seen_at", _MOMENT, nullable=False),
        sa.Column("last_seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seen_items"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_seen_items_last_seen_at", "seen_items", ["last_seen_at"])


def _create_events() -> None:
    op.create_table(
        "source_events",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("worse", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_events_source_at", "source_events", ["source", "at"])
    op.create_index("ix_source_events_at", "source_events", ["at"])


def _rebuild_outbox() -> None:
    """SQLite cannot take NOT NULL from a column: the table is made anew, with its rows."""
    for index in ("alert_id", "created_at", "status_next_attempt_at"):
        op.drop_index(f"ix_outbox_{index}", "outbox")
    op.rename_table("outbox", "outbox_before")
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text()),
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
    op.execute("INSERT INTO outbox SELECT * FROM outbox_before")
    op.drop_table("outbox_before")
    op.create_index("ix_outbox_alert_id", "outbox", ["alert_id"])
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_index("ix_outbox_status_next_attempt_at", "outbox", ["status", "next_attempt_at"])
