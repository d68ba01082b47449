"""From surges to the states of alerts: the only hysteresis in the system.

    (no alert) ──SURGE──► pending ──has lasted──► firing ──calm──► receding ──calm for long──► resolved
                             │                      ▲                  │
                             └──calm──► resolved    └─SURGE, ELEVATED──┘

Calm is ORDINARY, QUIET, or ATTENTION without anything worse. ELEVATED keeps an open alert open, but never opens one:
the two thresholds of a hysteresis.

A verdict on a series holds until the next one on it. So every transition has an instant of its own
(`calm_since + calm_for`, not the moment at which somebody looked), and how often the stream is looked at, or where a
batch of surges is cut, changes nothing. At one instant the verdict comes first, then what falls due: a surge that
returns exactly `calm_for` after it went continues the alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from monitor.alerts.alert import Alert, AlertState, Transition, alert_id
from monitor.surges.series import Kind, Series
from monitor.surges.surge import Reason, Surge

_OPENS = frozenset({Reason.SURGE})
KEEPS_OPEN = frozenset({Reason.SURGE, Reason.ELEVATED})


class LifecycleRules(BaseModel):
    """How long a surge must last to fire, and how long calm must last to resolve, both in stream time.

    Why six hours of calm. What makes a verdict flicker is single stories entering and leaving the windows, and the gaps
    between them are minutes by day and a few hours by night; six hours outlast them. Longer is not needed, because the
    windows remember: a day window holds a surge for the 24 hours after it, so news dated without a time, which enters
    all at once at the end of its day, meets the alert still open; and once a day window is ordinary, the news of a
    whole day was. Where only date-only sources are read, the verdict changes once a day: a calm day ends an alert six
    hours after its news came in, and a surge on the next day is an alert of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pending_for: timedelta = Field(
        default=timedelta(0),
        ge=timedelta(0),
        le=timedelta(days=7),
        description="How long a surge must last before anyone is told: seconds or `HH:MM:SS`; 0 fires at once.",
    )
    calm_for: timedelta = Field(
        default=timedelta(hours=6),
        ge=timedelta(minutes=1),
        le=timedelta(days=30),
        description="How long a fired alert must stay calm before it is resolved: seconds or `HH:MM:SS`.",
    )


class Change(msgspec.Struct, frozen=True):
    """What a step of the lifecycle did.

    Attributes:
        alerts: Every alert that was touched, as it is now; one that only took in an assessment has no transition.
        transitions: In order of stream time; within an instant first those by verdict, in the order given, then
            those by time, in the order of their series.
    """

    alerts: tuple[Alert, ...] = ()
    transitions: tuple[Transition, ...] = ()


class Lifecycle:
    """Advances alerts by the rules; keeps no state of its own."""

    def __init__(self, rules: LifecycleRules) -> None:
        self._rules = rules

    def advance(self, open_alerts: Mapping[Series, Alert], surge: Surge) -> Change:
        """Takes in one assessment.

        Args:
            open_alerts: The alerts that are not resolved, at most one a series.
            surge: Of a tick not before any taken earlier; what fell due before that tick must have been expired.
        """
        alert = open_alerts.get(surge.series)
        if alert is None:
            return self._open(surge) if surge.reason in _OPENS else Change()
        alert = _take_in(alert, surge)
        if surge.reason not in KEEPS_OPEN:
            return _calm(alert, surge)
        if alert.state is AlertState.RECEDING:
            back = f"The surge is back after {_words(surge.tick - (alert.calm_since or surge.tick))} of calm."
            return _change(alert, AlertState.FIRING, surge.tick, back, calm_since=None)
        lasted = surge.tick - alert.opened_at
        if alert.state is AlertState.PENDING and surge.reason in _OPENS and lasted >= self._rules.pending_for:
            return self._fire(alert, surge.tick)
        return Change((alert,))

    def expire(self, open_alerts: Mapping[Series, Alert], now: datetime) -> Change:
        """Makes the transitions that need no further assessment, only time.

        Args:
            open_alerts: The alerts that are not resolved, at most one a series.
            now: UTC-aware stream time up to which, itself included, every assessment has been taken in.
        """
        due = sorted((at, series) for series, alert in open_alerts.items() if (at := self.due_at(alert)) and at <= now)
        change = Change()
        for at, series in due:
            alert = open_alerts[series]
            if alert.state is AlertState.PENDING:
                change = _join(change, self._fire(alert, at))
            else:
                calm = f"No surge for {_words(self._rules.calm_for)}."
                change = _join(change, _change(alert, AlertState.RESOLVED, at, calm, resolved_at=at))
        return change

    def due_at(self, alert: Alert) -> datetime | None:
        """When the alert changes by itself if no further assessment comes; None if it does not."""
        if alert.state is AlertState.RECEDING and alert.calm_since is not None:
            return alert.calm_since + self._rules.calm_for
        if alert.state is AlertState.PENDING and alert.latest.reason in _OPENS:
            # Never before the latest verdict, even if the rules were shortened in between.
            return max(alert.opened_at + self._rules.pending_for, alert.latest.tick)
        return None

    def run(self, open_alerts: Mapping[Series, Alert], surges: Iterable[Surge], until: datetime | None) -> Change:
        """Takes in a stretch of the stream: at each tick first what fell due before it, then its assessments.

        Args:
            open_alerts: The alerts that are not resolved, at most one a series.
            surges: In order of tick; they may go on in the next call within the same tick.
            until: Stream time that the surges reach, itself included; None where more surges may follow at once.

        Returns:
            All transitions, and every touched alert once, as it is in the end.
        """
        alerts = dict(open_alerts)
        touched: dict[str, Alert] = {}
        transitions: list[Transition] = []

        def follow(alert: Alert) -> None:
            touched[alert.id] = alert
            if alert.state is AlertState.RESOLVED:
                alerts.pop(alert.series, None)
            else:
                alerts[alert.series] = alert

        def apply(change: Change) -> None:
            for transition in change.transitions:
                follow(transition.alert)
                left = _outlasting(transition.alert, alerts.values())
                transitions.append(msgspec.structs.replace(transition, outlasted_by=left) if left else transition)
            for alert in change.alerts:  # those without a transition, too
                follow(alert)

        tick: datetime | None = None
        for surge in surges:
            if surge.tick != tick:
                tick = surge.tick
                apply(self.expire(alerts, tick - datetime.resolution))
            apply(self.advance(alerts, surge))
        if until is not None:
            apply(self.expire(alerts, until))
        return Change(tuple(touched.values()), tuple(transitions))

    def _open(self, surge: Surge) -> Change:
        alert = Alert(
            id=alert_id(surge.series, surge.tick),
            series=surge.series,
            state=AlertState.PENDING,
            opened_at=surge.tick,
            changed_at=surge.tick,
            latest=surge,
            peak=surge,
        )
        opened = Change((alert,), (Transition(alert=alert, before=None, at=surge.tick, why="A surge is seen."),))
        return opened if self._rules.pending_for else _join(opened, self._fire(alert, surge.tick))

    def _fire(self, alert: Alert, at: datetime) -> Change:
        waited = self._rules.pending_for
        why = f"The surge has lasted {_words(waited)}." if waited else "A surge fires at once."
        return _change(alert, AlertState.FIRING, at, why, fired_at=at)


def _take_in(alert: Alert, surge: Surge) -> Alert:
    def strength(assessed: Surge) -> tuple[float, float]:
        return (assessed.p_value, -assessed.effect)

    # Much attention alone is very improbable, and not what the alert is about.
    worst = min(alert.peak, surge, key=strength) if surge.reason in KEEPS_OPEN else alert.peak
    return msgspec.structs.replace(alert, latest=surge, peak=worst)


def _calm(alert: Alert, surge: Surge) -> Change:
    seen = "too few stories are left to tell" if surge.reason is Reason.QUIET else "the share is within what is usual"
    if alert.state is AlertState.PENDING:
        why = f"It calmed before it fired: {seen}."
        return _change(alert, AlertState.RESOLVED, surge.tick, why, calm_since=surge.tick, resolved_at=surge.tick)
    if alert.state is AlertState.FIRING:
        return _change(alert, AlertState.RECEDING, surge.tick, f"It is calm: {seen}.", calm_since=surge.tick)
    return Change((alert,))


def _change(alert: Alert, state: AlertState, at: datetime, why: str, **fields: datetime | None) -> Change:
    after = msgspec.structs.replace(alert, state=state, changed_at=at, **fields)
    return Change((after,), (Transition(alert=after, before=alert.state, at=at, why=why),))


def _outlasting(alert: Alert, others: Iterable[Alert]) -> tuple[Alert, ...]:
    """Where the alert of a company is over: those of its topics that go on firing."""
    if alert.state is not AlertState.RESOLVED or alert.series.kind is not Kind.ENTITY:
        return ()
    topics = (other for other in others if other.series.entity == alert.series.entity)
    return tuple(sorted((each for each in topics if each.state is AlertState.FIRING), key=lambda each: each.series))


def _join(first: Change, second: Change) -> Change:
    return Change(first.alerts + second.alerts, first.transitions + second.transitions)


def _words(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    parts = [(seconds // 86_400, "day"), (seconds // 3_600 % 24, "hour"), (seconds // 60 % 60, "minute")]
    named = [f"{count} {name}{'s' if count != 1 else ''}" for count, name in parts if count]
    return " ".join(named) or f"{seconds} second{'s' if seconds != 1 else ''}"
