"""Inserting many rows at once, alike on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = sqlite.Insert | postgresql.Insert

Row = Mapping[str, object]

Maker = Callable[[str, Table], Insert]
"""Makes the statement for a dialect and a table; a function of a module, so that what it made is found again."""


def insert_into(dialect: str, table: Table) -> Insert:
    """An INSERT of that dialect, which knows ON CONFLICT."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose key is not there yet; the others change nothing.

    Args:
        connection: In a write transaction.
        table: Into which.
        rows: Each with the same column names.
    """
    insert_many(connection, table, rows, _ignoring)


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, replacing all columns of those whose primary key is there already.

    Args:
        connection: In a write transaction.
        table: Into which.
        rows: Each with every column of the table.
    """
    insert_many(connection, table, rows, _replacing)


def insert_many(connection: Connection, table: Table, rows: Sequence[Row], maker: Maker) -> None:
    """Run one statement for each row.

    Args:
        connection: In a write transaction.
        table: Into which.
        rows: Each with the same column names.
        maker: Makes the statement.
    """
    if not rows:
        return
    dialect = connection.dialect
    if not dialect.positional:
        connection.execute(_statement(dialect.name, table, maker), list(rows))
        return
    # SQLite runs in this process, and binding every value through SQLAlchemy would cost as much as the database itself.
    form = _compiled(dialect, table, maker, tuple(rows[0]))
    connection.exec_driver_sql(form.sql, form.bind(rows))


class _Compiled(msgspec.Struct, frozen=True):
    sql: str
    values_of: Callable[[Row], tuple[Any, ...]]
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]

    def bind(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """The values of each row in the order of the statement, as the driver takes them."""
        bound = []
        for row in rows:
            values = list(self.values_of(row))
            for place, convert in self.converters:
                values[place] = convert(values[place])
            bound.append(tuple(values))
        return bound


@cache
def _statement(dialect: str, table: Table, maker: Maker) -> Insert:
    return maker(dialect, table)


@cache
def _compiled(dialect: Dialect, table: Table, maker: Maker, names: tuple[str, ...]) -> _Compiled:
    form = _statement(dialect.name, table, maker).compile(dialect=dialect, column_keys=list(names))
    order = list(form.positiontup or ())
    processors = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]
    converters = tuple((place, processor) for place, processor in enumerate(processors) if processor is not None)
    # With one name, itemgetter would give the bare value.
    values_of = itemgetter(*order) if len(order) > 1 else lambda row: (row[order[0]],)
    return _Compiled(str(form), values_of, converters)


def _ignoring(dialect: str, table: Table) -> Insert:
    return insert_into(dialect, table).on_conflict_do_nothing()


def _replacing(dialect: str, table: Table) -> Insert:
    statement = insert_into(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key},
    )
