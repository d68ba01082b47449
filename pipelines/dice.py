"""Repeatable chance: the same seed gives the same draws on every platform and Python version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of draws from BLAKE2b over a seed and a counter.

    The standard library promises the same stream across versions for `random.random` alone, not for `choice` or
    `shuffle`; the scenario must be rebuilt bit for bit anywhere.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._count = 0

    def unit(self) -> float:
        """The next number in [0, 1)."""
        self._count += 1
        digest = hashlib.blake2b(self._seed + b"/" + str(self._count).encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") >> 11) / (1 << 53)

    def between(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return low + int(self.unit() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all equally likely."""
        return options[self.between(0, len(options) - 1)]

    def weighted(self, weights: dict[str, float]) -> str:
        """A key, as likely as its weight is large."""
        point = self.unit() * sum(weights.values())
        for key, weight in weights.items():
            point -= weight
            if point < 0:
                return key
        return next(reversed(weights))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """A new list in random order (Fisher and Yates)."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.between(0, last)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed
