"""Normalised names: spellings of one name are the same, different names stay different."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.entities.names import fold, normalised_name, provisional_id, slug


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Carillion plc", "CARILLION"),
        ("Carillion's", "Carillion"),
        ("J.P. Morgan", "JP Morgan"),
        ("Nestlé S.A.", "Nestle SA"),
        ("The Hershey Company", "Hershey Co."),
        ("Johnson & Johnson", "Johnson and Johnson Inc"),
        ("House of Fraser Group", "House of Fraser"),
        ("Puma (brand)", "Puma"),
        ("Société Générale", "SOCIETE GENERALE"),
        ("Moody’s Corporation", "Moody's"),
        ("Tesla™ Inc.", "Tesla"),
    ],
)
def test_spellings_of_one_name_are_the_same(one: str, other: str) -> None:
    assert normalised_name(one.replace("and", "&")) == normalised_name(other.replace("and", "&"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Siemens", "Siemens Energy"), ("AT&T", "ATT"), ("H&M", "HM"), ("News Corp", "New Corp"), ("3M", "M")],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert normalised_name(one) != normalised_name(other)


def test_a_name_that_is_all_legal_form_keeps_its_last_word() -> None:
    assert normalised_name("The Company") == "company"
    assert slug("Group Holdings") == "group"


def test_a_mention_without_a_letter_has_no_id() -> None:
    assert provisional_id("5,000") == ""
    assert provisional_id("...") == ""


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(name: str) -> None:
    once = normalised_name(name)
    assert normalised_name(once) == once


@given(st.text(max_size=200))
def test_folding_keeps_every_place(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded
