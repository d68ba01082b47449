"""How many scored articles a second windows and statistics take, on one core, and how much memory many series need.

    python -m benchmarks.surge_speed --json

Stories already told apart from their copies are fed to the `Tally` of the surge stage minute by minute, as it does in a
replay: each of a topic and of one or two companies, some named often and most seldom, so that a day has its 10,000
active series. It slides, counts, learns and assesses every minute in which something happens, and collects what is to
be stored. Time is that of the process, so that waiting for a busy machine does not count, and the news is drawn outside
it. Only days by which the series are known and judged are timed. Half as many articles a day show whether time grows
with articles; four weeks of 50,000 series, before all else, how much memory.

The last line is one JSON object: `articles_per_second, series, peak_mb` and the measurements they come from.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from monitor.surges.columns import Ids
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.sliding import Entries
from monitor.surges.tally import Tally

TOPICS: Final = 50
START: Final = 19_723 * DAY_MINUTES  # 2024-01-01
_SECOND_COMPANY: Final = 0.3  # share of the stories that name two
_NEGATIVE: Final = 0.2


class Numbers(NamedTuple):
    """The numbers of the series that news counts in.

    Attributes:
        topics: [topics].
        companies: [companies].
        pairs: Of a company's topics, [companies, 2]: its news is about two of them.
    """

    topics: Ids
    companies: Ids
    pairs: Ids


def numbered(tally: Tally, series: int) -> Numbers:
    """About so many series, of which two thirds are topics of companies."""
    topics = tally.index.numbers(Series(topic=f"topic {i:02}") for i in range(TOPICS))
    names = [f"company {i:05}" for i in range((series - TOPICS) // 3)]
    companies = tally.index.numbers(Series(entity=name) for name in names)
    pairs = tally.index.numbers(
        Series(entity=name, topic=f"topic {topic % TOPICS:02}") for i, name in enumerate(names) for topic in (i, i + 7)
    )
    return Numbers(topics, companies, pairs.reshape(-1, 2))


def day_of_news(numbers: Numbers, articles: int, day: int, chance: np.random.Generator) -> Iterator[Entries]:
    """One day by minutes; companies are named after Zipf's law, flattened so that most are named on the day."""
    many = len(numbers.companies)
    weights = 1.0 / (np.arange(many) + many / 20)
    minutes = np.sort(chance.integers(0, DAY_MINUTES, articles))
    named = chance.choice(many, articles, p=weights / weights.sum())
    second = np.flatnonzero(chance.random(articles) < _SECOND_COMPANY)
    story = np.concatenate([np.arange(articles), second])
    company = np.concatenate([named, chance.choice(many, len(second))])
    which = chance.integers(0, 2, articles)
    about = numbers.pairs[company, which[story]]
    topic = numbers.topics[(named + 7 * which) % TOPICS]
    negative = (chance.random(articles) < _NEGATIVE).astype(np.int32)
    stories = np.concatenate([np.arange(articles), np.arange(articles), story, story])
    ids = np.concatenate([np.zeros(articles, dtype=np.int64), topic, numbers.companies[company], about])
    when = minutes[stories]
    order = np.argsort(when, kind="stable")
    ends = np.searchsorted(when[order], np.arange(DAY_MINUTES + 1))
    for minute, (begin, end) in enumerate(pairwise(ends.tolist())):
        if end > begin:
            rows = order[begin:end]
            offsets = np.zeros(len(rows), dtype=np.int32)
            yield Entries(START + day * DAY_MINUTES + minute, False, ids[rows], negative[stories[rows]], offsets)


def peak_mb() -> float:
    """Greatest resident memory of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def feed(tally: Tally, entries: list[Entries]) -> tuple[int, int]:
    """Takes in news as a replay does; gives how many rows are to be stored, and how many of them tell of surges."""
    rows = surges = 0
    for one in entries:
        end = one.minute + 1
        while (due := tally.due) is not None and due < end:
            surges += len(tally.assess(due))
        tally.slide(end)
        tally.enter([one], end)
        surges += len(tally.assess(end))
        stored = tally.blocks.collect()
        rows += len(stored.closed) + len(stored.baselines)
    return rows + surges, surges


def measure(series: int, articles: int, days: int, timed: int, seed: int = 1) -> dict[str, Any]:
    """Feeds some days of news and times the last ones.

    Args:
        series: That news may count in.
        articles: A day.
        days: In all.
        timed: How many of them, at the end, are timed.
        seed: Of the news.
    """
    chance, tally = np.random.default_rng(seed), Tally(SurgeRules(), START)
    tally.index.number(ALL)
    numbers = numbered(tally, series)
    spent, rows, surges = 0.0, 0, 0
    for day in range(days):
        entries = list(day_of_news(numbers, articles, day, chance))
        began = time.process_time()
        told, surging = feed(tally, entries)
        if day >= days - timed:
            spent, rows, surges = spent + time.process_time() - began, rows + told, surges + surging
    return {
        "series": series,
        "active_series": int(tally.windows.active.sum()),
        "articles_a_day": articles,
        "days": days,
        "articles_per_second": round(timed * articles / spent),
        "microseconds_per_article": round(spent / (timed * articles) * 1e6, 2),
        "rows_to_store": rows,
        "surge_rows": surges,
        "peak_mb": round(peak_mb(), 1),
    }


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    parser.add_argument("--articles", type=int, default=2_000_000, help="a day (default: %(default)s)")
    parser.add_argument("--series", type=int, default=12_000, help="most are active on a day (default: %(default)s)")
    parser.add_argument("--days", type=int, default=7, help="of which the last is timed (default: %(default)s)")
    parser.add_argument("--memory-series", type=int, default=50_000, help="0 leaves it out (default: %(default)s)")
    parser.add_argument("--memory-articles", type=int, default=50_000, help="a day of it (default: %(default)s)")
    parser.add_argument("--memory-days", type=int, default=28, help="of history (default: %(default)s)")
    options = parser.parse_args()
    runs = []
    if options.memory_series:  # first: what the process held at most includes what it held before
        runs.append(measure(options.memory_series, options.memory_articles, options.memory_days, 1))
    for articles in (options.articles // 2, options.articles):
        runs.append(measure(options.series, articles, options.days, 1))
    half, whole = runs[-2:]
    result = {
        "articles_per_second": whole["articles_per_second"],
        "series": whole["active_series"],
        "peak_mb": (runs[0] if options.memory_series else whole)["peak_mb"],
        "runs": runs,
        "time_of_twice_the_articles": round(
            2 * whole["microseconds_per_article"] / half["microseconds_per_article"], 2
        ),
    }
    if options.json:
        print(json.dumps(result))
    else:
        for run in result["runs"]:
            print("  ".join(f"{name} {value}" for name, value in run.items()))
        print(f"twice the articles take {result['time_of_twice_the_articles']} times the time")


if __name__ == "__main__":
    main()
