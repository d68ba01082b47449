from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from msgspec import structs

from monitor.alerts.alert import AlertState
from monitor.clock import MINUTE
from monitor.store import alerting, outbox, reads, timelines, writes
from monitor.store.database import Database
from monitor.surges.series import ALL, Series
from monitor.surges.surge import Reason
from monitor.surges.windows import Window, WindowCounts
from tests.store.builders import (
    BANKS,
    HOUR,
    NOON,
    alert,
    article,
    closed_window,
    counted,
    mention,
    minute_count,
    notification,
    scored,
    surge,
    unscored,
)

DAY = timedelta(days=1)


def test_a_timeline_sums_minutes_into_buckets_and_joins_the_band(database: Database) -> None:
    counts = [
        minute_count(NOON, 2, 1),
        minute_count(NOON + 59 * MINUTE, 2, 2, dated=5),
        minute_count(NOON + 61 * MINUTE, 4, 0),
        minute_count(NOON + 4 * HOUR, 9, 9),
        minute_count(NOON, 100, 100, BANKS),
    ]
    with database.write() as connection:
        writes.add_minute_counts(connection, counts)
        writes.write_windows(connection, [closed_window(NOON, HOUR), closed_window(NOON, 6 * HOUR)])
    span = Window(NOON + MINUTE, NOON + 3 * HOUR)
    with database.read() as connection:
        frame = timelines.read_timeline(connection, ALL, span, HOUR)
    assert frame["start"].tolist() == [pd.Timestamp(NOON), pd.Timestamp(NOON + HOUR), pd.Timestamp(NOON + 2 * HOUR)]
    assert frame["stories"].tolist() == [4, 4, 0]
    assert frame["negatives"].tolist() == [3, 0, 0]
    assert frame["share"].fillna(-1).tolist() == [0.75, 0, -1]
    assert frame["expected_share"].fillna(-1).tolist() == [0.3, -1, -1]
    assert frame["low"].fillna(-1).tolist() == [0.1, -1, -1]
    assert frame["high"].fillna(-1).tolist() == [0.6, -1, -1]


def test_buckets_of_a_day_take_in_stories_known_by_date_only(database: Database) -> None:
    midnight = NOON - 12 * HOUR
    with database.write() as connection:
        writes.add_minute_counts(connection, [minute_count(NOON, 2, 1, dated=5)])
    with database.read() as connection:
        frame = timelines.read_timeline(connection, ALL, Window(midnight, midnight + DAY), DAY)
    assert frame["stories"].tolist() == [7]
    assert frame["negatives"].tolist() == [6]


def test_finer_buckets_of_windows_of_a_day_take_them_in_too(database: Database) -> None:
    with database.write() as connection:
        writes.add_minute_counts(connection, [minute_count(NOON, 2, 1, dated=5)])
    with database.read() as connection:
        frame = timelines.read_timeline(connection, ALL, Window(NOON, NOON + HOUR), 30 * MINUTE, window=DAY)
        hours = timelines.read_timeline(connection, ALL, Window(NOON, NOON + HOUR), 30 * MINUTE, window=HOUR)
    assert frame["stories"].tolist() == [7, 0]
    assert frame["negatives"].tolist() == [6, 0]
    assert hours["stories"].tolist() == [2, 0]


def test_a_timeline_of_nothing_has_its_buckets_all_the_same(database: Database) -> None:
    with database.read() as connection:
        frame = timelines.read_timeline(connection, BANKS, Window(NOON, NOON + HOUR), 15 * MINUTE)
    assert frame["stories"].tolist() == [0, 0, 0, 0]
    assert frame["share"].isna().all()


@pytest.mark.parametrize("bucket", [timedelta(seconds=90), timedelta(0), MINUTE])
def test_a_timeline_refuses_buckets_that_are_broken_or_too_many(database: Database, bucket: timedelta) -> None:
    with database.read() as connection, pytest.raises(ValueError, match="bucket"):
        timelines.read_timeline(connection, ALL, Window(NOON, NOON + 10 * DAY), bucket)


def test_totals_are_of_the_span_only_and_the_largest_comes_first(database: Database) -> None:
    energy = Series(topic="Energy")
    with database.write() as connection:
        writes.add_minute_counts(
            connection, [minute_count(NOON, 2, 1, BANKS), minute_count(NOON, 3, 0, energy, dated=1)]
        )
        writes.add_minute_counts(connection, [minute_count(NOON + HOUR, 50, 1, BANKS)])
    with database.read() as connection:
        totals = reads.read_totals(connection, Window(NOON, NOON + HOUR), [ALL, BANKS, energy])
        assert [(total.series, total.counts) for total in totals] == [
            (energy, WindowCounts(4, 1)),
            (BANKS, WindowCounts(2, 1)),
        ]
        assert [total.series for total in reads.read_totals(connection, Window(NOON, NOON + DAY), [BANKS])] == [BANKS]


def test_the_topics_of_a_span_are_those_of_its_articles(database: Database) -> None:
    with database.write() as connection:
        named = [counted(scored(1)), counted(scored(2, topic="Energy")), counted(scored(3, topic=""))]
        writes.write_articles(connection, [*named, counted(unscored(4))])
    with database.read() as connection:
        assert reads.read_topics(connection, Window(NOON, NOON + HOUR)) == [BANKS, Series(topic="Energy")]
        assert reads.read_topics(connection, Window(NOON - HOUR, NOON)) == []
        assert reads.read_topics(connection) == [BANKS, Series(topic="Energy")]


def test_a_story_is_read_with_all_its_members(database: Database) -> None:
    first = article(1).id
    with database.write() as connection:
        writes.write_articles(connection, [counted(scored(2), story_id=first), counted(scored(1)), counted(scored(3))])
    with database.read() as connection:
        assert [member.id for member in reads.read_story(connection, first)] == [first, article(2).id]


def test_mentions_and_embedding_are_kept_with_an_article_and_nothing_where_there_are_none(database: Database) -> None:
    named = structs.replace(
        scored(1), mentions=(mention(), mention("\u00c9l\u00e9 \x00 <b>")), embedding=bytes([0, 127, 129])
    )
    with database.write() as connection:
        writes.write_articles(connection, [counted(named), counted(scored(2)), counted(unscored(3))])
    with database.read() as connection:
        found = {each.id: each for each in reads.read_latest_articles(connection, 10)}
        rows = connection.exec_driver_sql("SELECT mentions FROM articles ORDER BY mentions").scalars().all()
    assert (found[article(1).id].mentions, found[article(1).id].embedding) == (named.mentions, named.embedding)
    assert {found[article(number).id].mentions for number in (2, 3)} == {()}
    assert {found[article(number).id].embedding for number in (2, 3)} == {b""}
    (text,) = [row for row in rows if row is not None]
    assert text.startswith(
        '[{"confidence":0.97,"end":8,"entity":"","negative":0.8,"neutral":0.15,"positive":0.05,"relevance":0,'
    )


def test_in_doubt_are_the_articles_that_were_not_counted_for_doubt_however_old_and_the_latest_first(
    database: Database,
) -> None:
    unsure = [structs.replace(scored(number, negative=0.48), sentiment="negative", positive=0.1) for number in (1, 2)]
    improbable = structs.replace(scored(3, negative=0.3), neutral=0.4, positive=0.3)
    with database.write() as connection:
        writes.write_articles(connection, [*map(counted, unsure), counted(improbable), counted(unscored(4))])
        writes.write_articles(connection, [counted(scored(number, negative=0.9)) for number in range(5, 40)])
        writes.write_articles(connection, [counted(scored(41, negative=0.8))], abstain_below=0.85)
    with database.read() as connection:
        assert [each.id for each in reads.read_in_doubt(connection, 10)] == [article(n).id for n in (41, 2, 1)]
        assert [each.id for each in reads.read_in_doubt(connection, 1)] == [article(41).id]


def test_a_copy_counts_only_where_the_first_article_of_its_story_does(database: Database) -> None:
    before, within, energy = article(1).id, article(70).id, article(75).id
    items = [
        counted(scored(1)),
        counted(scored(61), story_id=before, novelty=75),
        counted(scored(70, negative=0.1)),
        counted(scored(71), story_id=within, novelty=75),
        counted(scored(75, topic="Energy")),
        counted(scored(76), story_id=energy, novelty=75),
    ]
    with database.write() as connection:
        writes.write_articles(connection, items)
    window = Window(NOON + HOUR, NOON + 2 * HOUR)
    with database.read() as connection:
        found = {each.id: each.counted for each in reads.read_stories(connection, BANKS, window, 10)}
        assert found == {article(61).id: False, within: True, article(71).id: True, article(76).id: False}
        (worst,) = reads.read_stories(connection, BANKS, Window(NOON + 71 * MINUTE, window.end), 1)
        assert (worst.id, worst.counted) == (article(71).id, False)
        everything = {each.id: each.counted for each in reads.read_stories(connection, ALL, window, 10)}
        assert everything == found | {energy: True, article(76).id: True}


def test_the_alert_that_ended_last_is_told_by_its_end(database: Database) -> None:
    short = alert(NOON + HOUR, state=AlertState.RESOLVED, calm_since=NOON + 2 * HOUR, resolved_at=NOON + 8 * HOUR)
    long = alert(NOON, ALL, AlertState.RESOLVED, calm_since=NOON + 3 * HOUR, resolved_at=NOON + 7 * HOUR)
    with database.write() as connection:
        assert reads.read_last_ended(connection) is None
        alerting.write_alerts(connection, [short, long, alert(NOON + 9 * HOUR)])
        assert reads.read_last_ended(connection) == long


def test_alerts_are_found_by_state_and_by_the_time_they_were_open(database: Database) -> None:
    ended = alert(NOON, state=AlertState.RESOLVED, resolved_at=NOON + HOUR)
    later = alert(NOON + 3 * HOUR)
    with database.write() as connection:
        alerting.write_alerts(connection, [ended, later])
    with database.read() as connection:
        assert reads.read_alerts(connection, 10) == [later, ended]
        assert reads.read_alerts(connection, 1) == [later]
        assert reads.read_alerts(connection, 10, [AlertState.RESOLVED]) == [ended]
        assert reads.read_alerts(connection, 1, series=BANKS) == [later]
        assert reads.read_alerts(connection, 10, [AlertState.RESOLVED], BANKS) == [ended]
        assert reads.read_alerts(connection, 10, series=ALL) == []
        between = Window(NOON + HOUR + MINUTE, NOON + 2 * HOUR)
        assert reads.read_series_alerts(connection, BANKS, between, 10) == []
        around = Window(NOON + HOUR - MINUTE, NOON + 9 * HOUR)
        assert reads.read_series_alerts(connection, BANKS, around, 10) == [later, ended]


def test_counts_add_up_what_became_of_every_delivered_item(database: Database) -> None:
    quiet = alert(NOON, Series(topic="Quiet"), AlertState.RESOLVED, fired_at=None, resolved_at=NOON)
    ended = alert(NOON, state=AlertState.RESOLVED, resolved_at=NOON + HOUR)
    open_alert = alert(NOON + 3 * HOUR)
    with database.write() as connection:
        writes.write_articles(connection, [counted(scored(1)), counted(scored(2), late=True), counted(unscored(3))])
        writes.write_surges(connection, [surge(NOON), surge(NOON + MINUTE, reason=Reason.ELEVATED)])
        writes.write_windows(connection, [closed_window(NOON, HOUR)])
        alerting.write_alerts(connection, [quiet, ended, open_alert])
        alerting.write_notifications(connection, [notification("a", ended), notification("b", open_alert)], NOON)
        outbox.mark_delivered(connection, "a", NOON)
    with database.read() as connection:
        counts = reads.read_counts(connection)
    assert (counts.articles_in, counts.scored, counts.unscored, counts.late) == (3, 2, 1, 1)
    assert (counts.windows, counts.surges) == (1, 1)
    assert (counts.alerts_fired, counts.alerts_resolved, counts.notifications_delivered) == (2, 1, 1)
