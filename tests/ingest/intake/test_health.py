"""Verdicts on sources from their own past: what is told, when, and what is not told."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.intake.accounts import Accounts
from monitor.ingest.intake.health import (
    LONGEST_ASKED,
    Rhythm,
    Verdict,
    assess,
    expected_interval,
    first_poll,
    next_poll,
    span,
)
from monitor.ingest.intake.history import MAX_ARRIVALS, MAX_PAUSES, History, Poll, after_poll

MONDAY = datetime(2024, 5, 6, tzinfo=UTC)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
NOTHING_NEW = Accounts(fetched=20, duplicate=20)
ONE_NEW = Accounts(fetched=20, new=1, duplicate=19)
DOWN = ["dns", "connect", "tls", "timeout", "server_error", "unavailable", "not_found", "too_large", "protocol"]


def polled(history: History, at: datetime, accounts: Accounts = NOTHING_NEW, failure: str = "") -> History:
    given = Accounts() if failure else accounts
    return after_poll(history, Poll(at=at, accounts=given, failure=failure, shape="" if failure else "rss"))


def fed(news: Iterable[datetime], history: History | None = None) -> History:
    """A history of polls that each found one article."""
    history = history or History()
    for at in news:
        history = polled(history, at, ONE_NEW)
    return history


def every(interval: timedelta, count: int, start: datetime = MONDAY) -> list[datetime]:
    return [start + number * interval for number in range(count)]


def verdict(history: History, now: datetime) -> Verdict | None:
    assessment = assess(history, now)
    return assessment.verdict if assessment else None


def office_hours(days: int, per_day: int = 10) -> list[datetime]:
    """Articles from 8 to 18 on working days, in the evening and at weekends none."""
    step = 10 * HOUR / per_day
    mornings = [MONDAY + day * DAY + 8 * HOUR for day in range(days) if day % 7 < 5]
    return [morning + number * step for morning in mornings for number in range(per_day)]


def test_of_a_source_that_was_never_asked_nothing_is_said() -> None:
    assert assess(History(), MONDAY) is None


@pytest.mark.parametrize("interval", [5 * MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY])
def test_a_regular_source_that_falls_silent_is_late_and_then_stale_within_three_intervals(interval: timedelta) -> None:
    news = every(interval, 30)
    last = news[-1]
    history = polled(fed(news), last + interval / 2)
    assert expected_interval(history) == interval
    assert verdict(history, last + 1.9 * interval) is Verdict.HEALTHY
    assert verdict(history, last + 2 * interval) is Verdict.LATE
    assert verdict(history, last + 3 * interval) is Verdict.STALE
    assert "it was due" in assess(history, last + 3 * interval).why  # type: ignore[union-attr]


@pytest.mark.parametrize("failure", DOWN)
@pytest.mark.parametrize("interval", [10 * MINUTE, HOUR, DAY])
def test_a_dead_source_is_told_within_three_intervals_at_the_rhythm_at_which_it_is_asked(
    failure: str, interval: timedelta
) -> None:
    history = fed(every(interval, 30))
    died = now = history.last_new or MONDAY
    rhythm = Rhythm(shortest=5 * MINUTE, longest=HOUR)
    while verdict(history, now) is not Verdict.DEAD:
        now = next_poll(history, now, rhythm, 0.9)
        history = polled(history, now, failure=failure)
        assert now - died <= 3 * interval
    assert now - died >= min(interval, HOUR)


def test_a_short_outage_is_not_told() -> None:
    history = fed(every(HOUR, 30))
    last = history.last_new or MONDAY
    for number in range(1, 5):
        history = polled(history, last + number * 10 * MINUTE, failure="connect")
        assert verdict(history, last + number * 10 * MINUTE) is Verdict.HEALTHY
    assert verdict(polled(history, last + HOUR, ONE_NEW), last + HOUR) is Verdict.HEALTHY


def test_a_source_that_asks_to_be_left_alone_for_long_is_still_told_in_time() -> None:
    history = polled(fed(every(HOUR, 30)), MONDAY + 30 * HOUR, failure="unavailable")
    last = history.last_new or MONDAY
    assert verdict(history, last + 1.5 * HOUR) is Verdict.LATE
    assert verdict(history, last + 3 * HOUR) is Verdict.DEAD


def test_what_its_owner_removed_is_dead_at_once() -> None:
    history = polled(fed(every(HOUR, 30)), MONDAY + 30 * HOUR, failure="gone")
    assert verdict(history, MONDAY + 30 * HOUR) is Verdict.DEAD


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        ("forbidden", Verdict.BLOCKED),
        ("robots", Verdict.BLOCKED),
        ("rate_limited", Verdict.BLOCKED),
        ("refused_address", Verdict.BLOCKED),
        ("login_page", Verdict.BLOCKED),
        ("not_a_feed", Verdict.CHANGED),
        ("not_parsed", Verdict.CHANGED),
        ("empty_answer", Verdict.EMPTY),
    ],
)
def test_three_answers_that_say_what_is_wrong_are_enough(failure: str, told: Verdict) -> None:
    history = fed(every(HOUR, 30))
    last = history.last_new or MONDAY
    for number in range(1, 4):
        assert verdict(history, last + number * MINUTE) is Verdict.HEALTHY
        history = polled(history, last + number * MINUTE, failure=failure)
    assert verdict(history, last + 3 * MINUTE) is told


def test_a_source_that_never_answered_is_dead_after_an_hour() -> None:
    history = History()
    for number in range(4):
        history = polled(history, MONDAY + number * 20 * MINUTE, failure="dns")
    assert verdict(history, MONDAY + 59 * MINUTE) is Verdict.HEALTHY
    assert verdict(history, MONDAY + HOUR) is Verdict.DEAD


def test_of_a_source_that_has_not_answered_yet_nobody_says_that_it_does() -> None:
    history = polled(History(), MONDAY, failure="not_found")
    told = assess(history, MONDAY)
    assert told is not None
    assert told.why == "It has not answered yet: it is not there."
    known = fed(every(HOUR, 30))
    soon = (known.last_new or MONDAY) + MINUTE
    again = assess(polled(known, soon, failure="timeout"), soon)
    assert again is not None
    assert again.why == "Its last poll failed, which may pass: its server takes too long."


@pytest.mark.parametrize(("failure", "told"), [("refused_address", Verdict.BLOCKED), ("bad_url", Verdict.DEAD)])
def test_a_source_that_is_set_to_where_nothing_is_fetched_from_is_told_at_once(failure: str, told: Verdict) -> None:
    assert verdict(polled(History(), MONDAY, failure=failure), MONDAY) is told


def test_a_listing_that_shows_nothing_twice_is_empty_and_a_file_without_new_lines_is_not() -> None:
    listing = file = fed(every(HOUR, 30))
    at = MONDAY + 29 * HOUR + MINUTE
    for _ in range(2):
        assert verdict(listing, at) is Verdict.HEALTHY
        listing = after_poll(listing, Poll(at=at, shape="rss"))
        file = after_poll(file, Poll(at=at, shape="rss", listing=False))
    assert verdict(listing, at) is Verdict.EMPTY
    assert verdict(file, at) is Verdict.HEALTHY
    assert verdict(polled(listing, at, NOTHING_NEW), at) is Verdict.HEALTHY


def test_an_answer_in_another_shape_without_articles_is_changed_and_one_with_articles_is_not() -> None:
    lost = kept = fed(every(HOUR, 30))
    at = MONDAY + 29 * HOUR + MINUTE
    for _ in range(2):
        lost = after_poll(lost, Poll(at=at, shape="html"))
        kept = after_poll(kept, Poll(at=at, shape="atom", accounts=NOTHING_NEW))
    assert verdict(lost, at) is Verdict.CHANGED
    assert verdict(kept, at) is Verdict.HEALTHY


def test_items_none_of_which_is_an_article_any_more_are_a_change() -> None:
    history = fed(every(HOUR, 30))
    at = MONDAY + 29 * HOUR + MINUTE
    for _ in range(2):
        history = after_poll(history, Poll(at=at, shape="rss", accounts=Accounts(fetched=9, duplicate=2, refused=7)))
    assert verdict(history, at) is Verdict.CHANGED


def test_nights_and_weekends_are_no_silence_once_they_are_known() -> None:
    news = office_hours(days=15)  # to the end of the third Monday
    history = fed(news)
    told = []
    for day in range(15, 22):
        for hour in range(24):
            now = MONDAY + day * DAY + hour * HOUR
            told.append((now, verdict(history, now)))
            history = fed([at for at in office_hours(days=day + 1) if now <= at < now + HOUR], history)
    assert [at for at, said in told if said is not Verdict.HEALTHY] == []


def test_a_death_on_a_working_morning_is_told_the_same_day_though_nights_are_long() -> None:
    news = [at for at in office_hours(days=16) if at < MONDAY + 15 * DAY + 10 * HOUR]
    history = fed(news)
    assert verdict(history, news[-1] + 4 * HOUR) is Verdict.STALE


def test_a_death_over_the_weekend_is_told_on_monday_morning() -> None:
    history = fed(office_hours(days=19))  # to the third Friday
    monday = MONDAY + 21 * DAY
    assert verdict(history, monday + 7 * HOUR) is Verdict.HEALTHY
    assert verdict(history, monday + 11 * HOUR) is Verdict.STALE


def test_a_busy_source_that_is_quieter_every_evening_raises_no_alarm_once_that_is_known() -> None:
    day = [*every(5 * MINUTE, 12 * 12, MONDAY + 6 * HOUR), *every(45 * MINUTE, 8, MONDAY + 18 * HOUR)]
    history, told = History(), []
    for number in range(9):
        for at in (moment + number * DAY for moment in day):
            told += [(number, verdict(history, at))] if history.since else []
            history = fed([at], history)
    assert {number for number, said in told if said is not Verdict.HEALTHY} <= {0, 1}


def test_a_source_with_something_new_every_few_seconds_is_not_late_after_as_few() -> None:
    history = fed(every(timedelta(seconds=2), 500))
    last = history.last_new or MONDAY
    assert len(history.arrivals) < 10
    assert verdict(history, last + 9 * MINUTE) is Verdict.HEALTHY


def test_an_outage_in_the_past_does_not_make_it_blind() -> None:
    news = every(HOUR, 20)
    history = fed([*news, *every(HOUR, 20, news[-1] + 2 * DAY)])
    assert expected_interval(history) == HOUR


@pytest.mark.parametrize("per_hour", [0.2, 2.0, 12.0])
def test_irregular_news_seldom_raises_a_false_alarm(per_hour: float) -> None:
    draw = random.Random(7)
    history, now, news = fed(every(HOUR / per_hour, 6)), MONDAY + 6 * HOUR / per_hour, 1_500
    told: list[Verdict | None] = []
    for _ in range(news):
        after = now + HOUR / per_hour * draw.expovariate(1.0)
        told.append(verdict(history, after))
        history, now = polled(history, after, ONE_NEW), after
    assert told.count(Verdict.HEALTHY) / news > 0.985
    assert told.count(Verdict.STALE) / news < 0.003


def test_a_first_fetch_tells_the_rhythm_by_the_articles_own_times() -> None:
    published = every(HOUR, 20)
    poll = Poll(at=MONDAY + 20 * HOUR, accounts=Accounts(fetched=20, new=20), shape="rss")
    history = after_poll(History(), poll, published)
    assert expected_interval(history) == HOUR
    assert verdict(history, MONDAY + 23 * HOUR) is Verdict.STALE


@given(st.lists(st.tuples(st.integers(1, 10**7), st.sampled_from(["", "dns", "forbidden", "gone"]), st.integers(0, 3))))
def test_a_history_stays_small_and_comes_back_as_it_was(steps: list[tuple[int, str, int]]) -> None:
    history, now = History(), MONDAY
    for seconds, failure, new in steps:
        now += timedelta(seconds=seconds)
        history = polled(history, now, Accounts(fetched=new, new=new), failure)
        assert assess(history, now) is not None
    assert len(history.arrivals) <= MAX_ARRIVALS
    assert len(history.pauses) <= MAX_PAUSES
    assert list(history.arrivals) == sorted(history.arrivals)
    assert msgspec.json.decode(msgspec.json.encode(history), type=History) == history


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.sampled_from(["", "dns", "rate_limited"]), st.integers(0, 2))),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.integers(0, 10**6),
)
def test_the_next_poll_is_within_bounds_and_not_before_the_server_asked(
    steps: list[tuple[int, str, int]], draw: float, asked_seconds: int | None
) -> None:
    history, now, rhythm = History(), MONDAY, Rhythm(shortest=5 * MINUTE, longest=HOUR)
    for seconds, failure, new in steps:
        now += timedelta(seconds=seconds)
        history = polled(history, now, Accounts(fetched=new, new=new), failure)
    asked = None if asked_seconds is None else timedelta(seconds=asked_seconds)
    wait = next_poll(history, now, rhythm, draw, asked) - now
    assert wait >= 0.9 * rhythm.shortest
    assert asked is None or wait >= min(asked, LONGEST_ASKED if history.failures else rhythm.longest)
    if history.failures < 3 and (asked is None or not history.failures):
        assert wait <= 1.1 * rhythm.longest


def test_a_busy_source_is_asked_often_and_a_slow_one_seldom() -> None:
    rhythm = Rhythm(shortest=5 * MINUTE, longest=HOUR)
    waits = [
        next_poll(fed(every(gap, 20)), MONDAY, rhythm, 0.5) - MONDAY for gap in (2 * MINUTE, 40 * MINUTE, 12 * HOUR)
    ]
    assert waits == [5 * MINUTE, 20 * MINUTE, HOUR]


def test_what_fails_again_and_again_is_asked_ever_more_seldom_and_at_once_again_when_it_answers() -> None:
    history, waits = fed(every(10 * MINUTE, 20)), []
    for number in range(12):
        history = polled(history, MONDAY + DAY + number * HOUR, failure="connect")
        waits.append(next_poll(history, MONDAY, Rhythm(), 0.5) - MONDAY)
    assert waits[:2] == [5 * MINUTE, 5 * MINUTE]
    assert waits == sorted(waits)
    assert waits[-1] == 6 * HOUR
    assert next_poll(polled(history, MONDAY + 2 * DAY), MONDAY, Rhythm(), 0.5) - MONDAY == 5 * MINUTE


def test_after_a_start_a_plan_that_stands_is_kept_and_what_is_overdue_is_spread() -> None:
    later = MONDAY + 3 * HOUR
    soon, rhythm = MONDAY + 0.5 * MINUTE, Rhythm()
    assert first_poll(MONDAY, later, rhythm, 0.5) == later
    assert first_poll(MONDAY, MONDAY - HOUR, rhythm, 0.5) == first_poll(MONDAY, None, rhythm, 0.5) == soon
    assert first_poll(MONDAY, MONDAY + 400 * DAY, rhythm, 0.5) == MONDAY + DAY
    assert first_poll(MONDAY, later, Rhythm(shortest=MINUTE, steady=True), 0.5) == MONDAY


def test_a_plan_of_a_clock_that_was_set_back_since_says_nothing() -> None:
    later = MONDAY + 10 * HOUR
    assert first_poll(MONDAY, later + HOUR, Rhythm(), 0.5, last_poll=later) == MONDAY + 0.5 * MINUTE
    assert first_poll(MONDAY, later, Rhythm(), 0.5, last_poll=MONDAY - HOUR) == later


def test_a_file_is_asked_at_its_own_steady_pace() -> None:
    steady = Rhythm(shortest=timedelta(seconds=5), steady=True)
    history = fed(every(HOUR, 9))
    for number in range(9):
        history = polled(history, MONDAY + DAY + number * MINUTE, failure="file")
    assert next_poll(history, MONDAY, steady, 0.99) == MONDAY + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("length", "words"),
    [(timedelta(0), "0 seconds"), (HOUR, "1 hour"), (26 * HOUR, "1 day"), (timedelta(days=-1), "0 seconds")],
)
def test_lengths_are_told_in_words(length: timedelta, words: str) -> None:
    assert span(length) == words
