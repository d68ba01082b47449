"""Reading in a consumer group: several replicas share the partitions of some topics."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from kafka import errors as kafka_errors
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.structs import OffsetAndMetadata

from monitor.broker.connection import Connection, broker_error, forbid_topic_creation, translated
from monitor.broker.fetching import VERIFY_SECONDS, Outage, fetch_options, to_records
from monitor.broker.seams import CommitOutcome, Partition, Record
from monitor.broker.topics import PATIENCE_SECONDS, Topics
from monitor.errors import BrokerError

SESSION_SECONDS = 6.0
"""After this long without a sign of life a member is given up; the embedded broker lets one join after half of it."""
_COMMIT_SECONDS = 10.0
_MOVED = (
    kafka_errors.CommitFailedError,
    kafka_errors.IllegalGenerationError,
    kafka_errors.RebalanceInProgressError,
    kafka_errors.UnknownMemberIdError,
    kafka_errors.FencedInstanceIdError,
)
_log = logging.getLogger(__name__)


class GroupConsumer:
    """One member of a consumer group; starts at the last commit, or at the beginning. For one thread.

    Members join and leave inside `poll` alone. Whoever has passed on and committed all that it got before it polls
    again loses nothing and repeats nothing; whoever holds records over several polls passes two callbacks.
    """

    def __init__(
        self,
        connection: Connection,
        topics: Topics,
        names: Sequence[str],
        group: str,
        *,
        on_revoking: Callable[[], None] | None = None,
        on_revoked: Callable[[set[Partition]], None] | None = None,
    ) -> None:
        """Connects; the first `poll` joins the group.

        Args:
            connection: Where to.
            topics: To tell whether a topic is still the same.
            names: Topics to read.
            group: The group's name.
            on_revoking: Called inside `poll`, on its thread, before partitions may be given away: the last chance to
                pass on what is in hand and commit it.
            on_revoked: Called inside `poll`, on its thread, with the partitions that were given away or lost: what
                is in hand of them is to be forgotten. Partitions among them may come back, from the last commit on.

        Raises:
            BrokerError: The cluster cannot be reached, or has no such topic.
        """
        self._bootstrap = connection.bootstrap
        self._topics = topics
        self._on_revoking = on_revoking
        self._on_revoked = on_revoked
        self._ids = topics.topic_ids(names)
        self._verified = time.monotonic()
        self._outage = Outage()
        self._listener = _Revocations()
        self._given_away: set[Partition] = set()
        with translated("the first contact", connection.bootstrap):
            self._consumer = KafkaConsumer(
                **fetch_options(connection),
                group_id=group,
                auto_offset_reset="earliest",
                session_timeout_ms=int(SESSION_SECONDS * 1000),
                heartbeat_interval_ms=int(SESSION_SECONDS * 1000 / 4),
            )
        forbid_topic_creation(self._consumer._cluster)
        self._consumer.subscribe(list(names), listener=self._listener)

    def poll(self, max_records: int, timeout_seconds: float) -> list[Record]:
        """The next records, in order within a partition; empty when there were none in time.

        Args:
            max_records: At least 1.
            timeout_seconds: How long to wait for the first, at least 0.

        Raises:
            BrokerError: The cluster or a topic has been away for `OUTAGE_SECONDS`; polling on finds it when it is back.
        """
        self._prepare_for_rebalance()
        with translated("reading", self._bootstrap):
            batches = self._consumer.poll(timeout_ms=int(timeout_seconds * 1000), max_records=max_records)
        revoked = self._listener.take()
        if revoked and self._on_revoked is not None:
            self._on_revoked(revoked)
        self._given_away |= revoked
        if self._given_away:
            with translated("reading", self._bootstrap):
                self._go_back(batches)
        if batches:
            self._outage.over()
        elif time.monotonic() - self._verified > VERIFY_SECONDS:
            try:
                self._restart_recreated(0.0)
                self._outage.over()
            except BrokerError as error:
                self._outage.seen(error)
        return to_records(batches)

    def commit(self, positions: Mapping[Partition, int]) -> CommitOutcome:
        """Stores the next offsets to read, for whoever reads these partitions after us.

        Args:
            positions: By partition, the offset after the last record that was passed on.

        Returns:
            `COMMITTED`, or why the offsets mean nothing any more; no outcome needs an action of the caller.

        Raises:
            BrokerError: The cluster cannot be reached; the same commit can be tried again.
        """
        # An offset into a topic that was deleted must not be stored for the one that bears its name now.
        if self._restart_recreated(PATIENCE_SECONDS):
            return CommitOutcome.RECREATED
        # Kafka lets a member commit for a partition that it has no more, over its new owner's head.
        kept = self.assignment() & positions.keys()
        offsets = {TopicPartition(*partition): OffsetAndMetadata(positions[partition], "", -1) for partition in kept}
        try:
            if offsets:
                self._consumer.commit(offsets, timeout_ms=int(_COMMIT_SECONDS * 1000))
        except _MOVED:
            return CommitOutcome.MOVED
        except kafka_errors.KafkaError as cause:
            raise broker_error("committing offsets", self._bootstrap, cause) from cause
        return CommitOutcome.COMMITTED if len(kept) == len(positions) else CommitOutcome.MOVED

    def assignment(self) -> set[Partition]:
        """The partitions that this member reads now."""
        return {(partition.topic, partition.partition) for partition in self._consumer.assignment()}

    def close(self) -> None:
        """Leaves the group at once; what was not committed is read again by another member."""
        # Leaving calls the listener too; nobody polls any more, so nobody is told.
        self._consumer.close(autocommit=False, timeout_ms=2000)

    def _prepare_for_rebalance(self) -> None:
        # The library has no public way to ask whether one is due; it would show only after the fact.
        coordinator = self._consumer._coordinator
        if coordinator.rejoining:
            # kafka-python 3.0.12 forgets a join that it began because a topic's partitions changed and that did not end
            # within one poll: the reason is gone by then, it looks no more for the answer, and reads nothing ever
            # again.
            coordinator.request_rejoin()
        elif self._on_revoking is not None and self._consumer.assignment() and coordinator.need_rejoin():
            self._on_revoking()

    def _go_back(self, batches: dict[Any, list[Any]]) -> None:
        """Sees to it that partitions that were given away and came back go on from the last commit.

        kafka-python 3.0.12 may let one that comes back in the same rebalance keep its position: what was in hand of it,
        which is forgotten by then, would not be read again. Where the rebalance began and ended within one poll, that
        poll may have read on from there already: such records are taken out, and come again behind the others.
        """
        for partition in self._given_away & self.assignment():
            place = TopicPartition(*partition)
            committed = self._consumer.committed(place)
            start = self._consumer.beginning_offsets([place])[place] if committed is None else committed
            reached = batches[place][0].offset if place in batches else self._consumer.position(place)
            if reached > start:
                batches.pop(place, None)
                self._consumer.seek(place, start)
            self._given_away.discard(partition)

    def _restart_recreated(self, patience_seconds: float) -> bool:
        ids = self._topics.topic_ids(self._ids, patience_seconds=patience_seconds)
        self._verified = time.monotonic()
        changed = {name for name in ids if ids[name] != self._ids[name]}
        if not changed:
            return False
        self._ids = ids
        _log.warning("Topics made again, now read from their beginning: %s", ", ".join(sorted(changed)))
        again = [partition for partition in self._consumer.assignment() if partition.topic in changed]
        if again:
            self._consumer.seek_to_beginning(*again)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Revocations(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """Notes revoked partitions. The library calls it on its own thread and must not be kept waiting there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._partitions: set[Partition] = set()

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        with self._lock:
            self._partitions |= {(partition.topic, partition.partition) for partition in revoked}

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        pass

    def take(self) -> set[Partition]:
        with self._lock:
            taken, self._partitions = self._partitions, set()
        return taken
