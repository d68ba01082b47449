"""What the pages say, in plain words. Pure; `dashboards.markup` makes text from outside safe where it becomes HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from dashboards.frames import percent
from monitor.alerts.alert import Alert, AlertState
from monitor.alerts.wording import ahead_of_now, duration, moment, usual
from monitor.entities.names import PROVISIONAL
from monitor.store.rows import Progress
from monitor.surges.evidence import Evidence
from monitor.surges.series import Series
from monitor.surges.surge import Surge
from monitor.surges.windows import Window

STATES: Final = {
    AlertState.FIRING: ("▲", "Firing", "a surge is on, subscribers were told"),
    AlertState.PENDING: ("△", "Pending", "a surge is seen, but has not lasted long enough to tell anyone"),
    AlertState.RECEDING: ("▽", "Receding", "calm at present, but not yet for long enough to close it"),
    AlertState.RESOLVED: ("✓", "Resolved", "over"),
}
"""By state: a sign, a word, what it means."""

_URGENCY = (AlertState.FIRING, AlertState.PENDING, AlertState.RECEDING, AlertState.RESOLVED)
_LONG_BEHIND = timedelta(days=2)


def names(series: Iterable[Series]) -> dict[str, str]:
    """What each series is called, by its key: its title, and where several share one, what tells it from the others.

    >>> names([Series(entity="boeing"), Series(entity="~boeing"), Series(topic="IPO")])
    {'entity=boeing': 'Boeing', 'entity=~boeing': 'Boeing (unlisted)', 'topic=IPO': 'IPO'}
    """
    called = {each.key: each.title for each in series}
    for key in _shared(called):
        if Series.parse(key).entity.startswith(PROVISIONAL):
            called[key] += " (unlisted)"
    for key in _shared(called):
        called[key] += f" ({key})"
    return called


def name_of(series: Series, names: Mapping[str, str]) -> str:
    """What a series is called among those that were named; its title where it is not one of them, as when it is new."""
    return names.get(series.key, series.title)


def _shared(called: Mapping[str, str]) -> list[str]:
    often = Counter(called.values())
    return [key for key, title in called.items() if often[title] > 1]


def most_urgent_first(alerts: list[Alert]) -> list[Alert]:
    """Firing before pending before receding; among equals the least likely first."""
    return sorted(alerts, key=lambda alert: (_URGENCY.index(alert.state), alert.latest.p_value, alert.id))


def observed(surge: Surge, tick: datetime) -> str:
    """Such as `14 of 22 stories negative in the last hour, usually 4`.

    Args:
        surge: The assessment.
        tick: Time of the stream: a window that ended long before it is named by its times.
    """
    counts = surge.counts
    noun = "story" if counts.stories == 1 else "stories"
    return f"{counts.negatives} of {counts.stories} {noun} negative {when(surge.window, tick)}, usually {usual(surge)}"


def when(window: Window, tick: datetime) -> str:
    """`in the last hour` for a window that ends about now, else from when to when it was."""
    if timedelta(0) <= tick - window.end < timedelta(minutes=2) or tick in window:
        return f"in the last {span_words(window.length)}"
    return between(window)


def between(window: Window) -> str:
    """Such as `from 2023-03-10 13:30 to 14:30 UTC`."""
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"from {start:%Y-%m-%d %H:%M} to {until} UTC"


def span_words(length: timedelta) -> str:
    """A window's length after "the last": `hour`, `6 hours`, `day`, `45 minutes`.

    >>> span_words(timedelta(hours=1)), span_words(timedelta(hours=6)), span_words(timedelta(days=1))
    ('hour', '6 hours', '24 hours')
    """
    minutes = int(length.total_seconds()) // 60
    if minutes % 60:
        return f"{minutes} minutes"
    return "hour" if minutes == 60 else f"{minutes // 60} hours"


def shares(surge: Surge) -> str:
    """Such as `64% negative; 5% to 32% is expected at this volume`."""
    share = surge.counts.negatives / surge.counts.stories if surge.counts.stories else 0.0
    return f"{percent(share)} negative; {percent(surge.low)} to {percent(surge.high)} is expected at this volume"


def apart(evidence: Evidence) -> str:
    """What sets the stories apart from the usual ones, and how many sources tell them; empty where there are none."""
    number = len(evidence.sources)
    terms = [f"Set apart by: {', '.join(evidence.terms)}."] if evidence.terms else []
    sources = (
        [f"Told by {number} sources." if number > 1 else f"Told by {evidence.sources[0][0]} alone."] if number else []
    )
    return " ".join([*terms, *sources])


def ago(then: datetime, now: datetime) -> str:
    """Such as `2 h 5 min ago`; `just now` within the minute."""
    passed = now - then
    return "just now" if passed < timedelta(minutes=1) else f"{duration(passed)} ago"


def seconds(span: timedelta) -> str:
    """A length of time in its two largest units, seconds included.

    >>> seconds(timedelta(seconds=12)), seconds(timedelta(seconds=185)), seconds(timedelta(minutes=320))
    ('12 s', '3 min 5 s', '5 h 20 min')
    """
    whole = max(0, int(span.total_seconds()))
    if whole < 60:
        return f"{whole} s"
    return duration(span) if whole >= 3600 else f"{whole // 60} min {whole % 60} s"


def behind(progress: Progress, now: datetime) -> str:
    """How the stream's time relates to the clock."""
    late = now - progress.tick
    if progress.final:
        return f"the stream has ended; its last moment was {ago(progress.tick, now)}"
    if ahead := progress.ahead_of(now):
        return ahead_of_now(ahead)
    if late > _LONG_BEHIND:
        return f"{duration(late)} behind now: a replay of the past, or a line that stands still"
    return f"{seconds(late)} behind now"


def last_surge(alert: Alert, name: str, tick: datetime) -> str:
    """One sentence on a surge that is over, of what is called so."""
    ended = alert.calm_since or alert.resolved_at or alert.changed_at
    return (
        f"{name}, from {moment(alert.opened_at)}, for {duration(ended - alert.opened_at)} "
        f"({ago(ended, tick)} by the stream's time); at its worst {observed(alert.peak, tick)}."
    )
