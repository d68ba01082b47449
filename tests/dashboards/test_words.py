"""What the pages say."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from dashboards import words
from dashboards.readings import Readings
from dashboards.views.cards import alert_card
from dashboards.views.pipeline import ALIVE_FOR, Beats, rates, remember, stage_table
from monitor.alerts.alert import AlertState
from monitor.store.database import Database
from monitor.store.health import STOPPED
from monitor.store.rows import Heartbeat, Progress
from monitor.surges.evidence import Evidence
from monitor.surges.series import Series
from tests.alerts.builders import HOUR, MINUTE, START, alert, surge

SECOND = timedelta(seconds=1)


def beat(name: str = "ingest@desk:1", *, seconds: float = 0, **counters: float) -> Heartbeat:
    return Heartbeat(
        name=name, pid=1, host="desk", started_at=START, seen_at=START + seconds * SECOND, counters=counters
    )


def test_a_window_that_ends_now_is_the_last_hour_and_another_is_named_by_its_times() -> None:
    assert words.observed(surge(), START) == "14 of 22 stories negative in the last hour, usually 4"
    assert words.observed(surge(), START + HOUR).endswith("negative from 2023-03-10 08:00 to 09:00 UTC, usually 4")


def test_firing_comes_before_pending_before_receding_and_the_least_likely_first() -> None:
    likelier = msgspec.structs.replace(alert(), id="likelier", latest=surge(p_value=1e-5))
    listed = [alert(AlertState.RECEDING), alert(AlertState.PENDING), likelier, alert()]
    assert [(each.state.value, each.id == "likelier") for each in words.most_urgent_first(listed)] == [
        ("firing", False),
        ("firing", True),
        ("pending", False),
        ("receding", False),
    ]


def test_the_stream_s_lag_is_told_in_words_that_fit_it() -> None:
    assert words.behind(Progress(START, False), START + 12 * SECOND) == "12 s behind now"
    assert words.behind(Progress(START, True), START + HOUR) == "the stream has ended; its last moment was 1 h ago"
    assert words.behind(Progress(START + 20 * SECOND, False), START) == "0 s behind now"
    assert words.behind(Progress(START + 5 * HOUR, False), START).startswith("5 h ahead of now: ")
    assert "a replay of the past" in words.behind(Progress(START, False), START + timedelta(days=900))


def test_a_resolved_alert_s_card_tells_how_long_it_lasted() -> None:
    card = alert_card(alert(AlertState.RESOLVED), "Loans", Evidence(), START + timedelta(days=1))
    assert "lasted 5 h" in card
    assert "✓ Resolved" in card


def test_an_alert_past_its_peak_tells_the_peak() -> None:
    eased = msgspec.structs.replace(alert(), latest=surge(at=START + HOUR, counts=(20, 7)))
    assert "At its worst: 14 of 22" in alert_card(eased, "Loans", Evidence(), START + HOUR)


def test_rates_are_growth_a_second_and_a_restart_is_no_fall() -> None:
    signs = [(START, {"articles": 100.0}), (START + 4 * SECOND, {"articles": 140.0, "new": 3.0})]
    assert rates(signs) == {"articles": 10.0}
    assert rates([*signs, (START + 8 * SECOND, {"articles": 0.0})]) == {"articles": 0.0}
    assert rates(signs[:1]) == {}


def test_signs_of_life_are_remembered_for_a_while_and_the_gone_forgotten() -> None:
    earlier: Beats = {}
    for seconds in range(0, 100, 2):
        remember(earlier, [beat(seconds=seconds, articles=5.0 * seconds)])
    assert len(earlier["ingest@desk:1"]) <= 12
    remember(earlier, [])
    assert earlier == {}


def test_a_stage_without_a_sign_is_missing_and_one_with_an_old_sign_is_silent() -> None:
    table = stage_table([beat()], {}, START + ALIVE_FOR)
    assert "● alive" in table
    assert table.count("✕ not running") == 4
    assert "✕ silent for 40 s" in stage_table([beat()], {}, START + 42 * SECOND)
    assert "✕ silent for 40 s" in stage_table([beat(seconds=42)], {}, START)  # given by a clock that was ahead


def test_a_process_ran_until_its_last_sign_and_no_longer() -> None:
    stopped = msgspec.structs.replace(beat(seconds=180), note=STOPPED)
    assert "3 min 0 s" in stage_table([stopped], {}, START + 40 * MINUTE)


def test_series_of_one_title_are_told_apart_by_what_differs() -> None:
    twins = [Series(entity="boeing"), Series(entity="~boeing"), Series(topic="Boeing")]
    assert list(words.names(twins).values()) == [
        "Boeing (entity=boeing)",
        "Boeing (unlisted)",
        "Boeing (topic=Boeing)",
    ]


def test_counting_a_large_store_is_not_repeated_before_it_is_paid_for(empty_url: str) -> None:
    moments = iter([START, START + 2 * SECOND, START + 30 * SECOND, START + 2 * MINUTE, START + 2 * MINUTE])
    with Database.open(empty_url) as database:
        readings = Readings(database, lambda: next(moments))
        first = readings.counts()
        assert readings.counts() is first
        assert readings.counts() is not first
