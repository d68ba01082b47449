"""Series that are often in the news, series that vary more than others, and days that only together stand out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.surges.minutes import minute_of
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.sliding import Entries
from monitor.surges.statistics import Beta, log_probability, share_bands, together
from monitor.surges.tally import Tally
from tests.surges.tables import at, dice
from tests.surges.test_baseline import ACME, BANKS, OTHER, School

START = minute_of(at())


def test_the_rate_of_a_company_that_is_always_in_the_news_is_learnt() -> None:
    school = School().teach([{ALL: (5000, 1000), ACME: (200, 40)}] * 40)
    assert school.expect(ACME).rate[0] == pytest.approx(0.04, rel=0.1)


def test_a_series_that_varies_more_than_its_kind_is_expected_to() -> None:
    chance, calm, unruly = dice(3), [Series(entity=f"Calm {i}") for i in range(8)], Series(entity="Unruly")
    days = []
    for _ in range(60):
        steady = {one: (40, sum(chance.random() < 0.2 for _ in range(40))) for one in calm}
        days.append({ALL: (400, 80), **steady, unruly: (40, chance.choice((1, 15)))})
    school = School().teach(days)
    wild, tame = school.expect(unruly), school.expect(calm[0])
    of_wild, of_tame = (school.baselines.overdispersion(one, DAY_MINUTES)[0] for one in (wild, tame))
    assert of_wild > 5 * of_tame


def test_a_series_without_a_past_is_as_unruly_as_its_kind() -> None:
    school = School().teach([{ALL: (100, 20), ACME: (10, 2)}] * 40)
    assert school.expect(OTHER).unruly[0] == pytest.approx(1.0)


def test_a_day_that_has_just_closed_is_summed_once() -> None:
    school = School().teach([{ALL: (100, 20), BANKS: (10, 2)}] * 40)
    worse = {ALL: (100, 20), BANKS: (10, 6)}
    for _ in range(2):
        school.day += 1
        end = START + school.day * DAY_MINUTES
        today = school.lessons(worse)
        before_closing = school.baselines.build_with(today, school.baselines.expect(today.ids), end)
        school.baselines.build(today, end)
        after_closing = school.baselines.build_with(today, school.baselines.expect(today.ids), end)
        assert after_closing == pytest.approx(before_closing, rel=0.11)  # the day before has worn off by a tenth
    assert after_closing[1] > 0


def test_the_first_bad_day_builds_nothing() -> None:
    school = School().teach([{ALL: (100, 20), BANKS: (10, 2)}] * 40)
    school.day += 1
    end = START + school.day * DAY_MINUTES
    today = school.lessons({ALL: (100, 20), BANKS: (10, 9)})
    school.baselines.build(today, end)
    assert school.baselines.build_with(today, school.baselines.expect(today.ids), end).tolist() == [0.0, 0.0]


def test_blocks_hold_the_days_before_until_they_are_learnt() -> None:
    tally = Tally(SurgeRules(), START)
    ids = tally.index.numbers([ALL])
    for day in range(5):
        end = START + (day + 1) * DAY_MINUTES
        tally.slide(end)
        many = np.zeros(day + 1, dtype=np.int64)
        tally.enter([Entries(end - 1, True, many, many.astype(np.int32), many.astype(np.int32))], end)
        tally.assess(end)
    assert [int(held.stories[0]) for held in tally.blocks.recent(ids, START + 5 * DAY_MINUTES)] == [5, 4, 3]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5), st.floats(0.001, 0.3), st.floats(0.05, 0.95))
def test_blocks_together_vary_as_the_sum_of_them(blocks: list[int], spread: float, mean: float) -> None:
    n = np.array(blocks, dtype=np.float64)
    total, pairs = n.sum(keepdims=True), (n * (n - 1)).sum(keepdims=True)
    apart = float((mean * (1 - mean) * n * (1 + (n - 1) * spread)).sum())
    whole = mean * (1 - mean) * total[0] * (1 + (total[0] - 1) * together(total, pairs, np.array([spread]))[0])
    assert whole == pytest.approx(apart, rel=1e-9, abs=1e-9)


def test_bands_of_many_are_those_of_each() -> None:
    n = np.array([3.0, 0.0, 700.0, 12.0, 50_000.0])
    law = Beta(np.array([2.0, 1.0, 30.0, 0.5, 40.0]), np.array([6.0, 3.0, 90.0, 2.0, 160.0]))
    low, high = share_bands(n, law, 0.9)
    assert (low[1], high[1]) == (0.0, 1.0)
    for place in (0, 2, 3):
        each = np.exp(log_probability(np.arange(n[place] + 1), n[place], Beta(law.alpha[place], law.beta[place])))
        reached = np.searchsorted(np.cumsum(each), [0.05, 0.95])
        assert [low[place], high[place]] == pytest.approx(reached / n[place])
    assert 0.15 < low[4] < 0.2 < high[4] < 0.26
