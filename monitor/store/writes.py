"""What the surge worker writes at a tick: all of it in one transaction that `require_lease` opens.

    with database.write() as connection:
        require_lease(connection, "surges", epoch)
        write_articles(connection, ...)
        ...
        write_progress(connection, "surges", tick)
        write_offsets(connection, ...)

Articles, duplicates and surges are written once and never change; windows, baselines and story heads are absolute
values that replace what was there. Writing the same again therefore changes nothing, except by `add_minute_counts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import structs
from sqlalchemy import Connection, Table, bindparam, delete, text

from monitor.classify.scored import ScoredArticle
from monitor.records import DeadLetter
from monitor.store import schema
from monitor.store.rows import CountedArticle, Duplicate, Offset
from monitor.store.upserts import Insert, Row, insert_into, insert_many, insert_new, upsert
from monitor.surges.dispersion import DispersionState
from monitor.surges.lessons import BaselineState
from monitor.surges.stories import StoryHead
from monitor.surges.surge import Surge
from monitor.surges.windows import ClosedWindow, MinuteCount

# Keys in order, so that the same probabilities are the same text.
_JSON = msgspec.json.Encoder(order="sorted")

_UNSCORED: dict[str, object] = dict.fromkeys(
    (
        "topic",
        "topic_probabilities",
        "sentiment",
        "negative",
        "neutral",
        "positive",
        "model_version",
        "mentions",
        "embedding",
    )
)


def write_articles(
    connection: Connection, articles: Sequence[CountedArticle], abstain_below: float | None = None
) -> None:
    """Insert articles; one whose id is there already changes nothing (the first score wins).

    Args:
        connection: In a write transaction.
        articles: As they were taken in.
        abstain_below: As they were counted by; see `sighting_of`.
    """
    insert_new(connection, schema.articles, [_article_row(article, abstain_below) for article in articles])


def write_duplicates(connection: Connection, duplicates: Sequence[Duplicate]) -> None:
    """Record delivered items that repeat an article; one that is recorded already changes nothing."""
    rows = [
        {
            "source": item.source,
            "position": item.position,
            "article_id": item.article_id,
            "first_seen_at": item.first_seen_at,
        }
        for item in duplicates
    ]
    insert_new(connection, schema.duplicates, rows)


def write_dead_letters(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Record items that a stage refused; of a repeated one only the original bytes are kept, if they were missing."""
    rows = [
        {
            "source": letter.source,
            "position": letter.position,
            "stage": letter.stage,
            "reason": letter.reason,
            "original": letter.original,
            "seen_at": letter.seen_at,
        }
        for letter in letters
    ]
    insert_many(connection, schema.dead_letters, rows, _keeping_originals)


def add_minute_counts(connection: Connection, counts: Sequence[MinuteCount]) -> None:
    """Add to what is known of these minutes; unlike all others here, not to be repeated once it is committed."""
    insert_many(connection, schema.minute_counts, _minute_rows(counts), _adding)


def write_windows(connection: Connection, windows: Sequence[ClosedWindow]) -> None:
    """Set what is known of these closed windows."""
    rows = [
        {
            "series": closed.series.key,
            "window_seconds": int(closed.window.length.total_seconds()),
            "start": closed.window.start,
            "stories": closed.counts.stories,
            "negatives": closed.counts.negatives,
            "expected_share": closed.expected_share,
            "low": closed.low,
            "high": closed.high,
            "weight": closed.weight,
        }
        for closed in windows
    ]
    upsert(connection, schema.window_counts, rows)


def write_baselines(connection: Connection, baselines: Sequence[BaselineState]) -> None:
    """Set what has been learned of these series."""
    rows = [
        {"series": state.series.key, "window_seconds": 60 * state.window_minutes, "state": _JSON.encode(state).decode()}
        for state in baselines
    ]
    upsert(connection, schema.baselines, rows)


def write_dispersion(connection: Connection, states: Sequence[DispersionState]) -> None:
    """Set what has been learned over the series of a kind."""
    rows = [
        {"kind": state.kind, "window_seconds": 60 * state.window_minutes, "state": _JSON.encode(state).decode()}
        for state in states
    ]
    upsert(connection, schema.dispersion, rows)


def write_story_heads(connection: Connection, heads: Sequence[StoryHead]) -> None:
    """Set these stories."""
    rows = [
        structs.asdict(head) | {name: _JSON.encode(getattr(head, name)).decode() for name in ("about", "tellers")}
        for head in heads
    ]
    upsert(connection, schema.story_heads, rows)


def delete_story_heads(connection: Connection, story_ids: Sequence[str]) -> None:
    """Forget stories that can grow no more; their articles keep their story id."""
    if story_ids:
        statement = delete(schema.story_heads).where(schema.story_heads.c.story_id == bindparam("ended"))
        connection.execute(statement, [{"ended": story_id} for story_id in story_ids])


def write_surges(connection: Connection, surges: Sequence[Surge]) -> None:
    """Append assessments, in this order; one of the same tick and series that is there already changes nothing."""
    insert_new(connection, schema.surges, [_surge_row(surge) for surge in surges])


def write_progress(connection: Connection, name: str, tick: datetime, *, final: bool = False) -> None:
    """Set how far the worker `name` has come: all first seen before `tick` is in the tables."""
    upsert(connection, schema.progress, [{"name": name, "tick": tick, "final": final}])


def write_offsets(connection: Connection, offsets: Sequence[Offset]) -> None:
    """Set where to read on in each partition."""
    rows = [
        {
            "topic_id": offset.topic_id,
            "partition": offset.partition,
            "topic": offset.topic,
            "next_offset": offset.next_offset,
        }
        for offset in offsets
    ]
    upsert(connection, schema.offsets, rows)


def _article_row(counted: CountedArticle, abstain_below: float | None) -> Row:
    item = counted.item
    article = item.article
    row: dict[str, object] = {
        "id": article.id,
        "source": article.source,
        "position": article.position,
        "url": article.url,
        "title": article.title,
        "body": article.body,
        "language": article.language,
        "published_at": article.published_at,
        "published_precision": article.published_precision,
        "first_seen_at": article.first_seen_at,
        "event_time": article.event_time,
        "entered_at": counted.entered_at,
        "late": counted.late,
        "story_id": counted.story_id,
        "novelty": counted.novelty,
    }
    if not isinstance(item, ScoredArticle):
        return row | _UNSCORED | {"status": "unscored", "unscored_reason": item.reason, "in_doubt": False}
    row.update(
        status="scored",
        unscored_reason=None,
        topic=item.topic,
        topic_probabilities=_JSON.encode(item.topic_probabilities).decode(),
        sentiment=item.sentiment,
        negative=item.negative,
        neutral=item.neutral,
        positive=item.positive,
        model_version=item.model_version,
        mentions=_JSON.encode(item.mentions).decode() if item.mentions else None,
        embedding=item.embedding or None,
        in_doubt=item.sentiment == "negative" and not item.counts_as_negative(abstain_below),
    )
    return row


def _minute_rows(counts: Sequence[MinuteCount]) -> list[Row]:
    return [
        {
            "series": count.series.key,
            "minute": count.minute,
            "timed_stories": count.timed.stories,
            "timed_negatives": count.timed.negatives,
            "dated_stories": count.dated.stories,
            "dated_negatives": count.dated.negatives,
            "timed_offset": count.timed_offset,
            "dated_offset": count.dated_offset,
        }
        for count in counts
    ]


def _surge_row(surge: Surge) -> Row:
    return {
        "tick": surge.tick,
        "series": surge.series.key,
        "reason": surge.reason,
        "window_start": surge.window.start,
        "window_end": surge.window.end,
        "stories": surge.counts.stories,
        "negatives": surge.counts.negatives,
        "expected_share": surge.expected_share,
        "low": surge.low,
        "high": surge.high,
        "p_value": surge.p_value,
        "effect": surge.effect,
        "rule_version": surge.rule_version,
        "statistic": surge.statistic,
        "adjusted_p": surge.adjusted_p,
        "expected_count": surge.expected_count,
        "building_since": surge.building_since,
    }


def _keeping_originals(dialect: str, table: Table) -> Insert:
    statement = insert_into(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={"original": statement.excluded.original},
        where=text("length(dead_letters.original) = 0"),  # spelt out: a bound value would be no column
    )


def _adding(dialect: str, table: Table) -> Insert:
    statement = insert_into(dialect, table)
    counted = [column for column in table.columns if not column.primary_key]
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={column.name: column + statement.excluded[column.name] for column in counted},
    )
