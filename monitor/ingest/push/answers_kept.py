"""`Idempotency-Key`: who asks the same again gets the same answer, and nothing is done twice."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

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


class AnswersInMemory:
    """Keeps answers for a day, as many as there is room for; a restart forgets them. For one thread at a time."""

    def __init__(self, *, lifetime: timedelta = LIFETIME, max_bytes: int = MAX_BYTES) -> None:
        self._lifetime = lifetime
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, KeptAnswer] = OrderedDict()

    @property
    def oldest(self) -> datetime | None:
        """When the oldest of its keys was claimed; None where it keeps nothing."""
        return next((kept.claimed_at for kept in self._kept.values()), None)

    def claim(self, key: str, fingerprint: str, now: datetime) -> KeptAnswer | None:
        """What the key was used for; None where it was not, and from now on is: for this request."""
        self._expire(now)
        if found := self._kept.get(key):
            return msgspec.structs.replace(found, body=zlib.decompress(found.body)) if found.body else found
        self.put(key, KeptAnswer(fingerprint=fingerprint, claimed_at=now))
        return None

    def keep(self, key: str, status: int, body: bytes) -> KeptAnswer | None:
        """Keeps the answer to the request that claimed the key.

        Returns:
            What it keeps; None where the key was forgotten in between, for want of room.
        """
        if key not in self._kept:
            return None
        answered = msgspec.structs.replace(self._kept[key], status=status, body=body)
        self.put(key, answered)
        return answered

    def release(self, key: str) -> None:
        """Gives a key back, because its request came to nothing and may be tried again."""
        self._drop(key)

    def put(self, key: str, kept: KeptAnswer) -> None:
        """Keeps what a key was used for. Keys that are new are put in the order in which they were claimed."""
        # An answer says much the same of each article: packed, those of a busy day have room.
        kept = msgspec.structs.replace(kept, body=zlib.compress(kept.body, 1)) if kept.body else kept
        before = self._kept.get(key)
        self._kept[key] = kept
        self._bytes += len(kept.body) - len(before.body) if before else len(kept.body) + _OVERHEAD
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
