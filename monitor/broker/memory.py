"""A broker in memory, for tests and for trying a stage alone: fulfils the seams in `monitor.broker.seams`.

topics = MemoryTopics({"articles": 2})
sender, reader = MemorySender(topics), MemoryGroupReader(topics, ["articles"], "classifiers")
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from monitor.broker.names import partition_of
from monitor.broker.seams import CommitOutcome, Partition, Record
from monitor.errors import BrokerError


class MemoryTopics:
    """The logs of some topics and the commits of their groups; a list of messages a partition.

    Attributes:
        logs: By partition, what was delivered, in order.
        commits: By group and partition, the next offset to read.
    """

    def __init__(self, layout: Mapping[str, int]) -> None:
        """Creates empty topics.

        Args:
            layout: Topic name to number of partitions, at least 1.
        """
        self.logs: dict[Partition, list[Record]] = {
            (topic, number): [] for topic, count in layout.items() for number in range(count)
        }
        self.commits: dict[tuple[str, Partition], int] = {}

    def append(self, topic: str, partition: int, value: bytes, key: bytes | None = None) -> None:
        """Delivers one message.

        Raises:
            BrokerError: There is no such partition.
        """
        log = self.logs.get((topic, partition))
        if log is None:
            raise BrokerError(f"There is no {topic}/{partition}.", "Create the topic.")
        log.append(Record(topic, partition, len(log), key, value, 0))

    def partitions(self, topic: str) -> list[Partition]:
        """The topic's partitions, by number."""
        return sorted(partition for partition in self.logs if partition[0] == topic)

    def values(self, topic: str, partition: int = 0) -> list[bytes]:
        """What stands in a partition, in order."""
        return [record.value for record in self.logs[topic, partition]]


class MemorySender:
    """A `RecordSender`: queues as a producer does, and delivers at a flush."""

    def __init__(self, topics: MemoryTopics, *, fails_after: int | None = None) -> None:
        """Sends to these topics.

        Args:
            topics: Where messages go.
            fails_after: How many messages it delivers before the broker is gone; None for all.
        """
        self._topics = topics
        self._left = fails_after
        self._queued: list[tuple[str, int, bytes, bytes | None]] = []

    def send(self, topic: str, value: bytes, *, key: bytes | None = None, partition: int | None = None) -> None:
        """Queues one message.

        Raises:
            BrokerError: There is no such topic.
        """
        count = len(self._topics.partitions(topic))
        if count == 0:
            raise BrokerError(f"There is no topic {topic}.", "Create it.")
        number = partition_of((key or b"").hex(), count) if partition is None else partition
        self._queued.append((topic, number, value, key))

    def flush(self, timeout_seconds: float = 0.0) -> None:  # noqa: ARG002 - the seam's argument; memory is never late
        """Delivers what is queued.

        Raises:
            BrokerError: The broker went away before it had everything; what it took stays delivered.
        """
        count = len(self._queued) if self._left is None else min(self._left, len(self._queued))
        delivered, self._queued = self._queued[:count], self._queued[count:]
        for topic, number, value, key in delivered:
            self._topics.append(topic, number, value, key)
        if self._left is not None:
            self._left -= count
        if self._queued:
            raise BrokerError(f"The broker did not take {len(self._queued)} messages.", "Start anew.")

    @property
    def queued(self) -> int:
        """How many messages were sent and not delivered."""
        return len(self._queued)


class MemoryGroupReader:
    """A `GroupReader` that has all partitions of its topics, until some are revoked; starts at the group's commits."""

    def __init__(self, topics: MemoryTopics, names: Sequence[str], group: str) -> None:
        self._topics = topics
        self._group = group
        self._next = {
            partition: topics.commits.get((group, partition), 0)
            for name in names
            for partition in topics.partitions(name)
        }

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:  # noqa: ARG002 - never waits
        """The next records, in order within a partition; at most `max_records`, of the first partitions first."""
        records: list[Record] = []
        for partition, position in self._next.items():
            found = self._topics.logs[partition][position : position + max_records - len(records)]
            self._next[partition] += len(found)
            records += found
        return records

    def commit(self, positions: Mapping[Partition, int]) -> CommitOutcome:
        """Stores the next offsets of the partitions that this reader has."""
        for partition in positions.keys() & self._next.keys():
            self._topics.commits[self._group, partition] = positions[partition]
        return CommitOutcome.COMMITTED if positions.keys() <= self._next.keys() else CommitOutcome.MOVED

    def revoke(self, partitions: Collection[Partition]) -> None:
        """Takes partitions away, as a rebalance would."""
        self._next = {partition: offset for partition, offset in self._next.items() if partition not in partitions}
