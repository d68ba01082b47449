"""Leases: one holder at a time, and an epoch that fences off whoever held one before.

They end by the wall clock, the one that hosts have in common. One that ends later than anybody can have meant was
written by a clock that was wrong, and holds nobody off.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, select, update

from monitor.clock import EPOCH
from monitor.errors import LeaseLostError
from monitor.store.schema import leases
from monitor.store.upserts import insert_into

CLOCKS_DIFFER: Final = timedelta(minutes=10)
"""Hosts' clocks differ by less: a lease that ends by more than this later than one taken now is a wrong clock's."""


def is_held(now: datetime, ttl: timedelta) -> ColumnElement[bool]:
    """Which leases hold others off at `now`, a UTC-aware wall clock, where they are taken for `ttl`."""
    ends = leases.c.expires_at
    return and_(ends > now, ends <= now + ttl + CLOCKS_DIFFER)


def take_lease(connection: Connection, name: str, holder: str, now: datetime, ttl: timedelta) -> int | None:
    """Take a lease that holds nobody off (see `is_held`), or was this holder's own.

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
        where=~is_held(now, ttl) | (leases.c.holder == holder),
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


@contextmanager
def kept_alive(renew: Callable[[], bool], every_seconds: float, name: str) -> Iterator[None]:
    """Renews a lease from a thread of its own while the block goes on: long work is no death.

    Args:
        renew: Called every so often; once it returns False it is not called again.
        every_seconds: Time between two calls; well below what the lease lasts.
        name: Of the thread.
    """
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(every_seconds) and renew():
            pass

    thread = threading.Thread(target=go_on, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _lost(name: str, epoch: int) -> LeaseLostError:
    return LeaseLostError(
        f"The lease {name} was taken over after epoch {epoch}.", "This worker has stopped; its successor goes on."
    )
