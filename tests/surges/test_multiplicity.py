"""Findings among many series, some of which are given more of the chance of a false one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.surges.multiplicity import adjusted
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series
from tests.surges.tables import at, run, sighting
from tests.surges.test_promises import daily, first, news

CHANCES = st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=30)


def test_a_weight_is_a_part_of_the_family() -> None:
    found = adjusted(np.array([0.001, 0.001]), np.array([1.0, 0.1]), family=20.0)
    assert found.tolist() == pytest.approx([0.02, 0.1])


@given(CHANCES, st.integers(0, 1000))
def test_with_equal_weights_it_is_the_step_up_of_benjamini_and_hochberg(chances: list[float], others: int) -> None:
    many = len(chances) + others
    found = adjusted(np.array(chances), np.ones(len(chances)), family=many)
    for level in (0.01, 0.05, 0.2):
        ranked = sorted(chances)
        passing = [rank for rank, chance in enumerate(ranked, 1) if chance <= level * rank / many * (1 - 1e-12)]
        assert (found <= level).sum() >= max(passing, default=0)
        assert all(chance <= level * len(chances) / many + 1e-12 for chance in np.array(chances)[found <= level])


def test_no_more_than_one_run_in_twenty_of_uniform_chances_has_a_finding_at_that_level() -> None:
    dice = np.random.default_rng(3)
    weights = np.where(np.arange(200) % 4, 1.0, 0.1)
    runs = [bool((adjusted(dice.uniform(size=200), weights, weights.sum()) <= 0.05).any()) for _ in range(4000)]
    assert np.mean(runs) == pytest.approx(0.05, abs=0.012)


def test_the_less_a_topic_is_given_the_later_it_surges_where_companies_are_in_the_news() -> None:
    calm = [*news(range(30), a_day=30, share=0.2, topic="Oil", entity="acme"), *news(range(30), a_day=6, share=0.2)]
    bad = [sighting(f"bad {number}", at(days=27, hours=9, minutes=number), negative=True) for number in range(9)]
    little, much = (
        first(run([*calm, *bad], daily(30), SurgeRules(topic_weight=weight)), Series(topic="Banks"))
        for weight in (0.001, 1.0)
    )
    assert much is not None
    assert little is None or little.tick > much.tick
