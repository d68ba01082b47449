"""Leases: one holder at a time, and an epoch that fences off whoever held one before."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from monitor.clock import EPOCH
from monitor.errors import LeaseLostError
from monitor.store.schema import leases
from monitor.store.upserts import insert_into


def take_lease(connection: Connection, name: str, holder: str, now: datetime, ttl: timedelta) -> int | None:
    """Take a lease that is free, has run out, or was this holder's own.

    Args:
        connection: In a write transaction.
        name: Which lease.
        holder: Who asks; unique to a process, so that a restarted one is another.
        now: UTC-aware wall clock; hosts that share a lease need clocks that differ by much less than `ttl`.
        ttl: How long it lasts unless renewed.

    Returns:
        The epoch, larger than any before it; None while another holds the lease.
    """
    statement = insert_into(connection.dialect.name, leases).values(
        name=name, holder=holder, epoch=1, expires_at=now + ttl
    )
    taking = statement.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={
            "holder": statement.excluded.holder,
            "epoch": leases.c.epoch + 1,
            "expires_at": statement.excluded.expires_at,
        },
        where=or_(leases.c.expires_at <= now, leases.c.holder == holder),
    ).returning(leases.c.epoch)
    epoch: int | None = connection.execute(taking).scalar()
    return epoch


def renew_lease(connection: Connection, name: str, epoch: int, now: datetime, ttl: timedelta) -> None:
    """Hold a lease for another `ttl` from `now`; one that has run out but that nobody else took counts as held.

    Raises:
        LeaseLostError: Another has taken it since `epoch`.
    """
    renewal = update(leases).where(leases.c.name == name, leases.c.epoch == epoch).values(expires_at=now + ttl)
    if connection.execute(renewal).rowcount != 1:
        raise _lost(name, epoch)


def release_lease(connection: Connection, name: str, epoch: int) -> None:
    """Give a lease back, so that a standby need not wait for it to run out; does nothing if another holds it."""
    connection.execute(update(leases).where(leases.c.name == name, leases.c.epoch == epoch).values(expires_at=EPOCH))


def require_lease(connection: Connection, name: str, epoch: int) -> None:
    """Make sure that this transaction may write: called first in it, so that it commits only under that epoch.

    On PostgreSQL the lease's row is locked until the commit, so that a successor starts after it; on SQLite the write
    transaction itself keeps others out.

    Raises:
        LeaseLostError: Another has taken it since `epoch`.
    """
    query = select(leases.c.epoch).where(leases.c.name == name).with_for_update(read=True)
    if connection.execute(query).scalar() != epoch:
        raise _lost(name, epoch)


def _lost(name: str, epoch: int) -> LeaseLostError:
    return LeaseLostError(
        f"The lease {name} was taken over after epoch {epoch}.", "This worker has stopped; its successor goes on."
    )
