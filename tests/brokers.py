"""Fixtures for whatever needs Kafka: each test runs on the embedded broker and, with `-m kafka`, on Apache Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol
from uuid import uuid4

import pytest

from monitor.broker.client import Connection, KafkaClient, Record
from monitor.broker.embedded import EmbeddedBroker
from tests.apache_kafka.server import KafkaServer

DEADLINE_SECONDS = 60.0
"""After this long without what a test waits for, it fails."""


class Broker(Protocol):
    """A broker that tests may stop, kill and start again on the same port."""

    @property
    def durable(self) -> bool:
        """Whether topics, records and offsets survive a restart."""

    @property
    def bootstrap(self) -> str:
        """`host:port`."""

    @property
    def pid(self) -> int:
        """Of the broker's process."""

    def start(self) -> Any:
        """Returns when the broker answers."""

    def stop(self) -> None:
        """In order."""

    def kill(self) -> None:
        """As a crash would."""


@pytest.fixture(scope="session")
def apache_kafka() -> Iterator[KafkaServer]:
    """One Apache Kafka for the whole run: it needs seconds to start, so tests share it and name their topics apart."""
    with KafkaServer() as server:
        yield server


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A running broker: an embedded one of the test's own, or the shared Apache Kafka."""
    if request.param == "embedded":
        with EmbeddedBroker() as embedded:
            yield embedded
    else:
        yield request.getfixturevalue("apache_kafka").start()


@pytest.fixture
def client(broker: Broker) -> Iterator[KafkaClient]:
    """A client of `broker`."""
    with KafkaClient(Connection(bootstrap=broker.bootstrap)) as made:
        yield made


@pytest.fixture
def topic(client: KafkaClient) -> str:
    """An empty topic with two partitions, of a name that no other test uses."""
    name = f"topic-{uuid4().hex[:12]}"
    client.topics.ensure({name: 2})
    return name


def read(poll: Callable[[int, float], list[Record]], count: int) -> list[Record]:
    """Polls until `count` records have come; fails when they do not."""
    records: list[Record] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(records) < count:
        assert time.monotonic() < deadline, f"only {len(records)} of {count} records came"
        records += poll(500, 0.2)
    return records


def poll_until(poll: Callable[[int, float], list[Record]], done: Callable[[], bool]) -> list[Record]:
    """Polls until something is so; fails when it does not come to be."""
    records: list[Record] = []
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not done():
        assert time.monotonic() < deadline, "it never came to be"
        records += poll(500, 0.05)
    return records


def read_values(poll: Callable[[int, float], list[Record]], values: set[int]) -> None:
    """Polls until all these numbers have come, repeats and others aside; fails when they do not."""
    missing = set(values)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while missing:
        assert time.monotonic() < deadline, f"{len(missing)} of {len(values)} values never came"
        missing -= {int(record.value) for record in poll(500, 0.2)}
