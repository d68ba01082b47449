"""Deleting what is old, in chunks so small that no other writer waits long.

An article that is delivered again after its row was deleted counts anew; so keep more than any source repeats.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, func, select, tuple_

from monitor.store import schema
from monitor.store.counting import each_series
from monitor.store.database import Database

CHUNK_ROWS: Final = 2_000
"""Rows deleted in one transaction: some ten milliseconds."""

_BY_TIME: Final = (
    (schema.articles, schema.articles.c.event_time),
    (schema.article_entities, schema.article_entities.c.event_time),
    (schema.duplicates, schema.duplicates.c.first_seen_at),
    (schema.dead_letters, schema.dead_letters.c.seen_at),
    (schema.runs, schema.runs.c.started_at),
    (schema.seen_items, schema.seen_items.c.last_seen_at),
    (schema.source_days, schema.source_days.c.day),
    (schema.source_events, schema.source_events.c.at),
)


def delete_older(database: Database, cutoff: datetime, chunk_rows: int = CHUNK_ROWS) -> dict[str, int]:
    """Delete what lies before a cutoff: articles and counts by event time, the rest by when it happened.

    Kept at any age: alerts that are not resolved or have notifications pending, the assessment that opened an alert
    that is kept, the newest assessment of each series, baselines, story heads, progress and offsets.

    Args:
        database: The store.
        cutoff: UTC-aware.
        chunk_rows: Most rows deleted in one transaction.

    Returns:
        How many rows were deleted, by table; what went with an alert (transitions, outbox) is not counted, and of the
        outbox are what belonged to none.

    Raises:
        StoreError: The database failed; what was deleted before stays deleted.
    """
    deleted: dict[str, int] = {}
    for table, moment in _BY_TIME:
        key = list(table.primary_key.columns)
        deleted[table.name] = _delete_all(
            database, table, select(*key).where(moment < cutoff).order_by(moment), chunk_rows
        )
    deleted[schema.alerts.name] = _delete_all(database, schema.alerts, _ended_alerts(cutoff), chunk_rows)
    for table, moment in (
        (schema.minute_counts, schema.minute_counts.c.minute),
        (schema.window_counts, schema.window_counts.c.start),
        (schema.surges, schema.surges.c.tick),
    ):
        with database.read() as connection:
            keys = connection.scalars(_series_with(table, moment < cutoff)).all()
            queries = [_of_series(connection, table, key, moment < cutoff) for key in keys]
        deleted[table.name] = sum(_delete_all(database, table, query, chunk_rows) for query in queries)
    deleted[schema.entities.name] = _delete_all(database, schema.entities, _forgotten_entities(cutoff), chunk_rows)
    deleted[schema.outbox.name] = _delete_all(database, schema.outbox, _old_notices(cutoff), chunk_rows)
    return deleted


def delete_polls(database: Database, cutoff: datetime, chunk_rows: int = CHUNK_ROWS) -> int:
    """Delete single polls of sources from before a cutoff; their sums by day stay. Returns how many.

    Raises:
        StoreError: The database failed; what was deleted before stays deleted.
    """
    polls = schema.source_polls
    return _delete_all(database, polls, select(polls.c.id).where(polls.c.at < cutoff).order_by(polls.c.at), chunk_rows)


def _delete_all(database: Database, table: Table, keys: Select[Any], chunk_rows: int) -> int:
    columns = list(table.primary_key.columns)
    statement = delete(table).where(tuple_(*columns).in_(keys.limit(chunk_rows)))
    deleted = 0
    while True:
        with database.write() as connection:
            number = connection.execute(statement).rowcount
        deleted += number
        if number < chunk_rows:
            return deleted


def _series_with(table: Table, old: ColumnElement[bool]) -> Select[Any]:
    """The series of which a table holds something old: the others cost no transaction."""
    each = each_series(table)
    return select(each.c.series).where(select(table.c.series).where(table.c.series == each.c.series, old).exists())


def _of_series(connection: Connection, table: Table, key: str, old: ColumnElement[bool]) -> Select[Any]:
    query = select(*table.primary_key.columns).where(table.c.series == key, old)
    if table is schema.surges:
        newest: int | None = connection.execute(select(func.max(table.c.tick)).where(table.c.series == key)).scalar()
        opened = select(schema.alerts.c.opened_at).where(schema.alerts.c.series == key)
        query = query.where(table.c.tick < newest, table.c.tick.not_in(opened))
    return query


def _old_notices(cutoff: datetime) -> Select[Any]:
    """What was told of sources and belongs to no alert."""
    outbox = schema.outbox
    done = and_(outbox.c.alert_id.is_(None), outbox.c.status != "pending")
    return select(outbox.c.id).where(done, outbox.c.created_at < cutoff)


def _forgotten_entities(cutoff: datetime) -> Select[Any]:
    """Entities that no list knows, that nobody decided on or watches, and that were not in the news for so long."""
    table, watched = schema.entities, schema.watchlists
    is_watched = select(watched.c.entity).where(watched.c.entity == table.c.id).exists()
    return select(table.c.id).where(table.c.status == "provisional", table.c.last_seen_at < cutoff, ~is_watched)


def _ended_alerts(cutoff: datetime) -> Select[Any]:
    alerts, outbox = schema.alerts, schema.outbox
    waiting = select(outbox.c.id).where(and_(outbox.c.alert_id == alerts.c.id, outbox.c.status == "pending")).exists()
    return select(alerts.c.id).where(alerts.c.opened_at < cutoff, alerts.c.resolved_at < cutoff, ~waiting)
