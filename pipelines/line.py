"""The stages of the line, each built from the settings with all that it holds open."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING

from monitor.broker.client import KafkaClient
from monitor.broker.seams import Partition
from monitor.clock import system_clock
from monitor.errors import SettingsError
from monitor.ingest.intake.publisher import Publisher
from monitor.settings import Settings
from monitor.store.database import Database
from monitor.surges.worker import SurgeWorker
from pipelines.replaying import ReplayJob, ReplayWorker, StoredCursors
from pipelines.stages import BROKER_STAGES, StageName, Stepping, kafka_client, topic_names

if TYPE_CHECKING:
    from monitor.classify.serving import ServingModel
    from monitor.classify.worker import ClassifyWorker


@dataclass(frozen=True)
class Stage:
    """A worker with its numbers.

    Attributes:
        step: The worker's.
        counters: Numbers for the health page.
        note: A sentence or two for it.
    """

    step: Callable[[], int]
    counters: Callable[[], Mapping[str, float]]
    note: Callable[[], str] = str


class Counting:
    """A worker whose only number is how much its steps did."""

    def __init__(self, step: Callable[[], int], name: str) -> None:
        self._step = step
        self._name = name
        self._done = 0

    def step(self) -> int:
        """The worker's."""
        done = self._step()
        self._done += done
        return done

    def counters(self) -> Mapping[str, float]:
        """The sum of what the steps did."""
        return {self._name: self._done}

    def note(self) -> str:
        """Nothing."""
        return ""


def build_stage(
    name: StageName,
    settings: Settings,
    database: Database,
    replay: ReplayJob | None,
    *,
    lines: IO[bytes] | None = None,
) -> AbstractContextManager[Stepping]:
    """Builds a stage.

    Args:
        name: Which.
        settings: All of them.
        database: The open store.
        replay: What ingest replays instead of following its sources; also keeps time from being moved on by the clock.
        lines: A stream whose lines ingest takes as articles, beside its sources.

    Raises:
        SettingsError: It needs Kafka, and no address is set.
    """
    if name in BROKER_STAGES and not settings.kafka.bootstrap:
        raise SettingsError(
            "kafka.bootstrap is not set, and a single stage starts no broker.", "Set it, or use monitor up."
        )
    match name:
        case "ingest" if replay is not None:
            return _replay(settings, database, replay)
        case "ingest":
            return _ingest(settings, database, lines)
        case "classify":
            return _classify(settings, database)
        case "surges":
            return _surges(settings, database, live=replay is None)
        case "alerts":
            return _alerts(settings, database)
        case "dispatch":
            return _dispatch(settings, database)


@contextmanager
def _ingest(settings: Settings, database: Database, lines: IO[bytes] | None) -> Iterator[Stepping]:
    from pipelines.polling import ingesting

    @contextmanager
    def connect() -> Iterator[Publisher]:
        with ExitStack() as stack:
            client = stack.enter_context(kafka_client(settings, "ingest"))
            yield _publisher(settings, client, stack)

    with ingesting(settings, database, connect, lines=lines) as worker:
        yield Stage(worker.step, lambda: worker.counters, lambda: worker.note)


@contextmanager
def _replay(settings: Settings, database: Database, job: ReplayJob) -> Iterator[Stepping]:
    with ExitStack() as stack:
        client = stack.enter_context(kafka_client(settings, "ingest"))
        publisher = _publisher(settings, client, stack)
        articles = topic_names(settings).articles
        worker = ReplayWorker(
            job, publisher, StoredCursors(database), lambda: client.topics.topic_id(articles), system_clock
        )
        yield Stage(worker.step, lambda: {"articles": worker.published})


@contextmanager
def _classify(settings: Settings, database: Database) -> Iterator[Stepping]:
    from monitor.classify.linking import Linker
    from monitor.classify.serving import ServingModel
    from monitor.classify.worker import ClassifyWorker
    from pipelines.serving import model_source

    names, options = topic_names(settings), settings.classify
    source, poll_every = model_source(settings, database), timedelta(seconds=options.poll_seconds)

    # The consumer is made before the worker that reads it, so these look the worker up when they are called.
    def finish() -> None:
        worker.finish()

    def drop_revoked(partitions: set[Partition]) -> None:
        worker.drop_revoked(partitions)

    with ExitStack() as stack:
        serving = stack.enter_context(ServingModel(source, poll_every, system_clock))
        client = stack.enter_context(kafka_client(settings, "classify"))
        client.topics.ensure(names.layout(settings.kafka.partitions))
        producer = stack.enter_context(client.producer())
        consumer = stack.enter_context(
            client.group_consumer([names.articles], names.classifiers, on_revoking=finish, on_revoked=drop_revoked)
        )
        worker = ClassifyWorker(
            consumer,
            producer,
            serving,
            names,
            languages=options.languages,
            batch_tokens=options.batch_tokens,
            batch_wait=timedelta(milliseconds=options.batch_wait_ms),
            clock=system_clock,
            linker=Linker.open(options.companies_file),
        )
        yield Stage(worker.step, lambda: _classified(worker, serving), lambda: serving.note)


def _classified(worker: ClassifyWorker, serving: ServingModel) -> Mapping[str, float]:
    return {
        "classified": worker.classified,
        "engine_cpu_seconds": worker.engine_seconds,
        "model_swaps": serving.swaps,
        "model_faults": serving.faults,
    }


@contextmanager
def _surges(settings: Settings, database: Database, *, live: bool) -> Iterator[Stepping]:
    names = topic_names(settings)
    with ExitStack() as stack:
        client = stack.enter_context(kafka_client(settings, "surges"))
        client.topics.ensure(names.layout(settings.kafka.partitions))
        worker = stack.enter_context(
            SurgeWorker(
                database,
                client,
                names,
                settings.surges.rules,
                holder=f"{socket.gethostname()}:{os.getpid()}",
                clock=system_clock,
                abstain_below=settings.classify.abstain_below,
                stall_after=timedelta(seconds=settings.surges.stall_seconds) if live else None,
            )
        )
        yield Stage(worker.step, lambda: worker.counters)


@contextmanager
def _alerts(settings: Settings, database: Database) -> Iterator[Stepping]:
    from monitor.alerts.worker import AlertsWorker

    options = settings.alerts
    worker = AlertsWorker(database, options.lifecycle, options.routes, options.receivers, system_clock)
    yield Counting(worker.step, "surges")


@contextmanager
def _dispatch(settings: Settings, database: Database) -> Iterator[Stepping]:
    from monitor.alerts.channels import open_channels
    from monitor.alerts.dispatcher import DeliveryPolicy, Dispatcher

    options = settings.alerts
    policy = DeliveryPolicy(give_up_after=timedelta(hours=options.give_up_hours))
    with Dispatcher(database, open_channels(options.receivers, system_clock), system_clock, policy) as dispatcher:
        yield Counting(dispatcher.step, "attempts")


def _publisher(settings: Settings, client: KafkaClient, stack: ExitStack) -> Publisher:
    names = topic_names(settings)
    partitions = client.topics.ensure(names.layout(settings.kafka.partitions))[names.articles]
    return Publisher(stack.enter_context(client.producer()), names, partitions)
