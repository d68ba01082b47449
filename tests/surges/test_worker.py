"""The surge worker at a broker: what makes it begin anew, and that nothing is counted twice or lost for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from monitor.broker.client import Connection, KafkaClient
from monitor.broker.codec import encode
from monitor.broker.names import TopicNames
from monitor.broker.reader import PartitionReader
from monitor.clock import system_clock
from monitor.records import Watermark
from monitor.store import counting, entities, leases
from monitor.store.database import Database
from monitor.store.entities import Decision
from monitor.surges.advance import Snapshot
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.session import STAGE, Session
from monitor.surges.worker import LEASE_TTL, SurgeWorker
from tests.brokers import DEADLINE_SECONDS
from tests.store.builders import HOUR, MINUTE, NOON, mention, scored


@pytest.fixture
def names(client: KafkaClient) -> TopicNames:
    names = TopicNames(f"t{uuid4().hex[:12]}-")
    client.topics.ensure(names.layout(1))
    return names


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as opened:
        yield opened


def send(client: KafkaClient, names: TopicNames, number: int, entity: str, partition: int = 0) -> None:
    """An article first seen so many minutes after noon, and the watermark after it."""
    about = msgspec.structs.replace(mention(), entity=entity, relevance=80)
    item = msgspec.structs.replace(scored(number), mentions=(about,))
    with client.producer() as producer:
        for record in (item, Watermark(time=NOON + (number + 1) * MINUTE)):
            producer.send(names.scored, encode(record), partition=partition)
        producer.flush(30.0)


def stories(database: Database) -> dict[str, int]:
    """By entity, as the minutes have it."""
    found: dict[str, int] = {}
    with database.read() as connection:
        for row in counting.read_minute_counts(connection, NOON):
            if row.series.entity and not row.series.topic:
                found[row.series.entity] = found.get(row.series.entity, 0) + row.timed.stories
    return found


def step_until(worker: SurgeWorker, database: Database, wanted: dict[str, int]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := stories(database)) != wanted:
        assert time.monotonic() < deadline, f"{found} is not {wanted}"
        worker.step()


def test_a_merge_in_mid_stream_joins_the_past_of_both(
    client: KafkaClient, names: TopicNames, database: Database
) -> None:
    with SurgeWorker(
        database,
        client,
        names,
        SurgeRules(),
        holder="one",
        clock=system_clock,
        abstain_below=None,
        stall_after=timedelta(days=1),
    ) as worker:
        for number, entity in enumerate(("~acme", "~acme", "acme")):
            send(client, names, number, entity)
        step_until(worker, database, {"~acme": 2, "acme": 1})
        with database.write() as connection:
            entities.merge_entity(connection, "~acme", "acme", Decision(at=NOON, by="ann", why="the same firm"))
        send(client, names, 3, "~acme")
        step_until(worker, database, {"acme": 4})
        with database.write() as connection:
            entities.confirm_entity(connection, "~acme", Decision(at=NOON, by="ann", why="another one after all"))
        send(client, names, 4, "~acme")
        step_until(worker, database, {"~acme": 1, "acme": 4})
        assert worker.counters["articles"] == 5


class SlowClient(KafkaClient):
    """Begins to read only once something has happened."""

    def __init__(self, connection: Connection, happened: threading.Event) -> None:
        super().__init__(connection)
        self._happened = happened

    def reader(self, *args: Any, **options: Any) -> PartitionReader:
        assert self._happened.wait(DEADLINE_SECONDS)
        return super().reader(*args, **options)


def test_a_start_that_takes_longer_than_the_lease_loses_it_to_no_standby(
    client: KafkaClient, names: TopicNames, database: Database
) -> None:
    hands, long_since = Hands(), threading.Event()

    def clock() -> datetime:
        """Goes on by as much as half the lease whenever the lease is renewed during the start."""
        if threading.current_thread() is not threading.main_thread():
            hands.time += LEASE_TTL / 2
            if hands.time > NOON + 2 * LEASE_TTL:
                long_since.set()
        return hands.time

    def worker(holder: str, cluster: KafkaClient) -> SurgeWorker:
        return SurgeWorker(
            database,
            cluster,
            names,
            SurgeRules(),
            holder=holder,
            clock=clock,
            abstain_below=None,
            stall_after=timedelta(seconds=5),
            elapsed=lambda: hands.elapsed,
            renew_seconds=0.01,
        )

    slow = SlowClient(client.connection, long_since)
    with slow, worker("one", slow) as active, worker("two", client) as standby:
        active.step()
        standby.step()
        assert (active.counters["active"], standby.counters["active"]) == (1.0, 0.0)


def test_a_lease_is_renewed_at_the_right_time_again_after_the_clock_was_ahead(
    client: KafkaClient, names: TopicNames, database: Database
) -> None:
    hands = Hands()

    def worker(holder: str) -> SurgeWorker:
        return SurgeWorker(
            database,
            client,
            names,
            SurgeRules(),
            holder=holder,
            clock=lambda: hands.time,
            abstain_below=None,
            stall_after=timedelta(seconds=5),
            elapsed=lambda: hands.elapsed,
        )

    killed, successor = worker("one"), worker("two")
    killed.step()
    for jump in (timedelta(days=1), timedelta(days=-1)):
        hands.time += jump
        hands.go(3)
        killed.step()
    hands.go(LEASE_TTL.total_seconds() - 1)
    successor.step()
    assert not successor.counters["active"]
    hands.go(3)
    with successor:
        successor.step()
        assert successor.counters["active"]
    killed.close()


class Hands:
    """Of a clock that can be set, and of one that cannot."""

    def __init__(self) -> None:
        self.time = NOON
        self.elapsed = 0.0

    def go(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self.elapsed += seconds


def live_session(
    client: KafkaClient, names: TopicNames, database: Database, hands: Hands, since: datetime | None = None
) -> Session:
    with database.write() as connection:
        epoch = leases.take_lease(connection, STAGE, "one", NOON, timedelta(days=1))
    assert epoch is not None
    return Session(
        database,
        client.reader([names.scored], {}, topic_ids=client.topics.topic_ids([names.scored])),
        SurgeCore(SurgeRules(), Snapshot(tick=since) if since else None),
        {},
        rules=SurgeRules(),
        topic=names.scored,
        epoch=epoch,
        clock=lambda: hands.time,
        abstain_below=None,
        stall_after=timedelta(seconds=5),
        elapsed=lambda: hands.elapsed,
    )


def until(session: Session, reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not reached():
        assert time.monotonic() < deadline, f"the tick is {session.tick}"
        session.step()


def ticked(session: Session, at: datetime) -> Callable[[], bool]:
    return lambda: session.tick == at


def test_a_clock_set_ahead_and_back_again_leaves_no_tick_in_the_future(
    client: KafkaClient, names: TopicNames, database: Database
) -> None:
    hands = Hands()
    session = live_session(client, names, database, hands)
    try:
        hands.go(60)
        send(client, names, 0, "acme")
        until(session, ticked(session, NOON + MINUTE))
        hands.time += timedelta(hours=6)
        hands.go(4)
        session.step()
        assert session.tick == NOON + MINUTE  # nothing has stalled: four seconds passed
        hands.go(4)
        session.step()
        assert session.tick == NOON + MINUTE + timedelta(seconds=8)
        hands.time -= timedelta(hours=6)
        send(client, names, 1, "acme")
        until(session, ticked(session, NOON + 2 * MINUTE))
        assert session.articles == 2
    finally:
        session.close()


def test_a_wrong_clock_is_not_believed_for_watermarks_that_go_on_meanwhile(
    client: KafkaClient, names: TopicNames, database: Database
) -> None:
    hands = Hands()
    session = live_session(client, names, database, hands)
    try:
        hands.time += timedelta(hours=6)
        hands.go(60)
        send(client, names, 0, "acme")
        until(session, ticked(session, NOON + MINUTE))
        hands.go(6)
        session.step()
        assert session.tick == NOON + MINUTE + timedelta(seconds=6)
    finally:
        session.close()


@pytest.mark.parametrize("off", [-3 * HOUR, 24 * HOUR], ids=["behind", "ahead"])
def test_a_clock_that_was_wrong_at_the_start_holds_no_time_up_and_leads_it_nowhere(
    client: KafkaClient, names: TopicNames, database: Database, off: timedelta
) -> None:
    hands = Hands()
    hands.time += off
    session = live_session(client, names, database, hands, since=NOON)
    try:
        for _ in range(3):
            hands.go(6)
            session.step()
        assert session.tick == (NOON if off < timedelta(0) else NOON + timedelta(seconds=18))
        hands.time -= off
        hands.go(6)
        session.step()
        assert session.tick == hands.time
    finally:
        session.close()


def test_a_backlog_is_counted_in_its_own_time_however_long_its_watermarks_take_to_come(
    client: KafkaClient, names: TopicNames, database: Database
) -> None:
    hands = Hands()
    hands.go(10 * 3600)
    session = live_session(client, names, database, hands, since=NOON)
    try:
        hands.go(30)
        session.step()
        assert session.tick == NOON + timedelta(seconds=30)
        send(client, names, 59, "acme")
        until(session, ticked(session, NOON + HOUR))
    finally:
        session.close()


def test_a_backlog_keeps_its_place_in_time_where_one_partition_says_nothing(
    client: KafkaClient, database: Database
) -> None:
    """The counter was down for two hours; meanwhile one classifier went on, and another died."""
    names = TopicNames(f"t{uuid4().hex[:12]}-")
    client.topics.ensure(names.layout(2))
    hands = Hands()
    hands.go(7200)
    for number in range(20):
        send(client, names, number, f"acme {number}")
    session = live_session(client, names, database, hands, since=NOON)
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while session.articles < 20:
            assert time.monotonic() < deadline, f"only {session.articles} articles came"
            session.step()
            hands.go(1)
    finally:
        session.close()
    with database.read() as connection:
        found = {row.series.entity: row.minute for row in counting.read_minute_counts(connection, NOON)}
    assert {f"acme {number}": found.get(f"acme {number}") for number in range(20)} == {
        f"acme {number}": NOON + number * MINUTE for number in range(20)
    }


def test_partitions_that_come_later_are_read_however_much_of_the_others_is_in_hand(
    client: KafkaClient, database: Database
) -> None:
    names = TopicNames(f"t{uuid4().hex[:12]}-")
    client.topics.ensure(names.layout(2))
    hands = Hands()
    session = live_session(client, names, database, hands, since=NOON)
    try:
        with client.producer() as producer:
            for second in range(1, 20_002):
                producer.send(names.scored, encode(Watermark(time=NOON + second * MINUTE / 600)), partition=0)
            producer.flush(30.0)
        deadline, read = time.monotonic() + DEADLINE_SECONDS, 0
        while read <= 20_000:
            assert time.monotonic() < deadline, f"only {read} messages came"
            read += session.step()
        send(client, names, 0, "acme", partition=1)
        until(session, ticked(session, NOON + MINUTE))
        assert session.articles == 1
    finally:
        session.close()


def test_what_only_a_later_clock_will_count_is_not_read_without_end(
    client: KafkaClient, names: TopicNames, database: Database
) -> None:
    """A tick lies in the future, as after a watermark of a machine whose clock was wrong."""
    hands = Hands()
    session = live_session(client, names, database, hands)
    try:
        send(client, names, 59, "acme")
        until(session, ticked(session, NOON + HOUR))
        marks, read = 24_000, 0
        with client.producer() as producer:
            for _ in range(marks):
                producer.send(names.scored, encode(Watermark(time=NOON)), partition=0)
            producer.flush(30.0)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while read <= 20_000:
            assert time.monotonic() < deadline, f"only {read} messages came"
            read += session.step()
        read += sum(session.step() for _ in range(20))
        assert read < marks
        hands.go(7200)
        while read < marks:
            assert time.monotonic() < deadline, f"only {read} messages came"
            read += session.step()
        assert session.tick == hands.time
    finally:
        session.close()
