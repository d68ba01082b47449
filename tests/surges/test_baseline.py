"""What a series learns from its past."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from monitor.surges.baseline import BaselineState, expect, learn, lesson_weight
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.windows import Window, WindowCounts
from tests.surges.tables import at, dice

RULES = SurgeRules()
DAY = timedelta(days=1)


def taught(counts: list[tuple[int, int]], rules: SurgeRules = RULES, series: Series = ALL) -> BaselineState:
    """The baseline after a block a day of (stories, negatives)."""
    state = None
    for day, (stories, negatives) in enumerate(counts):
        expected = expect(state, None, rules)
        held = WindowCounts(stories, negatives)
        block = Window(at(days=day), at(days=day + 1))
        weight = lesson_weight(held, expected, rules)
        state = learn(state, series, block, held, weight, expected.overdispersion, rules)
    assert state is not None
    return state


def drawn(days: int, mean: float, spread: float, seed: int = 1) -> list[tuple[int, int]]:
    chance, found = dice(seed), []
    for _ in range(days):
        share = chance.betavariate(mean * (1 / spread - 1), (1 - mean) * (1 / spread - 1))
        n = chance.randint(20, 120)
        found.append((n, sum(chance.random() < share for _ in range(n))))
    return found


@pytest.mark.parametrize(("mean", "spread"), [(0.08, 0.01), (0.3, 0.03)])
def test_mean_and_overdispersion_approach_those_of_the_past(mean: float, spread: float) -> None:
    expected = expect(taught(drawn(300, mean, spread)), None, RULES)
    assert expected.mean == pytest.approx(mean, abs=0.02)
    assert expected.overdispersion == pytest.approx(spread, abs=spread / 2)
    assert expected.mature


def test_a_hundred_crisis_days_ago_counts_a_sixteenth_at_a_half_life_of_twenty_five_days() -> None:
    rules = RULES.model_copy(update={"half_life_days": 25.0})
    once = taught([(100, 20)], rules)
    later = learn(once, ALL, Window(at(days=100), at(days=101)), WindowCounts(1, 0), 1.0, 0.0, rules)
    assert later.stories == pytest.approx(100 / 16 + 1)


def test_crisis_days_teach_little() -> None:
    calm = [(60, 12)] * 40
    plain, shaken = expect(taught(calm), None, RULES), expect(taught([*calm, *[(60, 45)] * 3, *calm[:5]]), None, RULES)
    assert shaken.mean < plain.mean + 0.02


def test_a_lasting_change_is_learnt_in_time() -> None:
    changed = expect(taught([*drawn(60, 0.1, 0.01), *drawn(90, 0.25, 0.01, seed=2)]), None, RULES)
    assert changed.mean > 0.2


def test_a_series_without_a_past_borrows_from_all_news_and_is_not_mature() -> None:
    parent = expect(taught(drawn(100, 0.12, 0.02)), None, RULES)
    young = expect(None, parent, RULES)
    assert young.mean == parent.mean
    assert not young.mature
    assert sum(young.law) < sum(parent.law)


def test_maturity_takes_both_stories_and_days() -> None:
    assert not expect(taught([(29, 5)] * 1), None, RULES).mature
    assert not expect(taught([(500, 100)] * 1), None, RULES).mature
    assert not expect(taught([(5, 1)] * 3), None, RULES).mature
    assert expect(taught([(20, 4)] * 2), None, RULES).mature


def test_a_series_that_fell_silent_for_long_is_young_again() -> None:
    old = taught([(20, 4)] * 4)
    clock = expect(taught([(50, 10)] * 400), None, RULES)
    assert expect(old, None, RULES).mature
    assert not expect(old, clock, RULES).mature


def test_a_state_restores_exactly_from_its_numbers() -> None:
    state = taught(drawn(50, 0.2, 0.02))
    assert msgspec.json.decode(msgspec.json.encode(state), type=BaselineState) == state


def test_days_without_any_negative_never_make_a_share_of_nothing_certain() -> None:
    assert expect(taught([(100, 0)] * 200), None, RULES).mean >= 0.005
