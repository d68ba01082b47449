"""Cursors: how far each reader has come, committed together with what it made of what it read."""

from __future__ import annotations

from sqlalchemy import Connection, select

from monitor.store.schema import cursors
from monitor.store.upserts import upsert


def read_cursor(connection: Connection, name: str) -> int:
    """The last position that the reader `name` took in; 0 before the first."""
    return connection.execute(select(cursors.c.position).where(cursors.c.name == name)).scalar() or 0


def set_cursor(connection: Connection, name: str, position: int) -> None:
    """Set the last position that the reader `name` took in."""
    upsert(connection, cursors, [{"name": name, "position": position}])
