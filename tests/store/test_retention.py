from __future__ import annotations

from datetime import timedelta

from monitor.alerts.alert import AlertState
from monitor.clock import MINUTE
from monitor.store import alerting, counting, health, outbox, reads, writes
from monitor.store.database import Database
from monitor.store.retention import delete_older
from monitor.store.rows import Duplicate, Heartbeat
from monitor.surges.series import ALL, Series
from monitor.surges.windows import Window
from tests.store.builders import (
    BANKS,
    HOUR,
    NOON,
    alert,
    article,
    closed_window,
    counted,
    minute_count,
    notification,
    scored,
    surge,
)

CUTOFF = NOON + 5 * MINUTE


def test_what_lies_before_the_cutoff_goes_and_the_rest_stays(database: Database) -> None:
    with database.write() as connection:
        writes.write_articles(connection, [counted(scored(number)) for number in range(10)])
        writes.write_duplicates(
            connection,
            [
                Duplicate(source="m", position=str(n), article_id="a", first_seen_at=NOON + n * MINUTE)
                for n in range(10)
            ],
        )
        for series in (ALL, BANKS):
            writes.add_minute_counts(connection, [minute_count(NOON + n * MINUTE, 1, 1, series) for n in range(10)])
            writes.write_windows(connection, [closed_window(NOON + n * MINUTE, HOUR, series) for n in range(10)])
    deleted = delete_older(database, CUTOFF, chunk_rows=2)
    assert deleted["articles"] == deleted["duplicates"] == 5
    assert deleted["minute_counts"] == deleted["window_counts"] == 10
    with database.read() as connection:
        assert set(counting.known_ids(connection, [article(n).id for n in range(10)])) == {
            article(n).id for n in range(5, 10)
        }
        assert len(counting.read_minute_counts(connection, NOON)) == 10
    assert sum(delete_older(database, CUTOFF).values()) == 0


def test_the_last_verdict_on_a_series_is_kept_at_any_age(database: Database) -> None:
    with database.write() as connection:
        writes.write_surges(connection, [surge(NOON + n * MINUTE) for n in range(3)])
    assert delete_older(database, NOON + timedelta(days=400))["surges"] == 2
    with database.read() as connection:
        span = Window(NOON, NOON + HOUR)
        assert [found.tick for found in reads.read_surges(connection, BANKS, span, 10)] == [NOON + 2 * MINUTE]


def test_the_verdict_that_opened_an_alert_is_kept_as_long_as_the_alert(database: Database) -> None:
    going_on = alert(NOON + MINUTE)
    with database.write() as connection:
        writes.write_surges(connection, [surge(NOON + n * MINUTE, series) for n in range(4) for series in (ALL, BANKS)])
        alerting.write_alerts(connection, [going_on])
    assert delete_older(database, CUTOFF)["surges"] == 5
    with database.read() as connection:
        assert reads.read_numbered_surge(connection, BANKS, NOON + MINUTE)[1] == surge(NOON + MINUTE)
    with database.write() as connection:
        over = alert(NOON + MINUTE, state=AlertState.RESOLVED, resolved_at=NOON + 2 * MINUTE)
        alerting.write_alerts(connection, [over])
    deleted = delete_older(database, CUTOFF)
    assert (deleted["alerts"], deleted["surges"]) == (1, 1)


def test_a_number_of_a_deleted_surge_is_not_given_out_again(database: Database) -> None:
    with database.write() as connection:
        writes.write_surges(connection, [surge(NOON), surge(NOON + MINUTE, Series(topic="Energy"))])
        last = alerting.read_surges_after(connection, 0, 10)[-1][0]
    delete_older(database, CUTOFF)
    with database.write() as connection:
        writes.write_surges(connection, [surge(NOON + 2 * MINUTE)])
    with database.read() as connection:
        assert [found.tick for _, found in alerting.read_surges_after(connection, last, 10)] == [NOON + 2 * MINUTE]


def test_only_alerts_that_are_over_and_told_are_forgotten_with_their_history(database: Database) -> None:
    over = alert(NOON, state=AlertState.RESOLVED, resolved_at=NOON)
    waiting = alert(NOON, Series(topic="Energy"), AlertState.RESOLVED, resolved_at=NOON)
    going_on = alert(NOON, ALL)
    with database.write() as connection:
        alerting.write_alerts(connection, [over, waiting, going_on])
        alerting.write_notifications(connection, [notification("told", over), notification("due", waiting)], NOON)
        outbox.mark_delivered(connection, "told", NOON)
    assert delete_older(database, CUTOFF)["alerts"] == 1
    with database.read() as connection:
        assert {found.id for found in reads.read_alerts(connection, 10)} == {waiting.id, going_on.id}
        assert outbox.count_outbox(connection) == {"pending": 1, "delivered": 0, "dead": 0}


def test_a_schedule_is_served_once_and_the_last_one_is_known(database: Database) -> None:
    with database.write() as connection:
        assert health.read_last_run(connection, "retention") is None
        run = health.begin_run(connection, "retention", NOON, NOON + MINUTE)
        assert run is not None
        assert health.begin_run(connection, "retention", NOON, NOON + 2 * MINUTE) is None
        health.finish_run(connection, run, "succeeded", "Deleted 3 rows.", NOON + 3 * MINUTE)
        later = health.begin_run(connection, "retention", NOON + HOUR, NOON + HOUR)
        assert later is not None
    with database.read() as connection:
        newest = health.read_last_run(connection, "retention")
        assert newest is not None
        assert (newest.scheduled_at, newest.outcome) == (NOON + HOUR, None)
        assert [(found.id, found.outcome, found.finished_at) for found in health.read_runs(connection, 10)] == [
            (later, None, None),
            (run, "succeeded", NOON + 3 * MINUTE),
        ]


def test_a_worker_is_known_by_its_last_sign_of_life(database: Database) -> None:
    def beat(name: str, seconds: int) -> Heartbeat:
        seen = NOON + timedelta(seconds=seconds)
        return Heartbeat(name=name, pid=42, host="h", started_at=NOON, seen_at=seen, counters={"articles": seconds})

    with database.write() as connection:
        for sign in (beat("surges", 1), beat("classify-1", 2), beat("surges", 3), beat("gone", 0)):
            health.write_heartbeat(connection, sign)
        assert health.forget_silent(connection, NOON + timedelta(seconds=1)) == 1
    with database.read() as connection:
        assert health.read_heartbeats(connection) == [beat("classify-1", 2), beat("surges", 3)]
