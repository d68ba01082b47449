"""Labelled texts: one row for each author, text, task and entity; a correction takes the place of what it corrects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import Connection, Row, Table, func, select, tuple_

from monitor.learning.data.label import Label, LabelTask, differ, of_the_same
from monitor.store import schema
from monitor.store.upserts import Insert, insert_into, insert_many

_ROWS_AT_ONCE = 2_000
_COLUMNS = tuple(schema.labels.c[name] for name in Label.__struct_fields__)
_KEY = (schema.labels.c.text_key, schema.labels.c.task, schema.labels.c.entity, schema.labels.c.author)
_NUL, _SHOWN_NUL = "\x00", "\ufffd"

_Key = tuple[str, str, str, str]


class LabelsWritten(msgspec.Struct, frozen=True):
    """What became of labels that were given: each is counted once."""

    added: int
    corrected: int
    unchanged: int


class LabelTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Labels of one task, name and author.

    Attributes:
        task: What is labelled.
        label: Name of a topic or of a sentiment.
        author: Whose.
        count: How many.
        asked: Those among them for whose text a model had said something.
        differing: Those among these that say something else.
        newest_at: UTC-aware; of the newest one.
    """

    task: LabelTask
    label: str
    author: str
    count: int
    asked: int
    differing: int
    newest_at: datetime


def write_labels(connection: Connection, labels: Sequence[Label]) -> LabelsWritten:
    """Insert labels, or correct what the same author said of the same text, task and entity before.

    One that says what is there already changes nothing, not even the time; nor does one that is older than what is
    there. Of several that are given for the same, the last counts.

    Args:
        connection: In a write transaction.
        labels: Any number; a few thousand at once keep other writers waiting for some ten milliseconds only.
    """
    last = {_key_of(label): label for label in labels}
    kept = _read_keys(connection, list(last))
    new = [label for key, label in last.items() if key not in kept]
    changed = [
        label
        for key, label in last.items()
        if key in kept and label.label != kept[key].label and label.created_at >= kept[key].created_at
    ]
    rows = [structs.asdict(label) | {"text_key": label.text_key} for label in [*new, *changed]]
    insert_many(connection, schema.labels, rows, _correcting)
    return LabelsWritten(len(new), len(changed), len(labels) - len(new) - len(changed))


def read_labels(
    connection: Connection, task: LabelTask | None = None, article_id: str | None = None
) -> Iterator[Label]:
    """The labels of a task or of an article, or all, those of the same text, task and entity next to one another."""
    query = select(*_COLUMNS).order_by(*_KEY).execution_options(yield_per=_ROWS_AT_ONCE)
    if task is not None:
        query = query.where(schema.labels.c.task == task)
    if article_id is not None:
        query = query.where(schema.labels.c.article_id == article_id)
    for row in connection.execute(query):
        yield _label_of(row)


def read_conflicts(connection: Connection, limit: int) -> list[Label]:
    """The labels of texts on which authors differ, newest text first, those of the same one next to one another.

    Args:
        connection: To read by.
        limit: Of how many texts (or entities in a text).
    """
    newest_first = sorted(_disputed(connection), key=lambda same: max(label.created_at for label in same), reverse=True)
    return [label for same in newest_first[:limit] for label in same]


def count_conflicts(connection: Connection) -> dict[str, int]:
    """By task, the number of texts (or entities in a text) on which authors differ."""
    return dict(Counter(same[0].task for same in _disputed(connection)))


def count_labels(connection: Connection, since: datetime | None = None) -> list[LabelTotal]:
    """Totals by task, label and author, in that order; of labels made at or after `since` only, where it is given."""
    table = schema.labels
    differs = (table.c.model_said.is_not(None)) & (table.c.model_said != table.c.label)
    query = select(
        table.c.task,
        table.c.label,
        table.c.author,
        func.count(),
        func.count(table.c.model_said),
        func.count().filter(differs),
        func.max(table.c.created_at),
    ).group_by(table.c.task, table.c.label, table.c.author)
    if since is not None:
        query = query.where(table.c.created_at >= since)
    totals = [
        LabelTotal(
            task=task, label=label, author=author, count=count, asked=asked, differing=differing, newest_at=newest
        )
        for task, label, author, count, asked, differing, newest in connection.execute(query)
    ]
    # Sorted here, as databases sort text by rules of their own.
    return sorted(totals, key=lambda total: (total.task, total.label, total.author))


def count_texts(connection: Connection) -> int:
    """How many different texts bear a label."""
    return connection.execute(select(func.count(schema.labels.c.text_key.distinct()))).scalar_one()


def _disputed(connection: Connection) -> Iterator[list[Label]]:
    """The labels of each text, task and entity on which authors differ.

    The database finds the texts with different labels; which of them are of the same entity, `of_the_same` says.
    """
    table = schema.labels
    said = (table.c.text_key, table.c.task)
    several = select(*said).group_by(*said).having(func.count(table.c.label.distinct()) > 1).subquery()
    joined = table.join(several, (table.c.text_key == several.c.text_key) & (table.c.task == several.c.task))
    query = select(*_COLUMNS).select_from(joined).order_by(*_KEY).execution_options(yield_per=_ROWS_AT_ONCE)
    yield from filter(differ, of_the_same(_label_of(row) for row in connection.execute(query)))


def _key_of(label: Label) -> _Key:
    # As the database gives it back, see PlainText.
    entity, author = (value.replace(_NUL, _SHOWN_NUL) for value in (label.entity, label.author))
    return label.text_key, label.task, entity, author


def _read_keys(connection: Connection, keys: Sequence[_Key]) -> dict[_Key, Label]:
    found: dict[_Key, Label] = {}
    for start in range(0, len(keys), _ROWS_AT_ONCE):
        query = select(*_COLUMNS).where(tuple_(*_KEY).in_(keys[start : start + _ROWS_AT_ONCE]))
        for row in connection.execute(query):
            label = _label_of(row)
            found[_key_of(label)] = label
    return found


def _label_of(row: Row[Any]) -> Label:
    return Label(**row._mapping)


def _correcting(dialect: str, table: Table) -> Insert:
    statement = insert_into(dialect, table)
    keyed = {column.name for column in _KEY}
    return statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={
            column.name: statement.excluded[column.name]
            for column in table.columns
            if not column.primary_key and column.name not in keyed
        },
        where=table.c.created_at <= statement.excluded.created_at,
    )
