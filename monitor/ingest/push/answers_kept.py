"""`Idempotency-Key`: who asks the same again gets the same answer, and nothing is done twice."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from monitor.articles import Instant

LIFETIME: Final = timedelta(days=1)
MAX_BYTES: Final = 32_000_000
_OVERHEAD: Final = 500
"""Bytes that an entry takes beside its answer, about."""


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered under a key.

    Attributes:
        fingerprint: Of the request; the same key with another one is a mistake of the client.
        claimed_at: UTC-aware.
        status: Of HTTP; 0 while the request is being worked on.
        body: Of the answer.
    """

    fingerprint: str
    claimed_at: Instant
    status: int = 0
    body: bytes = b""

    @property
    def under_way(self) -> bool:
        """Whether there is no answer yet."""
        return not self.status


class AnswersKept(Protocol):
    """Where answers are kept; several threads may ask."""

    def claim(self, key: str, fingerprint: str, now: datetime) -> KeptAnswer | None:
        """What the key was used for; None where it was not, and from now on is: for this request.

        It is asked between other requests, so it must return at once, and so must `release`.
        """
        ...

    def keep(self, key: str, status: int, body: bytes) -> None:
        """Keeps the answer to the request that claimed the key; may take a while, and must not fail."""
        ...

    def release(self, key: str) -> None:
        """Gives a key back, because its request came to nothing and may be tried again."""
        ...


class AnswersInMemory:
    """Keeps answers for a day, as many as there is room for, in one thread; a restart forgets them."""

    def __init__(self, *, lifetime: timedelta = LIFETIME, max_bytes: int = MAX_BYTES) -> None:
        self._lifetime = lifetime
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, KeptAnswer] = OrderedDict()

    def claim(self, key: str, fingerprint: str, now: datetime) -> KeptAnswer | None:
        """What the key was used for; None where it was not, and from now on is: for this request."""
        self._expire(now)
        if found := self._kept.get(key):
            return found
        self._put(key, KeptAnswer(fingerprint=fingerprint, claimed_at=now))
        return None

    def keep(self, key: str, status: int, body: bytes) -> None:
        """Keeps the answer to the request that claimed the key."""
        if claimed := self._drop(key):
            self._put(key, msgspec.structs.replace(claimed, status=status, body=body))

    def release(self, key: str) -> None:
        """Gives a key back, because its request came to nothing and may be tried again."""
        self._drop(key)

    def _put(self, key: str, kept: KeptAnswer) -> None:
        self._kept[key] = kept
        self._bytes += len(kept.body) + _OVERHEAD
        while self._bytes > self._max_bytes and (oldest := next(iter(self._kept))) != key:
            self._drop(oldest)

    def _drop(self, key: str) -> KeptAnswer | None:
        kept = self._kept.pop(key, None)
        self._bytes -= len(kept.body) + _OVERHEAD if kept else 0
        return kept

    def _expire(self, now: datetime) -> None:
        while self._kept:
            key, oldest = next(iter(self._kept.items()))
            if now - oldest.claimed_at < self._lifetime:
                return
            self._drop(key)
