"""Reading from positions of one's own: seeking, pausing, and never a record of another topic with the same name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.broker import fetching
from monitor.broker.client import KafkaClient, PartitionReader, Record
from monitor.errors import BrokerError, TopicRecreatedError
from tests.brokers import Broker, read


def _send(client: KafkaClient, topic: str, values: range) -> None:
    with client.producer() as producer:
        for value in values:
            producer.send(topic, str(value).encode(), partition=value % 2)
        producer.flush(30.0)


def test_it_reads_from_the_stored_positions_and_the_rest_from_the_beginning(client: KafkaClient, topic: str) -> None:
    _send(client, topic, range(20))
    with client.reader([topic], {(topic, 0): 7}) as reader:
        records = read(reader.poll, 13)
        assert [int(record.value) for record in records if record.partition == 0] == [14, 16, 18]
        assert [int(record.value) for record in records if record.partition == 1] == list(range(1, 20, 2))
        assert reader.positions() == reader.end_offsets() == {(topic, 0): 10, (topic, 1): 10}


def test_a_paused_partition_gives_nothing_and_keeps_its_position(client: KafkaClient, topic: str) -> None:
    with client.reader([topic]) as reader:
        reader.pause([(topic, 0)])
        _send(client, topic, range(20))
        assert {record.partition for record in read(reader.poll, 10)} == {1}
        assert reader.poll(100, 0.5) == []
        assert reader.positions() == {(topic, 0): 0, (topic, 1): 10}
        reader.resume([(topic, 0)])
        assert [record.offset for record in read(reader.poll, 10)] == list(range(10))


def test_partitions_paused_with_records_at_hand_give_all_of_them_once_resumed(client: KafkaClient, topic: str) -> None:
    with client.producer() as producer:
        for number in range(2_000):
            producer.send(topic, b"%d" % number, partition=number % 2)
        producer.flush(10)
    with client.reader([topic]) as reader:
        # Small polls leave fetched records behind, of either partition in turn, which pausing must not lose.
        records = read(lambda _, timeout: reader.poll(7, timeout), 70)
        for turn in range(6):
            reader.pause([(topic, turn % 2)])
            reader.resume([(topic, 1 - turn % 2)])
            records += read(lambda _, timeout: reader.poll(7, timeout), 140)
        reader.resume([(topic, 0), (topic, 1)])
        records += read(reader.poll, 2_000 - len(records))
    for partition in (0, 1):
        offsets = [record.offset for record in records if record.partition == partition]
        assert offsets == list(range(1_000))


def test_it_gives_at_most_so_many_records_at_once(client: KafkaClient, topic: str) -> None:
    _send(client, topic, range(20))
    with client.reader([topic]) as reader:
        batches: list[int] = []
        while sum(batches) < 20:
            batches.append(len(reader.poll(3, 0.2)))
        assert max(batches) <= 3


def test_positions_stored_for_another_topic_of_that_name_are_refused(client: KafkaClient, topic: str) -> None:
    stored = client.topics.topic_ids([topic])
    client.topics.delete([topic])
    client.topics.ensure({topic: 2})
    _send(client, topic, range(20))
    with pytest.raises(TopicRecreatedError, match=stored[topic]):
        client.reader([topic], {(topic, 0): 5}, topic_ids=stored)


def test_a_position_beyond_the_end_is_an_error_not_silence(client: KafkaClient, topic: str) -> None:
    with client.reader([topic], {(topic, 0): 5}) as reader, pytest.raises(TopicRecreatedError, match="position 5"):
        read(reader.poll, 1)


def test_the_end_is_beyond_the_position_exactly_while_something_is_unread(client: KafkaClient, topic: str) -> None:
    with client.reader([topic]) as reader:
        assert reader.end_offsets() == reader.positions()
        for batch in range(3):
            _send(client, topic, range(20))
            while reader.positions() != reader.end_offsets():
                reader.poll(3, 0.2)
            assert reader.positions() == {(topic, 0): 10 * batch + 10, (topic, 1): 10 * batch + 10}


@pytest.mark.parametrize("again", [0, 4, 100])
def test_no_record_of_a_topic_made_again_is_read(client: KafkaClient, topic: str, again: int) -> None:
    """Whether the new topic is empty, shorter or longer than what was read of the old one."""
    _send(client, topic, range(20))
    with client.reader([topic]) as reader:
        read(reader.poll, 20)
        client.topics.delete([topic])
        client.topics.ensure({topic: 2})
        _send(client, topic, range(1_000, 1_000 + again))
        with pytest.raises(TopicRecreatedError):
            read(_nothing_from(reader), 1)


def test_a_broker_that_forgot_everything_shows_as_a_topic_made_again(
    broker: Broker, client: KafkaClient, topic: str
) -> None:
    _send(client, topic, range(20))
    with client.reader([topic]) as reader:
        read(reader.poll, 20)
        broker.kill()
        assert reader.poll(10, 0.1) == []
        broker.start()
        client.topics.ensure({topic: 2})
        _send(client, topic, range(100, 160))
        if broker.durable:
            assert {int(record.value) for record in read(reader.poll, 60)} == set(range(100, 160))
        else:
            with pytest.raises(TopicRecreatedError):
                read(_nothing_from(reader), 1)


def test_an_outage_is_silent_for_a_while_and_then_an_error(
    broker: Broker, client: KafkaClient, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "OUTAGE_SECONDS", 1.0)
    with client.reader([topic]) as reader:
        broker.kill()
        with pytest.raises(BrokerError, match=broker.bootstrap) as caught:
            read(reader.poll, 1)
        assert caught.value.retryable
        assert not isinstance(caught.value, TopicRecreatedError)


def _nothing_from(reader: PartitionReader) -> Callable[[int, float], list[Record]]:
    def poll(max_records: int, timeout_seconds: float) -> list[Record]:
        records = reader.poll(max_records, timeout_seconds)
        assert records == []
        return records

    return poll
