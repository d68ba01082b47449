"""What articles are about, which entities no list knows and what became of them, and who watches what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import CTE, Connection, Row, Table, delete, func, select, update
from sqlalchemy import case as sql_case

from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle
from monitor.entities.names import PROVISIONAL
from monitor.errors import InputError
from monitor.store import schema
from monitor.store.upserts import Insert, insert_into, insert_many, insert_new

Status = Literal["provisional", "confirmed", "merged"]

_MOST_MERGES: Final = 20
"""Merges that follow one another until the last one stands."""


class StoredEntity(msgspec.Struct, frozen=True, kw_only=True):
    """An entity that no list knows, or that an analyst decided on.

    Attributes:
        id: As the classifier wrote it.
        name: As the first article wrote it.
        status: Whether anybody decided on it.
        merged_into: Id of what it is the same as; empty unless merged.
        first_seen_at: UTC-aware; of the first article.
        last_seen_at: UTC-aware; of the newest.
        articles: How many are about it.
        why: What the decider said; empty where nobody decided.
    """

    id: str
    name: str
    status: Status
    merged_into: str
    first_seen_at: datetime
    last_seen_at: datetime
    articles: int
    why: str = ""


class EntityCount(msgspec.Struct, frozen=True, kw_only=True):
    """How much was written about an entity.

    Attributes:
        entity: Id, merges resolved.
        articles: How many are about it.
        negative: Those in which the sentiment toward it is negative more probably than not.
        newest_at: UTC-aware event time of the newest.
    """

    entity: str
    articles: int
    negative: int
    newest_at: datetime


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Who decided, when, and why."""

    by: str
    at: datetime
    why: str = ""


def write_mentions(connection: Connection, items: Iterable[object]) -> None:
    """Record what new articles are about, and the entities among it that no list knows.

    Args:
        connection: In the transaction that writes the articles.
        items: New articles in the order in which they were first seen; those that were not scored are about nothing.
    """
    rows, unknown = [], dict[str, dict[str, object]]()
    for item in items:
        if not isinstance(item, ScoredArticle):
            continue
        for entity, mentions in _by_entity(item.mentions).items():
            rows.append(_article_row(item, entity, mentions))
            if entity.startswith(PROVISIONAL):
                seen = unknown.setdefault(entity, _entity_row(item, mentions[0]))
                seen["last_seen_at"] = item.article.first_seen_at
    insert_new(connection, schema.article_entities, rows)
    insert_many(connection, schema.entities, list(unknown.values()), _seen_again)


def read_entities(
    connection: Connection, status: Status | None = None, *, text: str = "", limit: int = 100
) -> list[StoredEntity]:
    """Entities that no list knows, those with the most articles first.

    Args:
        connection: To read by.
        status: Only those; all by default.
        text: Only those whose name or id holds it, whatever the case of its letters.
        limit: At most so many.
    """
    table, about = schema.entities, schema.article_entities
    counts = select(about.c.entity, func.count().label("articles")).group_by(about.c.entity).subquery()
    articles = func.coalesce(counts.c.articles, 0)
    query = select(table, articles.label("articles")).outerjoin(counts, counts.c.entity == table.c.id)
    if status is not None:
        query = query.where(table.c.status == status)
    query = query.order_by(articles.desc(), table.c.id)
    if not text:
        return [_stored(row) for row in connection.execute(query.limit(limit))]
    wanted = text.casefold()  # compared here: SQLite knows upper and lower case of ASCII alone
    found = (row for row in connection.execute(query) if wanted in row.name.casefold() or wanted in row.id)
    return [_stored(row) for row in islice(found, limit)]


def read_entity(connection: Connection, entity_id: str) -> StoredEntity | None:
    """One of them; None where there is none of that id."""
    table, about = schema.entities, schema.article_entities
    articles = select(func.count()).where(about.c.entity == table.c.id).scalar_subquery()
    row = connection.execute(select(table, articles.label("articles")).where(table.c.id == entity_id)).one_or_none()
    return None if row is None else _stored(row)


def count_articles(
    connection: Connection, since: datetime | None = None, *, limit: int = 100, least_relevance: int = 0
) -> list[EntityCount]:
    """The entities that most articles are about, merges resolved.

    Args:
        connection: To read by.
        since: Event time from which articles count; all by default.
        limit: At most so many.
        least_relevance: Articles that are less about it do not count.
    """
    about, ends = schema.article_entities, standing()
    resolved = func.coalesce(ends.c.entity, about.c.entity)
    # An article may name both of two that were merged.
    articles = func.count(about.c.article_id.distinct())
    negative = func.count(sql_case((about.c.negative > 0.5, about.c.article_id)).distinct())
    query = (
        select(resolved, articles, negative, func.max(about.c.event_time))
        .outerjoin_from(about, ends, ends.c.id == about.c.entity)
        .where(about.c.relevance >= least_relevance)
        .group_by(resolved)
        .order_by(articles.desc(), resolved)
        .limit(limit)
    )
    if since is not None:
        query = query.where(about.c.event_time >= since)
    return [
        EntityCount(entity=entity, articles=articles, negative=negatives, newest_at=newest)
        for entity, articles, negatives, newest in connection.execute(query)
    ]


def read_merges(connection: Connection) -> dict[str, str]:
    """For every merged entity the one that stands in the end."""
    table = schema.entities
    rows = connection.execute(select(table.c.id, table.c.merged_into).where(table.c.status == "merged"))
    into = {entity: target for entity, target in rows}  # noqa: C416 - rows, not pairs
    return {entity: _last(into, entity) for entity in into}


def standing() -> CTE:
    """Every merged entity, `id`, and the one that stands in the end, `entity`."""
    table = schema.entities
    merged = select(table.c.id).where(table.c.status == "merged")
    ends = select(table.c.id, table.c.merged_into.label("entity")).where(
        table.c.status == "merged", table.c.merged_into.not_in(merged)
    )
    found = ends.cte(recursive=True)
    return found.union(select(table.c.id, found.c.entity).join(found, table.c.merged_into == found.c.id))


def merge_entity(connection: Connection, entity_id: str, into: str, decision: Decision) -> None:
    """Record that an entity is the same as another, here or listed; the articles of both are then read as one's.

    Raises:
        InputError: There is no such entity, or the other one goes into this one.
    """
    _require(connection, entity_id)
    if entity_id in _chain(connection, into):
        raise InputError(
            f"{entity_id} cannot go into {into}: that one goes into {entity_id}.", "Merge the other way round."
        )
    if into.startswith(PROVISIONAL):
        _require(connection, into)
    _decide(connection, entity_id, "merged", into, decision)


def confirm_entity(connection: Connection, entity_id: str, decision: Decision) -> None:
    """Record that an entity is one of its own; ends a merge, but what `join_past` has moved since stays moved.

    Raises:
        InputError: There is no such entity.
    """
    _require(connection, entity_id)
    _decide(connection, entity_id, "confirmed", None, decision)


def watch(connection: Connection, person: str, entity: str, now: datetime) -> None:
    """Put an entity on a person's watchlist; one that is there already changes nothing."""
    insert_new(connection, schema.watchlists, [{"person": person, "entity": entity, "since": now}])


def unwatch(connection: Connection, person: str, entity: str) -> bool:
    """Take an entity off a person's watchlist; returns whether it was there."""
    table = schema.watchlists
    statement = delete(table).where(table.c.person == person, table.c.entity == entity)
    return bool(connection.execute(statement).rowcount)


def read_watchlist(connection: Connection, person: str) -> list[str]:
    """The entities on a person's watchlist, in the order of their ids."""
    table = schema.watchlists
    return list(
        connection.execute(select(table.c.entity).where(table.c.person == person).order_by(table.c.entity)).scalars()
    )


def entities_of(connection: Connection, article_ids: Collection[str]) -> Mapping[str, list[tuple[str, int]]]:
    """By article id, the entities that it is about with their relevance, the most relevant first."""
    about = schema.article_entities
    query = select(about.c.article_id, about.c.entity, about.c.relevance).where(about.c.article_id.in_(article_ids))
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for article, entity, relevance in connection.execute(query.order_by(about.c.relevance.desc(), about.c.entity)):
        found[article].append((entity, relevance))
    return found


def _by_entity(mentions: Sequence[Mention]) -> dict[str, list[Mention]]:
    found: dict[str, list[Mention]] = {}
    for mention in mentions:
        if mention.entity:
            found.setdefault(mention.entity, []).append(mention)
    return found


def _article_row(item: ScoredArticle, entity: str, mentions: Sequence[Mention]) -> dict[str, object]:
    return {
        "article_id": item.article.id,
        "entity": entity,
        "relevance": max(mention.relevance for mention in mentions),
        "negative": round(sum(mention.negative for mention in mentions) / len(mentions), 5),
        "neutral": round(sum(mention.neutral for mention in mentions) / len(mentions), 5),
        "positive": round(sum(mention.positive for mention in mentions) / len(mentions), 5),
        "event_time": item.article.event_time,
    }


def _entity_row(item: ScoredArticle, mention: Mention) -> dict[str, object]:
    return {
        "id": mention.entity,
        "name": mention.text,
        "first_article": item.article.id,
        "first_seen_at": item.article.first_seen_at,
        "last_seen_at": item.article.first_seen_at,
        "status": "provisional",
    }


def _seen_again(dialect: str, table: Table) -> Insert:
    statement = insert_into(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=[table.c.id], set_={"last_seen_at": statement.excluded.last_seen_at}
    )


def _require(connection: Connection, entity_id: str) -> None:
    table = schema.entities
    if connection.execute(select(table.c.id).where(table.c.id == entity_id)).one_or_none() is None:
        raise InputError(
            f"There is no entity {entity_id!r} in the store.",
            "See monitor entities list; listed companies need no confirmation.",
        )


def _decide(connection: Connection, entity_id: str, status: Status, into: str | None, decision: Decision) -> None:
    table = schema.entities
    connection.execute(
        update(table)
        .where(table.c.id == entity_id)
        .values(status=status, merged_into=into, decided_at=decision.at, decided_by=decision.by, why=decision.why)
    )


def _last(into: Mapping[str, str], entity: str) -> str:
    for _ in range(_MOST_MERGES):
        if entity not in into:
            return entity
        entity = into[entity]
    return entity


def _chain(connection: Connection, entity: str) -> list[str]:
    """An entity, what it was merged into, and so on; asked for one by one, however many merges there are."""
    table = schema.entities
    chain = [entity]
    for _ in range(_MOST_MERGES):
        into = connection.scalar(select(table.c.merged_into).where(table.c.id == chain[-1]))
        if into is None:
            break
        chain.append(into)
    return chain


def _stored(row: Row[Any]) -> StoredEntity:
    return StoredEntity(
        id=row.id,
        name=row.name,
        status=row.status,
        merged_into=row.merged_into or "",
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        articles=row.articles,
        why=row.why or "",
    )
