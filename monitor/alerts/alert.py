"""The nouns of alerting, with the meanings that Prometheus Alertmanager gives them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

from monitor.articles import article_id
from monitor.clock import MINUTE, ceil_to
from monitor.surges.evidence import Evidence
from monitor.surges.series import Series
from monitor.surges.surge import Surge


class AlertState(StrEnum):
    """Where an alert stands in its life."""

    PENDING = "pending"
    """A surge is seen but has not lasted long enough; nobody is told."""
    FIRING = "firing"
    """A surge is on; subscribers were told."""
    RECEDING = "receding"
    """No surge at present, but it has not stayed away long enough; nobody is told."""
    RESOLVED = "resolved"
    """Over; subscribers who ask for it were told."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One surge of negative sentiment from its opening to its end.

    Attributes:
        id: Deterministic from the series and the minute at whose end or before it opened, 32 hexadecimal digits.
        series: What it is about.
        state: See `AlertState`.
        opened_at: UTC-aware tick at which it became pending.
        changed_at: UTC-aware instant of the latest transition.
        fired_at: When it first fired; None before.
        resolved_at: When it ended; None before.
        calm_since: Since when no surge has been seen; None while one is.
        latest: The assessment that it last took in.
        peak: The assessment with the smallest p-value in its life.
    """

    id: str
    series: Series
    state: AlertState
    opened_at: datetime
    changed_at: datetime
    latest: Surge
    peak: Surge
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    calm_since: datetime | None = None


def alert_id(series: Series, opened_at: datetime) -> str:
    """The id of the alert that a series opens at a tick.

    Live, the open minute is assessed early; who counts the same news again, after a restore, may see the surge first at
    the minute's end. Both are the same alert, so the id knows whole minutes alone. What ended within its minute, before
    it fired, and opens again is the same alert, too.
    """
    return article_id("alert", series.key, ceil_to(opened_at, MINUTE).isoformat())


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an alert's state.

    Attributes:
        alert: As it is after the change.
        before: State before it; None at the opening.
        at: UTC-aware stream time of the change (deterministic: it may lie before the tick that revealed it).
        why: One sentence for a person.
        outlasted_by: Where the alert of a company is over: those of its topics that go on firing, as they are then.
    """

    alert: Alert
    before: AlertState | None
    at: datetime
    why: str
    outlasted_by: tuple[Alert, ...] = ()


NotificationKind = Literal["firing", "resolved"]


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """What one receiver is told about one transition; sent at least once, with an id that lets it drop repeats.

    Attributes:
        id: Deterministic from alert, kind and receiver; stable over retries.
        receiver: Name of the receiver.
        kind: What is told.
        alert: As it was at the transition.
        why: One sentence: what it is told for, mostly the transition's.
        evidence: What the alert's window held, with at most five stories.
        created_at: UTC-aware stream time of what it is told for.
    """

    id: str
    receiver: str
    kind: NotificationKind
    alert: Alert
    why: str
    created_at: datetime
    evidence: Evidence = Evidence()
