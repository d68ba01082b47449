"""How many scored articles a second the surge core takes, on one core, stories and statistics included.

    python -m benchmarks.surge_speed --json

A seeded week of news in 20 topics and all news, with distinct headlines (one in ten a reprint), called once for every
minute as the surge worker does in a replay, or otherwise with `--tick-seconds`. Time is that of the process, so that
waiting for a busy machine does not count. The last line is one JSON object: `articles_per_second,
microseconds_per_article, series, peak_mb` (resident, with the generated input in it: `input_mb`).
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from datetime import UTC, datetime, timedelta

from monitor.surges.advance import Sighting
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series

START = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = ("shares", "of", "bank", "oil", "profit", "falls", "rises", "after", "before", "deal", "probe", "rate", "stake")


def stream(articles: int, days: float, topics: int, seed: int) -> list[Sighting]:
    """News in the order of its first sight, evenly spread in time; shares of .05 to .35 by topic."""
    chance = random.Random(seed)
    made: list[Sighting] = []
    for i in range(articles):
        seen = START + timedelta(days=days * (i + chance.random()) / articles)
        topic = min(int(chance.expovariate(4 / topics)), topics - 1)
        title = f"{' '.join(chance.choices(WORDS, k=9))} {i}"
        if made and chance.random() < 0.1:
            title = f"RT @desk: {made[-1].title}"
        negative = chance.random() < 0.05 + 0.3 * topic / topics
        made.append(
            Sighting(
                article_id=f"{i:08}",
                source="simulation",
                title=title,
                event_time=seen - timedelta(seconds=chance.random() * 300),
                first_seen_at=seen,
                dated=False,
                topic=f"topic {topic:02}",
                negative=negative,
            )
        )
    return made


def peak_mb() -> float:
    """Greatest resident memory of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(sightings: list[Sighting], tick: timedelta) -> dict[str, float]:
    """Feeds the core tick by tick."""
    before = peak_mb()
    batches: list[list[Sighting]] = []
    for sighting in sightings:
        number = (sighting.first_seen_at - START) // tick
        while len(batches) <= number:
            batches.append([])
        batches[number].append(sighting)
    core, surges = SurgeCore(SurgeRules()), 0
    series: set[Series] = set()
    began = time.process_time()
    for number, batch in enumerate(batches, start=1):
        advance = core.advance(START + number * tick, batch)
        series.update(row.series for row in advance.minute_counts)
        surges += len(advance.surges)
    seconds = time.process_time() - began
    return {
        "articles_per_second": round(len(sightings) / seconds),
        "microseconds_per_article": round(seconds / len(sightings) * 1e6, 1),
        "series": len(series),
        "surge_rows": surges,
        "calls": len(batches),
        "input_mb": round(before, 1),
        "peak_mb": round(peak_mb(), 1),
    }


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--topics", type=int, default=20)
    parser.add_argument("--tick-seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sightings = stream(options.articles, options.days, options.topics, options.seed)
    measured = measure(sightings, timedelta(seconds=options.tick_seconds))
    if not options.json:
        for name, value in measured.items():
            print(f"{name:28} {value}")
    else:
        print(json.dumps(measured))


if __name__ == "__main__":
    main()
