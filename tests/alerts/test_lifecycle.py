"""Alerts over time. A letter a tick: S surge, a attention, e elevated, o ordinary, q quiet, `.` no verdict."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.alert import Alert, AlertState, Transition
from monitor.alerts.lifecycle import Change, Lifecycle, LifecycleRules
from monitor.surges.series import Series
from monitor.surges.surge import Reason, Surge
from tests.alerts.builders import FINANCIALS, HOUR, MINUTE, START, surge

LETTERS = {
    "S": Reason.SURGE,
    "a": Reason.ATTENTION,
    "e": Reason.ELEVATED,
    "o": Reason.ORDINARY,
    "q": Reason.QUIET,
}
AFTER = {
    None: {AlertState.PENDING},
    AlertState.PENDING: {AlertState.FIRING, AlertState.RESOLVED},
    AlertState.FIRING: {AlertState.RECEDING},
    AlertState.RECEDING: {AlertState.FIRING, AlertState.RESOLVED},
    AlertState.RESOLVED: set[AlertState](),
}


def rules(pending: timedelta = timedelta(0), calm: timedelta = 6 * HOUR) -> Lifecycle:
    return Lifecycle(LifecycleRules(pending_for=pending, calm_for=calm))


def timeline(letters: str, step: timedelta = MINUTE, series: Series = FINANCIALS) -> list[Surge]:
    return [
        surge(LETTERS[letter], at=START + i * step, series=series) for i, letter in enumerate(letters) if letter != "."
    ]


def played(lifecycle: Lifecycle, letters: str, step: timedelta = MINUTE) -> list[tuple[str, float]]:
    """Every transition as (state after it, in steps since the start)."""
    end = START + (len(letters) - 1) * step
    return [
        (t.alert.state.value, (t.at - START) / step)
        for t in lifecycle.run({}, timeline(letters, step), end).transitions
    ]


def still_open(change: Change, before: dict[Series, Alert]) -> dict[Series, Alert]:
    after = before | {alert.series: alert for alert in change.alerts if alert.state is not AlertState.RESOLVED}
    ended = {alert.id for alert in change.alerts if alert.state is AlertState.RESOLVED}
    return {series: alert for series, alert in after.items() if alert.id not in ended}


def test_attention_alone_is_calm_and_never_the_peak_of_an_alert() -> None:
    assert played(rules(calm=2 * MINUTE), "SaSaaa") == [
        ("pending", 0),
        ("firing", 0),
        ("receding", 1),
        ("firing", 2),
        ("receding", 3),
        ("resolved", 5),
    ]
    seen = surge(Reason.SURGE)
    drawing = surge(Reason.ATTENTION, at=START + MINUTE, p_value=1e-30)
    [alert] = rules().run({}, [seen, drawing], None).alerts
    assert (alert.latest, alert.peak) == (drawing, seen)


def test_an_alert_has_one_id_whether_it_was_seen_within_the_minute_or_at_its_end() -> None:
    def opened(seconds: int) -> str:
        [alert] = rules().run({}, [surge(Reason.SURGE, at=START + timedelta(seconds=seconds))], None).alerts
        return alert.id

    assert opened(10) == opened(50) == opened(60)
    assert len({opened(0), opened(60), opened(61)}) == 3


def test_what_ends_before_it_fires_and_comes_back_within_the_minute_is_one_alert_with_its_whole_history() -> None:
    step, lifecycle = timedelta(seconds=10), rules(pending=timedelta(seconds=30))
    change = lifecycle.run({}, timeline(".SoSSSS", step), START + 7 * step)
    [alert] = change.alerts
    assert alert.state is AlertState.FIRING
    assert [(each.alert.id == alert.id, each.alert.state.value) for each in change.transitions] == [
        (True, state) for state in ("pending", "resolved", "pending", "firing")
    ]


def test_a_surge_fires_at_once_by_default() -> None:
    assert played(rules(), "S") == [("pending", 0), ("firing", 0)]


@pytest.mark.parametrize("letters", ["a", "e", "o", "q", "eeoqa"])
def test_only_a_surge_opens_an_alert(letters: str) -> None:
    assert played(rules(), letters) == []


def test_it_recedes_at_the_first_calm_verdict_and_resolves_after_calm_for() -> None:
    assert played(rules(calm=3 * MINUTE), "SSo.....") == [
        ("pending", 0),
        ("firing", 0),
        ("receding", 2),
        ("resolved", 5),
    ]


@pytest.mark.parametrize("calm", ["o", "q"])
def test_ordinary_and_quiet_are_both_calm(calm: str) -> None:
    assert played(rules(calm=2 * MINUTE), f"S{calm}..")[-1] == ("resolved", 3)


@pytest.mark.parametrize("back", ["S", "e"])
def test_what_returns_within_calm_for_continues_the_alert(back: str) -> None:
    assert played(rules(calm=3 * MINUTE), f"So.{back}o...") == [
        ("pending", 0),
        ("firing", 0),
        ("receding", 1),
        ("firing", 3),
        ("receding", 4),
        ("resolved", 7),
    ]


def test_a_surge_that_returns_exactly_after_calm_for_continues_the_alert_and_one_later_opens_another() -> None:
    assert [state for state, _ in played(rules(calm=2 * MINUTE), "So.S")].count("pending") == 1
    assert [state for state, _ in played(rules(calm=2 * MINUTE), "So..S")].count("pending") == 2


def test_elevated_keeps_a_firing_alert_firing() -> None:
    assert played(rules(calm=2 * MINUTE), "Seeeeeeee") == [("pending", 0), ("firing", 0)]


def test_a_pending_alert_fires_once_the_surge_has_lasted() -> None:
    assert played(rules(pending=2 * MINUTE), "SSSS") == [("pending", 0), ("firing", 2)]


def test_a_pending_alert_fires_though_no_further_verdict_comes() -> None:
    assert played(rules(pending=2 * MINUTE), "S...") == [("pending", 0), ("firing", 2)]


def test_a_pending_alert_that_calms_when_it_would_have_fired_ends_untold() -> None:
    assert played(rules(pending=2 * MINUTE), "SSo") == [("pending", 0), ("resolved", 2)]


def test_a_pending_alert_does_not_fire_on_an_elevated_verdict_but_on_the_next_surge() -> None:
    assert played(rules(pending=2 * MINUTE), "SeeeS") == [("pending", 0), ("firing", 4)]


def test_the_peak_is_the_least_likely_assessment_and_the_latest_the_last() -> None:
    first, worst, last = surge(p_value=1e-6), surge(at=START + MINUTE, p_value=1e-9), surge(at=START + 2 * MINUTE)
    (alert,) = rules().run({}, [first, worst, last], last.tick).alerts
    assert (alert.peak, alert.latest) == (worst, last)


def test_an_alert_that_only_takes_in_an_assessment_is_touched_without_a_transition() -> None:
    lifecycle = rules()
    opened = lifecycle.run({}, [surge()], START)
    change = lifecycle.run(still_open(opened, {}), [surge(at=START + MINUTE)], START + MINUTE)
    assert change.transitions == ()
    assert [alert.latest.tick for alert in change.alerts] == [START + MINUTE]


def test_shortened_rules_do_not_date_a_transition_before_the_latest_verdict() -> None:
    opened = rules(pending=HOUR).run({}, timeline("SSSS"), START + 3 * MINUTE)
    (fired,) = rules(pending=MINUTE).run(still_open(opened, {}), [], START + 4 * MINUTE).transitions
    assert (fired.alert.state, fired.at) == (AlertState.FIRING, START + 3 * MINUTE)


def test_the_same_surge_opens_an_alert_of_the_same_id() -> None:
    first, second = (rules().run({}, [surge()], START).alerts[0].id for _ in range(2))
    assert first == second


@given(st.lists(st.integers(min_value=1, max_value=5 * 60), min_size=1, max_size=120), st.sampled_from("oq"))
def test_a_share_about_the_threshold_for_a_day_opens_once_and_closes_once(gaps: list[int], calm: str) -> None:
    at, surges = START, [surge(at=START)]
    for number, gap in enumerate(gaps):
        at += gap * MINUTE
        if at > START + 24 * HOUR:
            break
        surges.append(surge(LETTERS[calm if number % 2 == 0 else "S"], at=at))
    surges.append(surge(LETTERS[calm], at=surges[-1].tick + MINUTE))
    states = [t.alert.state for t in rules().run({}, surges, surges[-1].tick + 6 * HOUR).transitions]
    fired_first = [state for state in states if state in (AlertState.PENDING, AlertState.RESOLVED)]
    assert fired_first == [AlertState.PENDING, AlertState.RESOLVED]


SERIES = [FINANCIALS, Series(topic="Energy"), Series(entity="Boeing")]


@st.composite
def streams(draw: st.DrawFn) -> tuple[Lifecycle, list[Surge], datetime]:
    """Verdicts on three series in order of tick, the rules, and the stream time that they reach."""
    count = draw(st.integers(min_value=1, max_value=40))
    surges: list[Surge] = []
    tick = START
    for _ in range(count):
        tick += draw(st.integers(min_value=1, max_value=4)) * MINUTE
        chosen = draw(st.lists(st.sampled_from(SERIES), unique=True, max_size=3).map(sorted))
        surges += [
            surge(draw(st.sampled_from(list(Reason))), at=tick, series=series, p_value=draw(st.floats(0, 1)))
            for series in chosen
        ]
    pending, calm = draw(st.integers(min_value=0, max_value=6)), draw(st.integers(min_value=2, max_value=9))
    return rules(pending * MINUTE / 2, calm * MINUTE / 2), surges, tick + draw(st.integers(0, 10)) * MINUTE


@given(streams(), st.data())
def test_however_the_stream_is_cut_and_polled_the_transitions_are_the_same(
    stream: tuple[Lifecycle, list[Surge], datetime], data: st.DataObject
) -> None:
    lifecycle, surges, end = stream
    whole = lifecycle.run({}, surges, end)
    transitions: list[Transition] = []
    known: dict[str, Alert] = {}
    now_open: dict[Series, Alert] = {}
    cuts = [*sorted(data.draw(st.lists(st.integers(0, len(surges)), max_size=6))), len(surges)]
    start = 0
    for cut in cuts:
        # Up to where the stream is known: nothing more of its last tick may come, or no time may be said.
        complete = cut == len(surges) or cut == 0 or surges[cut].tick != surges[cut - 1].tick
        reached = surges[cut - 1].tick if cut and complete and data.draw(st.booleans()) else None
        change = lifecycle.run(now_open, surges[start:cut], end if cut == len(surges) else reached)
        transitions += change.transitions
        known |= {alert.id: alert for alert in change.alerts}
        now_open, start = still_open(change, now_open), cut
    assert transitions == list(whole.transitions)
    assert known == {alert.id: alert for alert in whole.alerts}


@given(streams())
def test_no_alert_skips_a_state_or_goes_back_in_time(stream: tuple[Lifecycle, list[Surge], datetime]) -> None:
    lifecycle, surges, end = stream
    state: dict[str, AlertState | None] = {}
    open_series: dict[Series, str] = {}
    last = START
    for transition in lifecycle.run({}, surges, end).transitions:
        alert = transition.alert
        assert transition.before == state.get(alert.id)
        assert alert.state in AFTER[transition.before]
        assert last <= transition.at == alert.changed_at <= end
        assert open_series.setdefault(alert.series, alert.id) == alert.id, "one open alert a series"
        if alert.state is AlertState.RESOLVED:
            del open_series[alert.series]
        state[alert.id], last = alert.state, transition.at


@given(streams())
def test_a_state_and_its_times_tell_the_same(stream: tuple[Lifecycle, list[Surge], datetime]) -> None:
    lifecycle, surges, end = stream
    for transition in lifecycle.run({}, surges, end).transitions:
        alert = transition.alert
        told = alert.fired_at is not None
        assert told is (
            alert.state in (AlertState.FIRING, AlertState.RECEDING) or transition.before is AlertState.RECEDING
        )
        assert (alert.resolved_at is not None) is (alert.state is AlertState.RESOLVED)
        assert (alert.calm_since is not None) is (alert.state in (AlertState.RECEDING, AlertState.RESOLVED))
