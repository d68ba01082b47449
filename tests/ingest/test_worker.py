"""The live ingest stage: what it publishes, when time moves on, and what a kill repeats."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article
from monitor.broker.codec import ArticlesRecord, decode_article
from monitor.broker.memory import MemorySender, MemoryTopics
from monitor.broker.names import TopicNames
from monitor.classify.scored import UnscoredArticle
from monitor.errors import BrokerError
from monitor.ingest.items import ColumnMap, ItemReader
from monitor.ingest.publisher import Publisher
from monitor.ingest.worker import FileSource, IngestWorker
from monitor.records import DeadLetter, Watermark
from tests.ingest.sources import write_jsonl
from tests.surges.ledgers import Ledger

NAMES = TopicNames()
START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)


class Watch:
    """A clock that is moved by hand, and by a microsecond with each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += datetime.resolution
        return self.now


class Places:
    """Cursors that outlive the worker."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}

    def load(self, source: str) -> int:
        return self.kept.get(source, 0)

    def save(self, cursors: dict[str, int]) -> None:
        self.kept.update(cursors)


class Line:
    """Topics, places and a clock; workers come and go."""

    def __init__(self, *paths: Path) -> None:
        self.topics = MemoryTopics(NAMES.layout(2))
        self.places, self.clock = Places(), Watch()
        self.warnings: list[str] = []
        self._paths = paths

    def worker(self, fails_after: int | None = None) -> IngestWorker:
        sources = [
            FileSource(path, "jsonl", ItemReader(name=path.stem, columns=ColumnMap(), zone=UTC)) for path in self._paths
        ]
        return IngestWorker(
            sources,
            Publisher(MemorySender(self.topics, fails_after=fails_after), NAMES, 2),
            self.places,
            self.clock,
            poll_every=timedelta(seconds=5),
            tick_every=timedelta(seconds=1),
            warn=self.warnings.append,
        )

    def log(self, partition: int) -> list[ArticlesRecord]:
        return [decode_article(value) for value in self.topics.values(NAMES.articles, partition)]

    def records(self) -> list[Article | DeadLetter]:
        return [record for number in (0, 1) for record in self.log(number) if not isinstance(record, Watermark)]

    def marks(self) -> list[datetime]:
        return [record.time for record in self.log(0) if isinstance(record, Watermark)]


def test_new_lines_are_published_and_a_watermark_follows_them_into_every_partition(tmp_path: Path) -> None:
    line = Line(write_jsonl(tmp_path / "wire.jsonl", [{"title": f"headline {number}"} for number in range(9)]))
    worker = line.worker()
    assert worker.step() == 9
    assert worker.articles == 9
    for partition in (0, 1):
        *before, last = line.log(partition)
        assert isinstance(last, Watermark)
        assert before
        assert all(isinstance(record, Article) and record.first_seen_at < last.time for record in before)


def test_time_moves_on_at_every_tick_though_nothing_is_new_and_files_are_looked_at_less_often(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    line = Line(path)
    worker = line.worker()
    worker.step()
    write_jsonl(path, [{"title": "new"}])
    done = []
    for _ in range(8):
        line.clock.now += timedelta(seconds=0.7)
        done.append(worker.step())
    assert done == [0, 0, 0, 0, 0, 0, 0, 1]
    assert len(line.marks()) == 5
    assert line.marks() == sorted(line.marks())


def test_a_backlog_is_worked_off_in_pieces_without_waiting_with_a_watermark_after_each(tmp_path: Path) -> None:
    rows = [{"title": f"{number} {'x' * 900_000}"} for number in range(9)]
    line = Line(write_jsonl(tmp_path / "wire.jsonl", rows))
    worker = line.worker()
    assert [worker.step() for _ in range(3)] == [5, 4, 0]
    assert len(line.marks()) == 2


def test_what_is_no_article_is_a_dead_letter_and_the_next_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    path.write_bytes(b'{"title": "one"}\n\xff\n{"title": "two"}\n')
    line = Line(path)
    worker = line.worker()
    worker.step()
    assert (worker.articles, worker.dead_letters) == (2, 1)
    assert len(line.topics.values(NAMES.dead_letters)) == 1


def test_a_source_that_cannot_be_read_is_told_once_and_the_others_go_on(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.jsonl.gz", write_jsonl(tmp_path / "good.jsonl", [{"title": "one"}])
    bad.write_bytes(b"not gzip")
    line = Line(bad, good)
    worker = line.worker()
    for _ in range(3):
        worker.step()
        line.clock.now += timedelta(seconds=6)
    assert len(line.records()) == 1
    assert len(line.warnings) == 1
    assert str(bad) in line.warnings[0]


@given(st.lists(st.integers(0, 30), max_size=3), st.lists(st.sampled_from(["a", "b", "", "c"]), max_size=10))
def test_a_worker_killed_at_any_points_loses_nothing_and_repeats_only_what_the_counter_drops(
    tmp_path_factory: pytest.TempPathFactory, kills: list[int], titles: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("kill")
    line = Line(write_jsonl(folder / "wire.jsonl", [{"title": title} for title in titles]))
    for delivered in kills:
        with suppress(BrokerError):
            line.worker(fails_after=delivered).step()
        line.clock.now += timedelta(seconds=1)
    line.worker().step()
    ledger = Ledger(2)
    for partition in (0, 1):
        for offset, record in enumerate(line.log(partition)):
            scored = UnscoredArticle(article=record, reason="r") if isinstance(record, Article) else record
            ledger.alignment.add(partition, offset, scored)
            ledger.take_what_is_ready()
    fates = [fate for fate, _ in ledger.fates.values()]
    told = [title for title in titles if title]
    assert fates.count("new") == len(set(told))
    assert fates.count("duplicate") == len(told) - len(set(told))
    assert fates.count("dead letter") == titles.count("")


def test_a_broker_that_is_away_leaves_the_place_as_it_was(tmp_path: Path) -> None:
    line = Line(write_jsonl(tmp_path / "wire.jsonl", [{"title": "one"}]))
    with pytest.raises(BrokerError):
        line.worker(fails_after=0).step()
    assert line.places.kept == {}
    assert line.worker().step() == 1
