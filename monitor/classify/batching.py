"""Micro-batches: large enough for the engine to be fast, closed early enough for nobody to wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


class MicroBatcher(Generic[T]):
    """Collects items until they hold enough tokens or the first has waited long enough.

    The size in tokens is estimated (a tokenizer would have to run twice otherwise); the engine sorts and pads exactly.
    """

    def __init__(self, tokens_of: Callable[[T], int], max_tokens: int, max_wait: timedelta) -> None:
        """Starts empty.

        Args:
            tokens_of: Estimated size of an item; 0 for one that the engine never sees.
            max_tokens: A batch is ready when it holds so many.
            max_wait: A batch is ready when its first item has waited so long.
        """
        self._tokens_of = tokens_of
        self._max_tokens = max_tokens
        self._max_wait = max_wait
        self._items: list[T] = []
        self._tokens = 0
        self._since: datetime | None = None

    def __len__(self) -> int:
        return len(self._items)

    def add(self, items: Sequence[T], now: datetime) -> None:
        """Appends items in order."""
        if items and self._since is None:
            self._since = now
        self._items.extend(items)
        self._tokens += sum(map(self._tokens_of, items))

    def wait(self, now: datetime) -> timedelta:
        """How long the batch may still wait for more; zero when it is ready. An empty batch may wait its full time."""
        if self._since is None:
            return self._max_wait
        if self._tokens >= self._max_tokens:
            return timedelta(0)
        return max(self._since + self._max_wait - now, timedelta(0))

    def take(self) -> list[T]:
        """Hands out everything collected, in order, and starts anew."""
        items, self._items, self._tokens, self._since = self._items, [], 0, None
        return items
