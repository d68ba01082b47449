"""Figures are the same whatever they are written like, and others where they are others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.surges.figures import figures_of, matched, unmatched


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a loan of $1.4 billion", "a loan of 1,400 mln dollars"),
        ("a loan of EUR 380 mln", "a loan of 380 million euros"),
        ("a loan of CHF3 bln", "a loan of 3 billion francs"),
        ("a loan of US$34", "a loan of 34 dollars"),
        ("a fee of 100.5 cents", "a fee of $1.005"),
        ("rates at 5-1/4 percent", "rates at 5.25%"),
        ("rates up 25 basis points", "rates up by a quarter point"),
        ("rates up 50 bps", "rates up half a percentage point"),
        ("rates up 2.5 points", "rates up 250 basis points"),
        ("a fifth of the fleet", "20% of the fleet"),
        ("two-thirds of the fleet", "66.666667 pct of the fleet"),
        ("recalls forty-one boats", "recalls 41 boats"),
        ("Three Hundred boats", "300 boats"),
        ("cuts 1.1k berths", "cuts 1,100 berths"),
        ("a cable of 58 m", "a cable of 58 metres"),
        ("the third quarter", "Q3"),
        ("the third quarter", "3Q"),
        ("a tenfold rise", "a 10-fold rise"),
        ("the 7th voyage", "the seventh voyage"),
        ("a four-month low", "a 4-month low"),
    ],
)
def test_figures_are_the_same_whatever_they_are_written_like(one: str, other: str) -> None:
    assert figures_of(one)
    assert figures_of(one) == figures_of(other)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("since 1987", "year", 1987.0),
        ("1987 boats sold at 2,000 dollars", "money", 2.0),
        ("over five sessions", "span", 5.0),
        ("its second quarter", "quarter", 2.0),
        ("its second ferry", "ordinal", 2.0),
        ("12.5% of it", "percent", 12.5),
    ],
)
def test_figures_have_the_kind_of_what_they_count(text: str, kind: str, value: float) -> None:
    assert value in figures_of(text)[kind]


@pytest.mark.parametrize(
    ("text", "percent"),
    [
        ("shrinks for two quarters", None),
        ("three quarters of losses", None),
        ("four quarters running", None),
        ("three quarters of its staff", 75.0),
        ("three-quarters of the jobs", 75.0),
        ("three quarters of staff", 75.0),
        ("profit cut by three quarters", 75.0),
        ("a quarter of all staff", 25.0),
        ("two thirds of voters", 66.666667),
        ("a quarter of a point", 0.25),
    ],
)
def test_quarters_of_a_year_are_no_part_of_anything(text: str, percent: float | None) -> None:
    assert figures_of(text).get("percent") == (None if percent is None else frozenset((percent,)))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(10.97, 11.0, True), (3.24, 3.2, True), (5.25, 5.0, False), (412, 421, False), (0.25, 0.3, False)],
)
def test_a_figure_is_the_same_when_rounded_to_two_digits_or_more(one: float, other: float, same: bool) -> None:
    mine, theirs = frozenset((one, 7777.0)), frozenset((other, 8888.0))
    assert matched("percent", mine, theirs) is matched("percent", theirs, mine) is same
    assert unmatched("percent", frozenset((one,)), theirs) is not same


def test_amounts_are_the_same_when_rounded_to_one_digit() -> None:
    assert matched("money", frozenset((5.2,)), frozenset((5.0,)))
    assert not matched("money", frozenset((5.6,)), frozenset((5.0,)))


@pytest.mark.parametrize("text", ["{} boats", "${} billion", "{}%", "the {}th boat", "a {}-fold rise"])
def test_hundreds_of_digits_are_no_figure(text: str) -> None:
    assert figures_of(text.format("9" * 320)) == {}


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for values in figures_of(text).values():
        assert values


@given(st.sets(st.floats(0.01, 999, allow_nan=False)), st.sets(st.floats(0.01, 999, allow_nan=False)))
def test_matching_does_not_depend_on_who_asks(one: set[float], other: set[float]) -> None:
    assert matched("money", frozenset(one), frozenset(other)) == matched("money", frozenset(other), frozenset(one))
