"""The surge worker at a broker: what makes it begin anew, and that nothing is counted twice or lost for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from monitor.broker.client import KafkaClient
from monitor.broker.codec import encode
from monitor.broker.names import TopicNames
from monitor.clock import system_clock
from monitor.records import Watermark
from monitor.store import counting, entities
from monitor.store.database import Database
from monitor.store.entities import Decision
from monitor.surges.rules import SurgeRules
from monitor.surges.worker import SurgeWorker
from tests.brokers import DEADLINE_SECONDS
from tests.store.builders import MINUTE, NOON, mention, scored


@pytest.fixture
def names(client: KafkaClient) -> TopicNames:
    names = TopicNames(f"t{uuid4().hex[:12]}-")
    client.topics.ensure(names.layout(1))
    return names


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as opened:
        yield opened


def send(client: KafkaClient, names: TopicNames, number: int, entity: str) -> None:
    """An article first seen so many minutes after noon, and the watermark after it."""
    about = msgspec.structs.replace(mention(), entity=entity, relevance=80)
    item = msgspec.structs.replace(scored(number), mentions=(about,))
    with client.producer() as producer:
        for record in (item, Watermark(time=NOON + (number + 1) * MINUTE)):
            producer.send(names.scored, encode(record), partition=0)
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
