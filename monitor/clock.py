"""Where time comes from: live work asks the system, replays and tests bring their own.

Every function that depends on the time takes `now` as an argument or a `Clock`; nothing else in the package reads the
system's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the present instant as a UTC-aware `datetime`."""

MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def system_clock() -> datetime:
    """The wall clock, UTC."""
    return datetime.now(UTC)


def is_due(at: datetime, now: datetime, longest: timedelta) -> bool:
    """Whether a planned instant has come, or lies further ahead than any plan does: the clock was set back since.

    >>> minute = EPOCH + MINUTE
    >>> is_due(minute, EPOCH, MINUTE), is_due(minute, minute, MINUTE), is_due(minute, EPOCH - MINUTE, MINUTE)
    (False, True, True)
    """
    return not timedelta(0) < at - now <= longest


def floor_to(moment: datetime, step: timedelta) -> datetime:
    """The last multiple of `step` since the epoch at or before `moment`.

    >>> floor_to(datetime(2024, 5, 1, 9, 30, 59, tzinfo=UTC), MINUTE).isoformat()
    '2024-05-01T09:30:00+00:00'
    """
    return moment - (moment - EPOCH) % step


def ceil_to(moment: datetime, step: timedelta) -> datetime:
    """The first multiple of `step` since the epoch at or after `moment`.

    >>> ceil_to(datetime(2024, 5, 1, 9, 30, 1, tzinfo=UTC), MINUTE).isoformat()
    '2024-05-01T09:31:00+00:00'
    """
    floored = floor_to(moment, step)
    return floored if floored == moment else floored + step
