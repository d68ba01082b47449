"""Nouns with every field set, for the store's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.alerts.alert import Alert, AlertState, Notification, Transition, alert_id
from monitor.articles import Article, Precision, article_id
from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle, UnscoredArticle
from monitor.store.rows import CountedArticle
from monitor.surges.evidence import Evidence, Story
from monitor.surges.series import ALL, Series
from monitor.surges.surge import Reason, Surge
from monitor.surges.windows import ClosedWindow, MinuteCount, Window, WindowCounts

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
BANKS = Series(topic="Banks")


def article(number: int, **changes: Any) -> Article:
    fields: dict[str, Any] = {
        "id": article_id("story", str(number)),
        "source": "wire",
        "position": str(number),
        "title": f"Lender {number} warns of losses",
        "body": "The bank’s shares fell.",
        "url": f"https://news.example/{number}",
        "language": "en",
        "published_at": NOON + number * MINUTE,
        "published_precision": Precision.SECOND,
        "first_seen_at": NOON + number * MINUTE + timedelta(microseconds=number + 1),
    }
    return Article(**fields | changes)


def mention(text: str = "Lender 1", negative: float = 0.8) -> Mention:
    return Mention(
        start=0,
        end=len(text),
        text=text,
        confidence=0.97,
        negative=negative,
        neutral=0.15,
        positive=round(0.85 - negative, 5),
    )


def scored(number: int, *, negative: float = 0.9, topic: str = "Banks", **changes: Any) -> ScoredArticle:
    rest = round(1 - negative, 5)
    return ScoredArticle(
        article=article(number, **changes),
        topic=topic,
        topic_probabilities={topic: 0.8, "Markets": 0.1},
        sentiment="negative" if negative > 0.5 else "neutral",
        negative=negative,
        neutral=rest,
        positive=0.0,
        model_version="fast-1",
    )


def unscored(number: int) -> UnscoredArticle:
    return UnscoredArticle(
        article=article(number, language="zh"), reason="Language zh is not supported by model fast-1."
    )


def counted(item: ScoredArticle | UnscoredArticle, tick: datetime = NOON + HOUR, **changes: Any) -> CountedArticle:
    fields: dict[str, Any] = {"item": item, "entered_at": tick, "late": False}
    if isinstance(item, ScoredArticle):
        fields |= {"story_id": item.article.id, "novelty": 100}
    return CountedArticle(**fields | changes)


def minute_count(minute: datetime, stories: int, negatives: int, series: Series = ALL, dated: int = 0) -> MinuteCount:
    return MinuteCount(series, minute, WindowCounts(stories, negatives), WindowCounts(dated, dated))


def surge(tick: datetime, series: Series = BANKS, reason: Reason = Reason.SURGE) -> Surge:
    return Surge(
        tick=tick,
        series=series,
        reason=reason,
        window=Window(tick - HOUR, tick),
        counts=WindowCounts(12, 11),
        expected_share=1 / 3,
        low=0.1,
        high=0.6,
        p_value=3.3e-17,
        effect=11 / 12 - 1 / 3,
        rule_version="r1",
    )


def alert(
    opened_at: datetime = NOON, series: Series = BANKS, state: AlertState = AlertState.FIRING, **changes: Any
) -> Alert:
    fields: dict[str, Any] = {
        "id": alert_id(series, opened_at),
        "series": series,
        "state": state,
        "opened_at": opened_at,
        "changed_at": opened_at,
        "latest": surge(opened_at, series),
        "peak": surge(opened_at, series),
        "fired_at": opened_at,
    }
    return Alert(**fields | changes)


def transition(of: Alert, before: AlertState | None) -> Transition:
    return Transition(alert=of, before=before, at=of.changed_at, why=f"It is {of.state.value}.")


def notification(name: str, of: Alert, receiver: str = "console", created_at: datetime | None = None) -> Notification:
    story = Story(article_id=name, title="Lender fails", source="wire", url="", event_time=NOON, negative=0.97)
    return Notification(
        id=name,
        receiver=receiver,
        kind="firing",
        alert=of,
        why="More negative than usual.",
        evidence=Evidence(stories=(story,)),
        created_at=created_at or of.opened_at,
    )


def closed_window(start: datetime, length: timedelta, series: Series = ALL, *, known: bool = True) -> ClosedWindow:
    window, counts = Window(start, start + length), WindowCounts(10, 4)
    if not known:
        return ClosedWindow(series, window, counts, None, None, None, 0.5)
    return ClosedWindow(series, window, counts, 0.3, 0.1, 0.6, 0.5)
