"""Which words set headlines apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.surges.terms import distinctive

USUAL = ["Oil rises", "Gold falls on dollar", "Miner digs deeper", "Oil dips", "Miner halts digging"]
HEADLINES = st.lists(st.text(alphabet="abc é&'’-1 ", max_size=30), max_size=8)


def test_what_every_headline_says_is_clearer_than_what_some_say() -> None:
    here = ["Quillon sinks on audit", "Audit finds hole at Quillon", "Quillon chief quits"]
    assert distinctive(here, USUAL, 2) == ("Quillon", "audit")


def test_what_is_usual_sets_nothing_apart() -> None:
    assert distinctive(["Miner digs", "Miner sinks"], ["Miner up", "Miner down", "Miner flat"] * 5, 5) == ()


def test_a_word_is_given_as_it_is_written_most_often() -> None:
    here = ["CARILLION sinks", "Carillion’s debts", "Carillion fails"]
    assert distinctive(here, USUAL, 1) == ("Carillion",)


def test_a_word_in_one_of_several_headlines_tells_nothing_of_the_others() -> None:
    assert distinctive(["Zephyr sinks", "Quillon falls"], USUAL * 20, 5) == ()


@given(HEADLINES, HEADLINES, st.integers(0, 5))
def test_terms_are_few_distinct_and_from_the_headlines(here: list[str], usual: list[str], most: int) -> None:
    found = distinctive(here, usual, most)
    assert len(found) == len({term.lower() for term in found}) <= most
    assert all(any(term in headline for headline in here) for term in found)
    assert found == distinctive(here[::-1], usual[::-1], most)
