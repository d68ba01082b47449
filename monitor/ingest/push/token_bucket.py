"""How much somebody may do: so much at once, and from then on so much a second."""

from __future__ import annotations

from datetime import datetime, timedelta


class TokenBucket:
    """A bucket that fills at a steady rate; what is done takes from it, or waits.

    Time is an argument; a clock that goes back fills nothing.

    >>> from monitor.clock import EPOCH
    >>> bucket = TokenBucket(per_second=2, burst=10)
    >>> [bucket.take(8, EPOCH).total_seconds() for _ in range(2)]
    [0.0, 3.0]
    """

    def __init__(self, *, per_second: float, burst: float) -> None:
        """A full bucket.

        Args:
            per_second: How fast it fills; greater than 0.
            burst: How much it holds; greater than 0.
        """
        self._per_second = per_second
        self._burst = burst
        self._level = burst
        self._filled_at: datetime | None = None

    def take(self, amount: float, now: datetime) -> timedelta:
        """Takes so much, if it is there; of more than the bucket holds, all that it holds.

        Returns:
            How long until it will be there; zero: it was taken.
        """
        amount = min(amount, self._burst)
        if self._filled_at is None or now > self._filled_at:
            passed = (now - self._filled_at).total_seconds() if self._filled_at else 0.0
            self._level = min(self._burst, self._level + passed * self._per_second)
            self._filled_at = now
        if amount <= self._level:
            self._level -= amount
            return timedelta(0)
        # At least the smallest wait there is: rounding must not make a refusal look like a gift.
        return max(timedelta(seconds=(amount - self._level) / self._per_second), timedelta.resolution)
