"""Every table of the store. `monitor.store.migrations` creates them; a test proves that both say the same.

Columns with `info=WALL` hold wall-clock times, attempts and process names, which differ between two runs over the
same input. All others are the effect of the input alone: the same, row for row, after any kill (see
`monitor.store.fingerprint`).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from monitor.store.columns import BIG, SHARE, Instant, PlainText
from monitor.store.metadata import BY_KEY, WALL
from monitor.store.metadata import metadata as metadata
from monitor.store.schema_entities import article_entities as article_entities
from monitor.store.schema_entities import entities as entities
from monitor.store.schema_entities import watchlists as watchlists
from monitor.store.schema_learning import alias_changes as alias_changes
from monitor.store.schema_learning import judgements as judgements
from monitor.store.schema_learning import labels as labels
from monitor.store.schema_learning import model_aliases as model_aliases
from monitor.store.schema_learning import model_versions as model_versions
from monitor.store.schema_push import push_answers as push_answers
from monitor.store.schema_sources import seen_items as seen_items
from monitor.store.schema_sources import source_days as source_days
from monitor.store.schema_sources import source_events as source_events
from monitor.store.schema_sources import source_polls as source_polls
from monitor.store.schema_sources import source_states as source_states

REVISION: Final = "0011"
"""The newest migration; what a database must be at for this code."""

articles = Table(
    "articles",
    metadata,
    Column("id", Text, primary_key=True),  # Article.id
    Column("source", PlainText, nullable=False),
    Column("position", PlainText, nullable=False),  # where in the source it was delivered first
    Column("url", PlainText, nullable=False),
    Column("title", PlainText, nullable=False),
    Column("body", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),  # ISO 639-1, or "und"
    Column("published_at", Instant),
    Column("published_precision", Text),  # second, minute, day; null where published_at is
    Column("first_seen_at", Instant, nullable=False),
    Column("event_time", Instant, nullable=False),  # when it counts: monitor.articles.event_time
    Column("entered_at", Instant, nullable=False),  # the tick that took it in
    Column("late", Boolean, nullable=False),  # came after the windows of its event time had closed
    Column("status", Text, nullable=False),  # scored, unscored
    Column("unscored_reason", PlainText),
    Column("topic", Text),  # this and all below: null while unscored
    Column("topic_probabilities", Text),  # JSON object: topic name to calibrated probability
    Column("sentiment", Text),  # negative, neutral, positive
    Column("negative", SHARE),
    Column("neutral", SHARE),
    Column("positive", SHARE),
    Column("model_version", Text),
    Column("story_id", Text),  # id of the first article of its chain of near-duplicates; null while unscored
    Column("novelty", Integer),  # 100 for the first of the chain, then less
    Column("mentions", Text),  # JSON list of Mention
    Column("embedding", LargeBinary),  # of the text
    # Negative, but too improbably to have been counted as such; false while unscored.
    Column("in_doubt", Boolean, nullable=False, server_default=false()),
    CheckConstraint("status IN ('scored', 'unscored')", name="status"),
    Index(None, "topic", "event_time"),
    Index(None, "event_time"),
    Index(None, "source", "position"),
)
# What few articles are is found by small indexes of those alone. Most stories have one article, whose id is the
# story's: it is found by key. A query must repeat the condition in the same words, which is why they are kept here.
FOLLOWER: Final = text("story_id <> id")
UNSCORED: Final = text("status = 'unscored'")
LATE: Final = text("late")
IN_DOUBT: Final = text("in_doubt")
Index("ix_articles_followers", articles.c.story_id, sqlite_where=FOLLOWER, postgresql_where=FOLLOWER)
Index("ix_articles_unscored", articles.c.event_time, sqlite_where=UNSCORED, postgresql_where=UNSCORED)
Index("ix_articles_late", articles.c.event_time, sqlite_where=LATE, postgresql_where=LATE)
Index("ix_articles_in_doubt", articles.c.event_time, sqlite_where=IN_DOUBT, postgresql_where=IN_DOUBT)

duplicates = Table(
    "duplicates",
    metadata,
    Column("source", PlainText, primary_key=True),
    Column("position", PlainText, primary_key=True),
    Column("article_id", Text, nullable=False),  # the article that had come before under another source or position
    Column("first_seen_at", Instant, nullable=False),
    Index(None, "first_seen_at"),
    **BY_KEY,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("source", PlainText, primary_key=True),
    Column("position", PlainText, primary_key=True),
    Column("stage", Text, primary_key=True),  # ingest, classify, surges
    Column("reason", PlainText, nullable=False),
    Column("original", LargeBinary, nullable=False),  # as it came; empty where only the in-band copy is known
    Column("seen_at", Instant, nullable=False, info=WALL),
    Index(None, "seen_at"),
)

minute_counts = Table(
    "minute_counts",
    metadata,
    Column("series", Text, primary_key=True),  # Series.key
    Column("minute", Instant, primary_key=True),  # start of the minute
    Column("timed_stories", Integer, nullable=False),
    Column("timed_negatives", Integer, nullable=False),
    Column("dated_stories", Integer, nullable=False),  # published with a date only
    Column("dated_negatives", Integer, nullable=False),
    Column("timed_offset", Integer, nullable=False, server_default="0"),  # thousandths: what the mix makes usual
    Column("dated_offset", Integer, nullable=False, server_default="0"),
    **BY_KEY,
)

window_counts = Table(
    "window_counts",
    metadata,
    Column("series", Text, primary_key=True),
    Column("window_seconds", Integer, primary_key=True),
    Column("start", Instant, primary_key=True),
    Column("stories", Integer, nullable=False),
    Column("negatives", Integer, nullable=False),
    Column("expected_share", SHARE),  # these three: null while the series was too young to expect anything
    Column("low", SHARE),
    Column("high", SHARE),
    Column("weight", SHARE, nullable=False),  # how much the baseline learned from it
    **BY_KEY,
)

baselines = Table(
    "baselines",
    metadata,
    Column("series", Text, primary_key=True),
    Column("window_seconds", Integer, primary_key=True),
    Column("state", Text, nullable=False),  # JSON, written and read by monitor.surges alone
    **BY_KEY,
)

dispersion = Table(
    "dispersion",
    metadata,
    Column("kind", Text, primary_key=True),  # of series: all, topic, entity
    Column("window_seconds", Integer, primary_key=True),
    Column("state", Text, nullable=False),  # JSON, written and read by monitor.surges alone
    **BY_KEY,
)

story_heads = Table(
    "story_heads",
    metadata,
    Column("story_id", Text, primary_key=True),
    Column("key", Text, nullable=False),  # fingerprint of the headline; empty where it has none
    Column("members", Integer, nullable=False),
    Column("novelty", Integer, nullable=False),  # of the newest member
    Column("topic", Text, nullable=False),  # the first member's, as are all below
    Column("negative", Boolean, nullable=False),
    Column("dated", Boolean, nullable=False),
    Column("event_time", Instant, nullable=False),
    Column("first_seen_at", Instant, nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("tellers", Text, nullable=False, server_default="[]"),  # JSON: sources
    Column("retells", Text, nullable=False, server_default=""),  # the first telling's id; empty for that itself
    Column("about", Text, nullable=False, server_default="[]"),  # JSON: entity ids, each with whether it is negative
    # By these four near-duplicates are told; empty where there is none, and once newer stories took its place.
    Column("text", PlainText, nullable=False, server_default=""),
    Column("shingles", LargeBinary, nullable=False, server_default=text("''")),
    Column("embedding", LargeBinary, nullable=False, server_default=text("''")),
    Column("model_version", Text, nullable=False, server_default=""),
    **BY_KEY,
)

surges = Table(
    "surges",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True, info=WALL),  # grows; the alerts worker's cursor
    Column("tick", Instant, nullable=False),
    Column("series", Text, nullable=False),
    Column("reason", Text, nullable=False),  # surge, elevated, ordinary, quiet
    Column("window_start", Instant, nullable=False),
    Column("window_end", Instant, nullable=False),
    Column("stories", Integer, nullable=False),
    Column("negatives", Integer, nullable=False),
    Column("expected_share", SHARE, nullable=False),
    Column("low", SHARE, nullable=False),
    Column("high", SHARE, nullable=False),
    Column("p_value", SHARE, nullable=False),
    Column("effect", SHARE, nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("statistic", Text, nullable=False, server_default="share"),  # share, volume, build, attention
    Column("adjusted_p", SHARE, nullable=False, server_default="1"),
    Column("expected_count", Double, nullable=False, server_default="0"),
    Column("building_since", Instant),
    UniqueConstraint("tick", "series"),
    Index(None, "series", "tick"),
    sqlite_autoincrement=True,  # a number is never used twice, not even after retention deleted the newest rows
)

SURGED: Final = text("reason = 'surge'")
Index("ix_surges_surged", surges.c.tick, sqlite_where=SURGED, postgresql_where=SURGED)

progress = Table(
    "progress",
    metadata,
    Column("name", Text, primary_key=True),  # which worker
    Column("tick", Instant, nullable=False),  # all first seen before it is in the tables
    Column("final", Boolean, nullable=False),  # the stream has ended (a replay)
)

offsets = Table(
    "offsets",
    metadata,
    Column("topic_id", Text, primary_key=True),  # Kafka's id: a topic made anew has another
    Column("partition", Integer, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("next_offset", BIG, nullable=False),  # the first one that is not in the tables
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", Integer, nullable=False),  # one more at every change of hands: the fencing token
    Column("expires_at", Instant, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),  # Alert.id
    Column("series", Text, nullable=False),
    Column("state", Text, nullable=False),  # pending, firing, receding, resolved
    Column("opened_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("fired_at", Instant),
    Column("resolved_at", Instant),
    Column("calm_since", Instant),
    Column("latest", Text, nullable=False),  # JSON of a Surge
    Column("peak", Text, nullable=False),  # JSON of a Surge
    Index(None, "state", "opened_at"),
    Index(None, "opened_at"),
    Index(None, "series", "opened_at"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("alert_id", Text, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1, 2, ... within the alert
    Column("before", Text),  # null at the opening
    Column("after", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("why", PlainText, nullable=False),
    Index(None, "at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),  # Notification.id: receivers drop repeats by it
    Column("alert_id", Text, ForeignKey("alerts.id", ondelete="CASCADE"), index=True),  # null: a notice of a source
    Column("receiver", Text, nullable=False),
    Column("kind", Text, nullable=False),  # firing, resolved
    Column("payload", Text, nullable=False),  # JSON of the Notification
    Column("created_at", Instant, nullable=False),  # stream time
    Column("status", Text, nullable=False, info=WALL),  # pending, delivered, dead
    Column("attempts", Integer, nullable=False, info=WALL),
    Column("next_attempt_at", Instant, nullable=False, info=WALL),
    Column("first_attempt_at", Instant, info=WALL),
    Column("delivered_at", Instant, info=WALL),
    Column("last_error", PlainText, info=WALL),
    Column("claimed_by", Text, info=WALL),  # the dispatcher that is sending it
    Column("claimed_until", Instant, info=WALL),  # after which another may take it
    CheckConstraint("status IN ('pending', 'delivered', 'dead')", name="status"),
    Index(None, "status", "next_attempt_at"),
    Index(None, "created_at"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),  # which reader
    Column("position", BIG, nullable=False),  # the last position taken in, such as a surges.id
)

runs = Table(
    "runs",
    metadata,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("job", Text, nullable=False),
    Column("scheduled_at", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("outcome", Text),  # succeeded, failed; null while it runs
    Column("detail", PlainText, nullable=False),
    UniqueConstraint("job", "scheduled_at"),  # one schedule, one run
    Index(None, "started_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("host", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("counters", Text, nullable=False),  # JSON object: counter name to number
    Column("note", PlainText, nullable=False),
)
