"""Values for the tests of this room, with defaults for what a test does not speak of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.alerts.alert import Alert, AlertState, Notification, NotificationKind, alert_id
from monitor.articles import article_id
from monitor.surges.evidence import Evidence, Story
from monitor.surges.series import Series
from monitor.surges.surge import Reason, Surge
from monitor.surges.windows import Window, WindowCounts

START = datetime(2023, 3, 10, 9, 0, tzinfo=UTC)
FINANCIALS = Series(topic="Financials")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def surge(
    reason: Reason = Reason.SURGE,
    *,
    at: datetime = START,
    series: Series = FINANCIALS,
    p_value: float = 3.2e-7,
    counts: tuple[int, int] = (22, 14),
    length: timedelta = HOUR,
) -> Surge:
    stories, negatives = counts
    return Surge(
        tick=at,
        series=series,
        reason=reason,
        window=Window(at - length, at),
        counts=WindowCounts(stories, negatives),
        expected_share=0.18,
        low=0.05,
        high=0.36,
        p_value=p_value,
        effect=negatives / stories - 0.18,
        rule_version="test",
    )


def alert(state: AlertState = AlertState.FIRING, *, at: datetime = START, series: Series = FINANCIALS) -> Alert:
    assessed = surge(at=at, series=series)
    over = state is AlertState.RESOLVED
    return Alert(
        id=alert_id(series, at),
        series=series,
        state=state,
        opened_at=at,
        changed_at=at + 11 * HOUR if over else at,
        fired_at=at,
        calm_since=at + 5 * HOUR if over else None,
        resolved_at=at + 11 * HOUR if over else None,
        latest=assessed,
        peak=assessed,
    )


def story(title: str = "Bank shares plunge as depositors flee", *, url: str = "https://example.org/a") -> Story:
    return Story(
        article_id=article_id(title),
        title=title,
        source="wire",
        url=url,
        event_time=START - 5 * MINUTE,
        negative=0.97,
    )


def notification(
    kind: NotificationKind = "firing",
    *,
    receiver: str = "hook",
    of: Alert | None = None,
    stories: tuple[Story, ...] = (),
    terms: tuple[str, ...] = (),
    sources: tuple[tuple[str, int], ...] = (),
) -> Notification:
    about = of or alert(AlertState.FIRING if kind == "firing" else AlertState.RESOLVED)
    return Notification(
        id=article_id("notification", about.id, kind, receiver),
        receiver=receiver,
        kind=kind,
        alert=about,
        why="A surge fires at once.",
        evidence=Evidence(stories=stories, terms=terms, sources=sources),
        created_at=about.changed_at,
    )
