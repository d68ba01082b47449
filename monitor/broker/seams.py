"""What the workers see of Kafka: records, positions and four small protocols. Nothing here imports a Kafka library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from monitor.errors import BrokerError

Partition = tuple[str, int]
"""A topic's name and the number of one of its partitions, from 0."""


class Record(NamedTuple):
    """One message as it was read.

    Attributes:
        topic: Its topic.
        partition: Its partition's number, from 0.
        offset: Its place in the partition, from 0.
        key: As it was sent.
        value: As it was sent; empty where the message has none.
        timestamp_ms: When the producer sent it, in milliseconds since the epoch.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes
    timestamp_ms: int


class CommitOutcome(StrEnum):
    """What became of a commit."""

    COMMITTED = "committed"
    MOVED = "the partitions belong to another member now, which reads them again from the last commit"
    RECREATED = "a topic was deleted and made again; it is read from its beginning"


class RecordTooLargeError(BrokerError):
    """A message is larger than the producer sends; it was not queued, and the producer goes on."""

    retryable = False


class RecordSender(Protocol):
    """Takes messages for delivery, in order within a partition."""

    def send(self, topic: str, value: bytes, *, key: bytes | None = None, partition: int | None = None) -> None:
        """Queues one message; waits while too much is queued."""

    def flush(self, timeout_seconds: float) -> None:
        """Returns when all that was sent has been delivered."""


class GroupReader(Protocol):
    """Reads, together with others, the partitions that the group gives it."""

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """The next records, in order within a partition; empty when there were none in time."""

    def commit(self, positions: Mapping[Partition, int]) -> CommitOutcome:
        """Stores the next offsets to read."""


class PositionedReader(Protocol):
    """Reads all partitions of some topics, from positions that the caller keeps."""

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """The next records, in order within a partition; empty when there were none in time."""

    def positions(self) -> dict[Partition, int]:
        """The next offset of each partition."""

    def end_offsets(self) -> dict[Partition, int]:
        """The offset that the next message of each partition will get."""

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Reads no more from these, until resumed."""

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Reads from these again."""


class TopicDirectory(Protocol):
    """Tells what topics there are."""

    def topic_ids(self, names: Iterable[str]) -> dict[str, str]:
        """The id of each topic; a topic made again has another one."""

    def partitions(self, topic: str) -> list[Partition]:
        """Its partitions, by number."""
