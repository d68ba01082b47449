"""Names of companies that no list knows, cut out of what a tagger marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.entities.unknown import name_span, unknown_id


@pytest.mark.parametrize(
    ("text", "marked", "name"),
    [
        ("Wagamama opens in Leeds", "Waga", "Wagamama"),
        ("Harland & Wolff calls in administrators", "& Wolff", "Harland & Wolff"),
        ("Stake in Bank of Ruritania sold", "of Ruritania", "Bank of Ruritania"),
        ("Brundle cabin crew strike", "Brundle cabin crew", "Brundle"),
        ("the grocer Brundle's shops", "grocer Brundle", "Brundle"),
        ("why shops and bars close", "shops and", None),
        ("of Mice", "of Mice", "Mice"),
    ],
)
def test_a_name_is_made_of_whole_words(text: str, marked: str, name: str | None) -> None:
    start = text.index(marked)
    span = name_span(text, start, start + len(marked))
    assert (span and text[slice(*span)]) == name


def test_a_whole_sentence_is_no_name() -> None:
    text = "One Two Three Four Five Six Seven"
    assert name_span(text, 0, len(text)) is None


@pytest.mark.parametrize("name", ["China", "Wall Street", "US Bank Shares", "W", "Q3", "Friday", "8", "Bank of"])
def test_places_markets_and_days_are_no_companies(name: str) -> None:
    assert unknown_id(name) == ""


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("China Evergrande", "~china-evergrande"), ("BHS", "~bhs"), ("Bank of India", "~bank-of-india")],
)
def test_a_name_may_hold_a_place(name: str, identifier: str) -> None:
    assert unknown_id(name) == identifier


@given(text=st.text(alphabet="Aa b&'é.of ", min_size=1, max_size=40), data=st.data())
def test_the_span_lies_within_the_text_and_begins_and_ends_with_a_word(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    span = name_span(text, start, end)
    if span is not None:
        assert 0 <= span[0] < span[1] <= len(text)
        name = text[slice(*span)]
        assert name == name.strip()
        assert any(letter.isupper() for letter in name)
