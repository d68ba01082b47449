"""What the surge worker reads: where it stood when it starts, and at each tick which items it has seen before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import CTE, Connection, Row, Table, func, literal, select

from monitor.clock import MINUTE, floor_to
from monitor.store import schema
from monitor.store.rows import Progress
from monitor.surges.advance import Snapshot
from monitor.surges.core import memory_start
from monitor.surges.dispersion import DispersionState
from monitor.surges.lessons import BaselineState
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series
from monitor.surges.settling import Counted, Fates, ItemKey
from monitor.surges.stories import StoryHead
from monitor.surges.surge import Reason, Statistic, Surge
from monitor.surges.windows import MinuteCount, Window, WindowCounts

_ABOUT = msgspec.json.Decoder(tuple[tuple[str, bool], ...])
_TELLERS = msgspec.json.Decoder(tuple[str, ...])

_CHUNK = 500  # values in one IN list: far below what any database refuses


def load_snapshot(connection: Connection, name: str, rules: SurgeRules) -> Snapshot | None:
    """What the core needs to go on after the last tick of the worker `name`; None if it never wrote."""
    progress = read_progress(connection, name)
    if progress is None:
        return None
    tick = progress.tick
    return Snapshot(
        tick=tick,
        minute_counts=tuple(read_minute_counts(connection, memory_start(rules, tick))),
        baselines=tuple(read_baselines(connection)),
        dispersion=tuple(read_dispersion(connection)),
        story_heads=tuple(read_story_heads(connection)),
        surges=tuple(read_newest_surges(connection, floor_to(tick, MINUTE))),
    )


def load_offsets(connection: Connection, topic_id: str) -> dict[int, int]:
    """The first offset of each partition that is not in the tables; empty for a topic that nothing was read of."""
    table = schema.offsets
    rows = connection.execute(select(table.c.partition, table.c.next_offset).where(table.c.topic_id == topic_id))
    return {row.partition: row.next_offset for row in rows}


def load_fates(connection: Connection, items: Sequence[Counted]) -> Fates:
    """What the store knows of a batch of articles: their ids, and whether the items are recorded as repeats."""
    articles = known_ids(connection, [item.article.id for item in items])
    # Only an item whose article another item brought can be a recorded repeat.
    repeats = {
        (item.article.source, item.article.position)
        for item in items
        if articles.get(item.article.id, (item.article.source, item.article.position))
        != (item.article.source, item.article.position)
    }
    return Fates(articles, frozenset(known_duplicates(connection, repeats)))


def read_progress(connection: Connection, name: str) -> Progress | None:
    """How far the worker `name` has come; None if it never wrote."""
    table = schema.progress
    row = connection.execute(select(table.c.tick, table.c.final).where(table.c.name == name)).one_or_none()
    return None if row is None else Progress(row.tick, row.final)


def read_baselines(connection: Connection) -> list[BaselineState]:
    """What has been learned of each series and window length, in the order of their keys."""
    table = schema.baselines
    rows = connection.execute(select(table.c.state).order_by(table.c.series, table.c.window_seconds))
    return [msgspec.json.decode(state, type=BaselineState) for state in rows.scalars()]


def read_baselines_of(connection: Connection, series: Series) -> list[BaselineState]:
    """What has been learned of one series, by window length."""
    table = schema.baselines
    rows = connection.execute(
        select(table.c.state).where(table.c.series == series.key).order_by(table.c.window_seconds)
    )
    return [msgspec.json.decode(state, type=BaselineState) for state in rows.scalars()]


def read_dispersion(connection: Connection) -> list[DispersionState]:
    """What has been learned over the series of each kind, in the order of their keys."""
    table = schema.dispersion
    rows = connection.execute(select(table.c.state).order_by(table.c.kind, table.c.window_seconds))
    return [msgspec.json.decode(state, type=DispersionState) for state in rows.scalars()]


def read_story_heads(connection: Connection) -> list[StoryHead]:
    """The stories that may still grow, in the order in which they entered."""
    rows = connection.execute(select(schema.story_heads)).mappings()
    heads = [
        StoryHead(**{**row, "about": _ABOUT.decode(row["about"]), "tellers": _TELLERS.decode(row["tellers"])})
        for row in rows
    ]
    return sorted(heads, key=lambda head: head.order)


def read_minute_counts(connection: Connection, since: datetime) -> list[MinuteCount]:
    """What is known of every minute that starts at `since` or later, in the order of series and minute."""
    table, each = schema.minute_counts, each_series(schema.minute_counts)
    query = select(table).join_from(each, table, table.c.series == each.c.series).where(table.c.minute >= since)
    rows = sorted(connection.execute(query), key=lambda row: (row.series, row.minute))
    series = {key: Series.parse(key) for key in {row.series for row in rows}}
    return [_minute_of(row, series[row.series]) for row in rows]


def read_minutes_of(connection: Connection, series: Series) -> list[MinuteCount]:
    """What is known of one series, by minute."""
    table = schema.minute_counts
    query = select(table).where(table.c.series == series.key).order_by(table.c.minute)
    return [_minute_of(row, series) for row in connection.execute(query)]


def read_newest_surges(connection: Connection, minute: datetime) -> list[Surge]:
    """For every series its last assessment at or before `minute`, and every one after it; by tick, then series."""
    table, each = schema.surges, each_series(schema.surges)
    earlier = table.alias()
    last = select(func.max(earlier.c.tick)).where(earlier.c.series == each.c.series, earlier.c.tick <= minute)
    since = func.coalesce(last.scalar_subquery(), literal(minute, table.c.tick.type))
    query = select(table).join_from(each, table, table.c.series == each.c.series).where(table.c.tick >= since)
    return sorted(map(surge_of, connection.execute(query)), key=lambda surge: (surge.tick, surge.series.key))


def known_ids(connection: Connection, ids: Iterable[str]) -> dict[str, ItemKey]:
    """Of these article ids, those in the store, with the item that was first delivered under each."""
    table = schema.articles
    known: dict[str, ItemKey] = {}
    for chunk in chunks(ids):
        rows = connection.execute(select(table.c.id, table.c.source, table.c.position).where(table.c.id.in_(chunk)))
        known.update({id_: (source, position) for id_, source, position in rows})
    return known


def known_entities(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Of these entities that no list knows, those that articles have named, whatever was decided on them since."""
    column = schema.entities.c.id
    return {id_ for chunk in chunks(ids) for id_ in connection.scalars(select(column).where(column.in_(chunk)))}


def known_duplicates(connection: Connection, items: Collection[ItemKey]) -> set[ItemKey]:
    """Of these items, those that are recorded as duplicates."""
    return _known_items(connection, schema.duplicates, items)


def known_dead_letters(connection: Connection, items: Collection[ItemKey]) -> set[ItemKey]:
    """Of these items, those that are recorded as dead letters of any stage."""
    return _known_items(connection, schema.dead_letters, items)


def each_series(table: Table) -> CTE:
    """The series in a table with an index that begins with `series`, and a null: one step in the index for each."""
    column = table.c.series
    found = select(func.min(column).label("series")).cte(recursive=True)
    following = select(func.min(column)).where(column > found.c.series).scalar_subquery()
    return found.union_all(select(following).where(found.c.series.is_not(None)))


def _minute_of(row: Row[Any], series: Series) -> MinuteCount:
    return MinuteCount(
        series,
        row.minute,
        WindowCounts(row.timed_stories, row.timed_negatives),
        WindowCounts(row.dated_stories, row.dated_negatives),
        row.timed_offset,
        row.dated_offset,
    )


def surge_of(row: Row[Any]) -> Surge:
    """The noun from a row of the table `surges`."""
    return Surge(
        tick=row.tick,
        series=Series.parse(row.series),
        reason=Reason(row.reason),
        window=Window(row.window_start, row.window_end),
        counts=WindowCounts(row.stories, row.negatives),
        expected_share=row.expected_share,
        low=row.low,
        high=row.high,
        p_value=row.p_value,
        effect=row.effect,
        rule_version=row.rule_version,
        statistic=Statistic(row.statistic),
        adjusted_p=row.adjusted_p,
        expected_count=row.expected_count,
        building_since=row.building_since,
    )


def _known_items(connection: Connection, table: Table, items: Collection[ItemKey]) -> set[ItemKey]:
    positions: dict[str, list[str]] = {}
    for source, position in items:
        positions.setdefault(source, []).append(position)
    known: set[ItemKey] = set()
    for source, wanted in positions.items():
        for chunk in chunks(wanted):
            query = select(table.c.position).where(table.c.source == source, table.c.position.in_(chunk))
            known.update((source, position) for position in connection.execute(query).scalars())
    return known


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Values for one IN list each."""
    remaining = iter(values)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
