"""The client: one object per process that knows the cluster and makes producers and readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Self

from monitor.broker.connection import Connection
from monitor.broker.consumer import GroupConsumer
from monitor.broker.producer import Producer
from monitor.broker.reader import PartitionReader
from monitor.broker.seams import CommitOutcome, Partition, Record, RecordTooLargeError
from monitor.broker.topics import Topics

__all__ = [
    "CommitOutcome",
    "Connection",
    "GroupConsumer",
    "KafkaClient",
    "Partition",
    "PartitionReader",
    "Producer",
    "Record",
    "RecordTooLargeError",
    "Topics",
]


class KafkaClient:
    """Makes what a worker needs to read and write. Whoever makes a producer or a reader closes it.

    Attributes:
        connection: Where the cluster is.
        topics: Its topics.
    """

    def __init__(self, connection: Connection) -> None:
        """Connects to nothing yet."""
        self.connection = connection
        self.topics = Topics(connection)

    def producer(
        self,
        *,
        linger_ms: int = 50,
        buffer_bytes: int = 8_388_608,
        block_seconds: float = 60.0,
        compression: str | None = None,
    ) -> Producer:
        """See `Producer`."""
        return Producer(
            self.connection,
            self.topics,
            linger_ms=linger_ms,
            buffer_bytes=buffer_bytes,
            block_seconds=block_seconds,
            compression=compression,
        )

    def group_consumer(
        self,
        names: Sequence[str],
        group: str,
        *,
        on_revoking: Callable[[], None] | None = None,
        on_revoked: Callable[[set[Partition]], None] | None = None,
    ) -> GroupConsumer:
        """See `GroupConsumer`."""
        return GroupConsumer(self.connection, self.topics, names, group, on_revoking=on_revoking, on_revoked=on_revoked)

    def reader(
        self,
        names: Sequence[str],
        start: Mapping[Partition, int] | None = None,
        *,
        topic_ids: Mapping[str, str] | None = None,
    ) -> PartitionReader:
        """See `PartitionReader`."""
        return PartitionReader(self.connection, self.topics, names, start, topic_ids=topic_ids)

    def close(self) -> None:
        """Closes the connection that `topics` opened."""
        self.topics.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
