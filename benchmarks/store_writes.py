"""What the store costs for each article: the rows and counts of a tick in one transaction, and the look-ups before it.

    python -m benchmarks.store_writes --json

Processor time of this process: on SQLite that is all of the database's work but the waiting for the disk; on PostgreSQL
the server's share is not in it, so wall-clock time is given beside it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.articles import Article, article_id
from monitor.classify.scored import ScoredArticle
from monitor.store import counting, leases, writes
from monitor.store.database import Database
from monitor.store.rows import CountedArticle, Offset
from monitor.surges.series import ALL, Series
from monitor.surges.stories import StoryHead
from monitor.surges.windows import ClosedWindow, MinuteCount, Window, WindowCounts

START = datetime(2024, 5, 1, tzinfo=UTC)
EVERY = timedelta(seconds=7)
TOPICS = tuple(f"Topic {number}" for number in range(20))
BODY = "The company said in a filing that it expects charges in the coming quarter, and its shares fell. " * 4


def make_ticks(number: int, size: int) -> Iterator[list[ScoredArticle]]:
    """Batches of articles, one every seven seconds of stream time."""
    for first in range(0, number, size):
        yield [_article(index) for index in range(first, min(first + size, number))]


def _article(index: int) -> ScoredArticle:
    moment = START + index * EVERY
    return ScoredArticle(
        article=Article(
            id=article_id(str(index)),
            source=f"source-{index % 5}",
            position=str(index),
            title=f"Company {index} warns of losses after a review of its books",
            body=BODY,
            url=f"https://news.example/{index}",
            language="en",
            published_at=moment,
            first_seen_at=moment,
        ),
        topic=TOPICS[index % len(TOPICS)],
        topic_probabilities={TOPICS[index % len(TOPICS)]: 0.81234, TOPICS[(index + 1) % len(TOPICS)]: 0.10123},
        sentiment="negative",
        negative=0.91234,
        neutral=0.05,
        positive=0.03766,
        model_version="fast-1a2b3c",
    )


def write_tick(database: Database, epoch: int, batch: list[ScoredArticle]) -> None:
    """All that a tick writes; each article in its own minute, or nearly, as in a replay: the dearest case."""
    tick = batch[-1].article.first_seen_at + EVERY
    minutes: dict[tuple[Series, datetime], int] = {}
    for item in batch:
        minute = item.article.event_time.replace(second=0)
        for series in (ALL, Series(topic=item.topic)):
            minutes[series, minute] = minutes.get((series, minute), 0) + 1
    counts = [
        MinuteCount(series, minute, WindowCounts(n, n), WindowCounts())
        for (series, minute), n in sorted(minutes.items())
    ]
    blocks = {(series, minute.replace(minute=0)) for series, minute in minutes}
    closed = [
        ClosedWindow(series, Window(hour, hour + timedelta(hours=1)), WindowCounts(9, 4), 0.3, 0.1, 0.6, 1.0)
        for series, hour in blocks
    ]
    heads = [_head(item, tick) for item in batch]
    with database.write() as connection:
        leases.require_lease(connection, "surges", epoch)
        counting.load_fates(connection, batch)
        writes.write_articles(
            connection,
            [
                CountedArticle(item=item, entered_at=tick, late=False, story_id=item.article.id, novelty=100)
                for item in batch
            ],
        )
        writes.add_minute_counts(connection, counts)
        writes.write_windows(connection, closed)
        writes.write_story_heads(connection, heads)
        writes.delete_story_heads(connection, [head.story_id for head in heads])
        writes.write_progress(connection, "surges", tick)
        writes.write_offsets(connection, [Offset("topic", "scored", partition, 1) for partition in range(4)])


def _head(item: ScoredArticle, tick: datetime) -> StoryHead:
    article = item.article
    return StoryHead(
        story_id=article.id,
        key=article.id,
        members=1,
        novelty=100,
        topic=item.topic,
        negative=True,
        dated=False,
        event_time=article.event_time,
        first_seen_at=article.first_seen_at,
        entered_at=tick,
        expires_at=tick,
    )


def measure(url: str, number: int, size: int) -> dict[str, float]:
    """Microseconds for each article: of this process's processor time, and of wall-clock time."""
    batches = list(make_ticks(number, size))
    with Database.open(url) as database:
        with database.write() as connection:
            epoch = leases.take_lease(connection, "surges", f"benchmark-{size}", START, timedelta(0))
        assert epoch is not None, "the store is in use"
        wall, cpu = time.perf_counter(), time.process_time()
        for batch in batches:
            write_tick(database, epoch, batch)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "microseconds_per_article": round(cpu / number * 1e6, 1),
        "wall_microseconds_per_article": round(wall / number * 1e6, 1),
    }


def main() -> None:
    """Measure batches of several sizes, each on a new SQLite file, or one size on the store of a URL."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=40_000)
    parser.add_argument("--batches", type=int, nargs="+", default=[200, 2000], help="articles in one transaction")
    parser.add_argument("--url", help="an empty store, for one size of batches; default: a SQLite file")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for size in options.batches:
        with tempfile.TemporaryDirectory(prefix="monitor-benchmark-") as folder:
            results[str(size)] = measure(
                options.url or f"sqlite:///{Path(folder) / 'monitor.db'}", options.articles, size
            )
        each = results[str(size)]["microseconds_per_article"]
        print(f"batches of {size}: {each} microseconds of one core for each article")
    if options.json:
        worst = max(result["microseconds_per_article"] for result in results.values())
        print(json.dumps({"microseconds_per_article": worst, "articles": options.articles, "by_batch": results}))


if __name__ == "__main__":
    main()
