"""Replays for tests: a small invented scenario, and a line of its own for each run."""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.ingest.items import ColumnMap
from monitor.settings import load_settings
from monitor.store.database import Database
from monitor.store.fingerprint import fingerprint
from pipelines.replaying import ReplayJob
from pipelines.replays import Standing, Summary, private_settings, replay_file
from pipelines.stream import Line

MONDAY = datetime(2024, 3, 4, tzinfo=UTC)
COLUMNS = ColumnMap(text="title", body="", time="published", seen="seen_at", source="source", id="id", url="")

_CALM = (
    "{bank} opens a branch in {town}",
    "{bank} keeps its dividend unchanged for the quarter",
    "{bank} names a new head of retail lending in {town}",
    "{bank} reports loan growth in line with expectations in {town}",
    "{bank} and Barclays share a cash machine in {town}",
)
_GRIM = (
    "{bank} shares plunge as depositors in {town} pull their money",
    "{bank} warns of heavy losses on property loans in {town}",
    "{bank} downgraded to junk amid fears over its {town} deposits",
    "{bank} halts withdrawals in {town} after failed capital raise",
)
_BANKS = ("Harrow Bank", "Pelham Trust", "Norrland Savings", "Castlemaine Bank", "Oakhurst Financial", "Vesper Bank")
_TOWNS = ("Elmsworth", "Drayton", "Marlow Heath", "Kingsferry", "Ashcombe", "Tollgate", "Winterbourne", "Saltmere")

Disturb = Callable[[Line, Standing], None]


def write_scenario(path: Path, *, days: int = 6, per_day: int = 60, grim: int = 30, seed: int = 7) -> int:
    """Calm bank news by day, on the last day a run on banks; a repeat, a foreign headline and a broken line each day.

    Returns:
        How many items the file holds.
    """
    draw = random.Random(seed)
    seen: set[str] = set()
    lines: list[tuple[datetime, str]] = []

    def headline(frames: tuple[str, ...]) -> str:
        for number in itertools.count():
            text = draw.choice(frames).format(bank=draw.choice(_BANKS), town=draw.choice(_TOWNS))
            text = text if number < 20 else f"{text} (update {number})"
            if text not in seen:
                seen.add(text)
                return text
        raise AssertionError

    for day in range(days):
        for _ in range(per_day):
            lines.append(_line(draw, MONDAY + timedelta(days=day), headline(_CALM if draw.random() > 0.1 else _GRIM)))
        lines.append((lines[-1][0], lines[-1][1]))
        lines.append(_line(draw, MONDAY + timedelta(days=day), f"央行宣布维持利率不变 第{day}次会议"))
        lines.append((MONDAY + timedelta(days=day, hours=12), '{"title": "cut off'))
    for _ in range(grim):
        lines.append(_line(draw, MONDAY + timedelta(days=days - 1, hours=10), headline(_GRIM), hours=2))
    lines.sort(key=lambda line: line[0])
    path.write_text("".join(f"{line}\n" for _, line in lines), encoding="utf-8")
    return len(lines)


def _line(draw: random.Random, start: datetime, title: str, *, hours: float = 23) -> tuple[datetime, str]:
    at = start + timedelta(seconds=round(draw.uniform(0, hours * 3600)))
    item = {
        "title": title,
        "published": at.isoformat(),
        "seen_at": (at + timedelta(seconds=20)).isoformat(),
        "source": "Wire",
        "id": title,
    }
    return at, json.dumps(item, ensure_ascii=False)


def run_replay(
    scenario: Path,
    folder: Path,
    *,
    bootstrap: str = "",
    disturb: Disturb | None = None,
    classifiers: int = 1,
    speed: float = 0.0,
) -> tuple[Summary, dict[str, str]]:
    """Replays a scenario through a line of its own; returns its summary and the fingerprint of its tables."""
    settings = private_settings(load_settings(kafka={"bootstrap": bootstrap}), folder)
    job = ReplayJob(path=str(scenario), format="jsonl", columns=COLUMNS, speed=speed)

    def watch(line: Line, _database: Database, standing: Standing) -> None:
        if disturb is not None:
            disturb(line, standing)

    said: list[str] = []
    summary = replay_file(settings, job, say=said.append, watch=watch, classifiers=classifiers, stop=threading.Event())
    with Database.open(settings.store_url) as database, database.read() as connection:
        return summary, fingerprint(connection)
