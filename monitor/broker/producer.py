"""Sending: in order within a partition, bounded, and never silent about what was not delivered."""

from __future__ import annotations

import time
from collections import Counter, deque
from contextlib import suppress
from typing import Any, Self

from kafka import KafkaProducer
from kafka import errors as kafka_errors

from monitor.broker.connection import (
    REQUEST_SECONDS,
    Connection,
    broker_error,
    forbid_topic_creation,
    translated,
)
from monitor.broker.seams import RecordTooLargeError
from monitor.broker.topics import Topics
from monitor.errors import BrokerError, TopicRecreatedError

MAX_RECORD_BYTES = 1_000_000
"""Apache Kafka's own limit for one message is 1,048,588 bytes with its frame."""
_FOREVER_MS = 2**31 - 1


class Producer:
    """Delivers messages at least once, in order within a partition, over outages of any length. For one thread.

    Order is kept by having one request in flight to a broker and never dropping a message to send a later one: nothing
    times out, so an outage shows as a `send` that waits and a `flush` that raises, and ends without a gap. It is not
    Kafka's idempotent producer: that one fails the batches in flight when a broker has forgotten its number, and
    stays broken for good on the embedded broker after a restart. A retry can repeat messages, which the stages drop
    by their ids.
    """

    def __init__(
        self,
        connection: Connection,
        topics: Topics,
        *,
        linger_ms: int = 50,
        batch_bytes: int = 131_072,
        buffer_bytes: int = 8_388_608,
        block_seconds: float = 60.0,
        compression: str | None = None,
    ) -> None:
        """Connects.

        Args:
            connection: Where to.
            topics: To tell whether a topic is still the same.
            linger_ms: How long a message may wait for others, 0 or more; `flush` cuts it short. At 100 messages a
                second, 50 ms take 0.7 ms of CPU a message, 10 ms take 1.1.
            batch_bytes: A batch of this size leaves at once.
            buffer_bytes: `send` waits while more than this is not delivered yet.
            block_seconds: For how long.
            compression: "gzip", "lz4" (needs the package lz4), or None.

        Raises:
            BrokerError: The cluster cannot be reached.
        """
        self._bootstrap = connection.bootstrap
        self._buffer_bytes = buffer_bytes
        self._block_seconds = block_seconds
        self._waiting: deque[tuple[Any, int, str]] = deque()
        self._waiting_bytes = 0
        self._failure: BrokerError | None = None
        self._topics = topics
        self._ids: dict[str, str] = {}
        self._unverified = False
        with translated("the first contact", connection.bootstrap):
            self._producer = KafkaProducer(
                **connection.options(),
                acks="all",
                enable_idempotence=False,
                max_in_flight_requests_per_connection=1,
                delivery_timeout_ms=_FOREVER_MS,
                linger_ms=linger_ms,
                batch_size=batch_bytes,
                compression_type=compression,
                max_block_ms=int(REQUEST_SECONDS * 1000),
                max_request_size=MAX_RECORD_BYTES,
                metrics_enabled=False,
            )
            # A topic that is gone must be seen to be gone, not made again with the cluster's defaults.
            forbid_topic_creation(self._producer._metadata)

    def send(self, topic: str, value: bytes, *, key: bytes | None = None, partition: int | None = None) -> None:
        """Queues one message; waits while more than the buffer is not delivered yet.

        Args:
            topic: Must exist.
            value: At most `MAX_RECORD_BYTES`, key and frame included.
            key: Messages with the same key go to the same partition, if `partition` is None.
            partition: Its number, from 0.

        Raises:
            RecordTooLargeError: It was not queued; the producer goes on.
            BrokerError: An earlier message was refused, the topic is unknown, or the buffer did not empty in time.
        """
        self._reap()
        if self._waiting_bytes > self._buffer_bytes:
            self._wait_for_room()
        if topic not in self._ids:
            self._ids |= self._topics.topic_ids([topic])
        try:
            future = self._producer.send(topic, value, key=key, partition=partition)
        except kafka_errors.MessageSizeTooLargeError as cause:
            what = f"A message of {len(value):,} bytes for the topic {topic} is over the limit of {MAX_RECORD_BYTES:,}."
            raise RecordTooLargeError(what, "Cut it before sending.") from cause
        except (kafka_errors.KafkaError, AssertionError, ValueError) as cause:
            raise broker_error(f"sending to the topic {topic}", self._bootstrap, cause) from cause
        self._waiting.append((future, len(value), topic))
        self._waiting_bytes += len(value)
        self._unverified = True

    def flush(self, timeout_seconds: float) -> None:
        """Returns when all that was sent is delivered, to the topics that it was meant for.

        The embedded broker acknowledges messages to a topic that it does not have, as after a restart, and loses
        them. An id never comes back, so an unchanged one afterwards proves that the topic was there all the time.
        What is not delivered in time stays queued: a later flush may find it delivered.

        Raises:
            TopicRecreatedError: A topic was deleted and made again since the first message to it: what was sent may be
                lost, and this producer is of no more use.
            BrokerError: Something was refused, or was not delivered within `timeout_seconds`; names what.
        """
        self._reap()
        try:
            self._producer.flush(timeout_seconds)
        except kafka_errors.KafkaTimeoutError as cause:
            self._reap()
            what = f"Kafka at {self._bootstrap} did not take {self._undelivered()} within {timeout_seconds:g} s."
            raise BrokerError(what, "Check that the broker runs; the messages stay queued.") from cause
        self._reap()
        if self._unverified:
            self._verify()
            self._unverified = False

    def _verify(self) -> None:
        found = self._topics.topic_ids(self._ids)
        for topic, expected in self._ids.items():
            if found[topic] != expected:
                what = f"The topic {topic} was deleted and made again; what was sent to it may be lost."
                self._failure = TopicRecreatedError(what, "Send again from the last position that is known to be safe.")
                raise self._failure

    @property
    def undelivered_bytes(self) -> int:
        """How much was sent and is not known to be delivered."""
        return self._waiting_bytes

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Closes; what could not be delivered within `timeout_seconds` is dropped, so flush first."""
        with suppress(kafka_errors.KafkaTimeoutError):
            self._producer.close(timeout_seconds)
            return
        # The library waits for what is queued even when it is told not to, and is not closed when that failed.
        self._producer._sender.force_close()

    def _reap(self) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0].is_done:
            future, size, topic = waiting.popleft()
            self._waiting_bytes -= size
            if future.exception is not None and self._failure is None:
                self._failure = broker_error(f"delivering to the topic {topic}", self._bootstrap, future.exception)
        if self._failure is not None:
            raise self._failure

    def _wait_for_room(self) -> None:
        deadline = time.monotonic() + self._block_seconds
        while self._waiting_bytes > self._buffer_bytes:
            try:
                self._waiting[0][0].get(max(0.0, deadline - time.monotonic()))
            except kafka_errors.KafkaTimeoutError as cause:
                if self._waiting[0][0].is_done:
                    continue
                stuck = f"took nothing for {self._block_seconds:g} s; {self._undelivered()} wait"
                what = f"Kafka at {self._bootstrap} {stuck}."
                raise BrokerError(what, "Check that the broker runs.") from cause
            except kafka_errors.KafkaError:
                pass  # the reaper raises it, with its topic
            self._reap()

    def _undelivered(self) -> str:
        topics = Counter(topic for _, _, topic in self._waiting)
        return ", ".join(f"{count:,} messages for the topic {topic}" for topic, count in sorted(topics.items()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close(10.0 if kind is None else 0.0)
