"""Scheduled jobs: when they run comes from the settings, that they ran and how stands in the store.

APScheduler keeps its jobs in memory. Each run is recorded under the time for which it was scheduled, so no schedule is
served twice; a lease in the store keeps two runs of one job from going on at once, even under two schedulers; what was
missed while none ran, or while the store was away, is caught up once. Every schedule ends with an outcome that people
can see: succeeded, late, failed, skipped, cut off.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.cron import CronTrigger

from monitor.clock import EPOCH, Clock, system_clock
from monitor.errors import LeaseLostError, MonitorError, SettingsError
from monitor.settings import Settings
from monitor.store import health, jobs, retention
from monitor.store.database import Database
from monitor.store.leases import kept_alive
from pipelines.retrain import retrain_scheduled

Job = Callable[[Settings, Database, datetime], str]
"""Does its work as of the given instant and returns one sentence on what it did."""

MISSED_FOR = timedelta(days=8)
"""A run that was missed longer ago is not caught up; a weekly one is."""

LATE_AFTER = timedelta(minutes=10)
"""A run that begins longer after it was due is late."""

LEASE = timedelta(minutes=5)
"""A run that gave no sign of life for so long is cut off."""

RENEW_SECONDS = 60.0
WATCH_SECONDS = 60

SILENT_FOR = timedelta(days=2)
"""A worker that has given no sign of life for so long is no longer listed."""

POLLS_KEPT = timedelta(days=3)
"""Single polls of sources are kept so long; what they gave is kept by day, as long as articles are."""

_SPANS = (timedelta(hours=2), timedelta(days=1), MISSED_FOR)

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_WEEKDAY = f"[0-7]|{'|'.join(_WEEKDAYS)}"
_WEEKDAY_RANGE = re.compile(rf"(?:\*|({_WEEKDAY})(?:-({_WEEKDAY}))?)(?:/([1-9][0-9]*))?")

_log = logging.getLogger(__name__)


class Overdue(NamedTuple):
    """A job that should have begun by now."""

    job: str
    scheduled_at: datetime


def delete_old(settings: Settings, database: Database, now: datetime) -> str:
    """Deletes what is older than the settings keep, in short transactions."""
    cutoff = now - timedelta(days=settings.store.retention_days)
    with database.write() as connection:
        health.forget_silent(connection, now - SILENT_FOR)
    deleted = sum(retention.delete_older(database, cutoff).values())
    deleted += retention.delete_polls(database, now - POLLS_KEPT)
    return f"Deleted {deleted:,} rows from before {cutoff:%Y-%m-%d}."


JOBS: Mapping[str, Job] = {"retention": delete_old, "retrain": retrain_scheduled}
"""By the name of their setting in `schedule`."""


def trigger_of(job: str, expression: str) -> OrTrigger | None:
    """When a job runs; None for never.

    Raises:
        SettingsError: It is no crontab expression.
    """
    if not expression.strip():
        return None
    try:
        return _trigger(expression)
    except ValueError as error:
        raise SettingsError(
            f"schedule.{job} is {expression!r}: {error}.",
            "Give a crontab expression of five fields, in UTC, or nothing.",
        ) from error


def triggers_of(settings: Settings) -> dict[str, OrTrigger]:
    """When each job runs; without those that never do.

    Raises:
        SettingsError: A schedule is no crontab expression.
    """
    written = settings.schedule.model_dump()
    return {job: trigger for job in JOBS if (trigger := trigger_of(job, written.get(job, "")))}


def run_due(
    job: str,
    scheduled_at: datetime,
    settings: Settings,
    database: Database,
    clock: Clock,
    *,
    work: Job | None = None,
    renew_seconds: float = RENEW_SECONDS,
) -> bool:
    """Runs a job for one schedule, unless that was done before or the job is running; records how it went.

    Args:
        job: Which.
        scheduled_at: UTC-aware; when it was due.
        settings: For the job.
        database: Likewise, and for the record.
        clock: Dates the record.
        work: What to do; what `JOBS` says by default.
        renew_seconds: Time between two signs of life; well below `LEASE`.

    Returns:
        Whether it ran now.

    Raises:
        StoreError: The run could not be recorded.
    """
    begun_at = clock()
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
    with database.write() as connection:
        run = jobs.start_run(connection, job, scheduled_at, begun_at, holder, LEASE)
    if not isinstance(run, jobs.StartedRun):
        if run == "skipped":
            _log.warning("%s, due at %s, is skipped: the run before it has not ended", job, scheduled_at)
        return False
    late = begun_at - scheduled_at > LATE_AFTER
    with _kept_alive(run, database, clock, renew_seconds):
        outcome, detail = _outcome(work or JOBS[job], settings, database, clock())
    if late:
        outcome = "late" if outcome == "succeeded" else outcome
        detail = f"It was due at {scheduled_at:%Y-%m-%d %H:%M} and began late. {detail}"
    try:
        with database.write() as connection:
            jobs.end_run(connection, run, outcome, detail, clock())
    except LeaseLostError as error:
        _log.error("%s went on after it had counted as cut off: %s (%s)", job, detail, error)
        return True
    _log.log(logging.ERROR if outcome == "failed" else logging.INFO, "%s: %s", job, detail)
    return True


def last_due(trigger: OrTrigger, now: datetime) -> datetime | None:
    """The latest time at or before `now`, at most `MISSED_FOR` ago, for which a trigger was scheduled."""
    for span in _SPANS:  # an hourly trigger need not be followed through a week
        latest: datetime | None = None
        moment = trigger.get_next_fire_time(None, now - span)
        while moment is not None and moment <= now:
            latest = moment
            moment = trigger.get_next_fire_time(moment, moment + timedelta(seconds=1))
        if latest is not None:
            return latest
    return None


def overdue(settings: Settings, database: Database, now: datetime) -> list[Overdue]:
    """Jobs that no scheduler began although they were due more than `LATE_AFTER` ago.

    Raises:
        SettingsError: A schedule is no crontab expression.
        StoreError: The database failed.
    """
    due = ((job, last_due(trigger, now - LATE_AFTER)) for job, trigger in triggers_of(settings).items())
    with database.read() as connection:
        return [
            Overdue(job, scheduled_at)
            for job, scheduled_at in due
            if scheduled_at is not None and not jobs.is_served(connection, job, scheduled_at)
        ]


def run_schedule(settings: Settings, database: Database, stop: threading.Event, clock: Clock = system_clock) -> None:
    """Runs jobs until `stop` is set.

    Raises:
        SettingsError: A schedule is no crontab expression.
    """
    triggers = triggers_of(settings)
    scheduler = BackgroundScheduler(timezone=UTC)
    due = {job: _Due(job, trigger, settings, database, clock) for job, trigger in triggers.items()}
    for job, trigger in triggers.items():
        # Each is asked once at the start: it runs if its last schedule was missed.
        scheduler.add_job(
            due[job],
            trigger,
            id=job,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )

    def note_skipped(event: JobSubmissionEvent) -> None:
        if event.job_id in due:
            due[event.job_id].skip()

    def mark() -> None:
        with database.write() as connection:
            for job in jobs.mark_cut_off(connection, clock(), LEASE):
                _log.error("%s was cut off: its process ended, or lost the store, before it was done", job)

    def watch() -> None:
        mark()
        for missed in overdue(settings, database, clock()):
            scheduler.modify_job(missed.job, next_run_time=datetime.now(UTC))

    scheduler.add_listener(note_skipped, EVENT_JOB_MAX_INSTANCES)
    mark()
    # Not at once: a job that the start has asked for, but whose thread has not begun it yet, would look overdue, be
    # asked for again, and the second call would record as skipped what the first was about to do.
    scheduler.add_job(watch, "interval", seconds=WATCH_SECONDS, id="watch", coalesce=True)
    scheduler.start()
    stop.wait()
    scheduler.shutdown(wait=True)


class _Due:
    """What the scheduler calls; finds out by itself for which time it was called."""

    def __init__(self, job: str, trigger: OrTrigger, settings: Settings, database: Database, clock: Clock) -> None:
        self._job = job
        self._trigger = trigger
        self._settings = settings
        self._database = database
        self._clock = clock

    def __call__(self) -> None:
        scheduled_at = last_due(self._trigger, self._clock())
        if scheduled_at is None:
            return
        try:
            run_due(self._job, scheduled_at, self._settings, self._database, self._clock)
        except MonitorError as error:  # the watch asks again
            _log.error("%s, due at %s, could not be recorded: %s", self._job, scheduled_at, error)

    def skip(self) -> None:
        """Note that the scheduler let a time pass because the job was running."""
        scheduled_at = last_due(self._trigger, self._clock())
        if scheduled_at is None:
            return
        try:
            with self._database.write() as connection:
                jobs.skip_run(connection, self._job, scheduled_at, self._clock())
        except MonitorError as error:
            _log.error("%s was skipped at %s, which could not be recorded: %s", self._job, scheduled_at, error)


def _trigger(expression: str) -> OrTrigger:
    """As crontab(5) reads it; APScheduler counts weekdays from Monday, and always wants both days to match."""
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError(f"it has {len(fields)} field{'' if len(fields) == 1 else 's'}")
    *time, day, month, weekday = fields
    named = _weekdays(weekday)
    both = day.startswith("*") or weekday.startswith("*")
    dates = [(day, named)] if both else [(day, "*"), ("*", named)]
    trigger = OrTrigger([CronTrigger.from_crontab(" ".join((*time, on, month, of)), timezone=UTC) for on, of in dates])
    if trigger.get_next_fire_time(None, EPOCH) is None:
        raise ValueError("there is no such day")
    return trigger


def _weekdays(field: str) -> str:
    """The fifth field of a crontab expression by names, which APScheduler and crontab(5) read alike."""
    found: set[str] = set()
    for part in field.lower().split(","):
        match = _WEEKDAY_RANGE.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no weekday, nor a range of them")
        first, last, step = match.groups()
        start = _number(first) if first else 0
        end = _number(last) if last else start if first and not step else 6
        if end == 0 < start:
            end = 7  # the Sunday on which a range ends
        if end < start:
            raise ValueError(f"{part!r} ends before it begins")
        found.update(_WEEKDAYS[number % 7] for number in range(start, end + 1, int(step or 1)))
    return ",".join(sorted(found))


def _number(weekday: str) -> int:
    return int(weekday) if weekday.isdecimal() else _WEEKDAYS.index(weekday)


def _outcome(work: Job, settings: Settings, database: Database, now: datetime) -> tuple[jobs.RunOutcome, str]:
    try:
        return "succeeded", work(settings, database, now)
    except MonitorError as error:
        return "failed", str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the run has failed and the schedule goes on
        _log.exception("A job failed in a way that nobody foresaw")
        return "failed", f"{type(error).__name__}: {error}"


def _kept_alive(
    run: jobs.StartedRun, database: Database, clock: Clock, renew_seconds: float
) -> AbstractContextManager[None]:
    """Gives signs of life of a run while the block goes on."""

    def renew() -> bool:
        try:
            with database.write() as connection:
                jobs.renew_run(connection, run, clock(), LEASE)
        except LeaseLostError as error:
            _log.error("%s goes on although another run was begun: %s", run.job, error)
            return False
        except MonitorError as error:
            _log.warning("No sign of life of %s could be written: %s", run.job, error)
        return True

    return kept_alive(renew, renew_seconds, f"renew-{run.job}")
