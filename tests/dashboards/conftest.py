"""Stores for the tests of the dashboard, an empty one and a seeded one; the environment names them to it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from monitor.clock import system_clock
from monitor.store.database import Database
from tests.dashboards.seeding import seed


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded store, made once; to be copied, not written."""
    path = tmp_path_factory.mktemp("seeded") / "monitor.db"
    with Database.open(f"sqlite:///{path}") as database:
        seed(database, system_clock())
    return path


@pytest.fixture
def seeded_url(seeded_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A seeded store of the test's own, which the dashboard finds."""
    for part in seeded_file.parent.glob("monitor.db*"):
        shutil.copy(part, tmp_path / part.name)
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    monkeypatch.setenv("MONITOR_STORE__URL", url)
    return url


@pytest.fixture
def empty_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty store, which the dashboard finds."""
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    monkeypatch.setenv("MONITOR_STORE__URL", url)
    return url
