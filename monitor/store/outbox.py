"""The outbox: what is to be sent, who is sending it, and how that went; for the dispatcher and for whoever replays.

pending ──claim──► pending, claimed ──delivered──► delivered
   ▲                    │    └────────dead───────► dead ──replay──► pending
   └──────failed────────┘
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Update, exists, func, literal, or_, select, update

from monitor.alerts.alert import Notification
from monitor.alerts.notice import Message, SourceNotice
from monitor.store.columns import Instant
from monitor.store.rows import ClaimedNotification, OutboxEntry
from monitor.store.schema import outbox

_NOTIFICATION = msgspec.json.Decoder(Notification)
_NOTICE = msgspec.json.Decoder(SourceNotice)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the notifications.

    Attributes:
        ids: Those whose id begins with one of these; empty for all.
        receiver: Those for this receiver; None for all.
        since: UTC-aware; those of what happened then or later; None for all.
    """

    ids: tuple[str, ...] = ()
    receiver: str | None = None
    since: datetime | None = None


EVERY: Final = Choice()


def claim_due(
    connection: Connection,
    holder: str,
    now: datetime,
    timeout: timedelta,
    limit: int,
    *,
    receiver: str | None = None,
    in_hand: Collection[str] = (),
) -> list[ClaimedNotification]:
    """Take notifications that are due, for this dispatcher alone, and count an attempt for each.

    A receiver's notifications about one alert are taken in order of time, each after the one before was delivered;
    where that one is dead, those after it die too, so that a replay of all keeps the order.

    Args:
        connection: In a write transaction; commit it before sending.
        holder: Who takes them; unique to a process.
        now: UTC-aware wall clock.
        timeout: After which others may take those whose fate was not told by then (the dispatcher may have died).
        limit: At most so many.
        receiver: Only those for this receiver; None for all.
        in_hand: Ids of those that this dispatcher is still sending, although its claim may have run out.

    Returns:
        Earliest event first.
    """
    _bury_followers(connection)
    due = (
        select(outbox)
        .where(*_due(now, in_hand), *([] if receiver is None else [outbox.c.receiver == receiver]))
        .order_by(outbox.c.next_attempt_at, outbox.c.created_at, outbox.c.id)
        .limit(limit)
        # PostgreSQL: two dispatchers pass over each other's rows; SQLite: the write transaction lets one in at a time.
        .with_for_update(skip_locked=True)
    )
    rows = list(connection.execute(due))
    if not rows:
        return []
    claim = update(outbox).where(outbox.c.id.in_([row.id for row in rows]))
    connection.execute(
        claim.values(
            claimed_by=holder,
            claimed_until=now + timeout,
            attempts=outbox.c.attempts + 1,
            first_attempt_at=func.coalesce(outbox.c.first_attempt_at, literal(now, Instant())),
        )
    )
    claimed = [ClaimedNotification(_message(row), row.attempts + 1, row.first_attempt_at or now) for row in rows]
    return sorted(claimed, key=lambda item: (item.notification.created_at, item.notification.id))


def receivers_due(connection: Connection, now: datetime, in_hand: Collection[str] = ()) -> list[str]:
    """The receivers for which something is due that nobody is sending, in the order of their names."""
    due = select(outbox.c.receiver).where(*_due(now, in_hand))
    return list(connection.execute(due.distinct().order_by(outbox.c.receiver)).scalars())


def mark_delivered(connection: Connection, notification_id: str, now: datetime) -> None:
    """The receiver took it; holds whoever sent it."""
    connection.execute(
        _fate(notification_id).values(status="delivered", delivered_at=now, last_error=None, **_UNCLAIMED)
    )


def mark_failed(
    connection: Connection, notification_id: str, holder: str, error: str, next_attempt_at: datetime
) -> None:
    """The receiver did not take it; try again at `next_attempt_at`. Nothing if another dispatcher has it by now."""
    failure = _fate(notification_id).where(outbox.c.claimed_by == holder, outbox.c.status == "pending")
    connection.execute(failure.values(next_attempt_at=next_attempt_at, last_error=error, **_UNCLAIMED))


def mark_dead(connection: Connection, notification_id: str, holder: str, error: str) -> None:
    """The receiver will not take it; visible until someone replays it. Nothing if another dispatcher has it by now."""
    death = _fate(notification_id).where(outbox.c.claimed_by == holder, outbox.c.status == "pending")
    connection.execute(death.values(status="dead", last_error=error, **_UNCLAIMED))


def replay_dead(connection: Connection, now: datetime, choice: Choice = EVERY) -> int:
    """Make dead notifications due at once, with their attempts counted from nothing.

    Args:
        connection: In a write transaction.
        now: UTC-aware wall clock.
        choice: Which of them.

    Returns:
        How many.
    """
    replay = update(outbox).where(outbox.c.status == "dead", *_meets(choice))
    return connection.execute(
        replay.values(status="pending", attempts=0, first_attempt_at=None, next_attempt_at=now, **_UNCLAIMED)
    ).rowcount


def count_outbox(connection: Connection) -> dict[str, int]:
    """How many notifications are pending, delivered and dead; every status is there."""
    rows = connection.execute(select(outbox.c.status, func.count().label("number")).group_by(outbox.c.status))
    counts = {"pending": 0, "delivered": 0, "dead": 0}
    counts.update({row.status: row.number for row in rows})
    return counts


def next_due_at(connection: Connection) -> datetime | None:
    """When the next pending notification is due; None if none is pending."""
    moment: datetime | None = connection.execute(
        select(func.min(outbox.c.next_attempt_at)).where(outbox.c.status == "pending")
    ).scalar()
    return moment


def count_chosen(connection: Connection, status: str | None = None, choice: Choice = EVERY) -> int:
    """How many notifications of this status (None: of any) meet the choice."""
    count = select(func.count()).select_from(outbox).where(*_meets(choice))
    number: int = connection.execute(count if status is None else count.where(outbox.c.status == status)).scalar_one()
    return number


def read_outbox(
    connection: Connection,
    limit: int,
    status: str | None = None,
    alert_id: str | None = None,
    choice: Choice = EVERY,
) -> list[OutboxEntry]:
    """Notifications and how their delivery stands, the latest event first.

    Args:
        connection: In any transaction.
        limit: At most so many.
        status: pending, delivered or dead; None for all.
        alert_id: Only what was told about this alert; None for all.
        choice: Which of them.
    """
    query = select(outbox).where(*_meets(choice)).order_by(outbox.c.created_at.desc(), outbox.c.id).limit(limit)
    if status is not None:
        query = query.where(outbox.c.status == status)
    if alert_id is not None:
        query = query.where(outbox.c.alert_id == alert_id)
    return [
        OutboxEntry(
            _message(row),
            row.status,
            row.attempts,
            row.next_attempt_at,
            row.delivered_at,
            row.last_error,
        )
        for row in connection.execute(query)
    ]


def _message(row: Row[Any]) -> Message:
    return _NOTICE.decode(row.payload) if row.kind == "source" else _NOTIFICATION.decode(row.payload)


_UNCLAIMED: dict[str, Any] = {"claimed_by": None, "claimed_until": None}


def _due(now: datetime, in_hand: Collection[str]) -> list[ColumnElement[bool]]:
    unclaimed = or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= now)
    waiting = [outbox.c.status == "pending", outbox.c.next_attempt_at <= now, unclaimed, ~_follows("pending")]
    return [*waiting, outbox.c.id.not_in(in_hand)] if in_hand else waiting


def _follows(status: str) -> ColumnElement[bool]:
    """Whether an earlier notification about the same alert to the same receiver has this status."""
    earlier = outbox.alias("earlier")
    return exists().where(
        earlier.c.alert_id == outbox.c.alert_id,
        earlier.c.receiver == outbox.c.receiver,
        earlier.c.created_at < outbox.c.created_at,
        earlier.c.status == status,
    )


def _bury_followers(connection: Connection) -> None:
    orphaned = update(outbox).where(outbox.c.status == "pending", _follows("dead"))
    fault = "Not sent: an earlier notification about this alert was never delivered."
    connection.execute(orphaned.values(status="dead", last_error=fault, **_UNCLAIMED))


def _meets(choice: Choice) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if choice.ids:
        conditions.append(or_(*(outbox.c.id.startswith(name, autoescape=True) for name in choice.ids)))
    if choice.receiver is not None:
        conditions.append(outbox.c.receiver == choice.receiver)
    if choice.since is not None:
        conditions.append(outbox.c.created_at >= choice.since)
    return conditions


def _fate(notification_id: str) -> Update:
    return update(outbox).where(outbox.c.id == notification_id)
