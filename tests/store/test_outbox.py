from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from monitor.alerts.alert import Notification
from monitor.store import alerting, outbox
from monitor.store.database import Database
from monitor.surges.series import Series
from tests.store.builders import NOON, alert, notification

SECOND = timedelta(seconds=1)
CLAIM = timedelta(seconds=60)


@pytest.fixture
def filled(database: Database) -> Database:
    """A store with notifications n00 to n09, each on an alert of its own, later ones of later events."""
    with database.write() as connection:
        for number in range(10):
            opened = alert(series=Series(topic=f"Topic {number}"))
            alerting.write_alerts(connection, [opened])
            note = notification(f"n{number:02}", opened, "ab"[number % 2], NOON + number * SECOND)
            alerting.write_notifications(connection, [note], NOON)
    return database


def claim(database: Database, holder: str, seconds: float, limit: int = 100, receiver: str | None = None) -> list[str]:
    with database.write() as connection:
        now = NOON + timedelta(seconds=seconds)
        return [
            claimed.notification.id
            for claimed in outbox.claim_due(connection, holder, now, CLAIM, limit, receiver=receiver)
        ]


def test_what_is_due_is_claimed_once_earliest_event_first(filled: Database) -> None:
    assert claim(filled, "one", -1) == []
    assert claim(filled, "one", 0, limit=3) == ["n00", "n01", "n02"]
    assert claim(filled, "two", 0, receiver="a") == ["n04", "n06", "n08"]
    assert claim(filled, "two", 0) == ["n03", "n05", "n07", "n09"]
    assert claim(filled, "three", 59.9) == []


def test_dispatchers_that_claim_at_the_same_time_share_without_overlap(filled: Database) -> None:
    claimed: dict[str, list[str]] = {}
    start = threading.Barrier(4)

    def work(holder: str) -> None:
        start.wait(20)
        for _ in range(5):
            claimed.setdefault(holder, []).extend(claim(filled, holder, 1, limit=1))

    workers = [threading.Thread(target=work, args=(f"dispatcher-{number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    taken = sorted(name for names in claimed.values() for name in names)
    assert taken == [f"n{number:02}" for number in range(10)]


def test_a_claim_that_nobody_settled_runs_out_and_its_attempt_counts(filled: Database) -> None:
    assert claim(filled, "dead", 0, limit=1) == ["n00"]
    with filled.write() as connection:
        again = outbox.claim_due(connection, "alive", NOON + CLAIM, CLAIM, 1)
    assert [(item.notification.id, item.attempts, item.first_attempt_at) for item in again] == [("n00", 2, NOON)]
    told = again[0].notification
    assert isinstance(told, Notification)
    assert told.evidence.stories[0].negative == 0.97


def test_a_failed_notification_is_due_again_at_its_time(filled: Database) -> None:
    claim(filled, "one", 0)
    with filled.write() as connection:
        outbox.mark_failed(connection, "n03", "one", "Refused.", NOON + 5 * SECOND)
    with filled.read() as connection:
        assert outbox.receivers_due(connection, NOON + 4 * SECOND) == []
        assert outbox.receivers_due(connection, NOON + 5 * SECOND) == ["b"]
    assert claim(filled, "two", 4.9) == []
    assert claim(filled, "two", 5) == ["n03"]


def test_one_who_lost_a_claim_cannot_undo_what_its_successor_does(filled: Database) -> None:
    claim(filled, "slow", 0, limit=1)
    assert "n00" in claim(filled, "quick", 60, limit=1)
    with filled.write() as connection:
        outbox.mark_dead(connection, "n00", "slow", "Too late.")
        outbox.mark_failed(connection, "n00", "slow", "Too late.", NOON)
    assert "n00" not in claim(filled, "third", 61)
    with filled.write() as connection:
        outbox.mark_delivered(connection, "n00", NOON + 62 * SECOND)
        outbox.mark_dead(connection, "n00", "quick", "Too late.")
    with filled.read() as connection:
        assert outbox.count_outbox(connection) == {"pending": 9, "delivered": 1, "dead": 0}


def test_dead_notifications_are_visible_and_can_be_replayed(filled: Database) -> None:
    claim(filled, "one", 0)
    with filled.write() as connection:
        for name in ("n01", "n02"):
            outbox.mark_dead(connection, name, "one", "HTTP 410.")
    with filled.read() as connection:
        dead = outbox.read_outbox(connection, 10, "dead")
        assert [(entry.notification.id, entry.attempts, entry.last_error) for entry in dead] == [
            ("n02", 1, "HTTP 410."),
            ("n01", 1, "HTTP 410."),
        ]
    with filled.write() as connection:
        assert outbox.replay_dead(connection, NOON + SECOND, outbox.Choice(ids=("n01", "n09"))) == 1
        assert outbox.replay_dead(connection, NOON + SECOND) == 1
    assert claim(filled, "two", 1) == ["n01", "n02"]
    with filled.read() as connection:
        assert outbox.count_outbox(connection)["dead"] == 0
