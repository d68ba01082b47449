"""What it takes to poll many feeds: memory and share of a core of the one process that does it.

    python -m benchmarks.polling [--feeds N] [--seconds N] [--json]

A server in a process of its own shows the feeds, each under a host of its own with a robots.txt that is asked for too;
each shows 20 items, and one more at each request, as long as there are more. The ingest stage polls them over real HTTP
as often as its settings ever allow (every five minutes), reads, stores and publishes to an embedded broker. The first
minute, in which all feeds are asked for the first time and all of their items are new, is told apart from the rest.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.feed_server import address
from monitor.broker.embedded import EmbeddedBroker
from monitor.clock import system_clock
from monitor.ingest.intake.accounts import Accounts
from monitor.settings import load_settings
from monitor.store import sources
from monitor.store.database import Database

TARGET_MB, TARGET_CORE = 300, 0.2
START_SECONDS = 75.0
"""In which all feeds have been asked once: they are spread over a minute."""
_ITEMS = 1_000


def measure(feeds: int, seconds: float) -> dict[str, Any]:
    """Polls so many feeds for the start and so many seconds more; returns the figures."""
    with (
        tempfile.TemporaryDirectory(prefix="monitor-bench-") as name,
        EmbeddedBroker() as broker,
        _feed_server() as port,
    ):
        settings = load_settings(data_dir=Path(name))
        with Database.open(settings.store_url) as database, _stage(Path(name), broker.bootstrap, feeds, port) as stage:
            start = _watch(stage, START_SECONDS)
            polls_at_start = _polls(database)
            steady = _watch(stage, seconds)
            with database.read() as connection:
                found = sources.read_accounts(connection)
            polls = _polls(database) - polls_at_start
    total = sum((each.accounts for each in found), Accounts())
    return {
        "feeds": feeds,
        "polled_at_start": polls_at_start,
        "polls": polls,
        "polls_per_second": round(polls / seconds, 2),
        "failures": sum(sum(each.failures.values()) for each in found),
        "items_fetched": total.fetched,
        "new": total.new,
        "duplicate": total.duplicate,
        "core_at_start": round(start[0], 3),
        "core": round(steady[0], 3),
        "cpu_ms_per_poll": round(1000 * steady[0] * seconds / max(1, polls), 2),
        "resident_mb": round(max(start[1], steady[1]), 1),
        "target_core": TARGET_CORE,
        "target_mb": TARGET_MB,
    }


def _watch(stage: psutil.Process, seconds: float) -> tuple[float, float]:
    """Share of a core, and the largest resident memory in MB, over a time."""
    resting, began = threading.Event(), system_clock()
    before, largest = _cpu(stage), 0.0
    while (system_clock() - began).total_seconds() < seconds:
        resting.wait(0.5)
        largest = max(largest, stage.memory_info().rss / 1e6)
    return (_cpu(stage) - before) / (system_clock() - began).total_seconds(), largest


def _cpu(stage: psutil.Process) -> float:
    times = stage.cpu_times()
    return float(times.user + times.system)


def _polls(database: Database) -> int:
    with database.read() as connection:
        return sum(each.polls for each in sources.read_accounts(connection))


@contextmanager
def _feed_server() -> Iterator[int]:
    argv = [sys.executable, "-m", "benchmarks.feed_server", str(_ITEMS)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


@contextmanager
def _stage(folder: Path, bootstrap: str, feeds: int, port: int) -> Iterator[psutil.Process]:
    configured = [{"name": f"feed-{n}", "kind": "feed", "url": address(n, port)} for n in range(feeds)]
    environment = os.environ | {
        "MONITOR_DATA_DIR": str(folder),
        "MONITOR_KAFKA__BOOTSTRAP": bootstrap,
        "MONITOR_SOURCES": json.dumps(configured),
        "MONITOR_INGEST__ALLOWED_ADDRESSES": '["127.0.0.0/8"]',
        "MONITOR_INGEST__LONGEST_POLL_MINUTES": "5",
    }
    with (folder / "ingest.log").open("wb") as log:
        argv = [sys.executable, "-m", "monitor", "stage", "ingest"]
        with subprocess.Popen(argv, env=environment, stdout=log, stderr=log) as stage:
            try:
                yield psutil.Process(stage.pid)
            finally:
                stage.kill()


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description="Memory and CPU of polling many feeds.")
    parser.add_argument("--feeds", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=300.0, help="after the start; a whole interval is 300")
    parser.add_argument("--json", action="store_true", help="one JSON object and nothing else")
    options = parser.parse_args(arguments)
    figures = measure(options.feeds, options.seconds)
    if options.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name.replace('_', ' '):20} {value}\n")


if __name__ == "__main__":
    main()
