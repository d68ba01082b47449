"""An ingest stage for tests: a real store and spool, topics in memory, sources by script, and a clock moved by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.articles import Article
from monitor.broker.codec import ArticlesRecord, decode_article
from monitor.broker.memory import MemorySender, MemoryTopics
from monitor.broker.names import TopicNames
from monitor.classify.scored import UnscoredArticle
from monitor.ingest.intake.health import Rhythm
from monitor.ingest.intake.outlet import Outlet
from monitor.ingest.intake.parcel import Parcel
from monitor.ingest.intake.polling import InTurn
from monitor.ingest.intake.publisher import Publisher
from monitor.ingest.intake.spool import Spool
from monitor.ingest.intake.taking import Intake
from monitor.ingest.items import ColumnMap, Item, ItemReader
from monitor.ingest.sources.source import Batch, SourceError, SourceState
from monitor.ingest.worker import IngestWorker, Polled
from monitor.records import DeadLetter, Watermark
from monitor.store.database import Database
from pipelines.polling import StoredLedger
from tests.surges.ledgers import Ledger

NAMES = TopicNames()
START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
STEADY = Rhythm(shortest=timedelta(seconds=5), steady=True)
_numbers = itertools.count()

Answer = Batch | SourceError


class Killed(BaseException):
    """The process is gone, here and now."""


class Watch:
    """A clock that is moved by hand, and by a microsecond with each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += datetime.resolution
        return self.now

    def forward(self, **lengths: float) -> None:
        self.now += timedelta(**lengths)


class Scripted:
    """A source that shows, at each fetch, the next of its answers, and the last one for ever."""

    kind = "feed"

    def __init__(self, name: str, answers: Sequence[Answer]) -> None:
        self.name = name
        self.answers = list(answers)
        self.asked_with: list[SourceState] = []

    def fetch(self, state: SourceState, now: datetime) -> Batch:  # noqa: ARG002 - the protocol's
        self.asked_with.append(state)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, SourceError):
            raise answer
        return answer


class DyingLedger(StoredLedger):
    """Kills the process before, or after, a commit of its own number."""

    def __init__(self, database: Database, commits: int | None = None, *, after: bool = False) -> None:
        super().__init__(database)
        self._left = commits
        self._after = after

    def take_in(self, parcels: Sequence[Parcel]) -> None:
        if self._left is not None:
            self._left -= 1
        if self._left == -1 and not self._after:
            raise Killed
        super().take_in(parcels)
        if self._left == -1:
            raise Killed


class Line:
    """Topics, store and clock, which stay while workers come and go. Its sources have names of their own."""

    def __init__(self, database: Database, folder: Path, *, limit_bytes: int = 1_000_000, partitions: int = 2) -> None:
        self.database = database
        self.folder = folder / f"spool-{next(_numbers)}"
        self.limit_bytes = limit_bytes
        self.partitions = partitions
        self.topics = MemoryTopics(NAMES.layout(partitions))
        self.clock = Watch()
        self.warnings: list[str] = []
        self.polled: list[Polled] = []
        self.connections = 0
        self.broker_takes: int | None = None
        """Messages that the broker takes from the next connection; None for all."""

    def add(self, *answers: Answer, rhythm: Rhythm = STEADY, **options: object) -> Scripted:
        source = Scripted(f"feed-{next(_numbers)}", answers)
        self.polled.append(Polled(source=source, reader=reader(source.name, **options), rhythm=rhythm))
        return source

    @contextmanager
    def worker(self, ledger: StoredLedger | None = None) -> Iterator[IngestWorker]:
        @contextmanager
        def connect() -> Iterator[Publisher]:
            self.connections += 1
            yield Publisher(MemorySender(self.topics, fails_after=self.broker_takes), NAMES, self.partitions)

        with Spool(self.folder, self.limit_bytes) as spool:
            intake = Intake(spool, ledger or StoredLedger(self.database), self.clock, lambda: f"id-{next(_numbers)}")
            with Outlet(spool, intake, connect, self.clock) as outlet:
                yield IngestWorker(
                    self.polled,
                    intake,
                    spool,
                    outlet,
                    InTurn(self.clock),
                    self.clock,
                    tick_every=timedelta(seconds=1),
                    draw=lambda: 0.5,
                    warn=self.warnings.append,
                )

    def log(self, partition: int) -> list[ArticlesRecord]:
        return [decode_article(value) for value in self.topics.values(NAMES.articles, partition)]

    def records(self) -> list[Article | DeadLetter]:
        return [
            record
            for number in range(self.partitions)
            for record in self.log(number)
            if not isinstance(record, Watermark)
        ]

    def titles(self) -> list[str]:
        return sorted(record.title for record in self.records() if isinstance(record, Article))

    def counted(self) -> list[str]:
        """The fates of the delivered items, as the counter settles them."""
        ledger = Ledger(self.partitions)
        for partition in range(self.partitions):
            for offset, record in enumerate(self.log(partition)):
                scored = UnscoredArticle(article=record, reason="r") if isinstance(record, Article) else record
                ledger.alignment.add(partition, offset, scored)
                ledger.take_what_is_ready()
        return [fate for fate, _ in ledger.fates.values()]

    def marks(self) -> list[datetime]:
        return [record.time for record in self.log(0) if isinstance(record, Watermark)]


def reader(name: str, **options: object) -> ItemReader:
    given: dict[str, object] = {"columns": ColumnMap(), "zone": UTC, **options}
    make: Callable[..., ItemReader] = ItemReader
    return make(name=name, **given)


def shown(*titles: str, cursor: str = "", more: bool = False, **fields: object) -> Batch:
    """A listing of items, whose guids are their titles."""
    return batch(
        [Item(title, {"id": title, "title": title, **fields}, title.encode()) for title in titles], cursor, more=more
    )


def batch(items: Collection[Item], cursor: str = "", *, more: bool = False) -> Batch:
    return Batch(items=tuple(items), state=SourceState(cursor=cursor), shape="rss", more=more)
