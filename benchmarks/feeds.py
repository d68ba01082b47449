"""Real news as feeds, through the whole live line and once more: is every item accounted for?

    python -m benchmarks.feeds [--data DIR] [--minutes N] [--json]

The items of rss_finance_2025_2026 are shown as RSS, one feed for each publisher under a host of its own, by a server on
the loopback network. `monitor up` polls them, with an embedded broker and a store of its own, until each item stands
somewhere; it is stopped, started again on the same store and the same feeds, which are new to nobody then, and runs
until every feed was read again. A feed that was read whole answers "not modified" until the next run, so that each
run is shown each item once. Exit status 1 where a sum does not match, or where the second run added a row.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import func, select

from benchmarks.data import WHERE_DATA_IS, find_data
from benchmarks.feed_kiosk import Kiosk
from benchmarks.feed_server import address, serving
from monitor.clock import system_clock
from monitor.errors import MonitorError
from monitor.ingest.intake.accounts import FATES, Accounts
from monitor.store import reads, schema, sources
from monitor.store.database import Database
from monitor.store.schema_entities import article_entities, entities
from monitor.store.schema_sources import seen_items
from pipelines.stages import STAGES
from pipelines.standing import StageStanding, read_status

SET = "rss_finance_2025_2026"
UNNAMED = "unnamed"
"""The feed of items whose publisher is not known."""
TABLES = (schema.articles, schema.duplicates, schema.dead_letters, schema.minute_counts, schema.story_heads,
          article_entities, entities, seen_items)  # fmt: skip
"""What items leave behind; the second run may add nothing to them. Polls, signs of life and verdicts go on."""
RUNS = 2
_SETTINGS = """\
data_dir = {data_dir}

[ingest]
allowed_addresses = ["127.0.0.0/8"]
horizon_days = 36500
shortest_poll_minutes = 0.5
longest_poll_minutes = 0.5

[classify]
threads = 1

[dashboard]
port = 0

[schedule]
retention = ""
retrain = ""
"""
"""Nothing is too old, and nothing is deleted for its age: the items are what they are."""
_SETTLED_FOR = timedelta(seconds=5)
_STOP_SECONDS = 60.0


def read_feeds(data: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of the data set by publisher, in the order of the file."""
    feeds: dict[str, list[dict[str, str]]] = {}
    with (data / SET / "rss_articles.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            feeds.setdefault(row["source"].strip() or UNNAMED, []).append(row)
    return feeds


def measure(data: Path, folder: Path, limit: timedelta) -> dict[str, Any]:
    """Runs the line twice in a folder, each time for so long at most; returns the figures."""
    kiosk = Kiosk(read_feeds(data))
    data_dir, config = folder / "var", folder / "monitor.toml"
    data_dir.mkdir()
    with serving(kiosk) as port, Database.open(f"sqlite:///{data_dir / 'monitor.db'}") as database:
        config.write_text(_settings(kiosk, port, data_dir), encoding="utf-8")
        first = _run(kiosk, database, config, limit)
        rows = _rows(database)
        kiosk.edition += 1
        second = _run(kiosk, database, config, limit)
        added = sum(_rows(database).values()) - sum(rows.values())
    once, twice = first.pop("ledger"), second["ledger"]
    again = {column: twice[column] - once[column] for column in once}
    repeated = {"duplicate": once["new"] + once["duplicate"], "new": 0, "fetched": kiosk.items}
    checks = {
        "columns": all(_of_fates(ledger) == ledger["fetched"] == kiosk.items for ledger in (once, again)),
        "shown": kiosk.shown == RUNS * kiosk.items,
        "new": once["new"] == first["scored"] + first["unscored"] + first["counter_duplicates"] + first["dead_later"],
        "refused": once["not_parsed"] + once["too_large"] + once["refused"] == first["dead_at_ingest"],
        "second_run": again == once | repeated and added == 0,
    }
    return {
        "feeds": len(kiosk.names),
        "items": kiosk.items,
        **once,
        **first,
        "second_run": {**again, "rows_added": added, "seconds": second["seconds"], "restarts": second["restarts"]},
        "checks": checks,
        "sums_match": all(checks.values()),
    }


def _settings(kiosk: Kiosk, port: int, data_dir: Path) -> str:
    tables = [_SETTINGS.format(data_dir=_quoted(str(data_dir)))]
    for number, name in enumerate(kiosk.names):
        tables.append(f'[[sources]]\nkind = "feed"\nname = {_quoted(name)}\nurl = {_quoted(address(number, port))}\n')
    return "\n".join(tables)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _run(kiosk: Kiosk, database: Database, config: Path, limit: timedelta) -> dict[str, Any]:
    """One life of the line: until all is settled, or the limit."""
    began = system_clock()
    _note(f"Run {kiosk.edition}: {len(kiosk.names)} feeds, {kiosk.items:,} items.")
    log = config.with_name(f"up-{kiosk.edition}.log")
    with _line(config, log) as line:
        settled = _await_settled(kiosk, database, line, began + limit)
    if not settled:
        _note("The time is over, and not all is settled.")
    told = log.read_text(encoding="utf-8", errors="replace")
    figures = _figures(database) | {"restarts": told.count("it starts again")}
    return figures | {"seconds": round((system_clock() - began).total_seconds(), 1)}


@contextmanager
def _line(config: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`monitor up`, asked to stop at the end of the block."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    argv = [sys.executable, "-m", "monitor", "up"]
    with (
        log.open("wb") as told,
        subprocess.Popen(argv, env=environment | {"MONITOR_CONFIG": str(config)}, stdout=told, stderr=told) as line,
    ):
        try:
            yield line
        finally:
            line.send_signal(signal.SIGTERM)
            status = _end(line)
    if status:
        end = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
        raise MonitorError(f"monitor up ended with status {status}.", f"It said last: {end}")


def _end(line: subprocess.Popen[bytes]) -> int:
    try:
        return line.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        line.kill()
        return line.wait()


def _await_settled(kiosk: Kiosk, database: Database, line: subprocess.Popen[bytes], deadline: datetime) -> bool:
    """Waits until all that was shown is read, published and counted, and the stream's time has passed that point."""
    resting, settled_at, told_at = threading.Event(), None, system_clock()
    while (now := system_clock()) < deadline:
        if line.poll() is not None:
            return False
        settled, tick, told = _standing(kiosk, database, now)
        settled_at = (settled_at or now) if settled else None
        if settled_at and tick and tick > settled_at + _SETTLED_FOR:
            return True
        if now - told_at > timedelta(seconds=10):
            told_at = now
            _note(told)
        resting.wait(0.5)
    return False


def _standing(kiosk: Kiosk, database: Database, now: datetime) -> tuple[bool, datetime | None, str]:
    """Whether all is settled, the stream's time, and a sentence about both."""
    figures, status = _figures(database), read_status(database, now)
    ledger = figures["ledger"]
    counted = sum(figures[name] for name in ("scored", "unscored", "counter_duplicates", "dead_later"))
    stages = {stage.name.partition("@")[0]: stage for stage in status.stages}
    settled = (
        ledger["fetched"] >= kiosk.edition * kiosk.items
        and counted >= ledger["new"]
        and all(_is_alive(stages.get(name)) for name in STAGES)
        and not stages["ingest"].counters.get("spool_bytes", 1)
    )
    return settled, status.tick, f"  {ledger['fetched']:,} fetched, {ledger['new']:,} new, {counted:,} counted"


def _is_alive(stage: StageStanding | None) -> bool:
    return stage is not None and stage.state == "alive"


def _figures(database: Database) -> dict[str, Any]:
    with database.read() as connection:
        ledger = sum((each.accounts for each in sources.read_accounts(connection)), Accounts())
        counts = reads.read_counts(connection)
        articles, letters = schema.articles, schema.dead_letters
        unread = select(articles.c.language, func.count()).where(schema.UNSCORED).group_by(articles.c.language)
        languages = Counter({row.language: int(row[1]) for row in connection.execute(unread)})
        places = select(letters.c.source, letters.c.position).distinct()
        at_ingest = len(connection.execute(places.where(letters.c.stage == "ingest")).all())
    return {
        "ledger": msgspec.structs.asdict(ledger),
        "scored": counts.scored,
        "unscored": counts.unscored,
        "unscored_by_language": dict(languages.most_common()),
        "counter_duplicates": counts.duplicates,
        "dead_at_ingest": at_ingest,
        "dead_later": counts.dead_lettered - at_ingest,
    }


def _rows(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES
        }


def _of_fates(ledger: Mapping[str, int]) -> int:
    return sum(ledger[fate.value] for fate in FATES)


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feeds", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long a run may take")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="monitor-bench-") as name:
            result = measure(options.data or find_data(SET), Path(name), timedelta(minutes=options.minutes))
    except (MonitorError, OSError) as error:
        print(f"feeds: {error}", file=sys.stderr)
        return 2
    if not options.json:
        for name, value in result.items():
            print(f"{name.replace('_', ' '):22} {value}")
    print(json.dumps(result, ensure_ascii=False))
    return 0 if result["sums_match"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
