"""Sending: order, back-pressure, outages, and no loss without an error."""

from __future__ import annotations

import pytest

from monitor.broker import connection
from monitor.broker.client import Connection, KafkaClient, Producer, RecordTooLargeError
from monitor.errors import BrokerError, TopicRecreatedError
from tests.brokers import Broker, read


def test_what_is_sent_to_a_partition_is_read_from_it_in_order(client: KafkaClient, topic: str) -> None:
    with client.producer() as sender, client.reader([topic]) as reader:
        for number in range(3_000):
            sender.send(topic, str(number).encode(), key=b"k%d" % (number % 7), partition=number % 2)
        sender.flush(30.0)
        assert sender.undelivered_bytes == 0
        records = read(reader.poll, 3_000)
    for partition in (0, 1):
        mine = [record for record in records if record.partition == partition]
        assert [int(record.value) for record in mine] == list(range(partition, 3_000, 2))
        assert [record.offset for record in mine] == list(range(1_500))
        assert mine[0].key == (b"k0" if partition == 0 else b"k1")
        assert mine[0].topic == topic
        assert mine[0].timestamp_ms > 1_700_000_000_000


def test_a_message_over_the_limit_is_refused_and_the_producer_goes_on(client: KafkaClient, topic: str) -> None:
    with client.producer() as sender, client.reader([topic]) as reader:
        with pytest.raises(RecordTooLargeError, match="2,000,000 bytes"):
            sender.send(topic, b"x" * 2_000_000)
        sender.send(topic, b"y" * 900_000)
        sender.flush(30.0)
        assert len(read(reader.poll, 1)[0].value) == 900_000


def test_an_unknown_topic_is_an_error_at_send(client: KafkaClient) -> None:
    with client.producer() as sender, pytest.raises(BrokerError, match="no topic no-such-topic"):
        sender.send("no-such-topic", b"x")


def test_an_address_without_a_broker_is_an_error(free_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with pytest.raises(BrokerError, match=free_address) as caught:
        KafkaClient(Connection(bootstrap=free_address)).producer()
    assert caught.value.retryable


def test_an_outage_fills_the_buffer_makes_send_wait_and_ends_without_a_gap(
    broker: Broker, client: KafkaClient, topic: str
) -> None:
    with Producer(client.connection, client.topics, buffer_bytes=50_000, block_seconds=0.3) as sender:
        sender.send(topic, b"before", partition=0)
        sender.flush(30.0)
        broker.kill()
        took_nothing = rf"took nothing for 0\.3 s; \d+ messages for the topic {topic}"
        queued = 0

        def fill() -> None:
            nonlocal queued
            while queued < 1_000:
                sender.send(topic, b"%06d" % queued + b"x" * 994, partition=0)
                queued += 1

        with pytest.raises(BrokerError, match=took_nothing):
            fill()
        assert 40 <= queued <= 60
        with pytest.raises(BrokerError, match=rf"did not take {queued} messages for the topic {topic} within 0\.2 s"):
            sender.flush(0.2)
        broker.start()
        client.topics.ensure({topic: 2})
        if not broker.durable:
            # It may have acknowledged, and lost, what came before the topic was made again.
            with pytest.raises(TopicRecreatedError, match=topic):
                sender.flush(60.0)
            with pytest.raises(TopicRecreatedError, match=topic):
                sender.send(topic, b"after")
            return
        sender.flush(60.0)
    with client.reader([topic]) as reader:
        records = read(reader.poll, queued + 1)
    # A retry may repeat what a dying broker had taken; nothing is lost, and nothing overtakes.
    numbers = [int(record.value[:6]) for record in records if record.value != b"before"]
    assert list(dict.fromkeys(numbers)) == list(range(queued))


def test_what_was_sent_to_a_topic_that_is_gone_is_an_error_at_flush(client: KafkaClient, topic: str) -> None:
    with client.producer() as sender:
        sender.send(topic, b"1")
        sender.flush(30.0)
        client.topics.delete([topic])
        client.topics.ensure({topic: 2})
        sender.send(topic, b"2")
        with pytest.raises(TopicRecreatedError, match=topic):
            sender.flush(30.0)
