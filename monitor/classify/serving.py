"""The engine that serves: exchanged between two batches when another model version is to serve.

A look at what should serve, and the opening of another version, take place on a thread of their own; the classifier
goes on with the engine it has, and takes the new one when that is ready. A version that cannot be opened changes
nothing but what is said: the old engine stays, and the fault is told until it is mended or another version takes over.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from monitor.classify.engine import Engine
from monitor.clock import Clock

LONGEST_WAIT = timedelta(minutes=10)
"""Between two attempts to open a version that failed; from one attempt to the next the wait doubles up to it."""

_SERVES = re.compile(r"Serves (\S+)\.")

_log = logging.getLogger(__name__)


class ModelSource(Protocol):
    """Says which model is to serve, and opens it."""

    def current(self) -> str:
        """A key of the version that is to serve now; asked often, so it should cost one look.

        Raises:
            MonitorError: It cannot be told at present.
        """
        ...

    def open(self, key: str) -> Engine:
        """Load the version of a key; may take seconds.

        Raises:
            MonitorError: It cannot be loaded.
        """
        ...


class PinnedSource:
    """A model's folder, for good: what is promoted elsewhere changes nothing."""

    def __init__(self, folder: Path, open_folder: Callable[[Path], Engine]) -> None:
        self._folder = folder
        self._open_folder = open_folder

    def current(self) -> str:
        """The folder."""
        return str(self._folder)

    def open(self, key: str) -> Engine:
        """The folder's engine."""
        return self._open_folder(Path(key))


@dataclass(frozen=True)
class _Failed:
    """A version that could not be opened, so often, and when to try again."""

    key: str
    why: str
    attempts: int
    again_at: datetime


class ServingModel:
    """Call it between two batches: it gives the engine for the next."""

    def __init__(
        self, source: ModelSource, poll_every: timedelta, clock: Clock, executor: Executor | None = None
    ) -> None:
        """Opens the version that is to serve now.

        Args:
            source: Says which that is.
            poll_every: How often to look.
            clock: For the rhythm of the looks.
            executor: Looks and opens, one thing at a time; None for a thread of its own.

        Raises:
            MonitorError: There is none, or it cannot be opened: then there is nothing to go on with.
        """
        self._source = source
        self._poll_every = poll_every
        self._clock = clock
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="model")
        self._key = source.current()
        self._engine = source.open(self._key)
        self._version = self._engine.model_version  # a hash, not to be taken at every step
        self._look_at = clock() + poll_every
        self._asking: Future[str] | None = None
        self._opening: tuple[str, Future[Engine]] | None = None
        self._failed: _Failed | None = None
        self._silent = ""  # why it cannot be told which version is to serve
        self.swaps = 0
        """Engines taken since the start."""
        self.faults = 0
        """Attempts to take one that failed."""
        _log.info("Serves %s.", self._version)

    def __call__(self) -> Engine:
        """The engine for the next batch."""
        if self._opening is not None and self._opening[1].done():
            self._end_opening(*self._opening)
        elif self._asking is not None and self._asking.done():
            self._end_asking(self._asking)
        elif self._opening is None and self._asking is None and self._clock() >= self._look_at:
            self._asking = self._executor.submit(self._source.current)
        return self._engine

    @property
    def note(self) -> str:
        """What serves and what could not be opened, for the health page; `served_version` reads it."""
        sentences = [f"Serves {self._version}."]
        if self._failed is not None:
            sentences.append(f"{_named(self._failed.key)} cannot serve: {self._failed.why}")
        if self._silent:
            sentences.append(f"Whether another should serve cannot be told: {self._silent}")
        return " ".join(sentences)

    def close(self) -> None:
        """Ends its thread; a version that is being opened is dropped when it is open."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end_asking(self, asking: Future[str]) -> None:
        self._asking, self._look_at = None, self._clock() + self._poll_every
        fault = asking.exception()
        if fault is not None:
            if not self._silent:
                _log.warning("Whether another model should serve cannot be told, so this one goes on: %s", fault)
            self._silent = str(fault)
            return
        self._silent = ""
        key = asking.result()
        failed = self._failed
        if key == self._key:
            self._failed = None  # what could not be opened is not wanted any more
        elif failed is None or failed.key != key or self._clock() >= failed.again_at:
            self._opening = key, self._executor.submit(self._source.open, key)

    def _end_opening(self, key: str, opening: Future[Engine]) -> None:
        self._opening, self._look_at = None, self._clock() + self._poll_every
        fault = opening.exception()
        if fault is not None:
            self._remember(key, fault)
            return
        before = self._version
        self._key, self._engine, self._failed = key, opening.result(), None
        self._version = self._engine.model_version
        self.swaps += 1
        _log.info("%s serves in place of %s.", self._version, before)

    def _remember(self, key: str, fault: BaseException) -> None:
        """Keeps a fault, and tells of it once for each version; whatever it is, the old engine is as good as before."""
        before = self._failed.attempts if self._failed is not None and self._failed.key == key else 0
        wait = min(self._poll_every * 2 ** min(before, 20), LONGEST_WAIT)
        self._failed = _Failed(key, str(fault) or type(fault).__name__, before + 1, self._clock() + wait)
        self.faults += 1
        if not before:
            _log.error("%s cannot serve, so %s goes on: %s", _named(key), self._version, fault)


def served_version(note: str) -> str | None:
    """The model version in a note of `ServingModel`; None where it names none.

    >>> served_version("Serves fast-0123456789ab. fast-cdef01234567 cannot serve: its files are damaged.")
    'fast-0123456789ab'
    """
    found = _SERVES.match(note)
    return found.group(1) if found else None


def _named(key: str) -> str:
    return key or "The model that ships with the monitor"
