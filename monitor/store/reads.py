"""What people look at: alerts, counts over time, the stories behind them, and what was refused.

All are bounded by a limit or a span of time and go by an index, so that a store of millions of articles answers at
once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, Select, Subquery, func, literal, or_, select

from monitor.alerts.alert import Alert, AlertState
from monitor.classify.mentions import Mention
from monitor.errors import InputError
from monitor.records import DeadLetter
from monitor.store import schema
from monitor.store.alerting import alert_of
from monitor.store.counting import chunks, surge_of
from monitor.store.evidence import RELEVANT, in_window, is_about, negativity
from monitor.store.rows import AlertChange, Counts, SeriesTotal, Shares, SourceTotal, StoredArticle, WindowArticle
from monitor.surges.series import Series
from monitor.surges.surge import Surge
from monitor.surges.windows import Window, WindowCounts

SOURCES_FROM: Final = 50_000
"""Articles that `read_sources` looks at, at most."""

_MENTIONS = msgspec.json.Decoder(tuple[Mention, ...])


def read_alerts(
    connection: Connection, limit: int, states: Sequence[AlertState] | None = None, series: Series | None = None
) -> list[Alert]:
    """Alerts, the latest opened first.

    Args:
        connection: In any transaction.
        limit: At most so many.
        states: Only those in one of these states; None for all.
        series: Only those of this one; None for all.
    """
    table = schema.alerts
    query = select(table).order_by(table.c.opened_at.desc(), table.c.id).limit(limit)
    if states is not None:
        query = query.where(table.c.state.in_([state.value for state in states]))
    if series is not None:
        query = query.where(table.c.series == series.key)
    return [alert_of(row) for row in connection.execute(query)]


def read_series_alerts(connection: Connection, series: Series, span: Window, limit: int) -> list[Alert]:
    """Alerts of a series that were open at some time in the span, the latest opened first."""
    table = schema.alerts
    query = select(table).where(
        table.c.series == series.key,
        table.c.opened_at < span.end,
        or_(table.c.resolved_at.is_(None), table.c.resolved_at >= span.start),
    )
    return [
        alert_of(row) for row in connection.execute(query.order_by(table.c.opened_at.desc(), table.c.id).limit(limit))
    ]


def count_alerts(connection: Connection) -> int:
    """How many alerts there are."""
    return _count(connection, select(func.count()).select_from(schema.alerts))


def read_last_ended(connection: Connection) -> Alert | None:
    """The resolved alert whose surge was over last; None while there is none."""
    table = schema.alerts
    ended = func.coalesce(table.c.calm_since, table.c.resolved_at, table.c.changed_at)
    query = select(table).where(table.c.state == AlertState.RESOLVED.value).order_by(ended.desc(), table.c.id).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else alert_of(row)


def read_alert(connection: Connection, alert_id: str) -> Alert | None:
    """One alert; None if there is none of that id."""
    row = connection.execute(select(schema.alerts).where(schema.alerts.c.id == alert_id)).one_or_none()
    return None if row is None else alert_of(row)


def read_alerts_like(connection: Connection, beginning: str) -> list[Alert]:
    """The alerts whose id begins so, at most a handful."""
    table = schema.alerts
    query = select(table).where(table.c.id.startswith(beginning, autoescape=True)).order_by(table.c.id).limit(5)
    return [alert_of(row) for row in connection.execute(query)]


def read_transitions(connection: Connection, alert_id: str, limit: int = 1000) -> list[AlertChange]:
    """The history of an alert, oldest first."""
    table = schema.transitions
    query = select(table).where(table.c.alert_id == alert_id).order_by(table.c.number).limit(limit)
    return [
        AlertChange(
            alert_id=row.alert_id,
            number=row.number,
            before=None if row.before is None else AlertState(row.before),
            after=AlertState(row.after),
            at=row.at,
            why=row.why,
        )
        for row in connection.execute(query)
    ]


def read_surges(connection: Connection, series: Series, span: Window, limit: int) -> list[Surge]:
    """Assessments of a series whose tick lies in the span, the newest first."""
    table = schema.surges
    query = select(table).where(table.c.series == series.key, table.c.tick >= span.start, table.c.tick < span.end)
    return [surge_of(row) for row in connection.execute(query.order_by(table.c.tick.desc()).limit(limit))]


def read_numbered_surge(connection: Connection, series: Series, tick: datetime) -> tuple[int, Surge]:
    """The assessment of a series at a tick at which there was one, with its number.

    Raises:
        InputError: It is kept no longer.
    """
    table = schema.surges
    row = connection.execute(select(table).where(table.c.series == series.key, table.c.tick == tick)).one_or_none()
    if row is None:
        raise InputError(f"The verdict on {series.key} at {tick:%Y-%m-%d %H:%M} UTC is kept no longer.")
    return row.id, surge_of(row)


def read_surge(connection: Connection, number: int) -> Surge | None:
    """The assessment of a number; None if there is none."""
    row = connection.execute(select(schema.surges).where(schema.surges.c.id == number)).one_or_none()
    return None if row is None else surge_of(row)


def read_alerted(connection: Connection) -> list[Series]:
    """Every series that an alert was ever opened for, in the order of their keys."""
    column = schema.alerts.c.series
    return [Series.parse(key) for key in connection.execute(select(column).distinct().order_by(column)).scalars()]


def read_topics(connection: Connection, span: Window | None = None) -> list[Series]:
    """The topics of the articles in a span of event time, or of all there are, in the order of their names.

    One or two steps in an index for each topic, however many articles there are.
    """
    table = schema.articles
    smallest = select(func.min(table.c.topic))
    topics: list[str] = []
    topic: str | None = connection.execute(smallest.where(table.c.topic > "")).scalar()
    while topic is not None:
        topics.append(topic)
        topic = connection.execute(smallest.where(table.c.topic > topic)).scalar()
    if span is not None:
        inside = (table.c.event_time >= span.start, table.c.event_time < span.end)
        topics = [
            topic
            for topic in topics
            if connection.execute(select(literal(1)).where(table.c.topic == topic, *inside).limit(1)).first()
        ]
    return [Series(topic=topic) for topic in sorted(topics)]


def read_totals(connection: Connection, span: Window, among: Sequence[Series]) -> list[SeriesTotal]:
    """What each of some series counted in a span of whole minutes, the largest first.

    Stories known by date only are included; of a series without stories there is nothing.
    """
    table = schema.minute_counts
    query = (
        select(
            table.c.series,
            func.sum(table.c.timed_stories + table.c.dated_stories).label("stories"),
            func.sum(table.c.timed_negatives + table.c.dated_negatives).label("negatives"),
        )
        # Naming the series lets the database seek to the span in each, instead of walking through the table.
        .where(
            table.c.series.in_([series.key for series in among]),
            table.c.minute >= span.start,
            table.c.minute < span.end,
        )
        .group_by(table.c.series)
    )
    totals = [
        SeriesTotal(Series.parse(row.series), WindowCounts(int(row.stories), int(row.negatives)))
        for row in connection.execute(query)
    ]
    return sorted(totals, key=lambda total: (-total.counts.stories, total.series.key))


def read_stories(
    connection: Connection, series: Series, window: Window, limit: int, *, negative_only: bool = False
) -> list[WindowArticle]:
    """The articles behind a point of a chart, the most negative first, copies of earlier stories among them.

    Args:
        connection: In any transaction.
        series: Of an entity, stories are as negative as they are toward it.
        window: By event time. Of articles known by date only, windows shorter than a day hold none.
        limit: At most so many.
        negative_only: Leave out the neutral and the positive ones.
    """
    table = schema.articles
    query = _stored().where(table.c.status == "scored", *in_window(series, window, negative=negative_only))
    query = query.order_by(negativity(series).desc(), table.c.event_time, table.c.id).limit(limit)
    found = [_stored_of(row) for row in connection.execute(query).mappings()]
    counted = _counted(connection, series, window, {each.story_id for each in found if each.story_id})
    toward = _toward(connection, series.entity, found) if series.entity else {}
    stories = [
        WindowArticle(**msgspec.structs.asdict(each), counted=each.story_id in counted, toward=toward.get(each.id))
        for each in found
    ]
    # Of a company of two names the database has gone by the worse of them.
    return sorted(stories, key=lambda story: -story.toward.negative if story.toward else 0.0)


def read_story(connection: Connection, story_id: str, limit: int = 100) -> list[StoredArticle]:
    """The articles of one chain of near-duplicates, oldest first."""
    table = schema.articles
    first = _stored().where(table.c.id == story_id)
    followers = _stored().where(table.c.story_id == story_id, schema.FOLLOWER)
    query = followers.order_by(table.c.event_time, table.c.id).limit(limit)
    rows = [*connection.execute(first).mappings(), *connection.execute(query).mappings()]
    return sorted((_stored_of(row) for row in rows), key=lambda article: (article.event_time, article.id))[:limit]


def read_latest_articles(connection: Connection, limit: int) -> list[StoredArticle]:
    """The articles with the latest event times, newest first."""
    query = _stored().order_by(schema.articles.c.event_time.desc()).limit(limit)
    return [_stored_of(row) for row in connection.execute(query).mappings()]


def read_in_doubt(connection: Connection, limit: int) -> list[StoredArticle]:
    """Articles that are negative, but too improbably to have been counted as such, the latest first."""
    query = _stored().where(schema.IN_DOUBT).order_by(schema.articles.c.event_time.desc()).limit(limit)
    return [_stored_of(row) for row in connection.execute(query).mappings()]


def read_sources(connection: Connection, span: Window, limit: int) -> list[SourceTotal]:
    """The sources of the articles in a span of event time (of its latest `SOURCES_FROM`), the most prolific first."""
    table = schema.articles
    inside = select(table.c.source, table.c.event_time).where(
        table.c.event_time >= span.start, table.c.event_time < span.end
    )
    latest = inside.order_by(table.c.event_time.desc()).limit(SOURCES_FROM).subquery()
    query = (
        select(latest.c.source, func.count().label("articles"), func.max(latest.c.event_time).label("latest"))
        .group_by(latest.c.source)
        .order_by(func.count().desc(), latest.c.source)
        .limit(limit)
    )
    return [SourceTotal(row.source, row.articles, row.latest) for row in connection.execute(query)]


def read_dead_letters(connection: Connection, limit: int) -> list[DeadLetter]:
    """What stages refused, the latest first."""
    table = schema.dead_letters
    query = select(table).order_by(table.c.seen_at.desc(), table.c.source, table.c.position).limit(limit)
    return [DeadLetter(**row) for row in connection.execute(query).mappings()]


def read_counts(connection: Connection) -> Counts:
    """What is in the store. Of articles it counts index entries, about a tenth of a second for a million."""
    articles, alerts, outbox = schema.articles, schema.alerts, schema.outbox
    total = _count(connection, select(func.count()).select_from(articles))
    unscored = _count(connection, select(func.count()).select_from(articles).where(schema.UNSCORED))
    fired = select(func.count()).select_from(alerts).where(alerts.c.fired_at.is_not(None))
    return Counts(
        scored=total - unscored,
        unscored=unscored,
        duplicates=_count(connection, select(func.count()).select_from(schema.duplicates)),
        dead_lettered=_count(connection, select(func.count()).select_from(_dead_items())),
        late=_count(connection, select(func.count()).select_from(articles).where(schema.LATE)),
        windows=_count(connection, select(func.count()).select_from(schema.window_counts)),
        surges=_count(connection, select(func.count()).select_from(schema.surges).where(schema.SURGED)),
        alerts_fired=_count(connection, fired),
        alerts_resolved=_count(connection, fired.where(alerts.c.state == AlertState.RESOLVED.value)),
        notifications_delivered=_count(connection, select(func.count()).where(outbox.c.status == "delivered")),
    )


def _counted(connection: Connection, series: Series, window: Window, stories: Collection[str]) -> set[str]:
    """Those of some stories whose first article lies in the window of the series, where they count."""
    table = schema.articles
    inside = in_window(series, window)
    return {
        story
        for chunk in chunks(sorted(stories))
        for story in connection.scalars(select(table.c.id).where(table.c.id.in_(chunk), *inside))
    }


def _toward(connection: Connection, entity: str, articles: Sequence[StoredArticle]) -> dict[str, Shares]:
    """The sentiment toward an entity by article, as it is counted: over what names it, where it matters there.

    See `monitor.surges.sightings.about`; names that were merged into the entity are its own.
    """
    about = schema.article_entities
    names: dict[str, set[str]] = {}
    for chunk in chunks([article.id for article in articles]):
        query = select(about.c.article_id, about.c.entity).where(
            about.c.article_id.in_(chunk), is_about(entity), about.c.relevance >= RELEVANT
        )
        for row in connection.execute(query):
            names.setdefault(row.article_id, set()).add(row.entity)
    return {
        article.id: _mean([mention for mention in article.mentions if mention.entity in names[article.id]])
        for article in articles
        if article.id in names
    }


def _mean(mentions: Sequence[Mention]) -> Shares:
    sums = (sum(getattr(mention, name) for mention in mentions) for name in Shares.__struct_fields__)
    return Shares(*(round(total / len(mentions), 5) for total in sums))


def _stored() -> Select[Any]:
    return select(*(schema.articles.c[name] for name in StoredArticle.__struct_fields__))


def _stored_of(row: RowMapping) -> StoredArticle:
    found = dict(row)
    found["mentions"] = _MENTIONS.decode(row["mentions"]) if row["mentions"] else ()
    found["embedding"] = row["embedding"] or b""
    return StoredArticle(**found)


def _count(connection: Connection, query: Select[int]) -> int:
    return connection.execute(query).scalar_one()


def _dead_items() -> Subquery:
    table = schema.dead_letters
    return select(table.c.source, table.c.position).distinct().subquery()
