"""Topics: making them, naming them for good, and telling when one is not the one it was."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from kafka import KafkaAdminClient, TopicPartition
from kafka import errors as kafka_errors
from kafka.protocol.consumer.offsets import OffsetSpec

from monitor.broker.connection import REQUEST_SECONDS, Connection, translated
from monitor.broker.seams import Partition
from monitor.errors import BrokerError

PATIENCE_SECONDS = 5.0
"""How long a question is asked again while the cluster is out of reach."""
_RETRY_SECONDS = 0.1
_NIL = str(UUID(int=0))


class Topics:
    """The topics of one cluster. Connects at the first call; may be shared between threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._admin: KafkaAdminClient | None = None

    def ensure(self, wanted: Mapping[str, int]) -> dict[str, int]:
        """Creates the topics that are missing, and waits till they can be written to.

        Args:
            wanted: Topic name to number of partitions, at least 1.

        Returns:
            The number of partitions that each topic really has: a topic that exists is left as it is.

        Raises:
            BrokerError: The cluster cannot be reached, or refuses.
        """
        known = self._describe(wanted)
        missing = {
            name: {"num_partitions": wanted[name], "replication_factor": -1} for name in wanted if name not in known
        }
        if missing:
            with translated(f"creating the topics {', '.join(missing)}", self._connection.bootstrap):
                # Two workers that start together both try: whoever comes second is told that the topic exists.
                created = self._client().create_topics(missing, raise_errors=False)
                for topic in created["topics"]:
                    kind = kafka_errors.for_code(topic["error_code"])
                    if kind not in (kafka_errors.NoError, kafka_errors.TopicAlreadyExistsError):
                        raise kind(topic.get("error_message") or topic["name"])
                self._client().wait_for_topics(list(missing))
            known = self._describe(wanted)
        return {name: len(known[name]["partitions"]) for name in wanted}

    def topic_id(self, name: str) -> str:
        """The topic's id (KIP-516): another one each time that a topic of this name is created.

        Raises:
            BrokerError: There is no such topic, or the cluster gives no ids.
        """
        return self.topic_ids([name])[name]

    def topic_ids(self, names: Iterable[str], *, patience_seconds: float = PATIENCE_SECONDS) -> dict[str, str]:
        """As `topic_id`, for several in one request.

        Args:
            names: The topics.
            patience_seconds: How long to ask again while the cluster is out of reach, at least 0.

        Raises:
            BrokerError: One of them does not exist, or the cluster gives no ids.
        """
        asked = list(names)
        known = self._describe(asked, patience_seconds)
        ids = {name: str(known[name]["topic_id"]) for name in asked if name in known}
        if missing := sorted(set(asked) - set(ids)):
            what = f"Kafka at {self._connection.bootstrap} has no topic {', '.join(missing)}."
            raise BrokerError(what, "Start the pipeline, which creates its topics, or check the address.")
        if nameless := [name for name in asked if ids[name] in (_NIL, "None", "")]:
            error = BrokerError(
                f"The cluster gives no id to the topic {nameless[0]}.", "Use Apache Kafka 2.8 or newer."
            )
            error.retryable = False
            raise error
        return ids

    def partitions(self, topic: str) -> list[Partition]:
        """The topic's partitions, by number.

        Raises:
            BrokerError: There is no such topic.
        """
        known = self._describe([topic])
        if topic not in known:
            raise BrokerError(f"Kafka at {self._connection.bootstrap} has no topic {topic}.", "Create it.")
        return [(topic, number) for number in sorted(p["partition_index"] for p in known[topic]["partitions"])]

    def listed_ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """At least the offset of the last batch of each partition plus 1, now; on Apache Kafka exactly its end.

        The embedded broker answers with the last batch's first offset plus 1 where it should give its last offset
        plus 1. That still tells whether there is something unread, together with the ends that came with earlier
        fetches; see `PartitionReader.end_offsets`.

        Raises:
            BrokerError: One of them does not exist, or the cluster cannot be reached.
        """
        return self._offsets(partitions, OffsetSpec.LATEST)

    def start_offsets(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The offset of the oldest message of each partition, now.

        Raises:
            BrokerError: One of them does not exist, or the cluster cannot be reached.
        """
        return self._offsets(partitions, OffsetSpec.EARLIEST)

    def delete(self, names: Iterable[str]) -> None:
        """Deletes topics and all that is in them, and waits till they are gone; one that does not exist is no error.

        Raises:
            BrokerError: The cluster cannot be reached, or refuses.
        """
        gone = list(names)
        before = {name: topic["topic_id"] for name, topic in self._describe(gone).items()}
        with translated(f"deleting the topics {', '.join(gone)}", self._connection.bootstrap):
            for topic in self._client().delete_topics(gone, raise_errors=False)["topics"]:
                kind = kafka_errors.for_code(topic["error_code"])
                if kind not in (kafka_errors.NoError, kafka_errors.UnknownTopicOrPartitionError):
                    raise kind(topic.get("name") or "")
        # A cluster shows a topic for a moment after its deletion; whoever made it again then would find it there.
        deadline = time.monotonic() + REQUEST_SECONDS
        while left := [name for name, topic in self._describe(gone).items() if topic["topic_id"] == before.get(name)]:
            if time.monotonic() >= deadline:
                raise BrokerError(f"The topics {', '.join(left)} are deleted, but still shown.", "Try again later.")
            time.sleep(_RETRY_SECONDS)

    def close(self) -> None:
        """Closes the connection; a later call opens another one."""
        with self._lock:
            if self._admin is not None:
                self._admin.close()
                self._admin = None

    def _client(self) -> KafkaAdminClient:
        with self._lock:
            if self._admin is None:
                with translated("the first contact", self._connection.bootstrap):
                    self._admin = KafkaAdminClient(**self._connection.options())
            return self._admin

    def _describe(
        self, names: Iterable[str], patience_seconds: float = PATIENCE_SECONDS
    ) -> dict[str, dict[str, list[dict[str, int]]]]:
        asked = list(names)
        described = self._ask("reading the topics", lambda: self._client().describe_topics(asked), patience_seconds)
        return {topic["name"]: topic for topic in described if topic["error_code"] == kafka_errors.NoError.errno}

    def _ask(self, action: str, question: Callable[[], Any], patience_seconds: float) -> Any:
        # After an outage the first answers are that no connection is ready yet.
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                with translated(action, self._connection.bootstrap):
                    return question()
            except BrokerError as error:
                if not error.retryable or time.monotonic() >= deadline:
                    raise
            time.sleep(_RETRY_SECONDS)

    def _offsets(self, partitions: Iterable[Partition], spec: OffsetSpec) -> dict[Partition, int]:
        asked = {TopicPartition(*partition): spec for partition in partitions}
        found = self._ask("reading the offsets", lambda: self._client().list_partition_offsets(asked), PATIENCE_SECONDS)
        return {(topic, number): found[topic, number].offset for topic, number in asked}
