"""What two runs over the same input must have in common: the effect tables, without wall-clock and attempt columns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, Table, select

from monitor.store import schema

EFFECT_TABLES: Final[tuple[Table, ...]] = (
    schema.articles,
    schema.article_entities,
    schema.entities,
    schema.duplicates,
    schema.dead_letters,
    schema.minute_counts,
    schema.window_counts,
    schema.baselines,
    schema.dispersion,
    schema.story_heads,
    schema.surges,
    schema.alerts,
    schema.transitions,
    schema.outbox,
)

_ROWS_AT_ONCE = 5_000


def fingerprint(connection: Connection) -> dict[str, str]:
    """The sha256 of each effect table's content, by table name; equal exactly where `dump` is, on either database."""
    prints = {}
    for table in EFFECT_TABLES:
        # Sorted here, as databases sort text by rules of their own.
        digests = sorted(hashlib.sha256(line).digest() for line in _lines(connection, table))
        prints[table.name] = hashlib.sha256(b"".join(digests)).hexdigest()
    return prints


def dump(connection: Connection, table_name: str) -> list[str]:
    """The deterministic content of one effect table: a JSON object for each row, sorted; to see where two runs differ.

    Raises:
        KeyError: There is no such table.
    """
    return sorted(line.decode() for line in _lines(connection, schema.metadata.tables[table_name]))


def compared_columns(table: Table) -> list[Column[Any]]:
    """The columns of a table that are an effect of the input alone."""
    return [column for column in table.columns if not column.info.get("wall")]


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    columns = compared_columns(table)
    encode = msgspec.json.Encoder().encode
    rows = connection.execute(select(*columns).execution_options(yield_per=_ROWS_AT_ONCE))
    for row in rows.mappings():
        yield encode(dict(row))
