"""What the line costs around the engine: CPU of each stage for an article, and its rate against the bare engine's.

    python -m benchmarks.line [--articles N] [--json]

Replays invented headlines at full speed through every stage as a process of its own, on an embedded broker and a SQLite
store, and reads the CPU seconds that each stage reports of itself (imports left out). The engine's own share of the
classify stage is measured around its calls and left out of the line's cost; the broker, a program of its own, is shown
beside it. The bare engine classifies the same texts in the same run, before and after.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.headlines import write_headlines
from monitor.classify.openvino_engine import OpenVinoEngine
from monitor.classify.text import prepare_text
from monitor.clock import system_clock
from monitor.errors import MonitorError
from monitor.ingest.items import ColumnMap
from monitor.settings import load_settings
from monitor.store import health
from monitor.store.database import Database
from pipelines.replaying import ReplayJob
from pipelines.replays import Standing, private_settings, replay_file
from pipelines.stream import Line

BUDGET_MICROSECONDS = 500.0


def measure(articles: int) -> dict[str, Any]:
    """Replays so many headlines; returns the figures."""
    with tempfile.TemporaryDirectory(prefix="monitor-bench-") as name:
        folder = Path(name)
        titles = write_headlines(folder / "headlines.jsonl", articles)
        before = _engine_rate(titles)
        broker_seconds = [0.0]

        def watch(line: Line, _database: Database, _standing: Standing) -> None:
            broker_seconds[0] = _broker_cpu(line)

        columns = ColumnMap(text="title", body="", time="published", source="source", id="id", url="")
        job = ReplayJob(path=str(folder / "headlines.jsonl"), format="jsonl", columns=columns)
        settings = private_settings(load_settings(), folder / "line")
        summary = replay_file(settings, job, say=_note, watch=watch)
        after = _engine_rate(titles)
        with Database.open(settings.store_url) as database, database.read() as connection:
            beats = {beat.name.partition("@")[0]: beat.counters for beat in health.read_heartbeats(connection)}
    return _figures(beats, articles, summary.seconds, statistics.mean([before, after]), broker_seconds[0])


def _figures(
    beats: dict[str, dict[str, float]], articles: int, seconds: float, engine_rate: float, broker: float
) -> dict[str, Any]:
    micros = {name: 1e6 * counters["cpu_seconds"] / articles for name, counters in beats.items()}
    engine = 1e6 * beats["classify"]["engine_cpu_seconds"] / articles
    micros["classify"] -= engine
    total = sum(micros.values())
    return {
        "articles": articles,
        "microseconds_per_article": round(total, 1),
        "budget": BUDGET_MICROSECONDS,
        "stages": {name: round(value, 1) for name, value in sorted(micros.items())},
        "shares": {name: round(value / total, 3) for name, value in sorted(micros.items())},
        "engine_microseconds": round(engine, 1),
        "broker_microseconds": round(1e6 * broker / articles, 1),
        "line_per_second": round(articles / seconds, 1),
        "engine_per_second": round(engine_rate, 1),
        "ratio": round(articles / seconds / engine_rate, 3),
    }


def _engine_rate(titles: Sequence[str]) -> float:
    texts = [prepare_text(title) for title in titles[:4_000]]
    engine = OpenVinoEngine()
    engine.classify(texts[:256])
    began = system_clock()
    engine.classify(texts)
    return len(texts) / (system_clock() - began).total_seconds()


def _broker_cpu(line: Line) -> float:
    pid = line.broker_pid
    times = psutil.Process(pid).cpu_times() if pid is not None else None
    return times.user + times.system if times else 0.0


def _note(text: str) -> None:
    print(text, file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.line", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--articles", type=int, default=20_000, help="how many headlines to replay")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    options = parser.parse_args(arguments)
    try:
        result = measure(options.articles)
    except MonitorError as error:
        print(f"line: {error}", file=sys.stderr)
        return 2
    if not options.json:
        for name, value in result["stages"].items():
            print(f"{name:<10} {value:7.1f} us an article, {result['shares'][name]:.0%}")
        print(
            f"the line   {result['microseconds_per_article']:7.1f} us of one core (budget {BUDGET_MICROSECONDS:.0f}), "
            "engine and broker apart"
        )
        print(
            f"rate       {result['line_per_second']:.0f} articles/s, "
            f"{result['ratio']:.2f} of the bare engine's {result['engine_per_second']:.0f}"
        )
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
