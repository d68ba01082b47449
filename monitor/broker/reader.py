"""Reading all partitions of some topics from positions that the caller keeps, without a group."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from kafka import errors as kafka_errors

from monitor.broker.connection import Connection, forbid_topic_creation, translated
from monitor.broker.fetching import VERIFY_SECONDS, Outage, fetch_options, to_records
from monitor.broker.seams import Partition, Record
from monitor.broker.topics import Topics
from monitor.errors import BrokerError, TopicRecreatedError

# What Apache Kafka answers for a position that its log does not have; the embedded broker answers nothing.
_OUT_OF_RANGE = (kafka_errors.OffsetOutOfRangeError, kafka_errors.LogTruncationError)


class PartitionReader:
    """Reads every partition of some topics. For one thread.

    No record of a topic that was made again is ever returned: Kafka's fetch names topics, not their ids, so each
    batch is handed out only after the ids were asked for once more. An id never comes back, so what was fetched
    before an unchanged answer is of the topic it was meant to be. (The embedded broker gives no error for an offset
    beyond the end either: it just never sends anything.)

    Attributes:
        topic_ids: The ids of the topics, to be stored with the positions.
    """

    def __init__(
        self,
        connection: Connection,
        topics: Topics,
        names: Sequence[str],
        start: Mapping[Partition, int] | None = None,
        *,
        topic_ids: Mapping[str, str] | None = None,
    ) -> None:
        """Connects and goes to the given positions.

        Args:
            connection: Where to.
            topics: To tell whether a topic is still the same.
            names: Topics to read.
            start: By partition, the first offset to read; a partition that is not named is read from its beginning.
            topic_ids: The ids for which `start` was stored; None takes the topics as they are.

        Raises:
            TopicRecreatedError: A topic has another id than in `topic_ids`.
            BrokerError: The cluster cannot be reached, or has no such topic.
        """
        self._bootstrap = connection.bootstrap
        self._topics = topics
        self.topic_ids = dict(topic_ids) if topic_ids is not None else topics.topic_ids(names)
        self._partitions = [partition for name in names for partition in topics.partitions(name)]
        self._outage = Outage()
        self._held: dict[Partition, int] = {}
        """Paused partitions, with their positions."""
        positions = topics.start_offsets(self._partitions) | dict(start or {})
        self._verify()
        with translated("the first contact", connection.bootstrap):
            self._consumer = KafkaConsumer(**fetch_options(connection), auto_offset_reset="none")
            forbid_topic_creation(self._consumer._cluster)
            self._consumer.assign([TopicPartition(*partition) for partition in self._partitions])
            for partition in self._partitions:
                self._consumer.seek(TopicPartition(*partition), positions[partition])

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """The next records, in order within a partition; empty when there were none in time.

        Args:
            max_records: At least 1.
            timeout_seconds: How long to wait for the first, at least 0.

        Raises:
            TopicRecreatedError: A topic was deleted, or lost what it held, and was made again: this reader is of no
                more use, and a new one must start at the new topic's beginning.
            BrokerError: Records were deleted before they were read (not retryable); or the cluster or a topic has
                been away for `OUTAGE_SECONDS`, then polling on finds it when it is back.
        """
        before = self.positions()
        batches = self._fetch(max_records, timeout_seconds)
        if not batches and time.monotonic() - self._verified < VERIFY_SECONDS:
            self._check_ends()
            return []
        try:
            self._verify()
        except TopicRecreatedError:
            raise
        except BrokerError as error:
            # What was fetched cannot be vouched for now, so it must be fetched again.
            for partition in before.keys() - self._held.keys():
                self._consumer.seek(TopicPartition(*partition), before[partition])
            self._outage.seen(error)
            return []
        self._outage.over()
        return to_records(batches)

    def _fetch(self, max_records: int, timeout_seconds: float) -> dict[TopicPartition, list[Any]]:
        try:
            with translated("reading", self._bootstrap):
                found: dict[TopicPartition, list[Any]] = self._consumer.poll(
                    timeout_ms=int(timeout_seconds * 1000), max_records=max_records
                )
                return found
        except BrokerError as error:
            if not isinstance(error.__cause__, _OUT_OF_RANGE):
                raise
            self._verify()
            raise self._gap() from error

    def positions(self) -> dict[Partition, int]:
        """The next offset of each partition: one more than that of the last record that `poll` returned."""
        return {
            partition: self._held[partition]
            if partition in self._held
            else self._consumer.position(TopicPartition(*partition))
            for partition in self._partitions
        }

    def end_offsets(self) -> dict[Partition, int]:
        """The offset that the next message of each partition will get.

        Equal to the position if, and only if, there was nothing unread at the time of the call. Beyond that it is
        exact on Apache Kafka; the embedded broker may count the last unread batch as one message until it has been
        fetched.

        Raises:
            BrokerError: The cluster cannot be reached.
        """
        listed, positions = self._topics.listed_ends(self._partitions), self.positions()
        return {
            partition: max(listed[partition], positions[partition], self._fetched_end(partition) or 0)
            for partition in self._partitions
        }

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Reads no more from these, until resumed; their positions stay. At least one must be left to read."""
        held = {partition: position for partition, position in self.positions().items() if partition in set(partitions)}
        if held.keys() - self._held.keys():
            self._held |= held
            self._assign()

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Reads from these again."""
        back = {partition: self._held.pop(partition) for partition in set(partitions) & self._held.keys()}
        if back:
            self._assign()
            for partition, position in back.items():
                self._consumer.seek(TopicPartition(*partition), position)

    def _assign(self) -> None:
        # The library's own pause parks what it has fetched, and in 3.0.12 can forget to take it out again: a resumed
        # partition then gives nothing for ever. A partition that is not assigned holds nothing that could be forgotten.
        reading = [TopicPartition(*partition) for partition in self._partitions if partition not in self._held]
        self._consumer.assign(reading)

    def close(self) -> None:
        """Closes the connection."""
        self._consumer.close(timeout_ms=2000)

    def _verify(self) -> None:
        found = self._topics.topic_ids(self.topic_ids, patience_seconds=0.0)
        for name, expected in self.topic_ids.items():
            if found[name] != expected:
                what = f"The topic {name} was deleted and made again: its id was {expected} and is {found[name]}."
                raise TopicRecreatedError(what, "Read it from its beginning.")
        self._verified = time.monotonic()

    def _fetched_end(self, partition: Partition) -> int | None:
        """The partition's end as the last fetch told it; None before the first."""
        if partition in self._held:
            return None
        end: int | None = self._consumer.highwater(TopicPartition(*partition))
        return end

    def _check_ends(self) -> None:
        for partition, position in self.positions().items():
            end = self._fetched_end(partition)
            if end is not None and position > end:
                self._verify()
                raise _lost(partition, position)

    def _gap(self) -> BrokerError:
        starts, positions = self._topics.start_offsets(self._partitions), self.positions()
        for partition, position in positions.items():
            if position < starts[partition]:
                unread = f"{position} to {starts[partition] - 1} of {partition[0]}/{partition[1]}"
                what = f"The messages {unread} were deleted before they were read."
                remedy = (
                    "Raise the topic's retention; "
                    "to go on behind the gap, delete the topic's rows from the table offsets."
                )
                error = BrokerError(what, remedy)
                error.retryable = False
                return error
        partition, position = max(positions.items(), key=lambda item: item[1])
        return _lost(partition, position)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lost(partition: Partition, position: int) -> TopicRecreatedError:
    what = f"{partition[0]}/{partition[1]} ends before the position {position}: it lost what it held."
    return TopicRecreatedError(what, "Read the topic from its beginning.")
