"""What every table of the store has in common: the registry of tables, and how constraints are named."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import MetaData

WALL: Final[dict[Any, Any]] = {"wall": True}
"""Marks a column that a comparison of two runs leaves out."""

BY_KEY: Final[dict[str, Any]] = {"sqlite_with_rowid": False}
"""Tables whose key is most of the row are kept in key order on SQLite: one tree instead of two."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
