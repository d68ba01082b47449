"""From transitions to what each receiver is told: a notice when an alert fires, and one when it is over.

Nothing is told of an alert that calmed while pending, nor when one recedes and returns. Nor is that of a topic of a
company told to those who know that the company's own is on: the stories are the same (Alertmanager's inhibition). Who
could not be told of the company is told of its topics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from monitor.alerts.alert import Alert, AlertState, Notification, NotificationKind, Transition
from monitor.alerts.routing import Receiver, Route, route
from monitor.articles import article_id
from monitor.surges.evidence import Evidence
from monitor.surges.series import Kind, Series

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

    Routes decide when an alert fires. That it is over is told to those who were told that it fired, if they ask for it,
    whatever the routes say by then; also to those whom that did not reach, as it may be replayed, and then the end must
    follow.

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

    for transition in transitions:
        alert = transition.alert
        kind = kind_of_notice(transition)
        if alert.state is AlertState.RESOLVED:
            on.pop(alert.series, None)
        else:
            on[alert.series] = alert.id
        if kind == "firing":
            company = on.get(Series(entity=alert.series.entity)) if alert.series.kind is Kind.ENTITY_TOPIC else None
            known_to = heard_of(company) if company else {}
            routed = route(alert, routes, [receiver.name for receiver in receivers]).receivers
            names = tuple(name for name in routed if not known_to.get(name))
            fired[alert.id] = dict.fromkeys(names, True)
        elif kind == "resolved":
            heard = heard_of(alert.id)
            names = tuple(receiver.name for receiver in receivers if receiver.send_resolved and receiver.name in heard)
        else:
            continue
        evidence = show(alert, kind) if names else Evidence()
        notifications += [_notice(transition, kind, name, evidence) for name in names]
    return notifications


def kind_of_notice(transition: Transition) -> NotificationKind | None:
    """What a transition is told as; None if it is not told."""
    change = (transition.before, transition.alert.state)
    if change == (AlertState.PENDING, AlertState.FIRING):
        return "firing"
    return "resolved" if change == (AlertState.RECEDING, AlertState.RESOLVED) else None


def notification_id(alert_id: str, kind: NotificationKind, receiver: str) -> str:
    """The id by which a receiver recognises a repeat."""
    return article_id("notification", alert_id, kind, receiver)


def _notice(transition: Transition, kind: NotificationKind, receiver: str, evidence: Evidence) -> Notification:
    return Notification(
        id=notification_id(transition.alert.id, kind, receiver),
        receiver=receiver,
        kind=kind,
        alert=transition.alert,
        why=transition.why,
        evidence=evidence,
        created_at=transition.at,
    )
