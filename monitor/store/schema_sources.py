"""The tables of the sources: where each stands, what became of what it gave, and what was seen before.

They hang on when sources were asked, so none takes part in the comparison of two runs.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text

from monitor.ingest.intake.accounts import FATES
from monitor.store.columns import BIG, Instant, PlainText
from monitor.store.metadata import BY_KEY, metadata


def _accounts() -> list[Column[int]]:
    return [Column(name, Integer, nullable=False) for name in ("fetched", *(fate.value for fate in FATES))]


source_states = Table(
    "source_states",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("kind", Text, nullable=False),  # file, feed, page, filings, comments, push
    Column("standing", Text, nullable=False),  # JSON of a Standing, which says all that the next columns say
    Column("verdict", Text, nullable=False),  # a Verdict
    Column("changed_at", Instant, nullable=False),  # when the verdict became what it is
    Column("last_poll_at", Instant, nullable=False),
)

source_polls = Table(
    "source_polls",
    metadata,
    Column("id", Text, primary_key=True),  # Parcel.id: what is there already is not taken in twice
    Column("source", PlainText, nullable=False),
    Column("at", Instant, nullable=False),
    Column("failure", Text, nullable=False),  # a FailureReason; empty where none
    Column("detail", PlainText, nullable=False),
    *_accounts(),
    Index(None, "source", "at"),
    Index(None, "at"),
)

source_days = Table(
    "source_days",
    metadata,
    Column("source", PlainText, primary_key=True),
    Column("day", Instant, primary_key=True),  # its start, UTC
    Column("failure", Text, primary_key=True),  # polls that failed for this reason; empty: that did not fail
    Column("polls", Integer, nullable=False),
    *_accounts(),
    **BY_KEY,
)

seen_items = Table(
    "seen_items",
    metadata,
    Column("id", Text, primary_key=True),  # Article.id, or the key of a dead letter
    Column("event_time", Instant),  # the first one, which stays; null for a dead letter
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),  # to a day
    Index(None, "last_seen_at"),
    **BY_KEY,
)

source_events = Table(
    "source_events",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),  # grows; the alerts worker's cursor
    Column("source", PlainText, nullable=False),
    Column("before", Text),  # a Verdict; null at the first
    Column("after", Text, nullable=False),
    Column("worse", Boolean, nullable=False),
    Column("why", PlainText, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "source", "at"),
    Index(None, "at"),
    sqlite_autoincrement=True,
)
