"""The classify stage: from the articles topic to the scored topic, one replica of a consumer group, without state.

Per partition, what is read is written in the same order to the same partition number, watermarks included, before the
offset is committed. A kill in between repeats work, never loses it; the counter drops the repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from monitor.articles import Article
from monitor.broker.codec import DecodeError, ScoredRecord, decode_article, encode, unreadable
from monitor.broker.names import TopicNames
from monitor.broker.seams import GroupReader, Partition, Record, RecordSender
from monitor.classify.batching import MicroBatcher
from monitor.classify.engine import Engine
from monitor.classify.linking import Linker
from monitor.classify.scored import ScoredArticle, UnscoredArticle
from monitor.classify.scoring import score
from monitor.clock import Clock
from monitor.records import DeadLetter, Watermark

_CHARACTERS_PER_TOKEN = 4
_IDLE_SECONDS = 0.2


Decoded = tuple[Record, Article | Watermark | DeadLetter]


class ClassifyWorker:
    """One classifier replica."""

    def __init__(
        self,
        consumer: GroupReader,
        sender: RecordSender,
        engines: Callable[[], Engine],
        topics: TopicNames,
        *,
        languages: Sequence[str],
        batch_tokens: int,
        batch_wait: timedelta,
        clock: Clock,
        linker: Linker | None = None,
    ) -> None:
        """Wires a replica; nothing is read before the first `step`.

        Args:
            consumer: Reads the articles topic in the classifiers' group.
            sender: Writes the scored and dead-letter topics.
            engines: Asked at every step, between two batches, for the engine that scores the next; see `ServingModel`.
            topics: Names of the topics.
            languages: ISO 639-1 codes that the engine reads.
            batch_tokens: See `MicroBatcher`.
            batch_wait: See `MicroBatcher`.
            clock: For batching and for dating dead letters.
            linker: Finds which companies the texts name; None leaves the model's mentions as they are.
        """
        self._consumer = consumer
        self._sender = sender
        self._engines = engines
        self._engine = engines()
        self._topics = topics
        self._languages = frozenset(languages)
        self._clock = clock
        self._linker = linker
        self._batcher: MicroBatcher[Decoded] = MicroBatcher(_estimated_tokens, batch_tokens, batch_wait)
        self._max_records = max(64, batch_tokens // 8)
        self.classified = 0
        self.engine_seconds = 0.0
        """CPU seconds, of all threads, that the engine took."""

    def step(self) -> int:
        """Reads, and classifies once a batch is ready.

        Returns:
            How many messages were passed on; 0 while a batch is still filling.

        Raises:
            BrokerError: Kafka is out of reach; the step can be repeated in a new worker.
        """
        self._engine = self._engines()
        now = self._clock()
        wait = self._batcher.wait(now).total_seconds() if len(self._batcher) else _IDLE_SECONDS
        records = self._consumer.poll(self._max_records, wait)
        now = self._clock()
        self._batcher.add([(record, self._decode(record)) for record in records], now)
        if not len(self._batcher) or self._batcher.wait(now):
            return 0
        return self._pass_on(self._batcher.take())

    def finish(self) -> None:
        """Passes on what is in hand at once: another replica may read these partitions from now on."""
        if len(self._batcher):
            self._pass_on(self._batcher.take())

    def drop_revoked(self, partitions: set[Partition]) -> None:
        """Forgets what is in hand of partitions that another replica reads from now on; it reads them again itself."""
        kept = [
            decoded for decoded in self._batcher.take() if (decoded[0].topic, decoded[0].partition) not in partitions
        ]
        self._batcher.add(kept, self._clock())

    def _decode(self, record: Record) -> Article | Watermark | DeadLetter:
        try:
            return decode_article(record.value)
        except (DecodeError, UnicodeDecodeError) as error:
            return unreadable("classify", record, "article record", error, self._clock())

    def _pass_on(self, batch: list[Decoded]) -> int:
        scored = self._score(
            [decoded for _, decoded in batch if isinstance(decoded, Article) and self._readable(decoded)]
        )
        positions: dict[Partition, int] = {}
        for record, decoded in batch:
            output = scored[id(decoded)] if id(decoded) in scored else self._without_score(decoded)
            value = encode(output)
            if isinstance(decoded, DeadLetter) and decoded.stage == "classify":
                self._sender.send(self._topics.dead_letters, value, key=decoded.position.encode())
            self._sender.send(self._topics.scored, value, partition=record.partition)
            positions[record.topic, record.partition] = record.offset + 1
        self._sender.flush(60.0)
        self._consumer.commit(positions)
        return len(batch)

    def _readable(self, article: Article) -> bool:
        return article.language in self._languages

    def _without_score(self, decoded: Article | Watermark | DeadLetter) -> ScoredRecord:
        if isinstance(decoded, Article):
            reason = f"Language {decoded.language} is not supported by model {self._engine.model_version}."
            return UnscoredArticle(article=decoded, reason=reason)
        return decoded

    def _score(self, articles: list[Article]) -> dict[int, ScoredArticle]:
        scored = score(articles, self._engine, self._linker, self._took)
        self.classified += len(articles)
        return {id(article): one for article, one in zip(articles, scored, strict=True)}

    def _took(self, seconds: float) -> None:
        self.engine_seconds += seconds


def _estimated_tokens(decoded: Decoded) -> int:
    article = decoded[1]
    return (len(article.title) + len(article.body)) // _CHARACTERS_PER_TOKEN + 2 if isinstance(article, Article) else 0
