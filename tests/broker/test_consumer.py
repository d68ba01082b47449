"""Reading in a group: commits, resuming, sharing, and what happens when a topic or a broker goes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from monitor.broker.client import CommitOutcome, KafkaClient, Partition
from monitor.errors import BrokerError
from tests.brokers import DEADLINE_SECONDS, Broker, poll_until, read, read_values


@pytest.fixture
def group() -> str:
    return f"group-{uuid4().hex[:12]}"


def _send(client: KafkaClient, topic: str, values: range) -> None:
    with client.producer() as producer:
        for value in values:
            producer.send(topic, str(value).encode(), partition=value % 2)
        producer.flush(30.0)


def test_a_new_member_goes_on_from_the_last_commit(client: KafkaClient, topic: str, group: str) -> None:
    _send(client, topic, range(20))
    with client.group_consumer([topic], group) as first:
        assert len(read(first.poll, 20)) == 20
        assert first.commit({(topic, 0): 4, (topic, 1): 10}) is CommitOutcome.COMMITTED
    with client.group_consumer([topic], group) as second:
        values = [int(record.value) for record in read(second.poll, 6)]
    assert sorted(values) == [8, 10, 12, 14, 16, 18]


# The embedded broker settles a second member's joining too slowly, and now and then not at all, to be waited for.
@pytest.mark.parametrize("broker", [pytest.param("apache", marks=pytest.mark.kafka)], indirect=True)
def test_two_members_share_the_partitions_and_nothing_in_hand_is_lost(
    client: KafkaClient, topic: str, group: str
) -> None:
    _send(client, topic, range(20))
    passed_on: dict[Partition, int] = {}
    in_hand: dict[Partition, int] = {}
    revoked: set[Partition] = set()

    def pass_on() -> None:
        if in_hand and first.commit(in_hand) is CommitOutcome.COMMITTED:
            passed_on.update(in_hand)
        in_hand.clear()

    def forget(partitions: set[Partition]) -> None:
        revoked.update(partitions)
        for partition in partitions:
            in_hand.pop(partition, None)

    with client.group_consumer([topic], group, on_revoking=pass_on, on_revoked=forget) as first:
        for record in read(first.poll, 20):
            in_hand[record.topic, record.partition] = record.offset + 1
        with client.group_consumer([topic], group) as second:
            records = poll_until(
                lambda count, _: first.poll(count, 0.05) + second.poll(count, 0.05),
                lambda: len(first.assignment()) == len(second.assignment()) == 1,
            )
            assert first.assignment() | second.assignment() == {(topic, 0), (topic, 1)}
            assert revoked >= second.assignment()
            # The group may have moved on before it could be asked to wait: then what was in hand is read again, all
            # of it.
            again = 20 - sum(passed_on.values())
            records += read(
                lambda count, wait: first.poll(count, wait) + second.poll(count, wait), again - len(records)
            )
            assert len(records) == again
            moved = next(iter(second.assignment()))
            assert first.commit({moved: 1}) is CommitOutcome.MOVED


def test_what_was_in_hand_comes_again_after_a_rebalance_that_begins_and_ends_within_one_poll(
    client: KafkaClient, topic: str, group: str
) -> None:
    _send(client, topic, range(20))
    in_hand: list[int] = []
    with client.group_consumer([topic], group, on_revoked=lambda _: in_hand.clear()) as consumer:
        in_hand += [int(record.value) for record in read(lambda _, wait: consumer.poll(3, wait), 3)]
        # As the heartbeat's thread does when the group moves on after `poll` has looked whether it will.
        consumer._consumer._coordinator.request_rejoin()
        in_hand += [int(record.value) for record in consumer.poll(500, DEADLINE_SECONDS)]
        in_hand += [int(record.value) for record in read(consumer.poll, 20 - len(in_hand))]
    assert sorted(in_hand) == list(range(20))


def test_a_topic_that_is_made_again_is_read_from_its_beginning(client: KafkaClient, topic: str, group: str) -> None:
    _send(client, topic, range(20))
    with client.group_consumer([topic], group) as consumer:
        read(consumer.poll, 20)
        client.topics.delete([topic])
        client.topics.ensure({topic: 2})
        # More than before: the old position exists in the new topic, and Kafka alone would skip up to it.
        _send(client, topic, range(100, 140))
        assert consumer.commit({(topic, 0): 10, (topic, 1): 10}) is CommitOutcome.RECREATED
        read_values(consumer.poll, set(range(100, 140)))


def test_a_member_survives_the_restart_of_its_broker(
    broker: Broker, client: KafkaClient, topic: str, group: str
) -> None:
    _send(client, topic, range(20))
    with client.group_consumer([topic], group) as consumer:
        read(consumer.poll, 20)
        assert consumer.commit({(topic, 0): 10, (topic, 1): 10}) is CommitOutcome.COMMITTED
        broker.kill()
        assert consumer.poll(10, 0.1) == []
        broker.start()
        client.topics.ensure({topic: 2})
        _send(client, topic, range(100, 130))
        read_values(consumer.poll, set(range(100, 130)))


def test_an_unknown_topic_is_an_error(client: KafkaClient, group: str) -> None:
    with pytest.raises(BrokerError, match="no topic no-such-topic"):
        client.group_consumer(["no-such-topic"], group)
