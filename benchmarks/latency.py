"""How soon an alert stands: from first sight of the article that crosses the threshold to the alert's commit.

    python -m benchmarks.latency [--rounds N] [--rate ARTICLES_PER_SECOND] [--json]

Every stage runs as a process of its own, live, on this machine, with an embedded broker and a SQLite store that holds
five days of history. A followed file grows at the given rate; every few seconds a burst of grim headlines about one
subject goes in at twice that rate. An alert's commit is when its firing is first seen in the store by a reader that
looks every five milliseconds. The article that crosses is taken to be the first seen one of those that entered at the
tick that fired: an upper bound.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.headlines import GRIM, Newsroom, item, write_headlines
from monitor.clock import system_clock
from monitor.errors import MonitorError
from monitor.ingest.items import ColumnMap
from monitor.settings import Settings, load_settings
from monitor.store import reads
from monitor.store.database import Database
from monitor.surges.surge import Reason
from monitor.surges.windows import Window
from pipelines.replaying import ReplayJob
from pipelines.replays import private_settings, replay_file
from pipelines.stream import running_line

HISTORY_DAYS = 5
HISTORY_ARTICLES = 6_000
BURST = 45
TARGET_SECONDS = 2.0
_LOOK_EVERY = 0.005
_BURSTS_EVERY = timedelta(seconds=6)


def measure(rounds: int, rate: float) -> dict[str, Any]:
    """Runs rounds, each with a history and a line of its own; returns the figures."""
    samples: list[float] = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="monitor-bench-") as name:
            samples += _round(Path(name), rate, seed=number)
    if not samples:
        raise MonitorError("No alert fired.", "The burst is too small for the rules, or the line did not start.")
    return {
        "alerts": len(samples),
        "rate": rate,
        "median_seconds": round(float(np.median(samples)), 3),
        "p95_seconds": round(float(np.quantile(samples, 0.95)), 3),
        "max_seconds": round(max(samples), 3),
        "target_p95_seconds": TARGET_SECONDS,
    }


def _round(folder: Path, rate: float, seed: int) -> list[float]:
    feed = folder / "feed.jsonl"
    feed.touch()
    source = {"name": "feed", "path": str(feed)}
    with _environment(
        MONITOR_SOURCES=json.dumps([source]),
        MONITOR_INGEST__POLL_SECONDS="0.1",
        MONITOR_ALERTS__RECEIVERS=json.dumps([{"name": "console", "kind": "console"}]),
        MONITOR_ALERTS__ROUTES="[]",
    ):
        settings = private_settings(load_settings(), folder / "line")
        _write_history(settings, folder, seed)
        with Database.open(settings.store_url) as database, running_line(settings, say=_note) as line:
            stop = threading.Event()
            writer = threading.Thread(target=_write_feed, args=(feed, rate, seed, stop), daemon=True)
            watcher = _Watcher(database)
            _await_first_tick(database, line.watch)
            writer.start()
            watcher.watch(until=system_clock() + _BURSTS_EVERY * (len(GRIM) + 2))
            stop.set()
            writer.join()
            return watcher.latencies()


def _write_history(settings: Settings, folder: Path, seed: int) -> None:
    start = system_clock() - timedelta(days=HISTORY_DAYS, minutes=5)
    write_headlines(folder / "history.jsonl", HISTORY_ARTICLES, start=start, days=HISTORY_DAYS, seed=100 + seed)
    columns = ColumnMap(text="title", body="", time="published", source="source", id="", url="")
    replay_file(settings, ReplayJob(path=str(folder / "history.jsonl"), format="jsonl", columns=columns), say=_note)


def _write_feed(feed: Path, rate: float, seed: int, stop: threading.Event) -> None:
    """Appends calm news at the rate, and by turns a burst on each grim subject."""
    newsroom = Newsroom(200 + seed)
    began, written, bursts = system_clock(), 0, 0
    pending: list[str] = []
    with feed.open("a", encoding="utf-8") as file:
        while not stop.wait(0.02):
            elapsed = (system_clock() - began).total_seconds()
            if bursts < len(GRIM) and elapsed > (bursts + 1) * _BURSTS_EVERY.total_seconds():
                pending += [newsroom.headline((GRIM[bursts],)) for _ in range(BURST)]
                bursts += 1
            while written < elapsed * rate:
                title = pending.pop() if pending and written % 2 else newsroom.mixed(0.1)
                file.write(item(title, system_clock(), 10_000_000 + written))
                written += 1
            file.flush()


class _Watcher:
    """Notes when each alert is first seen firing."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.read() as connection:
            self._known = {alert.id for alert in reads.read_alerts(connection, 1000)}
        self._seen: dict[str, datetime] = {}

    def watch(self, until: datetime) -> None:
        resting = threading.Event()
        while system_clock() < until:
            with self._database.read() as connection:
                for alert in reads.read_alerts(connection, 50):
                    if alert.fired_at is not None and alert.id not in self._known:
                        self._seen.setdefault(alert.id, system_clock())
            resting.wait(_LOOK_EVERY)

    def latencies(self) -> list[float]:
        """Seconds for each alert."""
        found = []
        with self._database.read() as connection:
            for alert_id, seen in self._seen.items():
                alert = reads.read_alert(connection, alert_id)
                if alert is None:
                    continue
                span = Window(alert.opened_at - timedelta(minutes=2), alert.opened_at + timedelta(minutes=2))
                surges = [s for s in reads.read_surges(connection, alert.series, span, 100) if s.reason is Reason.SURGE]
                tick = min(surge.tick for surge in surges)
                stories = reads.read_stories(connection, alert.series, span, 5_000)
                entered = [
                    story.event_time for story in stories if story.entered_at == tick and story.sentiment == "negative"
                ]
                if entered:
                    found.append((seen - min(entered)).total_seconds())
        return found


def _await_first_tick(database: Database, watch: Any) -> None:
    from pipelines.standing import read_status

    resting = threading.Event()
    deadline = system_clock() + timedelta(seconds=90)
    while system_clock() < deadline:
        watch()
        tick = read_status(database, system_clock()).tick
        if tick is not None and system_clock() - tick < timedelta(seconds=5):
            return
        resting.wait(0.2)
    raise MonitorError("The line did not come to life within 90 s.", "See its logs.")


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--rounds", type=int, default=3, help="how many times to start a line; each gives up to eight alerts"
    )
    parser.add_argument("--rate", type=float, default=100.0, help="articles a second")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    options = parser.parse_args(arguments)
    try:
        result = measure(options.rounds, options.rate)
    except MonitorError as error:
        print(f"latency: {error}", file=sys.stderr)
        return 2
    if not options.json:
        print(
            f"{result['alerts']} alerts at {result['rate']:g} articles/s: "
            f"median {result['median_seconds']} s, p95 {result['p95_seconds']} s"
        )
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
