"""Replays a file through a line of its own, to the end, and sums up what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec

from monitor.clock import Clock, system_clock
from monitor.errors import InputError, WorkerError
from monitor.settings import Settings
from monitor.store import alerting, counting, cursors, outbox, reads
from monitor.store.database import Connection, Database
from monitor.store.rows import Counts, Progress
from pipelines.replaying import CONSOLE, JOB, TOTAL, ReplayJob
from pipelines.stages import kafka_client, topic_names
from pipelines.stream import Line, running_line

_POLL_SECONDS = 0.4


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay came to. `articles_in` is counted where the file is read, all others where results are kept.

    Attributes:
        articles_in: Items read from the file; equals scored + unscored + duplicates + dead_lettered.
        scored: Articles with topic and sentiment; late ones and near-duplicates are among them.
        unscored: Articles in a language that no model reads.
        duplicates: Items that repeat an article.
        late: Articles that came after the allowed lateness.
        dead_lettered: Items that could not be read.
        windows: Disjoint windows with stories in them that closed.
        surges: Assessments that stood out.
        alerts_fired: Alerts that fired.
        alerts_resolved: Alerts that fired and are over.
        notifications_delivered: Notifications that receivers took.
        seconds: Wall time from start to end.
    """

    articles_in: int
    scored: int
    unscored: int
    duplicates: int
    late: int
    dead_lettered: int
    windows: int
    surges: int
    alerts_fired: int
    alerts_resolved: int
    notifications_delivered: int
    seconds: float


class Standing(msgspec.Struct, frozen=True):
    """How far a replay has come.

    Attributes:
        total: Items in the file; 0 until it is read.
        settled: Items that are in the tables.
        tick: Stream time; None before the first tick.
        done: Everything has been counted, judged and delivered or given up.
    """

    total: int
    settled: int
    tick: datetime | None
    done: bool


Watch = Callable[[Line, Database, Standing], None]
"""Called several times a second while a replay runs."""


def replay_file(
    settings: Settings,
    job: ReplayJob,
    *,
    say: Callable[[str], None],
    watch: Watch | None = None,
    classifiers: int = 1,
    stop: threading.Event | None = None,
    clock: Clock = system_clock,
) -> Summary:
    """Replays a file to its end.

    Args:
        settings: With a store and a data folder of the replay's own.
        job: What to replay, and how fast.
        say: Gets one line for each thing that happens.
        watch: Sees the standing while it runs.
        classifiers: Replicas of the classify stage.
        stop: Interrupts it.
        clock: For timing.

    Raises:
        InputError: The file cannot be used, or the store holds other news.
        MonitorError: A stage cannot be kept alive.
    """
    began = clock()
    with Database.open(settings.store_url) as database:
        _claim(database, job)
        with running_line(settings, say=say, replay=job, classifiers=classifiers) as line:
            standing = await_end(line, database, watch, stop or threading.Event())
        if standing is None:
            raise WorkerError("The replay was interrupted.", "Its results so far are in its folder.")
        with database.read() as connection:
            counts = reads.read_counts(connection)
    delete_topics(settings)
    return _summary(counts, standing.total, clock() - began)


def _claim(database: Database, job: ReplayJob) -> None:
    """Makes the store this replay's, which may go on in it; another one would take what is there for its own."""
    wanted, name = job.fingerprint(), f"ingest:{JOB}"
    with database.write() as connection:
        progress = counting.read_progress(connection, "surges")
        # A claim counts at once: what it is for may be starting, and would find the other's rows among its own.
        claimed = cursors.read_cursor(connection, name)
        begun = progress is not None or claimed or cursors.read_cursor(connection, f"ingest:{TOTAL}")
        if begun and claimed != wanted:
            raise InputError(
                f"The store {database.url} holds other news already: {_held(connection, progress)}.",
                "It goes on with the same file, read in the same way; else name a new one with --store or --folder.",
            )
        cursors.set_cursor(connection, name, wanted)


def _held(connection: Connection, progress: Progress | None) -> str:
    items = reads.read_counts(connection).articles_in
    reached = f", up to {progress.tick:%Y-%m-%d %H:%M} UTC" if progress else ""
    return f"{items:,} item{'' if items == 1 else 's'}{reached}"


def await_end(line: Line, database: Database, watch: Watch | None, stop: threading.Event) -> Standing | None:
    """Watches over a line until its replay is done.

    Returns:
        The last standing; None where `stop` was set before the end.

    Raises:
        WorkerError: A stage cannot be kept alive.
    """
    while not stop.wait(_POLL_SECONDS):
        line.watch()
        standing = read_standing(database)
        if watch is not None:
            watch(line, database, standing)
        if standing.done:
            return standing
    return None


def read_standing(database: Database) -> Standing:
    """How far the replay in this store has come."""
    with database.read() as connection:
        total = cursors.read_cursor(connection, f"ingest:{TOTAL}")
        progress = counting.read_progress(connection, "surges")
        counts = reads.read_counts(connection)
        counted = progress is not None and progress.final
        told = counted and alerting.alerts_are_settled(connection) and not outbox.count_outbox(connection)["pending"]
    return Standing(total, counts.articles_in, progress.tick if progress else None, counted and told)


def _summary(counts: Counts, total: int, took: timedelta) -> Summary:
    return Summary(
        articles_in=total,
        scored=counts.scored,
        unscored=counts.unscored,
        duplicates=counts.duplicates,
        late=counts.late,
        dead_lettered=counts.dead_lettered,
        windows=counts.windows,
        surges=counts.surges,
        alerts_fired=counts.alerts_fired,
        alerts_resolved=counts.alerts_resolved,
        notifications_delivered=counts.notifications_delivered,
        seconds=round(took.total_seconds(), 2),
    )


def private_settings(settings: Settings, folder: Path, store_url: str = "") -> Settings:
    """Settings of a replay that touches nothing else: its own folder, store and topics; it tells the console alone.

    The topics' names hold an id drawn once for the folder: a replay that goes on finds its own topics again, and
    a new one never meets those of an old one.

    Args:
        settings: The user's; their store and their receivers are not touched.
        folder: The replay's; created.
        store_url: A database of its own; empty: a SQLite file in the folder.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    drawn = folder / "topic-prefix"
    if not drawn.exists():
        drawn.write_text(f"{settings.kafka.topic_prefix}replay-{uuid4().hex[:12]}-", encoding="utf-8")
    url = store_url or f"sqlite:///{folder / 'monitor.db'}"
    store = settings.store.model_copy(update={"url": url})
    kafka = settings.kafka.model_copy(update={"topic_prefix": drawn.read_text(encoding="utf-8")})
    alerts = settings.alerts.model_copy(update={"receivers": (CONSOLE,), "routes": ()})
    return settings.model_copy(update={"data_dir": folder, "store": store, "kafka": kafka, "alerts": alerts})


def delete_topics(settings: Settings) -> None:
    """Deletes a replay's topics from the cluster that it used; an embedded broker took them with it.

    Raises:
        BrokerError: The cluster cannot be reached.
    """
    if settings.kafka.bootstrap:
        with kafka_client(settings, "replay") as client:
            client.topics.delete(topic_names(settings).layout(1))
