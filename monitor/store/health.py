"""How the pipeline itself is doing: signs of life of the workers, and runs of the scheduled jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, delete, select, update

from monitor.store.rows import Heartbeat, JobRun
from monitor.store.schema import runs, workers
from monitor.store.upserts import insert_into, upsert

Outcome = Literal["succeeded", "failed"]

STOPPED = "stopped"
"""Note of the last sign of life of a worker that was asked to end: it is not missed."""

_COUNTERS = msgspec.json.Decoder(dict[str, float])


def write_heartbeat(connection: Connection, beat: Heartbeat) -> None:
    """Replace the last sign of life of this worker."""
    row = {
        "name": beat.name,
        "pid": beat.pid,
        "host": beat.host,
        "started_at": beat.started_at,
        "seen_at": beat.seen_at,
        "counters": msgspec.json.encode(beat.counters).decode(),
        "note": beat.note,
    }
    upsert(connection, workers, [row])


def forget_silent(connection: Connection, since: datetime) -> int:
    """Delete the signs of life of workers that have given none since then; returns how many."""
    return connection.execute(delete(workers).where(workers.c.seen_at < since)).rowcount


def read_heartbeats(connection: Connection, limit: int = 100) -> list[Heartbeat]:
    """The last sign of life of each worker, in the order of their names."""
    return [
        Heartbeat(
            name=row.name,
            pid=row.pid,
            host=row.host,
            started_at=row.started_at,
            seen_at=row.seen_at,
            counters=_COUNTERS.decode(row.counters),
            note=row.note,
        )
        for row in connection.execute(select(workers).order_by(workers.c.name).limit(limit))
    ]


def begin_run(connection: Connection, job: str, scheduled_at: datetime, now: datetime) -> int | None:
    """Note that a job starts, unless it was started for this schedule before.

    Args:
        connection: In a write transaction; commit it before the job's work.
        job: Which.
        scheduled_at: UTC-aware; when it was due.
        now: UTC-aware wall clock.

    Returns:
        The number of the run, for `finish_run`; None if this schedule was served already.
    """
    statement = insert_into(connection.dialect.name, runs).values(
        job=job, scheduled_at=scheduled_at, started_at=now, detail=""
    )
    beginning = statement.on_conflict_do_nothing(index_elements=[runs.c.job, runs.c.scheduled_at]).returning(runs.c.id)
    number: int | None = connection.execute(beginning).scalar()
    return number


def finish_run(connection: Connection, run_id: int, outcome: Outcome, detail: str, now: datetime) -> None:
    """Note how a run ended; `detail` is one sentence for a person."""
    connection.execute(update(runs).where(runs.c.id == run_id).values(finished_at=now, outcome=outcome, detail=detail))


def read_last_run(connection: Connection, job: str) -> JobRun | None:
    """The run of the latest schedule that was served; what came after it was missed."""
    row = connection.execute(
        select(runs).where(runs.c.job == job).order_by(runs.c.scheduled_at.desc()).limit(1)
    ).one_or_none()
    return None if row is None else _run_of(row)


def read_runs(connection: Connection, limit: int) -> list[JobRun]:
    """The latest runs of all jobs, newest first."""
    return [
        _run_of(row)
        for row in connection.execute(select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit))
    ]


def _run_of(row: Row[Any]) -> JobRun:
    return JobRun(row.id, row.job, row.scheduled_at, row.started_at, row.finished_at, row.outcome, row.detail)
