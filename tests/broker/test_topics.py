"""Topics: made once, named for good by their ids."""

from __future__ import annotations

import threading

import pytest

from monitor.broker.client import KafkaClient
from monitor.broker.seams import GroupReader, PositionedReader, RecordSender, TopicDirectory
from monitor.errors import BrokerError


def test_a_topic_that_exists_keeps_its_partitions_and_tells_how_many(client: KafkaClient, topic: str) -> None:
    assert client.topics.ensure({topic: 5, f"{topic}-b": 3}) == {topic: 2, f"{topic}-b": 3}
    assert client.topics.partitions(topic) == [(topic, 0), (topic, 1)]


def test_workers_that_start_together_all_find_the_topic(client: KafkaClient, topic: str) -> None:
    found: list[dict[str, int]] = []
    workers = [threading.Thread(target=lambda: found.append(client.topics.ensure({f"{topic}-c": 3}))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [{f"{topic}-c": 3}] * 4


def test_an_id_stays_while_the_topic_does_and_never_comes_back(client: KafkaClient, topic: str) -> None:
    seen = {client.topics.topic_id(topic)}
    assert {client.topics.topic_id(topic)} == seen
    for again in range(3):
        client.topics.delete([topic])
        client.topics.ensure({topic: 2})
        seen.add(client.topics.topic_id(topic))
        assert len(seen) == again + 2


def test_asking_for_a_topic_does_not_make_it(client: KafkaClient) -> None:
    for _ in range(2):
        with pytest.raises(BrokerError, match="no topic absent"):
            client.topics.topic_id("absent")
        with pytest.raises(BrokerError, match="no topic absent"):
            client.reader(["absent"])
    client.topics.delete(["absent"])


def test_the_clients_are_what_the_workers_ask_for(client: KafkaClient, topic: str) -> None:
    directory: TopicDirectory = client.topics
    with client.producer() as producer, client.reader([topic]) as reader, client.group_consumer([topic], "g") as group:
        roles: tuple[RecordSender, PositionedReader, GroupReader] = (producer, reader, group)
        assert len(roles) == len(directory.partitions(topic)) + 1
