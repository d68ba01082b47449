"""The evidence of a surge, read from what was stored: the same question has the same answer at any later time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from monitor.articles import Precision
from monitor.store import schema
from monitor.store.entities import standing
from monitor.surges.evidence import Evidence, Story
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series
from monitor.surges.surge import Surge
from monitor.surges.terms import distinctive
from monitor.surges.windows import Window

USUAL: Final = timedelta(days=28)
"""What the series told so long before the window is what its words are compared with."""
HEADLINES: Final = 2_000
"""Headlines that are compared, at most, on either side: the most negative ones, and the latest."""

RELEVANT: Final = SurgeRules().minimum_relevance
"""Articles less relevant to an entity, of 100, do not count for it."""
FOREMOST: Final = SurgeRules().entities_per_story
"""An article counts for so many entities, those that it is most relevant to."""

_DAY: Final = timedelta(days=1)
_SOURCES: Final = 10
_TERMS: Final = 6


def read_evidence(connection: Connection, surge: Surge, as_of_tick: datetime, limit: int) -> Evidence:
    """What the window of an assessment held.

    Args:
        connection: In any transaction.
        surge: The assessment. Of articles known by date only, windows shorter than a day hold none.
        as_of_tick: UTC-aware; articles taken in after it do not count.
        limit: Stories at most.
    """
    table = schema.articles
    negative = negativity(surge.series).label("negative")
    inside = [*in_window(surge.series, surge.window, negative=True), table.c.entered_at <= as_of_tick]
    told = (
        select(table.c.id, table.c.title, table.c.source, table.c.url, table.c.event_time, negative)
        .where(table.c.story_id == table.c.id, *inside)
        .order_by(negative.desc(), table.c.event_time, table.c.id)
        .limit(max(limit, HEADLINES))
    )
    rows = connection.execute(told).all()
    return Evidence(
        stories=tuple(
            Story(
                article_id=row.id,
                title=row.title,
                source=row.source,
                url=row.url,
                event_time=row.event_time,
                negative=row.negative,
            )
            for row in rows[:limit]
        ),
        terms=distinctive([row.title for row in rows], _usual_headlines(connection, surge, as_of_tick), _TERMS),
        sources=_sources(connection, inside),
    )


def _usual_headlines(connection: Connection, surge: Surge, as_of_tick: datetime) -> list[str]:
    table = schema.articles
    before = Window(surge.window.start - USUAL, surge.window.start)
    query = select(table.c.title).where(
        table.c.story_id == table.c.id, table.c.entered_at <= as_of_tick, *in_window(surge.series, before)
    )
    return list(connection.execute(query.order_by(table.c.event_time.desc(), table.c.id).limit(HEADLINES)).scalars())


def _sources(connection: Connection, inside: list[ColumnElement[bool]]) -> tuple[tuple[str, int], ...]:
    table = schema.articles
    count = func.count().label("articles")
    query = select(table.c.source, count).where(*inside).group_by(table.c.source)
    rows = connection.execute(query.order_by(count.desc(), table.c.source).limit(_SOURCES))
    return tuple((row.source, row.articles) for row in rows)


def in_window(series: Series, window: Window, *, negative: bool = False) -> list[ColumnElement[bool]]:
    """The conditions under which an article belongs to a window of a series, as the counts have it.

    Args:
        series: Of an entity, what counts for it by the default rules, also under names that were merged into it.
        window: By event time.
        negative: Only what counts as negative; for an entity, toward it.
    """
    table, about = schema.articles, schema.article_entities
    conditions = [table.c.event_time >= window.start, table.c.event_time < window.end]
    if series.entity:
        bad = [about.c.negative > about.c.neutral, about.c.negative > about.c.positive] if negative else []
        inside = [
            about.c.event_time >= window.start,
            about.c.event_time < window.end,
            about.c.relevance >= RELEVANT,
            _more_relevant(series.entity) < FOREMOST,
        ]
        conditions.append(table.c.id.in_(select(about.c.article_id).where(is_about(series.entity), *inside, *bad)))
    elif negative:
        conditions += [table.c.sentiment == "negative", ~table.c.in_doubt]
    if series.topic:
        conditions.append(table.c.topic == series.topic)
    if window.length < _DAY:
        dated = table.c.published_precision == Precision.DAY.value
        conditions.append(or_(table.c.published_precision.is_(None), ~dated))
    return conditions


def negativity(series: Series) -> ColumnElement[float]:
    """How negative an article is; for an entity, toward it. In [0, 1]."""
    table, about = schema.articles, schema.article_entities
    if not series.entity:
        return table.c.negative
    toward = select(func.max(about.c.negative)).where(
        about.c.article_id == table.c.id, is_about(series.entity), about.c.relevance >= RELEVANT
    )
    return toward.scalar_subquery()


def _more_relevant(entity: str) -> ColumnElement[int]:
    """How many entities an article is about that come before this one, merged ones being one."""
    about, other, ends = schema.article_entities, schema.article_entities.alias(), standing()
    name = func.coalesce(ends.c.entity, other.c.entity)
    comes_first = or_(
        other.c.relevance > about.c.relevance,
        and_(other.c.relevance == about.c.relevance, name < entity),
    )
    count = (
        select(func.count(name.distinct()))
        .select_from(other.outerjoin(ends, ends.c.id == other.c.entity))
        .where(other.c.article_id == about.c.article_id, name != entity, comes_first)
    )
    return count.correlate(about).scalar_subquery()


def is_about(entity: str) -> ColumnElement[bool]:
    """The condition under which a row of `article_entities` is about an entity, also under names merged into it."""
    about, entities = schema.article_entities, schema.entities
    merged = select(entities.c.id).where(entities.c.merged_into == entity).cte(recursive=True)
    # One may have been merged into another that was merged later.
    merged = merged.union(select(entities.c.id).join(merged, entities.c.merged_into == merged.c.id))
    return or_(about.c.entity == entity, about.c.entity.in_(select(merged.c.id)))
