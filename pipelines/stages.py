"""One process of the line: builds a stage from the settings, steps it until asked to stop, reports that it lives."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic, process_time
from typing import Literal, Protocol, get_args

from monitor.broker.client import Connection, KafkaClient
from monitor.broker.names import TopicNames
from monitor.clock import Clock, system_clock
from monitor.errors import MonitorError
from monitor.settings import Settings
from monitor.store import health
from monitor.store.database import Database
from monitor.store.rows import Heartbeat
from pipelines.standing import name_here

StageName = Literal["ingest", "classify", "surges", "alerts", "dispatch"]
STAGES: tuple[StageName, ...] = get_args(StageName)
BROKER_STAGES: tuple[StageName, ...] = ("ingest", "classify", "surges")
"""Those that use Kafka; the others know the store alone."""

BEAT_SECONDS = 2.0
IDLE_SECONDS = {"ingest": 0.05, "classify": 0.0, "surges": 0.05, "alerts": 0.1, "dispatch": 0.2}
"""How long a stage rests when a step found nothing to do. Classifiers wait in their poll; a counter does not always
read: not while it stands by, nor while it waits for a later clock."""
RETRY_SECONDS = 2.0
"""How long a stage rests before it is built anew after an error that may pass."""

_log = logging.getLogger(__name__)


class Stepping(Protocol):
    """A stage at work."""

    def step(self) -> int:
        """Does what is due; returns 0 where nothing was."""
        ...

    def counters(self) -> Mapping[str, float]:
        """Numbers for the health page."""
        ...

    def note(self) -> str:
        """What else the health page should say, in a sentence or two; empty for nothing."""
        ...


Build = Callable[[], AbstractContextManager[Stepping]]


def run_stage(
    name: StageName,
    build: Build,
    database: Database,
    stop: threading.Event,
    *,
    replica: int = 1,
    clock: Clock = system_clock,
    elapsed: Callable[[], float] = monotonic,
) -> None:
    """Steps a stage until `stop` is set; rebuilds it after errors that may pass.

    Args:
        name: Of the stage.
        build: Makes the stage with all that it holds open.
        database: For heartbeats.
        stop: Ends the loop after the step in hand.
        replica: Tells processes of the same stage on one machine apart; signs of life bear stage, replica and host.
        clock: Dates heartbeats.
        elapsed: A clock that nobody sets, in seconds: says when the next is due.

    Raises:
        MonitorError: One that no repetition can mend.
    """
    beat = _Heart(name if replica == 1 else f"{name}-{replica}", database, clock, elapsed)
    while not stop.is_set():
        try:
            with build() as stage:
                beat.built()
                while not stop.is_set():
                    if stage.step() == 0:
                        stop.wait(IDLE_SECONDS[name])
                    beat.beat(stage.counters(), stage.note())
                beat.beat(stage.counters(), note=health.STOPPED, last=True)
        except MonitorError as error:
            if not error.retryable:
                raise
            _log.warning("%s is interrupted and tries again in %g s: %s", name, RETRY_SECONDS, error)
            beat.beat({}, note=str(error))
            stop.wait(RETRY_SECONDS)


class _Heart:
    """Signs of life, at most one every `BEAT_SECONDS`; a store that is away delays them, nothing else."""

    def __init__(self, name: str, database: Database, clock: Clock, elapsed: Callable[[], float]) -> None:
        self._name = name_here(name)
        self._database = database
        self._clock = clock
        self._elapsed = elapsed
        self._started_at = clock()
        self._due = elapsed()
        self._built_at = process_time()

    def built(self) -> None:
        """CPU seconds count from now: what a start takes, imports above all, tells nothing about the work."""
        self._built_at = process_time()

    def beat(self, counters: Mapping[str, float], note: str = "", *, last: bool = False) -> None:
        if self._elapsed() < self._due and not last:
            return
        self._due = self._elapsed() + BEAT_SECONDS
        sign = Heartbeat(
            name=self._name,
            pid=os.getpid(),
            host=socket.gethostname(),
            started_at=self._started_at,
            seen_at=self._clock(),
            counters={**counters, "cpu_seconds": round(process_time() - self._built_at, 3)},
            note=note,
        )
        try:
            with self._database.write() as connection:
                health.write_heartbeat(connection, sign)
        except MonitorError as error:
            _log.warning("No sign of life could be written: %s", error)


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, so that a stage ends after the step in hand."""
    stop = threading.Event()

    def ask(_number: int, _frame: object) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def kafka_client(settings: Settings, name: str) -> KafkaClient:
    """A client of the cluster that the settings name."""
    kafka = settings.kafka
    return KafkaClient(
        Connection(
            bootstrap=kafka.bootstrap,
            client_id=f"monitor-{name}",
            security_protocol=kafka.security_protocol,
            sasl_mechanism=kafka.sasl_mechanism,
            sasl_username=kafka.sasl_username or None,
            sasl_password=kafka.sasl_password.get_secret_value() or None,
            ssl_cafile=kafka.ssl_cafile or None,
        )
    )


def topic_names(settings: Settings) -> TopicNames:
    """The names of the topics under the settings' prefix."""
    return TopicNames(settings.kafka.topic_prefix)


def names_grade(model: str) -> bool:
    """Whether `classify.model` names a grade: one that ships, or a bare name that is no folder here."""
    shipped = (shipped_folder(model) / "manifest.json").is_file()
    return Path(model).name == model and (shipped or not Path(model).is_dir())


def shipped_folder(grade: str) -> Path:
    """Where the model of a grade lies that ships with the monitor, if one does."""
    from monitor.classify.openvino_engine import SHIPPED_MODEL

    return SHIPPED_MODEL.parent / grade


def model_folder(settings: Settings) -> Path:
    """The folder of the model that ships under the settings' name, else the folder that they name.

    What was promoted since is in the store: see `pipelines.serving`.
    """
    model = settings.classify.model
    return shipped_folder(model) if names_grade(model) else Path(model)
