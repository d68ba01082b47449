"""From transitions to what each receiver is told: a notice when an alert fires, and one when it is over.

Nothing is told of an alert that calmed while pending, nor when one recedes and returns. Nor is that of a topic of a
company told to those who know that the company's own is on: the stories are the same (Alertmanager's inhibition). Who
could not be told of the company is told of its topics. Once the company's alert is over it tells of nothing any more:
who has not heard of a topic's alert is told then, at once where it is firing, and if it comes back where it is calm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from monitor.alerts.alert import Alert, AlertState, Notification, NotificationKind, Transition
from monitor.alerts.routing import Receiver, Route, route
from monitor.articles import article_id
from monitor.surges.evidence import Evidence
from monitor.surges.series import Kind, Series

_GOES_ON: Final = "It goes on, although the alert of its company is over."

Show = Callable[[Alert, NotificationKind], Evidence]
"""What to show for an alert."""
Told = Callable[[str], Mapping[str, bool]]
"""The receivers that are told of the firing of an alert with this id, each with whether that reached it or may."""


def notify(
    transitions: Sequence[Transition],
    open_before: Mapping[Series, Alert],
    receivers: Sequence[Receiver],
    routes: Sequence[Route],
    told: Told,
    show: Show,
) -> list[Notification]:
    """Decides who is told what.

    Routes decide when an alert fires; of a company's topic also when its company's alert ends before it, and when it
    comes back, but nobody is told twice that it fires. That it is over is told to those who were told that it fired, if
    they ask for it, whatever the routes say by then; also to those whom that did not reach, as it may be replayed, and
    then the end must follow.

    Args:
        transitions: In order.
        open_before: The alerts that were not resolved before these transitions.
        receivers: All there are.
        routes: In order.
        told: Of alerts that fired before these transitions.
        show: Asked once a notice, not once a receiver.

    Returns:
        In the order of the transitions, then of the receivers.
    """
    notifications: list[Notification] = []
    fired: dict[str, Mapping[str, bool]] = {}
    on = {series: alert.id for series, alert in open_before.items()}

    def heard_of(alert_id: str) -> Mapping[str, bool]:
        return fired[alert_id] if alert_id in fired else told(alert_id)

    def tell(names: Sequence[str], alert: Alert, kind: NotificationKind, why: str, at: datetime) -> None:
        evidence = show(alert, kind) if names else Evidence()
        notifications.extend(_notice(name, alert, kind, why, at, evidence) for name in names)

    def tell_that_it_fires(alert: Alert, why: str, at: datetime) -> None:
        company = on.get(Series(entity=alert.series.entity)) if alert.series.kind is Kind.ENTITY_TOPIC else None
        known_to = heard_of(company) if company else {}
        heard = heard_of(alert.id)
        routed = route(alert, routes, [receiver.name for receiver in receivers]).receivers
        names = [name for name in routed if name not in heard and not known_to.get(name)]
        fired[alert.id] = {**heard, **dict.fromkeys(names, True)}
        tell(names, alert, "firing", why, at)

    for transition in transitions:
        alert = transition.alert
        if alert.state is AlertState.RESOLVED:
            on.pop(alert.series, None)
        else:
            on[alert.series] = alert.id
        if _may_be_news(transition):
            tell_that_it_fires(alert, transition.why, transition.at)
        elif (transition.before, alert.state) == (AlertState.RECEDING, AlertState.RESOLVED):
            heard = heard_of(alert.id)
            names = [receiver.name for receiver in receivers if receiver.send_resolved and receiver.name in heard]
            tell(names, alert, "resolved", transition.why, transition.at)
        for topic in transition.outlasted_by:
            tell_that_it_fires(topic, _GOES_ON, transition.at)
    return notifications


def _may_be_news(transition: Transition) -> bool:
    """Whether an alert fires of which somebody may not have heard: of a topic, the company's may have kept it quiet."""
    if transition.alert.state is not AlertState.FIRING:
        return False
    return transition.before is AlertState.PENDING or transition.alert.series.kind is Kind.ENTITY_TOPIC


def notification_id(alert_id: str, kind: NotificationKind, receiver: str) -> str:
    """The id by which a receiver recognises a repeat."""
    return article_id("notification", alert_id, kind, receiver)


def _notice(
    receiver: str, alert: Alert, kind: NotificationKind, why: str, at: datetime, evidence: Evidence
) -> Notification:
    return Notification(
        id=notification_id(alert.id, kind, receiver),
        receiver=receiver,
        kind=kind,
        alert=alert,
        why=why,
        evidence=evidence,
        created_at=at,
    )
