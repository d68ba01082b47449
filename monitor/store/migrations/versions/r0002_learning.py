"""The learning loop: model versions, judgements and labels; and what a model says of an article beyond its scores.

Revision 0002, of 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.BigInteger()  # microseconds since the epoch
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and columns; articles that are there keep null in the new ones."""
    op.add_column("articles", sa.Column("mentions", sa.Text()))
    op.add_column("articles", sa.Column("embedding", sa.LargeBinary()))
    _create_versions()
    _create_aliases()
    _create_judgements()
    _create_labels()


def _create_versions() -> None:
    op.create_table(
        "model_versions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("data_fingerprint", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_versions"),
    )
    op.create_index("ix_model_versions_grade_created_at", "model_versions", ["grade", "created_at"])


def _create_aliases() -> None:
    op.create_table(
        "model_aliases",
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("version", sa.Text()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["model_versions.id"], name="fk_model_aliases_version"),
        sa.PrimaryKeyConstraint("grade", "alias", name="pk_model_aliases"),
    )
    op.create_table(
        "alias_changes",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text()),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alias_changes"),
        sa.UniqueConstraint("grade", "alias", "revision", name="uq_alias_changes_grade_alias_revision"),
        sqlite_autoincrement=True,
    )


def _create_judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("candidate", sa.Text(), nullable=False),
        sa.Column("champion", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.CheckConstraint("verdict IN ('promoted', 'refused')", name="ck_judgements_verdict"),
        sa.PrimaryKeyConstraint("id", name="pk_judgements"),
    )
    op.create_index("ix_judgements_candidate", "judgements", ["candidate"])
    op.create_index("ix_judgements_grade_at", "judgements", ["grade", "at"])


def _create_labels() -> None:
    op.create_table(
        "labels",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_key", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text()),
        sa.Column("model_said", sa.Text()),
        sa.Column("model_version", sa.Text()),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.CheckConstraint("task IN ('topic', 'sentiment', 'entity')", name="ck_labels_task"),
        sa.CheckConstraint("(task = 'entity') = (entity <> '')", name="ck_labels_entity"),
        sa.CheckConstraint("source IN ('analyst', 'import')", name="ck_labels_source"),
        sa.PrimaryKeyConstraint("id", name="pk_labels"),
        sa.UniqueConstraint("text_key", "task", "entity", "author", name="uq_labels_text_key_task_entity_author"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_labels_article_id", "labels", ["article_id"])
    op.create_index("ix_labels_task_created_at", "labels", ["task", "created_at"])
