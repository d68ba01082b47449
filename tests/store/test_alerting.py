from __future__ import annotations

import pytest

from monitor.alerts.alert import AlertState
from monitor.clock import MINUTE
from monitor.store import alerting, counting, outbox, reads, writes
from monitor.store.database import Database
from monitor.surges.series import Series
from monitor.surges.windows import Window
from tests.store.builders import (
    BANKS,
    HOUR,
    NOON,
    alert,
    notification,
    surge,
    transition,
)

SHORT = Window(NOON, NOON + HOUR)
TICK = NOON + HOUR


def test_surges_are_read_in_order_by_whole_ticks(database: Database) -> None:
    series = [Series(topic=name) for name in ("A", "B", "C")]
    with database.write() as connection:
        for minute in range(3):
            writes.write_surges(connection, [surge(NOON + minute * MINUTE, one) for one in series])
    with database.read() as connection:
        first = alerting.read_surges_after(connection, 0, limit=2)
        assert [found for _, found in first] == [surge(NOON, one) for one in series]
        rest = alerting.read_surges_after(connection, first[-1][0], limit=100)
        assert [found.tick for _, found in rest] == [NOON + MINUTE] * 3 + [NOON + 2 * MINUTE] * 3
        assert alerting.read_surges_after(connection, rest[-1][0], limit=100) == []


def test_the_cursor_and_what_was_made_of_the_surges_commit_together_or_not_at_all(database: Database) -> None:
    opened = alert()

    def take(*, failing: bool) -> None:
        with database.write() as connection:
            position = alerting.hold_cursor(connection, "alerts")
            alerting.write_alerts(connection, [opened])
            alerting.write_transitions(connection, [transition(opened, None)])
            alerting.write_notifications(connection, [notification("n1", opened)], NOON)
            alerting.write_cursor(connection, "alerts", position + 5)
            if failing:
                raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        take(failing=True)
    with database.read() as connection:
        assert alerting.read_reach(connection, "alerts", "surges").position == 0
        assert alerting.read_open_alerts(connection) == {}
    take(failing=False)
    with database.read() as connection:
        assert alerting.read_reach(connection, "alerts", "surges").position == 5
        assert alerting.read_open_alerts(connection) == {BANKS: opened}
        assert alerting.receivers_told(connection, opened.id) == {"console": True}
        assert outbox.count_outbox(connection) == {"pending": 1, "delivered": 0, "dead": 0}


def test_an_alert_comes_back_exactly_and_leaves_the_open_ones_when_it_is_resolved(database: Database) -> None:
    firing = alert()
    resolved = alert(state=AlertState.RESOLVED, changed_at=TICK, resolved_at=TICK, calm_since=NOON + 3 * MINUTE)
    with database.write() as connection:
        alerting.write_alerts(connection, [firing])
        alerting.write_transitions(connection, [transition(firing, None)])
    with database.read() as connection:
        assert alerting.read_open_alerts(connection) == {BANKS: firing}
    with database.write() as connection:
        alerting.write_alerts(connection, [resolved])
        alerting.write_transitions(connection, [transition(resolved, AlertState.FIRING)])
    with database.read() as connection:
        assert alerting.read_open_alerts(connection) == {}
        assert reads.read_alert(connection, resolved.id) == resolved
        history = reads.read_transitions(connection, resolved.id)
    assert [(change.number, change.before, change.after, change.at) for change in history] == [
        (1, None, AlertState.FIRING, NOON),
        (2, AlertState.FIRING, AlertState.RESOLVED, TICK),
    ]


def test_a_notification_that_is_in_the_outbox_already_is_left_as_it_stands(database: Database) -> None:
    opened = alert()
    with database.write() as connection:
        alerting.write_alerts(connection, [opened])
        alerting.write_notifications(connection, [notification("n1", opened)], NOON)
        outbox.mark_delivered(connection, "n1", NOON)
        alerting.write_notifications(connection, [notification("n1", opened)], TICK)
    with database.read() as connection:
        assert outbox.count_outbox(connection) == {"pending": 0, "delivered": 1, "dead": 0}


def test_alerts_are_settled_once_the_worker_has_seen_the_end_of_the_stream(database: Database) -> None:
    def settled() -> bool:
        with database.read() as connection:
            return alerting.alerts_are_settled(connection)

    with database.write() as connection:
        writes.write_surges(connection, [surge(NOON)])
        writes.write_progress(connection, "surges", TICK, final=True)
    assert not settled()
    with database.write() as connection:
        position = alerting.read_surges_after(connection, 0, 10)[-1][0]
        alerting.write_cursor(connection, "alerts", position)
    assert not settled()
    with database.write() as connection:
        writes.write_progress(connection, "alerts", TICK, final=True)
    assert settled()
    with database.read() as connection:
        progress = counting.read_progress(connection, "alerts")
    assert progress is not None
    assert progress.tick == TICK
