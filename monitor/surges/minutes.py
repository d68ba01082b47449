"""Whole minutes since the epoch: what the core reckons in, as integers are exact and quick."""

from __future__ import annotations

from datetime import datetime

from monitor.clock import EPOCH, MINUTE


def minute_of(moment: datetime) -> int:
    """The minute that holds a UTC-aware moment.

    >>> minute_of(EPOCH + 2.5 * MINUTE)
    2
    """
    return (moment - EPOCH) // MINUTE


def moment_of(minute: int) -> datetime:
    """The start of a minute, UTC-aware.

    >>> moment_of(2).isoformat()
    '1970-01-01T00:02:00+00:00'
    """
    return EPOCH + minute * MINUTE
