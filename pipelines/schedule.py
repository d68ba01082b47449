"""Scheduled jobs: when they run comes from the settings, that they ran stands in the store.

APScheduler keeps its jobs in memory; each run is recorded under the time for which it was scheduled, so no schedule is
served twice, not even by two schedulers, and what was missed while none ran is caught up once at the start.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from monitor.clock import Clock, system_clock
from monitor.errors import MonitorError, SettingsError
from monitor.settings import Settings
from monitor.store import health, retention
from monitor.store.database import Database

Job = Callable[[Settings, Database, datetime], str]
"""Does its work as of the given instant and returns one sentence on what it did."""

MISSED_FOR = timedelta(days=2)
"""A run that was missed longer ago is not caught up."""

SILENT_FOR = timedelta(days=2)
"""A worker that has given no sign of life for so long is no longer listed."""

_log = logging.getLogger(__name__)


def delete_old(settings: Settings, database: Database, now: datetime) -> str:
    """Deletes what is older than the settings keep, in short transactions."""
    cutoff = now - timedelta(days=settings.store.retention_days)
    with database.write() as connection:
        health.forget_silent(connection, now - SILENT_FOR)
    deleted = sum(retention.delete_older(database, cutoff).values())
    return f"Deleted {deleted:,} rows from before {cutoff:%Y-%m-%d}."


JOBS: Mapping[str, Job] = {"retention": delete_old}
"""By the name of their setting in `schedule`."""


def trigger_of(job: str, expression: str) -> CronTrigger | None:
    """When a job runs; None for never.

    Raises:
        SettingsError: It is no crontab expression.
    """
    if not expression.strip():
        return None
    try:
        return CronTrigger.from_crontab(expression, timezone=UTC)
    except ValueError as error:
        raise SettingsError(
            f"schedule.{job} is {expression!r}: {error}.",
            "Give a crontab expression of five fields, in UTC, or nothing.",
        ) from error


def run_due(job: str, scheduled_at: datetime, settings: Settings, database: Database, clock: Clock) -> bool:
    """Runs a job for one schedule, unless that was done before; records how it went.

    Returns:
        Whether it ran now.
    """
    with database.write() as connection:
        run = health.begin_run(connection, job, scheduled_at, clock())
    if run is None:
        return False
    outcome: health.Outcome = "succeeded"
    try:
        detail = JOBS[job](settings, database, clock())
    except MonitorError as error:
        outcome, detail = "failed", str(error)
    with database.write() as connection:
        health.finish_run(connection, run, outcome, detail, clock())
    _log.log(logging.INFO if outcome == "succeeded" else logging.ERROR, "%s: %s", job, detail)
    return True


def last_due(trigger: CronTrigger, now: datetime) -> datetime | None:
    """The latest time at or before `now`, at most `MISSED_FOR` ago, for which a trigger was scheduled."""
    latest: datetime | None = None
    moment = trigger.get_next_fire_time(None, now - MISSED_FOR)
    while moment is not None and moment <= now:
        latest = moment
        moment = trigger.get_next_fire_time(moment, moment + timedelta(seconds=1))
    return latest


def run_schedule(settings: Settings, database: Database, stop: threading.Event, clock: Clock = system_clock) -> None:
    """Runs jobs until `stop` is set.

    Raises:
        SettingsError: A schedule is no crontab expression.
    """
    triggers = {job: trigger for job in JOBS if (trigger := trigger_of(job, getattr(settings.schedule, job)))}
    scheduler = BackgroundScheduler(timezone=UTC)
    for job, trigger in triggers.items():
        scheduler.add_job(
            _Due(job, trigger, settings, database, clock),
            trigger,
            id=job,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    for job, trigger in triggers.items():
        if missed := last_due(trigger, clock()):
            run_due(job, missed, settings, database, clock)
    scheduler.start()
    stop.wait()
    scheduler.shutdown(wait=True)


class _Due:
    """What the scheduler calls; finds out by itself for which time it was called."""

    def __init__(self, job: str, trigger: CronTrigger, settings: Settings, database: Database, clock: Clock) -> None:
        self._job = job
        self._trigger = trigger
        self._settings = settings
        self._database = database
        self._clock = clock

    def __call__(self) -> None:
        scheduled_at = last_due(self._trigger, self._clock())
        if scheduled_at is not None:
            run_due(self._job, scheduled_at, self._settings, self._database, self._clock)
