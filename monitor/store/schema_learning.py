"""The tables of the learning loop: model versions, which of them serve, how they were judged, and labelled texts.

None of them is an effect of the stream, so none takes part in the comparison of two runs.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from monitor.store.columns import BIG, Instant, PlainText
from monitor.store.metadata import WALL, metadata

model_versions = Table(
    "model_versions",
    metadata,
    Column("id", Text, primary_key=True),  # Manifest.model_version
    Column("grade", Text, nullable=False),
    Column("parent", Text, nullable=False),  # the version it was trained from; empty where there is none
    Column("created_at", Instant, nullable=False, info=WALL),
    Column("origin", Text, nullable=False),  # trained, distilled, retrained, topics, imported
    Column("url", PlainText, nullable=False),  # of its folder, relative to the registry's
    Column("manifest", Text, nullable=False),  # JSON, as it lies beside the weights
    Column("data_fingerprint", Text, nullable=False),
    Column("note", PlainText, nullable=False),
    Index(None, "grade", "created_at"),
)

model_aliases = Table(
    "model_aliases",
    metadata,
    Column("grade", Text, primary_key=True),
    Column("alias", Text, primary_key=True),  # champion, candidate
    Column("version", Text, ForeignKey("model_versions.id")),  # null: none bears it now
    Column("revision", Integer, nullable=False),  # one more at every change; what running classifiers compare
)

alias_changes = Table(
    "alias_changes",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True, info=WALL),  # grows; a reader's cursor
    Column("grade", Text, nullable=False),
    Column("alias", Text, nullable=False),
    Column("revision", Integer, nullable=False),  # of the alias after the change
    Column("kind", Text, nullable=False),  # promoted, rolled-back, set, cleared
    Column("before", Text),
    Column("after", Text),
    Column("at", Instant, nullable=False, info=WALL),
    Column("why", PlainText, nullable=False),
    Column("by", PlainText, nullable=False),
    UniqueConstraint("grade", "alias", "revision"),
    sqlite_autoincrement=True,
)

judgements = Table(
    "judgements",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True, info=WALL),
    Column("grade", Text, nullable=False),
    Column("candidate", Text, nullable=False),
    Column("champion", Text, nullable=False),  # empty: there was none
    Column("at", Instant, nullable=False, info=WALL),
    Column("verdict", Text, nullable=False),  # promoted, refused
    Column("reason", Text, nullable=False),  # its kind, one word
    Column("details", Text, nullable=False),  # JSON: figures of both, interval of the difference
    CheckConstraint("verdict IN ('promoted', 'refused')", name="verdict"),
    Index(None, "candidate"),
    Index(None, "grade", "at"),
)

labels = Table(
    "labels",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True, info=WALL),
    Column("text", PlainText, nullable=False),  # as the model reads it
    # sha256 of what the text states, in hexadecimal: PostgreSQL cannot index a text of some thousand characters.
    Column("text_key", Text, nullable=False),
    Column("task", Text, nullable=False),  # topic, sentiment, entity (the sentiment toward one)
    Column("label", PlainText, nullable=False),  # a name
    Column("entity", PlainText, nullable=False),  # as the text names it; empty but for the task entity
    Column("article_id", Text),  # no foreign key: a label outlives the article
    Column("model_said", Text),  # what the labelled text had been given; null where no model was asked
    Column("model_version", Text),  # by which
    Column("source", Text, nullable=False),  # analyst, import
    Column("author", PlainText, nullable=False),
    Column("created_at", Instant, nullable=False, info=WALL),  # or, after a correction, when that was made
    CheckConstraint("task IN ('topic', 'sentiment', 'entity')", name="task"),
    CheckConstraint("(task = 'entity') = (entity <> '')", name="entity"),
    CheckConstraint("source IN ('analyst', 'import')", name="source"),
    UniqueConstraint("text_key", "task", "entity", "author"),
    Index(None, "task", "created_at"),
    Index(None, "article_id"),
    sqlite_autoincrement=True,
)
