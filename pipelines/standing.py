"""How a line stands, from what its store says."""

from __future__ import annotations

import re
import socket
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from monitor.alerts.wording import headline
from monitor.store import alerting, counting, health, outbox, reads
from monitor.store.database import Database
from monitor.store.rows import Heartbeat

ALIVE_WITHIN = timedelta(seconds=15)
"""A stage that has given no sign of life for so long counts as silent."""


class StageStanding(msgspec.Struct, frozen=True):
    """A stage's last sign of life; `stopped` where it was asked to end."""

    name: str
    state: Literal["alive", "silent", "stopped"]
    silent_seconds: float
    counters: dict[str, float]
    note: str


class OpenAlert(msgspec.Struct, frozen=True):
    """An alert that is not over."""

    id: str
    state: str
    title: str
    opened_at: datetime


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a line stands.

    Attributes:
        tick: Stream time; None before the first tick.
        ahead_seconds: How far stream time lies in the future, in seconds, as after a jump of a clock: nothing is
            counted until then. 0 where it does not.
        stages: By name.
        counts: What is in the store, as in a replay's summary.
        outbox: Notifications by status.
        open_alerts: The oldest first.
    """

    tick: datetime | None
    ahead_seconds: float
    stages: list[StageStanding]
    counts: dict[str, int]
    outbox: dict[str, int]
    open_alerts: list[OpenAlert]


def read_status(database: Database, now: datetime) -> Status:
    """How the line that writes to this store stands at `now`."""
    with database.read() as connection:
        progress = counting.read_progress(connection, "surges")
        beats = health.read_heartbeats(connection)
        counts = reads.read_counts(connection)
        deliveries = outbox.count_outbox(connection)
        alerts = alerting.read_open_alerts(connection).values()
    return Status(
        tick=progress.tick if progress else None,
        ahead_seconds=progress.ahead_of(now).total_seconds() if progress else 0.0,
        stages=[_standing(beat, now) for beat in beats],
        counts=msgspec.structs.asdict(counts),
        outbox=deliveries,
        open_alerts=[
            OpenAlert(alert.id, alert.state, headline(alert), alert.opened_at)
            for alert in sorted(alerts, key=lambda alert: alert.opened_at)
        ],
    )


def read_stage(database: Database, stage: str, now: datetime) -> StageStanding | None:
    """How a stage of this machine stands at `now`; None where it has never given a sign of life."""
    with database.read() as connection:
        beats = health.read_heartbeats(connection)
    return next((_standing(beat, now) for beat in beats if beat.name == name_here(stage)), None)


def name_here(stage: str) -> str:
    """Under which a stage, `STAGE` or `STAGE-REPLICA`, gives its signs of life on this machine."""
    return f"{stage}@{socket.gethostname()}"


def is_alive(database: Database, stage: str, now: datetime) -> bool:
    """Whether a worker of a stage (`ingest`) gives signs of life at `now`."""
    with database.read() as connection:
        beats = health.read_heartbeats(connection)
    alive = [beat.name for beat in beats if _standing(beat, now).state == "alive"]
    return any(re.split("[-@]", name)[0] == stage for name in alive)


def _standing(beat: Heartbeat, now: datetime) -> StageStanding:
    silent = beat.silent_for(now)
    if beat.note == health.STOPPED:
        state: Literal["alive", "silent", "stopped"] = "stopped"
    else:
        state = "alive" if silent < ALIVE_WITHIN else "silent"
    return StageStanding(beat.name, state, silent.total_seconds(), beat.counters, beat.note)
