"""The live line: what is appended to a followed file is counted within seconds, whatever went down in between."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.errors import InputError, SettingsError
from monitor.settings import Settings, load_settings
from monitor.store.database import Database
from monitor.store.reads import read_counts
from pipelines.line import build_stage
from pipelines.stages import StageName, run_stage
from pipelines.stream import Line, absolute_store, running_line

DEADLINE_SECONDS = 90.0


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.jsonl"
    path.touch()
    return path


@pytest.fixture
def settings(tmp_path: Path, feed: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # The stages are processes of their own: what this test sets must reach them by the environment.
    monkeypatch.setenv("MONITOR_SOURCES", json.dumps([{"name": "feed", "path": str(feed)}]))
    monkeypatch.setenv("MONITOR_INGEST__POLL_SECONDS", "0.2")
    return absolute_store(load_settings(data_dir=tmp_path / "var"))


@pytest.fixture
def line(settings: Settings) -> Iterator[Line]:
    with running_line(settings, say=print) as running:
        yield running


def append(feed: Path, *titles: str) -> None:
    published = datetime.now(UTC).isoformat()
    with feed.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"title": title, "published": published}) + "\n" for title in titles)


def await_articles(line: Line, database: Database, count: int) -> None:
    """Watches over the line until so many articles are counted; fails where there are ever more."""

    def counted() -> int:
        with database.read() as connection:
            return read_counts(connection).articles_in

    await_true(line, lambda: counted() >= count)
    assert counted() == count


def await_true(line: Line, condition: Callable[[], bool]) -> None:
    resting, deadline = threading.Event(), time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not come"
        line.watch()
        resting.wait(0.1)


@pytest.mark.slow
def test_news_is_counted_once_through_the_death_of_every_part(settings: Settings, feed: Path, line: Line) -> None:
    append(feed, "Harrow Bank opens a branch in Drayton", "Pelham Trust keeps its dividend")
    with Database.open(settings.store_url) as database:
        await_articles(line, database, 2)

        for process in line.supervisor.processes.values():
            process.kill()
        append(feed, "Norrland Savings names a new chief executive")
        await_articles(line, database, 3)

        assert line.broker_pid is not None
        line.kill_broker()
        append(feed, "Castlemaine Bank warns of losses on property loans")
        await_articles(line, database, 4)


@pytest.mark.parametrize("stage", ["ingest", "classify", "surges"])
def test_a_stage_that_needs_kafka_does_not_start_without_an_address(stage: StageName, tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "var", classify={"model": str(tmp_path / "none")})
    with (
        Database.open(settings.store_url) as database,
        pytest.raises(SettingsError, match=r"kafka\.bootstrap is not set"),
    ):
        run_stage(stage, lambda: build_stage(stage, settings, database, None), database, threading.Event())


def test_a_port_that_the_dashboard_cannot_have_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = load_settings(data_dir=tmp_path / "var", dashboard={"port": port})

        with (
            pytest.raises(InputError, match=rf"dashboard\.port.*127\.0\.0\.1:{port}"),
            running_line(settings, say=print, dashboard=True),
        ):
            pass

    assert not (tmp_path / "var").exists()


@pytest.mark.slow
def test_a_schedule_that_cannot_run_ends_nothing_else(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_SCHEDULE__RETENTION", "now and then")
    said: list[str] = []

    with running_line(settings, say=said.append, schedule=True) as line:
        await_true(line, lambda: any("schedule cannot run and is given up" in told for told in said))
        line.watch()
        assert all(process.pid for name, process in line.supervisor.processes.items() if name != "schedule")
