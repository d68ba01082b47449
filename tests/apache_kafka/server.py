"""A real Apache Kafka broker for tests: one node in KRaft mode, from the jars that `pom.xml` names."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self
from uuid import uuid4

from monitor.broker.embedded import await_answer, free_port
from monitor.processes import ChildProcess

_POM = Path(__file__).with_name("pom.xml")
_CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
_START_SECONDS = 60.0
_FORMAT_SECONDS = 60.0
_RESOLVE_SECONDS = 600.0

_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=3
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=2
background.threads=2
# A killed broker comes back as soon as its old session is over.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
log.cleaner.enable=false
"""

_LOGGING = """
status=ERROR
appender.file.type=File
appender.file.name=file
appender.file.fileName={log}
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %c %m%n
rootLogger.level=INFO
rootLogger.appenderRef.file.ref=file
"""


def kafka_jars() -> Path:
    """The folder of the broker's jars; Maven fetches them on first use, into `.cache/`, which git ignores.

    Raises:
        RuntimeError: Java 17 or Maven is missing, or Maven cannot fetch.
    """
    if shutil.which("java") is None or shutil.which("mvn") is None:
        raise RuntimeError("Apache Kafka needs java (17 or newer) and mvn on the PATH.")
    done = _CACHE / "pom.xml"
    if not done.is_file() or done.read_bytes() != _POM.read_bytes():
        shutil.rmtree(_CACHE, ignore_errors=True)
        _CACHE.mkdir(parents=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={_CACHE / 'jars'}", "-DincludeScope=runtime"]
        resolved = subprocess.run(
            ["mvn", "-B", "-q", "-f", str(_POM), *goal],
            capture_output=True,
            text=True,
            timeout=_RESOLVE_SECONDS,
            check=False,
        )
        if resolved.returncode != 0:
            raise RuntimeError(f"Maven could not resolve Apache Kafka: {(resolved.stdout + resolved.stderr)[-2000:]}")
        shutil.copyfile(_POM, done)
    return _CACHE / "jars"


class KafkaServer:
    """One broker with a data folder of its own, which survives `stop`, `kill` and `start`; `close` removes it.

    Attributes:
        durable: True: topics, records and offsets survive a restart.
        bootstrap: `host:port` for clients; the same over restarts.
    """

    durable = True

    def __init__(self) -> None:
        self._jars = kafka_jars()
        self._folder = Path(tempfile.mkdtemp(prefix="monitor-kafka-"))
        self._port, self._controller_port = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{self._port}"
        self._child: ChildProcess | None = None
        self._format()

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        assert self._child is not None
        return self._child.pid

    def start(self) -> Self:
        """Starts the broker and waits till it answers.

        Raises:
            BrokerError: It ended, or did not answer in time.
        """
        if self._child is None or not self._child.running:
            argv = [*self._java("-Xmx512m", "-Xms128m"), "kafka.Kafka", str(self._folder / "server.properties")]
            self._child = ChildProcess(argv, log_path=self._folder / "stdout.log")
            await_answer("127.0.0.1", self._port, self._child, _START_SECONDS)
        return self

    def stop(self) -> None:
        """Stops the broker in order."""
        if self._child is not None:
            self._child.stop(grace_seconds=20.0)

    def kill(self) -> None:
        """Ends the broker as a crash would."""
        if self._child is not None:
            self._child.kill()

    def close(self) -> None:
        """Stops the broker and removes its data."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _format(self) -> None:
        properties, logging = self._folder / "server.properties", self._folder / "log4j2.properties"
        data = self._folder / "data"
        properties.write_text(_PROPERTIES.format(port=self._port, controller=self._controller_port, data=data))
        logging.write_text(_LOGGING.format(log=self._folder / "kafka.log"))
        argv = [*self._java(), "kafka.tools.StorageTool", "format", "-t", _kafka_id(), "-c", str(properties)]
        formatted = subprocess.run(argv, capture_output=True, text=True, timeout=_FORMAT_SECONDS, check=False)
        if formatted.returncode != 0:
            raise RuntimeError(f"The storage could not be formatted: {(formatted.stdout + formatted.stderr)[-2000:]}")

    def _java(self, *options: str) -> list[str]:
        java = shutil.which("java")
        assert java is not None
        # Tiered compilation's first level starts faster, and a test's broker never lives long enough for the second.
        quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        logging = f"-Dlog4j2.configurationFile=file:{self._folder / 'log4j2.properties'}"
        return [java, *quick, *options, logging, "-cp", f"{self._jars}{os.sep}*"]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


def _kafka_id() -> str:
    # As Kafka prints its ids; it refuses one that starts like a command line option.
    return "A" + base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")[1:]
