"""What the two readers share: how they fetch, and when they give up waiting."""

from __future__ import annotations

import time
from typing import Any

from monitor.broker.connection import Connection
from monitor.broker.seams import Record
from monitor.errors import BrokerError

VERIFY_SECONDS = 2.0
"""How often a reader that gets nothing asks whether its topics are still the same."""
OUTAGE_SECONDS = 10.0
"""How long a reader waits in silence for a broker or a topic that is away, before `poll` raises."""


def fetch_options(connection: Connection) -> dict[str, Any]:
    """Options of the library's consumer that both readers want."""
    return connection.options() | {
        "enable_auto_commit": False,
        "metrics_enabled": False,
        # Apache Kafka answers a waiting fetch at once when a message comes; the embedded broker looks twice in this
        # time, so half of it is its worst latency. Measured: 200 ms costs 1 % of a core when idle, 50 ms costs 3 %.
        "fetch_max_wait_ms": 200,
        "max_partition_fetch_bytes": 2_097_152,
        "fetch_max_bytes": 16_777_216,
        "max_poll_records": 5_000,
        # How soon a group notices that a topic came back with partitions to share.
        "metadata_max_age_ms": 5_000,
    }


def to_records(batches: dict[Any, list[Any]]) -> list[Record]:
    """The library's records as ours, in order within each partition."""
    return [
        Record(message.topic, message.partition, message.offset, message.key, message.value or b"", message.timestamp)
        for messages in batches.values()
        for message in messages
    ]


class Outage:
    """Tells a moment without a broker, which the library mends by itself, from one that somebody must hear of."""

    def __init__(self) -> None:
        self._since: float | None = None

    def seen(self, error: BrokerError) -> None:
        """Takes note that the broker, or a topic, is away.

        Raises:
            BrokerError: It has been so for `OUTAGE_SECONDS`, or `error` is one that waiting does not mend.
        """
        now = time.monotonic()
        self._since = self._since if self._since is not None else now
        if now - self._since >= OUTAGE_SECONDS or not error.retryable:
            raise error

    def over(self) -> None:
        """Takes note that the broker answers."""
        self._since = None
