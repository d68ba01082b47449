"""What the alerts worker reads and writes.

A round of it reads the surges after its cursor and the open alerts in one view, then writes the new state of alerts,
their transitions, the outbox and the cursor in one transaction, if the cursor and those alerts are still the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select

from monitor.alerts.alert import Alert, AlertState, Notification, Transition
from monitor.alerts.notice import Message
from monitor.store import schema
from monitor.store.counting import read_progress, surge_of
from monitor.store.cursors import read_cursor, set_cursor
from monitor.store.upserts import insert_new, upsert
from monitor.surges.series import Series
from monitor.surges.surge import Surge

# Keys in order, so that the same noun is the same text.
_JSON = msgspec.json.Encoder(order="sorted")
_SURGE = msgspec.json.Decoder(Surge)


class Reach(msgspec.Struct, frozen=True):
    """What there is to take in.

    Attributes:
        position: The last surge number that was taken in; 0 before the first.
        newest: The largest surge number; 0 where there is none.
        tick: UTC-aware; all surges before it and at it are in the table. None before the first tick.
        final: Whether the stream has ended at that tick.
    """

    position: int
    newest: int
    tick: datetime | None
    final: bool = False


def read_reach(connection: Connection, reader: str, source: str) -> Reach:
    """How far `reader` has come, and how far the worker `source`, whose surges it reads."""
    progress = read_progress(connection, source)
    newest = connection.execute(select(func.max(schema.surges.c.id))).scalar() or 0
    position = read_cursor(connection, reader)
    return Reach(position, newest, progress.tick, progress.final) if progress else Reach(position, newest, None)


def hold_cursor(connection: Connection, reader: str) -> int:
    """The last surge number that `reader` took in, kept from others until the end of this write transaction.

    A second worker of that name waits here on PostgreSQL, and at the beginning of its transaction on SQLite.
    """
    insert_new(connection, schema.cursors, [{"name": reader, "position": 0}])
    query = select(schema.cursors.c.position).where(schema.cursors.c.name == reader).with_for_update()
    position: int = connection.execute(query).scalar_one()
    return position


def write_cursor(connection: Connection, reader: str, position: int) -> None:
    """Set the last surge number that `reader` took in."""
    set_cursor(connection, reader, position)


def alerts_are_settled(connection: Connection, reader: str = "alerts", source: str = "surges") -> bool:
    """Whether the alerts worker has taken in every surge and, where the stream has ended, told that it saw the end."""
    reach = read_reach(connection, reader, source)
    told = read_progress(connection, reader)
    ended = told is not None and told.final and reach.tick is not None and told.tick >= reach.tick
    return reach.position >= reach.newest and (ended or not reach.final)


def receivers_told(connection: Connection, alert_id: str) -> dict[str, bool]:
    """The receivers that are told that an alert fired, each with whether that reached it or may: not if it is dead."""
    table = schema.outbox
    query = select(table.c.receiver, table.c.status).where(table.c.alert_id == alert_id, table.c.kind == "firing")
    return {row.receiver: row.status != "dead" for row in connection.execute(query)}


def read_surges_after(connection: Connection, position: int, limit: int) -> list[tuple[int, Surge]]:
    """Assessments with a number above `position`, oldest first, whole ticks only.

    Args:
        connection: In any transaction.
        position: A cursor.
        limit: At most so many, but for the rest of the last tick.
    """
    table = schema.surges
    rows = list(connection.execute(select(table).where(table.c.id > position).order_by(table.c.id).limit(limit)))
    if len(rows) == limit:
        last = rows[-1]
        rows += connection.execute(
            select(table).where(table.c.tick == last.tick, table.c.id > last.id).order_by(table.c.id)
        )
    return [(row.id, surge_of(row)) for row in rows]


def read_open_alerts(connection: Connection) -> dict[Series, Alert]:
    """Alerts that are not resolved, by series: a series has at most one."""
    table = schema.alerts
    open_states = [state.value for state in AlertState if state is not AlertState.RESOLVED]
    rows = connection.execute(
        select(table).where(table.c.state.in_(open_states)).order_by(table.c.opened_at, table.c.id)
    )
    found = [alert_of(row) for row in rows]
    return {alert.series: alert for alert in found}


def write_alerts(connection: Connection, alerts: Sequence[Alert]) -> None:
    """Set the state of alerts; where one comes twice, the later holds."""
    rows = [
        {
            "id": alert.id,
            "series": alert.series.key,
            "state": alert.state.value,
            "opened_at": alert.opened_at,
            "changed_at": alert.changed_at,
            "fired_at": alert.fired_at,
            "resolved_at": alert.resolved_at,
            "calm_since": alert.calm_since,
            "latest": _text(alert.latest),
            "peak": _text(alert.peak),
        }
        for alert in alerts
    ]
    upsert(connection, schema.alerts, rows)


def write_transitions(connection: Connection, transitions: Sequence[Transition]) -> None:
    """Append transitions to the histories of their alerts, in this order; the alerts must have been written before."""
    numbers: dict[str, int] = {}
    rows = []
    for transition in transitions:
        alert = transition.alert
        if alert.id not in numbers:
            table = schema.transitions
            newest = connection.execute(select(func.max(table.c.number)).where(table.c.alert_id == alert.id)).scalar()
            numbers[alert.id] = newest or 0
        numbers[alert.id] += 1
        rows.append(
            {
                "alert_id": alert.id,
                "number": numbers[alert.id],
                "before": transition.before.value if transition.before is not None else None,
                "after": alert.state.value,
                "at": transition.at,
                "why": transition.why,
            }
        )
    if rows:
        connection.execute(schema.transitions.insert(), rows)


def write_notifications(connection: Connection, notifications: Sequence[Message], now: datetime) -> None:
    """Put notifications into the outbox, due at once; one whose id is there already changes nothing.

    Args:
        connection: In a write transaction, in which their alerts have been written.
        notifications: What is to be sent.
        now: UTC-aware wall clock.
    """
    rows = [
        {
            "id": notification.id,
            "alert_id": notification.alert.id if isinstance(notification, Notification) else None,
            "receiver": notification.receiver,
            "kind": notification.kind,
            "payload": _text(notification),
            "created_at": notification.created_at,
            "status": "pending",
            "attempts": 0,
            "next_attempt_at": now,
        }
        for notification in notifications
    ]
    insert_new(connection, schema.outbox, rows)


def alert_of(row: Row[Any]) -> Alert:
    """The noun from a row of the table `alerts`."""
    return Alert(
        id=row.id,
        series=Series.parse(row.series),
        state=AlertState(row.state),
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        fired_at=row.fired_at,
        resolved_at=row.resolved_at,
        calm_since=row.calm_since,
        latest=_SURGE.decode(row.latest),
        peak=_SURGE.decode(row.peak),
    )


def _text(value: object) -> str:
    return _JSON.encode(value).decode()
