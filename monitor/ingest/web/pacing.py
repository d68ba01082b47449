"""Politeness toward hosts: how long to wait before the next request to each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_NOTHING: Final = timedelta(0)
LONGEST_HOLD: Final = timedelta(days=1)
"""No host can keep us away for longer with one `Retry-After`: it may have been a slip, or malice."""
MAX_HOSTS: Final = 10_000


class HostPacer:
    """Hands out turns: requests to one host are at least an interval apart, and none comes while it asked for rest.

    Time is an argument; whoever shares it among threads lets one in at a time. Where it goes back (a clock was set
    ahead and then right), turns go back with it: no host waits for as long as the clock was wrong.

    >>> from monitor.clock import EPOCH
    >>> pacer = HostPacer()
    >>> [pacer.take_turn("a.example", EPOCH, timedelta(seconds=2), timedelta(seconds=3)).seconds for _ in range(2)]
    [0, 2]
    """

    def __init__(self, max_hosts: int = MAX_HOSTS) -> None:
        self._free_at: dict[str, datetime] = {}
        self._now = datetime.min.replace(tzinfo=UTC)
        self._max_hosts = max_hosts

    def take_turn(self, host: str, now: datetime, interval: timedelta, longest: timedelta) -> timedelta:
        """Takes the next turn, if it comes soon enough.

        Args:
            host: Which one.
            now: UTC-aware.
            interval: To keep from this request to the next one.
            longest: For a wait longer than this no turn is taken.

        Returns:
            How long to wait for it. More than `longest`: there is no turn; that long the host is to be left alone.
        """
        self._follow(now)
        free_at = max(now, self._free_at.get(host, now))
        wait = free_at - now
        if wait <= longest:
            self._free_at[host] = free_at + interval
            self._forget(now)
        return wait

    def hold(self, host: str, now: datetime, rest: timedelta) -> timedelta:
        """Leaves a host alone for as long as it asks, within reason.

        Returns:
            For how long: never more than `LONGEST_HOLD`.
        """
        rest = min(max(rest, _NOTHING), LONGEST_HOLD)
        self._follow(now)
        self._free_at[host] = max(now + rest, self._free_at.get(host, now))
        self._forget(now)
        return rest

    def __len__(self) -> int:
        """How many hosts it remembers."""
        return len(self._free_at)

    def _follow(self, now: datetime) -> None:
        back = self._now - now
        if back > _NOTHING:
            self._free_at = {host: free_at - back for host, free_at in self._free_at.items()}
        self._now = now

    def _forget(self, now: datetime) -> None:
        if len(self._free_at) <= self._max_hosts:
            return
        self._free_at = {host: free_at for host, free_at in self._free_at.items() if free_at > now}
        # More hosts at rest than can be remembered: those whose turn comes first are forgotten.
        for host in sorted(self._free_at, key=self._free_at.__getitem__)[: -self._max_hosts]:
            del self._free_at[host]
