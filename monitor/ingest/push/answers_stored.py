"""Answers that outlive the process: in memory, where they are asked for, and in a store, which gives them back."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from monitor.errors import MonitorError
from monitor.ingest.push.answers_kept import LIFETIME, AnswersInMemory, KeptAnswer

_log = logging.getLogger(__name__)


class AnswerStore(Protocol):
    """What keeps answers over a restart. Every method is one transaction."""

    def answers(self, since: datetime) -> Iterable[tuple[str, KeptAnswer]]:
        """What was claimed from this instant on, with its keys, oldest first."""
        ...

    def keep(self, key: str, answer: KeptAnswer, forget_before: datetime) -> None:
        """Keeps an answer, and forgets those that were claimed before an instant."""
        ...


class AnswersStored:
    """Keeps answers for a day, also over a restart; for several threads, of one process at a time.

    Only answers are written, not claims: a request that a kill cut short was never answered, so its key is free again.
    Its articles have deterministic ids, so what was taken of them is told to be a duplicate when they come again.
    """

    def __init__(self, store: AnswerStore | None, now: datetime, memory: AnswersInMemory | None = None) -> None:
        """Reads what earlier processes answered.

        Args:
            store: Keeps the answers; None to forget them with this process.
            now: UTC-aware.
            memory: Keeps them too, for as long as it says and as many as it says; by default the defaults.

        Raises:
            StoreError: The store is away.
        """
        self._store = store
        self._memory = memory or AnswersInMemory()
        self._one_at_a_time = threading.Lock()
        for key, answer in store.answers(now - LIFETIME) if store else ():
            self._memory.put(key, answer)

    def claim(self, key: str, fingerprint: str, now: datetime) -> KeptAnswer | None:
        """What the key was used for; None where it was not, and from now on is: for this request. Returns at once."""
        with self._one_at_a_time:
            return self._memory.claim(key, fingerprint, now)

    def keep(self, key: str, status: int, body: bytes) -> None:
        """Keeps the answer to the request that claimed the key; may wait for the store.

        While that is away, answers are kept until this process ends, and that is told in the log.
        """
        with self._one_at_a_time:
            answer, oldest = self._memory.keep(key, status, body), self._memory.oldest
        if self._store is None or answer is None or oldest is None:
            return
        try:
            # Outside the lock, as it may wait for a disk or a network, and claims must not.
            self._store.keep(key, answer, oldest)
        except MonitorError as error:
            _log.warning("An answer under an Idempotency-Key is kept in memory alone: %s", error)

    def release(self, key: str) -> None:
        """Gives a key back, because its request came to nothing and may be tried again. Returns at once."""
        with self._one_at_a_time:
            self._memory.release(key)
