"""Keeps the processes of one monitor alive, restarts what dies, and stops everything in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from monitor.errors import WorkerError
from monitor.processes import ChildProcess

FIRST_DELAY = 0.5
"""Seconds until the first restart; each of the next takes twice as many."""
LONGEST_DELAY = 30.0
STEADY_AFTER = 60.0
"""A process that ran so long has recovered: its next restart is immediate again."""
GIVE_UP_AFTER = 8
"""Restarts in a row, none of which led to a steady run."""
CONFIGURATION_EXIT = 78
"""Exit status (sysexits' EX_CONFIG) of a process that no restart can help."""


class Supervised:
    """One process and its restarts."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log_path: Path,
        environment: Mapping[str, str],
        elapsed: Callable[[], float],
        *,
        needed: bool,
    ) -> None:
        self.name = name
        self.log_path = log_path
        self.restarts = 0
        self._elapsed = elapsed
        self._needed = needed
        self._argv = argv
        self._environment = environment
        self._child: ChildProcess | None = None
        self._started_at = 0.0
        self._due: float | None = None
        self._failures = 0

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is down."""
        return self._child.pid if self._child is not None and self._child.running else None

    def start(self) -> None:
        """Starts it.

        Raises:
            WorkerError: Its program cannot be started.
        """
        self._child = ChildProcess(self._argv, log_path=self.log_path, environment=self._environment)
        self._started_at, self._due = self._elapsed(), None

    def watch(self) -> str | None:
        """Restarts it where that is due; gives it up where that cannot help and the others do without it.

        Returns:
            One line on what happened; None where nothing did.

        Raises:
            WorkerError: It is needed, and keeps failing, or says itself that a restart cannot help; with the end of its
                log.
        """
        child = self._child
        if child is None or child.running:
            return None
        if self._due is None:
            return self._schedule_restart(child)
        if self._elapsed() >= self._due:
            self.restarts += 1
            return self._restart()
        return None

    def _restart(self) -> str | None:
        try:
            self.start()
        except WorkerError as error:
            if self._needed:
                error.retryable = True  # it could be started before
                raise
            self._child = None
            return f"{self.name} cannot be started again and is given up, all else goes on: {error}"
        return None

    def _schedule_restart(self, child: ChildProcess) -> str:
        steady = self._elapsed() - self._started_at >= STEADY_AFTER
        self._failures = 1 if steady else self._failures + 1
        if child.exit_status == CONFIGURATION_EXIT or self._failures > GIVE_UP_AFTER:
            return self._give_up(child)
        delay = min(FIRST_DELAY * 2 ** (self._failures - 1), LONGEST_DELAY)
        self._due = self._elapsed() + delay
        return (
            f"{self.name} ended with status {child.exit_status}; it starts again in {delay:g} s (log: {self.log_path})"
        )

    def _give_up(self, child: ChildProcess) -> str:
        if self._needed:
            failure = WorkerError(
                f"{self.name} cannot run. Its log ends: {child.log_tail()}",
                f"Mend that; the whole log is {self.log_path}.",
            )
            failure.retryable = child.exit_status != CONFIGURATION_EXIT
            raise failure
        self._child = None
        # What is wrong and what to do about it are told in two lines.
        told = " ".join(child.log_tail().splitlines()[-2:])
        return f"{self.name} cannot run and is given up, all else goes on; its log ends: {told} (log: {self.log_path})"

    def ask_to_stop(self) -> None:
        """Sends SIGTERM; returns at once."""
        if self._child is not None:
            self._child.ask_to_stop()

    def stop(self, grace_seconds: float) -> None:
        """Waits for its end after `ask_to_stop`, and kills it after the grace."""
        if self._child is not None:
            self._child.stop(grace_seconds)

    def kill(self) -> None:
        """Ends it as a crash would; `watch` starts it again, unless it was given up."""
        if self._child is not None:
            self._child.kill()


class Supervisor:
    """Runs named processes until it is left.

    Processes start in the order in which they were added, and are asked to stop all at once.
    """

    def __init__(self, log_folder: Path, say: Callable[[str], None], elapsed: Callable[[], float] = monotonic) -> None:
        """Starts nothing yet.

        Args:
            log_folder: Gets one log a process; created.
            say: Gets one line for each thing that happens.
            elapsed: Seconds on a clock that nobody sets, for restarts.
        """
        log_folder.mkdir(parents=True, exist_ok=True)
        self._log_folder = log_folder
        self._elapsed = elapsed
        self._say = say
        self.processes: dict[str, Supervised] = {}

    def add(self, name: str, argv: Sequence[str], environment: Mapping[str, str], *, needed: bool = True) -> None:
        """Starts a process.

        Args:
            name: Its own.
            argv: Program and arguments.
            environment: This process's, with these values on top.
            needed: Whether the others are of no use without it; else it is given up alone.

        Raises:
            WorkerError: Its program cannot be started.
        """
        log_path = self._log_folder / f"{name}.log"
        process = Supervised(name, argv, log_path, {**os.environ, **environment}, self._elapsed, needed=needed)
        self.processes[name] = process
        process.start()

    def watch(self) -> None:
        """Restarts what died; to be called several times a second.

        Raises:
            WorkerError: A process that is needed cannot be kept alive; worth another try later, unless it ended with
                `CONFIGURATION_EXIT`.
        """
        for process in self.processes.values():
            if line := process.watch():
                self._say(line)

    def stop(self, grace_seconds: float = 10.0) -> None:
        """Stops everything; what does not end in time is killed."""
        for process in self.processes.values():
            process.ask_to_stop()
        for process in self.processes.values():
            process.stop(grace_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
