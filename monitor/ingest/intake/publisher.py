"""Where ingest writes: articles, dead letters and watermarks onto the articles topic."""

from __future__ import annotations

from datetime import datetime

import msgspec

from monitor.articles import Article
from monitor.broker.codec import encode
from monitor.broker.names import TopicNames, partition_of
from monitor.broker.seams import RecordSender
from monitor.ingest.items import short_position
from monitor.records import MAX_ORIGINAL_BYTES, DeadLetter, Watermark, short_reason

MAX_ARTICLE_BYTES = 900_000
"""As it travels; a broker's usual limit for one message is 1 MiB, and the classifier adds to it."""


class Publisher:
    """Publishes what a source delivered, and how far time has come."""

    def __init__(self, sender: RecordSender, topics: TopicNames, partitions: int) -> None:
        self._sender = sender
        self._topics = topics
        self._partitions = partitions

    def publish(self, record: Article | DeadLetter) -> None:
        """Queues a record for its partition; a dead letter goes to the dead-letter topic as well."""
        record, value = fitted(record)
        if isinstance(record, DeadLetter):
            partition = partition_of(record.position, self._partitions)
            self._sender.send(self._topics.dead_letters, value, key=record.position.encode())
        else:
            partition = partition_of(record.id, self._partitions)
        self._sender.send(self._topics.articles, value, partition=partition)

    def mark(self, time: datetime, *, final: bool = False) -> None:
        """Queues a watermark for every partition: what was published before it was first seen before `time`."""
        value = encode(Watermark(time=time, final=final))
        for partition in range(self._partitions):
            self._sender.send(self._topics.articles, value, partition=partition)

    def flush(self, timeout_seconds: float = 60.0) -> None:
        """Waits until the broker has everything.

        Raises:
            BrokerError: It did not take everything in time.
        """
        self._sender.flush(timeout_seconds)


def fitted(record: Article | DeadLetter) -> tuple[Article | DeadLetter, bytes]:
    """The record that can travel, and its bytes: a dead letter for an article that is too large as a message.

    A dead letter that is too large itself says where and why in short: one that no broker takes would be tried again
    at every start, and nothing behind it would leave.
    """
    value = encode(record)
    if len(value) <= MAX_ARTICLE_BYTES:
        return record, value
    letter = _too_large(record, len(value)) if isinstance(record, Article) else record
    letter = msgspec.structs.replace(
        letter, reason=short_reason(letter.reason), position=short_position(letter.position)
    )
    return letter, encode(letter)


def _too_large(article: Article, size: int) -> DeadLetter:
    return DeadLetter(
        stage="ingest",
        reason=f"{article.position}: as a message it has {size:,} bytes, more than {MAX_ARTICLE_BYTES:,}.",
        source=article.source,
        # A file that begins anew has other articles at the same place.
        position=f"{article.position}-{article.id}",
        seen_at=article.first_seen_at,
        original=f"{article.title}\n{article.body}".encode("utf-8", "replace")[:MAX_ORIGINAL_BYTES],
    )
