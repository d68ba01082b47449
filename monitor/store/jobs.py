"""Runs of scheduled jobs: one at a time over all schedulers, and each with an outcome, whatever became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, and_, select, update

from monitor.store.health import begin_run, read_last_run
from monitor.store.leases import is_held, release_lease, renew_lease, require_lease, take_lease
from monitor.store.schema import leases, runs

RunOutcome = Literal["succeeded", "late", "failed", "skipped: still running", "cut off"]
"""`late`: it did its work, but began long after it was due. `cut off`: its process ended without a word."""


class StartedRun(msgspec.Struct, frozen=True):
    """A run in hand; `epoch` is that of the job's lease."""

    id: int
    job: str
    epoch: int


def start_run(
    connection: Connection, job: str, scheduled_at: datetime, now: datetime, holder: str, ttl: timedelta
) -> StartedRun | Literal["served", "skipped"]:
    """Begin a run, unless its schedule was served before or the job is still running, here or elsewhere.

    Args:
        connection: In a write transaction; commit it before the job's work.
        job: Which.
        scheduled_at: UTC-aware; when it was due.
        now: UTC-aware wall clock.
        holder: Unique to this run.
        ttl: The run counts as cut off when it was not renewed for so long.

    Returns:
        The run; "served" if there is one for that schedule; "skipped" if another runs, which is written down.
    """
    number = begin_run(connection, job, scheduled_at, now)
    if number is None:
        return "served"
    epoch = take_lease(connection, _lease_of(job), holder, now, ttl)
    if epoch is None:
        _end(connection, [number], "skipped: still running", "The run before it had not ended.", now)
        return "skipped"
    left = and_(runs.c.job == job, runs.c.outcome.is_(None), runs.c.id != number)
    _end(connection, list(connection.execute(select(runs.c.id).where(left)).scalars()), "cut off", _CUT_OFF, now)
    return StartedRun(number, job, epoch)


def renew_run(connection: Connection, run: StartedRun, now: datetime, ttl: timedelta) -> None:
    """Give a sign of life of a run.

    Raises:
        LeaseLostError: It gave none for so long that another was begun.
    """
    renew_lease(connection, _lease_of(run.job), run.epoch, now, ttl)


def end_run(connection: Connection, run: StartedRun, outcome: RunOutcome, detail: str, now: datetime) -> None:
    """Note how a run ended, and let the next one begin; `detail` is one sentence for a person.

    Raises:
        LeaseLostError: It gave no sign of life for so long that another was begun; it stays cut off.
    """
    require_lease(connection, _lease_of(run.job), run.epoch)
    _end(connection, [run.id], outcome, detail, now)
    release_lease(connection, _lease_of(run.job), run.epoch)


def skip_run(connection: Connection, job: str, scheduled_at: datetime, now: datetime) -> bool:
    """Note that a schedule passes because the run before it goes on; returns False if it was served before."""
    number = begin_run(connection, job, scheduled_at, now)
    if number is None:
        return False
    _end(connection, [number], "skipped: still running", "The run before it had not ended.", now)
    return True


def mark_cut_off(connection: Connection, now: datetime, ttl: timedelta) -> list[str]:
    """Give an outcome to the runs that gave no sign of life for `ttl`; returns their jobs' names."""
    alive = connection.execute(select(leases.c.name).where(is_held(now, ttl))).scalars().all()
    open_runs = connection.execute(select(runs.c.id, runs.c.job).where(runs.c.outcome.is_(None))).all()
    dead = [row for row in open_runs if _lease_of(row.job) not in alive]
    _end(connection, [row.id for row in dead], "cut off", _CUT_OFF, now)
    return sorted(row.job for row in dead)


def is_served(connection: Connection, job: str, scheduled_at: datetime) -> bool:
    """Whether a job was begun, or skipped, for this schedule or a later one."""
    last = read_last_run(connection, job)
    return last is not None and last.scheduled_at >= scheduled_at


_CUT_OFF = "Its process ended, or lost the store, before it was done."


def _lease_of(job: str) -> str:
    return f"job {job}"


def _end(connection: Connection, numbers: Sequence[int], outcome: RunOutcome, detail: str, now: datetime) -> None:
    values: dict[str, Any] = {"finished_at": now, "outcome": outcome, "detail": detail}
    connection.execute(update(runs).where(runs.c.id.in_(numbers)).values(**values))
