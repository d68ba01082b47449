"""The ingest stage put together: a scheduler and some threads that ask, the ledger, the spool, the way to Kafka.

APScheduler holds one job for each source: its next poll. Threads wait for servers; all else happens in the stage's own
thread, so that a slow server holds up nothing but itself.
"""

from __future__ import annotations

import logging
import queue
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import IO, Self
from uuid import uuid4

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from monitor.clock import system_clock
from monitor.ingest.intake.outlet import OpenPublisher, Outlet
from monitor.ingest.intake.parcel import Parcel, Standing, VerdictChange
from monitor.ingest.intake.polling import Fetch, Finished
from monitor.ingest.intake.spool import Spool
from monitor.ingest.intake.taking import Intake
from monitor.ingest.worker import IngestWorker
from monitor.settings import Settings
from monitor.store import sources
from monitor.store.database import Database
from pipelines.pushing import push_endpoint
from pipelines.sources import polled_sources

_MEGABYTE = 1_000_000
_log = logging.getLogger(__name__)


class StoredLedger:
    """What the store knows of sources; see `monitor.ingest.intake.taking.Ledger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standings(self) -> Mapping[str, Standing]:
        """All sources that were ever polled."""
        with self._database.read() as connection:
            return sources.read_standings(connection)

    def known(self, ids: Collection[str]) -> set[str]:
        """Those that were seen before."""
        with self._database.read() as connection:
            return sources.known_ids(connection, ids)

    def take_in(self, parcels: Sequence[Parcel]) -> None:
        """Keeps parcels, each once."""
        with self._database.write() as connection:
            for parcel in parcels:
                sources.take_in(connection, parcel)

    def change(self, changes: Sequence[VerdictChange], standings: Sequence[Standing]) -> None:
        """Keeps verdicts that changed between polls."""
        with self._database.write() as connection:
            for change, standing in zip(changes, standings, strict=True):
                sources.write_change(connection, change)
                sources.write_standing(connection, standing, change.at)


class ScheduledPoller:
    """Asks each source when it is due, several at the same time; see `monitor.ingest.intake.polling.Poller`."""

    def __init__(self, threads: int) -> None:
        """Starts the scheduler; nothing is planned yet."""
        self._done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(threads)})
        self._scheduler.start()

    def plan(self, name: str, at: datetime, fetch: Fetch) -> None:
        """Plans the next poll of a source, which has none planned and none under way."""
        # Two instances: the thread of the poll before this one may not have ended yet, though its result is here.
        self._scheduler.add_job(
            self._ask, DateTrigger(at), (name, fetch), id=name, replace_existing=True, misfire_grace_time=None,
            max_instances=2,
        )  # fmt: skip

    def plan_anew(self, at: Callable[[str], datetime]) -> None:
        """Moves every planned poll; one that begins just now is left alone."""
        for job in self._scheduler.get_jobs():
            with suppress(JobLookupError):
                self._scheduler.reschedule_job(job.id, trigger=DateTrigger(at(job.id)))

    def finished(self) -> list[Finished]:
        """What has come back since the last call."""
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def close(self) -> None:
        """Plans nothing more; what is under way is not waited for."""
        # It would not find the job that its thread is starting just now, once it is stopped: first that must be done.
        self._scheduler.pause()
        self._scheduler.remove_all_jobs()
        self._scheduler.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, name: str, fetch: Fetch) -> None:
        self._done.put(Finished(name, fetch()))


@contextmanager
def ingesting(
    settings: Settings, database: Database, connect: OpenPublisher, *, lines: IO[bytes] | None = None
) -> Iterator[IngestWorker]:
    """The worker of the ingest stage, with all that it holds open.

    Args:
        settings: All of them.
        database: The open store.
        connect: Opens the way to Kafka.
        lines: A stream whose lines are articles, beside the sources of the settings.

    Raises:
        InputError: A source, the spool or the push endpoint cannot be set up.
        SettingsError: `ingest.allowed_addresses` cannot be read.
        StoreError: The store is away.
    """
    with (
        Spool(settings.data_dir / "spool", settings.ingest.spool_mb * _MEGABYTE) as spool,
        ScheduledPoller(settings.ingest.threads) as poller,
    ):
        intake = Intake(spool, StoredLedger(database), system_clock, lambda: uuid4().hex)
        with Outlet(spool, intake, connect, system_clock) as outlet, push_endpoint(settings, intake, database):
            worker = IngestWorker(
                polled_sources(settings, lines),
                intake,
                spool,
                outlet,
                poller,
                system_clock,
                tick_every=timedelta(seconds=settings.surges.tick_seconds),
                draw=random.random,
                warn=_log.warning,
            )
            yield worker
