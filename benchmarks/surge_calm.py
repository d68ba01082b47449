"""Is calm calm, and is a surge found? Simulated news through the surge core, with the rules as shipped or as given.

    python -m benchmarks.surge_calm --json

Twenty topics of 4 to 75 stories a day (406 in all) with negative shares of .05 to .35 that wander by the day and by the
hour (beta-distributed, intraclass correlation .01 each), a cycle of day, night and weekend, and bursts of thrice the
volume at an unchanged share. In the calm part every opening is a false one. In the other part, every other day one
topic's share goes up threefold (to .95 at most) for six hours, half of the times with thrice the volume, as real news
would have it.

An alert opens on a surge and closes after six hours without one. The last line is one JSON object:
`false_openings, false_openings_per_series_year, series_years, found, injected, found_with_volume, injected_with_volume,
found_large, injected_large (20 stories and more expected), median_delay_minutes, seconds`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from monitor.surges.advance import Sighting
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.surge import Reason, Surge

START = datetime(2024, 1, 1, tzinfo=UTC)
TOPICS = 20
VOLUMES = np.geomspace(4, 75, TOPICS)
"""Stories a day, by topic."""
SHARES = np.random.default_rng(7).permutation(np.linspace(0.05, 0.35, TOPICS))
"""Usual negative shares, by topic."""
CORRELATION = 0.01
LEARNING_DAYS = 30
CALM_AFTER = timedelta(hours=6)
SURGE_HOURS = 6


class Injected(NamedTuple):
    """A surge put in on purpose: `stories` is how many its six hours let expect."""

    topic: int
    start: datetime
    louder: bool
    stories: float


class Alert(NamedTuple):
    """A surge as an analyst would see it."""

    series: Series
    opened: datetime
    closed: datetime


def wander(chance: Generator, mean: float, size: int) -> np.ndarray:
    """Shares around a mean with the intraclass correlation of the simulation."""
    precision = 1 / CORRELATION - 1
    return chance.beta(mean * precision, (1 - mean) * precision, size)


def rhythm(days: int) -> np.ndarray:
    """Relative volume of every hour, 1 on average over a week."""
    hours = np.arange(days * 24)
    by_day = np.where((hours % 24 >= 7) & (hours % 24 < 20), 1.6, 0.35)
    week = by_day * np.where(hours // 24 % 7 >= 5, 0.4, 1.0)
    return np.asarray(week / 0.764)


def injections(chance: Generator, days: int) -> list[Injected]:
    """One surge every other day after the time of learning, between 7 and 14 o'clock, on a topic drawn at random."""
    found = []
    for number, day in enumerate(range(LEARNING_DAYS, days, 2)):
        topic, hour = int(chance.integers(TOPICS)), int(chance.integers(7, 15))
        louder = number % 2 == 1
        volume = rhythm(days)[day * 24 + hour : day * 24 + hour + SURGE_HOURS].sum() * VOLUMES[topic] / 24
        start = START + timedelta(days=day, hours=hour)
        found.append(Injected(topic, start, louder, float(volume) * (3 if louder else 1)))
    return found


def stream(chance: Generator, days: int, surges: list[Injected]) -> Iterator[list[Sighting]]:
    """The news of every day."""
    shape = rhythm(days)
    rates = np.outer(VOLUMES / 24, shape)
    shares = np.empty_like(rates)
    for topic in range(TOPICS):
        daily = np.repeat(wander(chance, SHARES[topic], days), 24)
        shares[topic] = [wander(chance, float(np.clip(mean, 1e-3, 0.999)), 1)[0] for mean in daily]
        for burst in np.flatnonzero(chance.random(days * 24) < 1 / 100):
            rates[topic, burst : burst + 4] *= 3
    for surge in surges:
        hour = (surge.start - START) // timedelta(hours=1)
        span = slice(hour, hour + SURGE_HOURS)
        shares[surge.topic, span] = min(0.95, 3 * SHARES[surge.topic])
        rates[surge.topic, span] *= 3 if surge.louder else 1
    counts = chance.poisson(rates)
    number = 0
    for day in range(days):
        batch = []
        for topic in range(TOPICS):
            for hour in range(day * 24, day * 24 + 24):
                for _ in range(counts[topic, hour]):
                    seen = START + timedelta(hours=hour, seconds=float(chance.random() * 3600))
                    negative = bool(chance.random() < shares[topic, hour])
                    batch.append(made(number, seen, topic, negative))
                    number += 1
        yield batch


def made(number: int, seen: datetime, topic: int, negative: bool) -> Sighting:
    """A story of its own."""
    return Sighting(
        article_id=f"{number:08}",
        source="simulation",
        title=f"story {number}",
        event_time=seen,
        first_seen_at=seen,
        dated=False,
        topic=f"topic {topic:02}",
        negative=negative,
    )


def alerts(surges: Iterable[Surge], end: datetime) -> list[Alert]:
    """Opens on SURGE, closes after six hours during which the series stood at nothing above ELEVATED."""
    opened: dict[Series, datetime] = {}
    calm: dict[Series, datetime | None] = {}
    found = []
    for surge in surges:
        series, since = surge.series, calm.get(surge.series)
        if series in opened and since is not None and surge.tick - since >= CALM_AFTER:
            found.append(Alert(series, opened.pop(series), since + CALM_AFTER))
        if surge.reason is Reason.SURGE:
            opened.setdefault(series, surge.tick)
            calm[series] = None
        elif series in opened and calm.get(series) is None:
            calm[series] = surge.tick
    return sorted(found + [Alert(series, since, end) for series, since in opened.items()])


def simulate(rules: SurgeRules, chance: Generator, days: int, surges: list[Injected]) -> tuple[list[Alert], int]:
    """Runs the core over simulated days; gives the alerts, and how many rows it wrote."""
    core = SurgeCore(rules)
    rows: list[Surge] = []
    for day, batch in enumerate(stream(chance, days, surges)):
        rows += core.advance(START + timedelta(days=day + 1), batch).surges
    return alerts(rows, START + timedelta(days=days)), len(rows)


def measure(rules: SurgeRules, seed: int, days: int) -> dict[str, float | int | None]:
    """What calm and injected surges come to under these rules."""
    began = time.perf_counter()
    calm_alerts, _ = simulate(rules, np.random.default_rng([seed, 0]), days, [])
    series_years = (TOPICS + 1) * days / 365.25
    surges = injections(np.random.default_rng([seed, 1]), days)
    stormy_alerts, rows = simulate(rules, np.random.default_rng([seed, 2]), days, surges)
    delays: list[tuple[Injected, float]] = []
    for surge in surges:
        # Its end plus two hours: what is found after that is found in the longest window, too late to be of use.
        until = surge.start + timedelta(hours=SURGE_HOURS + 2)
        own = Series(topic=f"topic {surge.topic:02}")
        hits = [a.opened for a in stormy_alerts if a.series == own and surge.start < a.opened <= until]
        if hits:
            delays.append((surge, (min(hits) - surge.start) / timedelta(minutes=1)))
    return {
        "false_openings": len(calm_alerts),
        "false_openings_all": sum(alert.series == ALL for alert in calm_alerts),
        "false_openings_first_30_days": sum(a.opened < START + timedelta(days=30) for a in calm_alerts),
        "false_openings_per_series_year": round(len(calm_alerts) / series_years, 3),
        "series_years": round(series_years, 1),
        "found": len(delays),
        "injected": len(surges),
        "found_with_volume": sum(s.louder for s, _ in delays),
        "injected_with_volume": sum(s.louder for s in surges),
        "found_large": sum(s.stories >= 20 for s, _ in delays),
        "injected_large": sum(s.stories >= 20 for s in surges),
        "median_delay_minutes": round(median(delay for _, delay in delays), 1) if delays else None,
        "surge_rows_per_day": round(rows / days, 1),
        "seconds": round(time.perf_counter() - began, 1),
    }


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=270, help="of each of the two parts")
    parser.add_argument("--rules", default="{}", help='changes to the rules, such as {"opening_p": 1e-5}')
    options = parser.parse_args()
    rules = SurgeRules(**json.loads(options.rules))
    measured = {"rules": rules.version, **measure(rules, options.seed, options.days)}
    if not options.json:
        for name, value in measured.items():
            print(f"{name:32} {value}")
    else:
        print(json.dumps(measured))


if __name__ == "__main__":
    main()
