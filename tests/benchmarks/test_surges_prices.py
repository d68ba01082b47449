"""Tweets beside falls of prices: which trading day a tweet belongs to, and what a right alert is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.surges.betabinomial import BetaBinomialTail
from benchmarks.surges.prices import YOUNG, compare, judge, strongest, widened
from benchmarks.surges.prices_panel import Panel, Return, Tweet, panel_of
from benchmarks.surges.protocol import BoolArray, Counts, FloatArray, IntArray
from monitor.errors import InputError

THURSDAY, FRIDAY, MONDAY = date(2014, 1, 16), date(2014, 1, 17), date(2014, 1, 20)
CALM = [Return("ACME", day, 0.0) for day in (THURSDAY, FRIDAY, MONDAY)]


def tweet(hour: int, day: int, text: str = "Acme ovens catch fire", negative: bool = True) -> Tweet:
    return Tweet("ACME", datetime(2014, 1, day, hour, tzinfo=UTC), text, negative)


def grid(*rows: str) -> BoolArray:
    """Marks from little pictures, one row a series."""
    return np.array([[mark == "x" for mark in row] for row in rows])


def test_what_comes_after_the_close_belongs_to_the_next_trading_day() -> None:
    panel = panel_of([tweet(15, 16), tweet(20, 16, "before the close"), tweet(22, 16), tweet(12, 18, "Saturday")], CALM)

    # 21:00 UTC is the close in winter.
    assert panel.days == (THURSDAY, FRIDAY, MONDAY)
    assert panel.counts.stories.tolist() == [[2, 1, 1]]


def test_a_text_counts_once_a_ticker_and_day_however_often_it_is_sent_on() -> None:
    copies = [tweet(15, 16), tweet(16, 16, "RT @desk: Acme ovens catch fire http://t.co/1"), tweet(15, 17)]

    assert panel_of(copies, CALM).counts.negatives.tolist() == [[1, 1]]


def test_days_without_tweets_and_tickers_without_prices_are_left_out() -> None:
    unpriced = Tweet("NONE", datetime(2014, 1, 16, 15, tzinfo=UTC), "x", True)

    panel = panel_of([tweet(15, 16), tweet(15, 20), tweet(15, 21), unpriced], CALM)

    assert panel.days == (THURSDAY, MONDAY)
    assert panel.tickers == ("ACME",)
    assert panel.counts.stories.tolist() == [[1, 1]]


def test_five_percent_and_worse_is_a_fall() -> None:
    returns = [Return("ACME", THURSDAY, -0.049), Return("ACME", FRIDAY, -0.05), Return("ACME", MONDAY, -0.3)]

    assert panel_of([tweet(12, 16), tweet(12, 17), tweet(12, 20)], returns).falls.tolist() == [[False, True, True]]


def test_tweets_that_all_lie_after_the_prices_are_refused() -> None:
    with pytest.raises(InputError):
        panel_of([tweet(12, 25)], CALM)


def test_a_right_alert_lies_within_a_trading_day_of_a_fall_of_its_own_ticker() -> None:
    falls = grid("..x..x....", "..........")
    alerts = grid(".x.....x..", "..x.......")

    judged = judge(alerts, falls)

    assert judged.alerts == 3
    assert judged.precision == pytest.approx(1 / 3, abs=1e-4)
    assert judged.recall == 0.5
    assert (judged.precision_before, judged.recall_before) == (judged.precision, judged.recall)


def test_an_alert_on_the_day_after_counts_only_where_echoes_do() -> None:
    judged = judge(grid("...x"), grid("..x."))

    assert (judged.precision, judged.recall) == (1.0, 1.0)
    assert (judged.precision_before, judged.recall_before) == (0.0, 0.0)


def test_nothing_to_find_and_nothing_found_give_zeros() -> None:
    judged = judge(grid("..."), grid("..."))

    assert (judged.alerts, judged.precision, judged.recall) == (0, 0.0, 0.0)


def test_the_strongest_are_taken_among_those_allowed_that_have_a_score() -> None:
    scores = np.array([[0.5, np.nan, 0.1], [0.2, 0.05, 0.3]])
    allowed = np.array([[True, True, True], [True, False, True]])

    assert strongest(scores, allowed, 2).tolist() == [[False, False, True], [True, False, False]]
    assert strongest(scores, allowed, 99).sum() == 4


def test_equal_scores_are_not_taken_from_the_first_series_first() -> None:
    taken = strongest(np.zeros((50, 40)), np.ones((50, 40), dtype=bool), 400)

    assert 100 < taken[:25].sum() < 300


@given(st.lists(st.booleans(), min_size=4, max_size=30), st.integers(0, 3), st.integers(0, 3))
def test_widening_marks_what_has_a_mark_within_reach(marks: list[bool], before: int, after: int) -> None:
    found = widened(np.array([marks]), before, after)[0]

    places = range(len(marks))
    assert found.tolist() == [
        any(marks[other] for other in places if -after <= other - one <= before) for one in places
    ]


def test_a_detector_that_sees_a_fall_coming_is_told_from_one_that_sees_nothing() -> None:
    rng = np.random.default_rng(5)
    stories = np.full((6, YOUNG + 40), 30)
    negatives = rng.binomial(stories, 0.1)
    falls = np.zeros(stories.shape, dtype=bool)
    falls[2, YOUNG + 20], negatives[2, YOUNG + 20] = True, 25
    panel = _panel(stories, negatives, falls)

    found = compare(panel, [BetaBinomialTail(), _Blind()])

    assert (found["falls"], found["reachable"]) == (1, 1)
    assert found["detectors"]["beta-binomial tail"]["1"]["recall"] == 1.0
    assert found["detectors"]["blind"]["1"]["alerts"] == 0


class _Blind:
    name = "blind"

    def scores(self, counts: Counts) -> FloatArray:
        return np.full(counts.stories.shape, np.nan)


def _panel(stories: IntArray, negatives: IntArray, falls: BoolArray) -> Panel:
    counts = Counts(stories, negatives, stories.sum(axis=0), timedelta(days=1), datetime(2014, 1, 6, tzinfo=UTC))
    return Panel(tuple("ABCDEF"), (THURSDAY,) * stories.shape[1], counts, falls)
