from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from monitor.alerts.alert import Alert, Notification
from monitor.alerts.channels import Channel, open_channels
from monitor.alerts.dispatcher import DeliveryPolicy, Dispatcher, next_attempt_at
from monitor.alerts.notice import Message
from monitor.alerts.routing import Receiver
from monitor.clock import system_clock
from monitor.errors import DeliveryError
from monitor.store.alerting import write_alerts, write_notifications
from monitor.store.database import Database
from monitor.store.outbox import claim_due, mark_dead, read_outbox, replay_dead
from monitor.store.rows import ClaimedNotification, OutboxEntry
from monitor.surges.series import Series
from tests.alerts.builders import HOUR, alert, notification
from tests.alerts.server import PATIENCE, Answer, Server, serving

NOW = datetime.fromisoformat("2026-01-05T12:00:00+00:00")
POLICY = DeliveryPolicy(patience_seconds=PATIENCE)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def dispatcher(database: Database, server: Server, clock: Hand) -> Iterator[Dispatcher]:
    with Dispatcher(database, hooks(clock, hook=server), clock, POLICY) as opened:
        yield opened


def hooks(clock: Hand, **servers: Server) -> dict[str, Channel]:
    receivers = [Receiver(name=name, kind="webhook", url=SecretStr(each.url)) for name, each in servers.items()]
    return dict(open_channels(receivers, clock))


def put(database: Database, *notifications: Notification, now: datetime = NOW) -> None:
    with database.write() as connection:
        write_alerts(connection, [each.alert for each in notifications])
        write_notifications(connection, notifications, now)


def entries(database: Database) -> dict[str, OutboxEntry]:
    with database.read() as connection:
        return {entry.notification.id: entry for entry in read_outbox(connection, 1000)}


def about(number: int) -> Alert:
    return alert(series=Series(topic=f"Topic {number}"))


def both(receiver: str = "hook") -> tuple[Notification, Notification]:
    """The two notices of one alert."""
    return notification(receiver=receiver), notification("resolved", receiver=receiver)


def test_what_is_due_is_sent_and_marked(database: Database, server: Server, dispatcher: Dispatcher) -> None:
    message = notification()
    put(database, message)
    assert dispatcher.step() == 1
    entry = entries(database)[message.id]
    assert (entry.status, entry.attempts, entry.delivered_at, entry.last_error) == ("delivered", 1, NOW, None)
    assert server.keys() == [message.id]
    assert dispatcher.step() == 0
    assert server.keys() == []


def test_a_failure_is_tried_again_after_a_pause_with_the_same_id(
    database: Database, server: Server, dispatcher: Dispatcher, clock: Hand
) -> None:
    server.answers(Answer(500), Answer(204))
    message = notification()
    put(database, message)
    dispatcher.step()
    entry = entries(database)[message.id]
    assert (entry.status, entry.last_error) == ("pending", "Receiver hook answered HTTP 500.")
    assert timedelta(seconds=1) <= entry.next_attempt_at - NOW <= timedelta(seconds=2)
    assert dispatcher.step() == 0
    clock.now = entry.next_attempt_at
    assert dispatcher.step() == 1
    assert entries(database)[message.id].status == "delivered"
    assert server.keys() == [message.id, message.id]


def test_a_receiver_that_asks_for_time_gets_it(
    database: Database, server: Server, dispatcher: Dispatcher, clock: Hand
) -> None:
    server.answers(Answer(429, {"Retry-After": "120"}), Answer(204))
    message = notification()
    put(database, message)
    dispatcher.step()
    assert entries(database)[message.id].next_attempt_at == NOW + timedelta(seconds=120)
    clock.now += timedelta(seconds=120)
    dispatcher.step()
    assert entries(database)[message.id].status == "delivered"


@pytest.mark.parametrize("answer", [Answer(400), Answer(301, {"Location": "/elsewhere"})])
def test_a_refusal_is_dead_at_once_and_can_be_replayed(
    database: Database, server: Server, dispatcher: Dispatcher, answer: Answer
) -> None:
    server.answers(answer, Answer(204))
    message = notification()
    put(database, message)
    dispatcher.step()
    entry = entries(database)[message.id]
    assert entry.status == "dead"
    assert entry.last_error is not None
    assert f"HTTP {answer.status}" in entry.last_error
    assert dispatcher.step() == 0
    with database.write() as connection:
        assert replay_dead(connection, NOW) == 1
    assert dispatcher.step() == 1
    assert entries(database)[message.id].status == "delivered"


def test_a_notification_that_nobody_takes_for_a_day_dies_after_a_last_attempt(
    database: Database, server: Server, dispatcher: Dispatcher, clock: Hand
) -> None:
    server.answers(Answer(reset=True))
    message = notification()
    put(database, message)
    attempts = 0
    while (entry := entries(database)[message.id]).status == "pending":
        clock.now = entry.next_attempt_at
        attempts += dispatcher.step()
    assert clock.now == NOW + timedelta(hours=24)
    assert 144 < attempts == entry.attempts < 300  # every five to ten minutes


def test_the_end_of_an_alert_is_never_sent_before_its_beginning_was_taken(
    database: Database, server: Server, dispatcher: Dispatcher, clock: Hand
) -> None:
    server.answers(Answer(500), Answer(500), Answer(204))
    firing, resolved = both()
    put(database, firing, resolved)
    for _ in range(3):
        dispatcher.step()
        clock.now += timedelta(minutes=1)
    assert dispatcher.step() == 1
    assert server.keys() == [firing.id, firing.id, firing.id, resolved.id]


def test_what_fails_on_one_alert_does_not_hold_up_the_others(
    database: Database, server: Server, dispatcher: Dispatcher
) -> None:
    sick, healthy = notification(of=about(0)), [notification(of=about(number)) for number in range(1, 20)]
    server.answer = lambda request: Answer(500 if request.headers["idempotency-key"] == sick.id else 204)
    put(database, sick, *healthy)
    while dispatcher.step():
        pass
    states = {name: entry.status for name, entry in entries(database).items()}
    assert states == {each.id: "delivered" for each in healthy} | {sick.id: "pending"}


def test_the_end_dies_with_a_beginning_that_was_refused_and_a_replay_keeps_the_order(
    database: Database, server: Server, dispatcher: Dispatcher
) -> None:
    server.answers(Answer(403), Answer(204))
    firing, resolved = both()
    put(database, firing, resolved)
    while dispatcher.step():
        pass
    assert {entry.status for entry in entries(database).values()} == {"dead"}
    assert "never delivered" in (entries(database)[resolved.id].last_error or "")
    with database.write() as connection:
        replay_dead(connection, NOW)
    while dispatcher.step():
        pass
    assert server.keys() == [firing.id, firing.id, resolved.id]


def test_a_receiver_that_hangs_holds_up_nobody_else(database: Database, server: Server, clock: Hand) -> None:
    slow = [notification(receiver="slow", of=about(number)) for number in range(10)]
    quick = [notification(receiver="quick", of=about(number)) for number in range(10)]
    server.answers(Answer(hang=True))
    with serving() as other:
        channels = hooks(clock, slow=server, quick=other)
        policy = DeliveryPolicy(patience_seconds=0.05, concurrency=3)
        with Dispatcher(database, channels, clock, policy) as dispatcher:
            put(database, *slow, *quick)
            delivered = 0
            while delivered < 10:
                delivered += dispatcher.step()
            assert sorted(other.keys()) == sorted(each.id for each in quick)
            assert {entry.status for entry in entries(database).values() if entry.notification.receiver == "slow"} == {
                "pending"
            }
            for _ in range(3):
                server.next()
            assert dispatcher.step() == 0
            assert server.received.empty(), "no more than its share is on the way to one receiver"
            server.release.set()
            while delivered < 20:
                delivered += dispatcher.step()
    assert {entry.status for entry in entries(database).values()} == {"delivered"}


def test_what_is_still_on_its_way_when_its_claim_runs_out_is_not_sent_beside_itself(
    database: Database, server: Server, clock: Hand
) -> None:
    server.answers(Answer(hang=True))
    slow, new = notification(of=about(0)), notification(of=about(1))
    put(database, slow)
    policy = DeliveryPolicy(patience_seconds=0.05, concurrency=2)
    with Dispatcher(database, hooks(clock, hook=server), clock, policy) as dispatcher:
        dispatcher.step()
        clock.now += policy.claim_for
        dispatcher.step()
        put(database, new, now=clock.now)
        dispatcher.step()  # there is room for one more
        assert [server.next().headers["idempotency-key"] for _ in range(2)] == [slow.id, new.id]
        server.release.set()
    assert server.keys() == []
    assert {(entry.status, entry.attempts) for entry in entries(database).values()} == {("delivered", 1)}


def test_what_is_on_its_way_is_marked_on_closing(database: Database, server: Server, clock: Hand) -> None:
    server.answers(Answer(hang=True))
    put(database, notification())
    with Dispatcher(database, hooks(clock, hook=server), clock, DeliveryPolicy(patience_seconds=0)) as dispatcher:
        assert dispatcher.step() == 0
        server.next()
        server.release.set()
    assert [entry.status for entry in entries(database).values()] == ["delivered"]


def test_a_receiver_that_is_not_in_the_settings_any_more_leaves_a_dead_letter(
    database: Database, dispatcher: Dispatcher
) -> None:
    message = notification(receiver="gone")
    put(database, message)
    dispatcher.step()
    entry = entries(database)[message.id]
    assert (entry.status, entry.last_error) == ("dead", "The settings name no receiver gone.")


def test_a_channel_that_breaks_leaves_a_dead_letter_and_the_dispatcher_goes_on(database: Database, clock: Hand) -> None:
    class Broken:
        def send(self, notification: Message) -> None:
            raise LookupError(notification.kind)

    message = notification()
    put(database, message)
    with Dispatcher(database, {"hook": Broken()}, clock, POLICY) as dispatcher:
        assert dispatcher.step() == 1
    entry = entries(database)[message.id]
    assert (entry.status, entry.last_error) == ("dead", "The channel failed: LookupError: firing.")


def test_two_dispatchers_send_each_notification_once(database: Database, server: Server, clock: Hand) -> None:
    sent = [notification(of=about(number)) for number in range(20)]
    put(database, *sent)
    with (
        Dispatcher(database, hooks(clock, hook=server), clock, POLICY) as first,
        Dispatcher(database, hooks(clock, hook=server), clock, POLICY) as second,
    ):
        while first.step() + second.step():
            pass
    assert sorted(server.keys()) == sorted(each.id for each in sent)


def test_a_process_killed_between_sending_and_marking_sends_again_with_the_same_id(
    database: Database, store_url: str, server: Server
) -> None:
    message = notification()
    put(database, message, now=system_clock())
    server.answers(Answer(hang=True), Answer(204))
    command = [sys.executable, "-m", "tests.alerts.step_dispatcher", store_url, server.url]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        first = server.next()  # it was sent, and its answer is awaited
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert entries(database)[message.id].status == "pending"
    server.release.set()
    clock = Hand()
    clock.now = system_clock()
    with Dispatcher(database, hooks(clock, hook=server), clock, POLICY) as dispatcher:
        assert dispatcher.step() == 0, "the claim of the dead process still holds"
        clock.now += POLICY.claim_for
        assert dispatcher.step() == 1
    second = server.next()
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == message.id
    assert first.body == second.body
    entry = entries(database)[message.id]
    assert (entry.status, entry.attempts) == ("delivered", 2)


def test_a_dispatcher_whose_claim_ran_out_cannot_end_what_another_has_in_hand(database: Database) -> None:
    message = notification()
    put(database, message)
    with database.write() as connection:
        (claimed,) = claim_due(connection, "first", NOW, timedelta(minutes=1), 5)
    assert claimed.attempts == 1
    with database.write() as connection:
        assert claim_due(connection, "second", NOW + timedelta(seconds=59), timedelta(minutes=1), 5) == []
        (again,) = claim_due(connection, "second", NOW + timedelta(minutes=1), timedelta(minutes=1), 5)
    assert (again.attempts, again.first_attempt_at) == (2, NOW)
    with database.write() as connection:
        mark_dead(connection, message.id, "first", "Too late.")
    assert entries(database)[message.id].status == "pending"


@given(st.integers(1, 10_000), st.floats(0, 1e9), st.integers(0, 24 * 3600 - 1), st.text(max_size=5))
def test_a_pause_grows_to_its_cap_respects_the_receiver_and_ends_with_the_time_to_give_up(
    attempts: int, asked: float, elapsed: int, name: str
) -> None:
    policy = DeliveryPolicy()
    claimed = ClaimedNotification(msgspec.structs.replace(notification(), id=name), attempts, NOW)
    now = NOW + timedelta(seconds=elapsed)
    fault = DeliveryError("Failed.", retry_after_seconds=asked)
    again = next_attempt_at(policy, claimed, fault, now)
    assert again is not None
    assert again == next_attempt_at(policy, claimed, fault, now), "the same whenever it is asked"
    give_up_at = NOW + policy.give_up_after
    assert now < again <= give_up_at
    longest = min(timedelta(minutes=10), timedelta(seconds=2 ** min(attempts, 20)))
    waited = timedelta(seconds=min(asked, 24 * 3600))
    assert again == give_up_at or max(longest / 2, waited) <= again - now <= max(longest, waited)


def test_there_is_no_further_attempt_for_what_is_final_or_too_old() -> None:
    claimed = ClaimedNotification(notification(), 3, NOW)
    policy = DeliveryPolicy()
    assert next_attempt_at(policy, claimed, DeliveryError("Refused.", retryable=False), NOW) is None
    assert next_attempt_at(policy, claimed, DeliveryError("Failed."), NOW + 24 * HOUR) is None
