"""A store with six fictional days in it: calm, one surge that is over, one that is on, and what goes wrong beside it.

    day 1..3 calm      day 4: a recall (resolved)      day 5 calm      day 6, until 14:30: a bank's trouble (firing)

Also a command, to look at the dashboard: `python -m tests.dashboards.seeding sqlite:///PATH`.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections import defaultdict
from datetime import datetime, timedelta

import msgspec

from monitor.articles import Article, Precision, article_id
from monitor.classify.labels import TOPICS
from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle, UnscoredArticle
from monitor.clock import MINUTE, ceil_to, floor_to, system_clock
from monitor.store import writes
from monitor.store.database import Connection, Database
from monitor.store.rows import CountedArticle
from monitor.surges.series import ALL, Series
from monitor.surges.windows import ClosedWindow, MinuteCount, Window, WindowCounts, block_of
from tests.dashboards.scenario import BANKS, BANKS_SINCE, DAY, HOUR, RECALL, RECALL_FROM, RECALL_TO, START, TICK
from tests.dashboards.seeded_alerts import write_alerts, write_health, write_models, write_refused

HOSTILE = (
    ("<img src=x onerror=\"document.title='owned'\"> Lender halts withdrawals", "javascript:document.title='owned'"),
    (
        "**Bold** [click me](javascript:alert(1)) $x^2$ :fire: regulator closes Port Ellis Savings",
        "https://example.org/closed",
    ),
    (
        "Deposits \u202eelbuort ni\x1b[31m at Quarry Bank, </li></ul><script>document.title='owned'</script>",
        "data:text/html,x",
    ),
)
_SUBJECTS = (
    "Harbour Mutual",
    "Tallis & Crane",
    "Norvik Grid",
    "Oakbridge",
    "Lumen Ferries",
    "Pell Foods",
    "Castor Mining",
    "Vantry Air",
)
_CALM = (
    "names {} new chair",
    "keeps its outlook for {}",
    "opens a plant near {}",
    "agrees terms with {}",
    "reports steady orders in {}",
)
_BAD = (
    "warns of losses in {}",
    "halts withdrawals in {}",
    "is sued over {}",
    "cuts jobs in {}",
    "recalls ovens sold in {}",
)
_PLACES = ("Arden", "Port Ellis", "Westmere", "Quarry Bay", "Linfield", "Saltmarsh", "Dunmore")
_SOURCES = ("Coastal Wire", "Ledger Daily", "Exchange Notices", "Morning Brief")


def seed(database: Database, wall: datetime) -> None:
    """Fills an empty store.

    Args:
        database: Open.
        wall: UTC-aware wall clock, for signs of life and deliveries.
    """
    articles = _articles()
    with database.write() as connection:
        writes.write_articles(connection, articles)
        _write_counts(connection, articles)
        write_refused(connection)
        write_alerts(connection, wall)
        write_health(connection, wall)
        write_models(connection, wall)
        writes.write_progress(connection, "surges", TICK)


def _draw(*parts: object) -> float:
    """A number in [0, 1) that depends on its arguments alone."""
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=6).digest()
    return int.from_bytes(digest, "big") / 2**48


def _pick(choices: tuple[str, ...], *parts: object) -> str:
    return choices[int(_draw(*parts) * len(choices))]


def _surging(series_topic: str, at: datetime) -> bool:
    recall = series_topic == RECALL.topic and RECALL_FROM <= at < RECALL_TO
    return recall or (series_topic == BANKS.topic and at >= BANKS_SINCE)


def _articles() -> list[CountedArticle]:
    found: list[CountedArticle] = []
    hours = int((TICK - START) / HOUR) + 1
    for topic in TOPICS:
        for hour in range(hours):
            begin = START + hour * HOUR
            busy = 0.35 + 1.3 * math.exp(-((begin.hour - 14) ** 2) / 30)
            surging = _surging(topic, begin + 59 * MINUTE)
            rate = (9.0 if topic == BANKS.topic else 3.0) * busy + (8 if surging else 0)
            for n in range(int(rate * (0.6 + 0.8 * _draw("n", topic, hour)))):
                at = begin + timedelta(seconds=int(3600 * _draw("at", topic, hour, n)))
                if at < TICK:
                    found.append(_scored(topic, at, n))
    firsts = [
        item
        for item in found
        if item.item.article.event_time > TICK - 40 * MINUTE and isinstance(item.item, ScoredArticle)
    ]
    found += [_copy(item, n) for item in firsts[:6] for n in range(1, 4)]
    found += [_hostile(n, title, url) for n, (title, url) in enumerate(HOSTILE)]
    return [*found, _doubtful(), *(_unscored(n) for n in range(7))]


def _scored(topic: str, at: datetime, n: int) -> CountedArticle:
    surging = _surging(topic, at)
    negative = _draw("bad", topic, at, n) < (0.72 if surging else 0.16)
    phrase = _pick(_BAD if negative else _CALM, "phrase", topic, at, n).format(_pick(_PLACES, "place", topic, at, n))
    subject = _pick(_SUBJECTS, "who", topic, at, n)
    late = _draw("late", topic, at, n) < 0.004
    likely = 0.7 + 0.29 * _draw("p", topic, at, n) if negative else 0.12
    return _counted(f"{subject} {phrase}", topic, at, negative=likely, late=late, mentions=(_mention(subject, likely),))


def _mention(subject: str, negative: float, start: int = 0) -> Mention:
    return Mention(
        start=start,
        end=start + len(subject),
        text=subject,
        confidence=0.9,
        negative=round(negative, 5),
        neutral=round(0.9 * (1 - negative), 5),
        positive=round(0.1 * (1 - negative), 5),
    )


def _counted(
    title: str,
    topic: str,
    at: datetime,
    *,
    negative: float,
    late: bool = False,
    url: str | None = None,
    mentions: tuple[Mention, ...] = (),
) -> CountedArticle:
    identity = article_id(title, at.isoformat(), topic)
    article = Article(
        id=identity,
        source=_pick(_SOURCES, "source", identity),
        position=identity,
        title=title,
        url=f"https://example.org/{identity[:8]}" if url is None else url,
        language="en",
        published_at=at,
        published_precision=Precision.SECOND,
        first_seen_at=at + (3 * HOUR if late else timedelta(seconds=2)),
    )
    scored = ScoredArticle(
        article=article,
        topic=topic,
        topic_probabilities={topic: 0.9},
        sentiment="negative" if negative >= 0.5 else "neutral",
        negative=round(negative, 5),
        neutral=round(0.9 * (1 - negative), 5),
        positive=round(0.1 * (1 - negative), 5),
        model_version="demo",
        mentions=mentions,
    )
    entered = min(TICK, ceil_to(article.first_seen_at, MINUTE))
    return CountedArticle(item=scored, entered_at=entered, late=late, story_id=identity, novelty=100)


def _copy(first: CountedArticle, n: int) -> CountedArticle:
    assert isinstance(first.item, ScoredArticle)
    before = first.item.article
    at = min(before.event_time + n * timedelta(seconds=70), TICK - timedelta(seconds=5))
    other = _counted(f"{before.title} - {_SOURCES[n]}", first.item.topic, at, negative=first.item.negative)
    return msgspec.structs.replace(other, story_id=first.story_id, novelty=int(100 * 0.75**n))


def _hostile(n: int, title: str, url: str) -> CountedArticle:
    named = (_mention(title[:40], 0.995),)
    return _counted(title, "Financials", TICK - (12 + n) * MINUTE, negative=0.995, url=url, mentions=named)


def _doubtful() -> CountedArticle:
    sure = _counted("Pell Foods may or may not lose its chair", "Markets", TICK - 9 * MINUTE, negative=0.5)
    assert isinstance(sure.item, ScoredArticle)
    shares = {"negative": 0.41, "neutral": 0.37, "positive": 0.22}
    return msgspec.structs.replace(sure, item=msgspec.structs.replace(sure.item, **shares))


def _unscored(n: int) -> CountedArticle:
    at = TICK - n * 3 * HOUR
    identity = article_id("unscored", str(n))
    article = Article(
        id=identity,
        source="Ledger Daily",
        position=identity,
        title=f"Une annonce de Westmere, {n}",
        language="fr",
        first_seen_at=at,
    )
    return CountedArticle(
        item=UnscoredArticle(article=article, reason="Language fr is not read."), entered_at=at, late=False
    )


def _write_counts(connection: Connection, articles: list[CountedArticle]) -> None:
    minutes: dict[tuple[Series, datetime], list[int]] = defaultdict(lambda: [0, 0])
    for counted in articles:
        if isinstance(counted.item, ScoredArticle) and counted.story_id == counted.item.article.id:
            for series in (ALL, Series(topic=counted.item.topic)):
                cell = minutes[series, floor_to(counted.item.article.event_time, MINUTE)]
                cell[0] += 1
                cell[1] += counted.item.sentiment == "negative"
    rows = [MinuteCount(series, at, WindowCounts(*cell), WindowCounts()) for (series, at), cell in minutes.items()]
    writes.add_minute_counts(connection, rows)
    for length in (HOUR, 6 * HOUR, DAY):
        blocks: dict[tuple[Series, Window], WindowCounts] = defaultdict(WindowCounts)
        for row in rows:
            window = block_of(row.minute, length)
            if window.end <= TICK:
                blocks[row.series, window] += row.timed
        writes.write_windows(
            connection, [_closed(series, window, counts) for (series, window), counts in blocks.items()]
        )


def _closed(series: Series, window: Window, counts: WindowCounts) -> ClosedWindow:
    spread = 2 * math.sqrt(0.16 * 0.84 / max(counts.stories, 1)) + 0.02
    young = window.start < START + DAY
    low, high = max(0.0, 0.16 - spread), min(1.0, 0.16 + spread)
    return ClosedWindow(
        series, window, counts, None if young else 0.16, None if young else low, None if young else high, 1.0
    )


if __name__ == "__main__":
    with Database.open(sys.argv[1]) as target:
        seed(target, system_clock())
