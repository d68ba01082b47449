"""A registry in a folder, with a clock that ticks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from monitor.learning.versions.registry import Registry
from monitor.store.database import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def ticking() -> Callable[[], datetime]:
    seconds = count()
    return lambda: NOON + timedelta(seconds=next(seconds))


def registry_at(tmp_path: Path, database: Database, url: str = "", cache: str = "cache") -> Registry:
    return Registry(
        database, url or str(tmp_path / "registry"), tmp_path / cache, ticking(), shipped=tmp_path / "shipped"
    )
