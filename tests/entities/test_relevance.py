"""Relevance: more for a headline, for an early place, for repetition; less where many are named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.entities.relevance import relevance

PLACES = st.lists(st.integers(0, 999), min_size=1, max_size=12)


def test_the_only_company_of_a_bare_headline_is_what_it_is_about() -> None:
    assert relevance([0], length=60, title_length=60, others=0) == 100


def test_a_passing_mention_late_in_a_long_text_is_worth_little() -> None:
    assert relevance([950], length=1000, title_length=60, others=12) < 15


def test_no_mention_no_relevance() -> None:
    assert relevance([], length=100, title_length=20, others=0) == 0


@given(places=PLACES, others=st.integers(0, 30), title=st.integers(0, 200))
def test_it_stays_in_range_and_falls_with_company(places: list[int], others: int, title: int) -> None:
    alone = relevance(places, 1000, title, 0)
    assert 1 <= relevance(places, 1000, title, others) <= alone <= 100


@given(places=PLACES, more=st.integers(0, 999))
def test_another_mention_never_lowers_it(places: list[int], more: int) -> None:
    assert relevance([*places, more], 1000, 80, 2) >= relevance(places, 1000, 80, 2)


@given(place=st.integers(0, 999), earlier=st.integers(0, 999))
def test_earlier_is_never_worth_less(place: int, earlier: int) -> None:
    assert relevance([min(place, earlier)], 1000, 80, 2) >= relevance([max(place, earlier)], 1000, 80, 2)
