"""Near-duplicates never straddle a split."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitor.learning.data.groups import grouped_split, near_duplicate_groups

STORY = "the regional bank said on friday that it would sell its loan book to raise capital"


def test_near_duplicates_share_a_group_and_other_texts_do_not() -> None:
    texts = [
        STORY,
        "Oil falls as inventories rise more than expected in the week",
        STORY.upper() + "! https://example.com/a",
        STORY + " today",
        "Chipmaker lifts its outlook after a record quarter of profit",
    ]
    assert near_duplicate_groups(texts).tolist() == [0, 1, 0, 0, 4]


def test_short_texts_are_grouped_only_when_equal() -> None:
    assert near_duplicate_groups(["Oil falls", "oil FALLS.", "Oil rises", ""]).tolist() == [0, 0, 2, 3]


def test_no_texts_make_no_groups() -> None:
    assert near_duplicate_groups([]).tolist() == []


@given(arrays(np.int64, st.integers(1, 200), elements=st.integers(0, 20)), st.integers(0, 5))
def test_a_split_keeps_groups_whole_and_reaches_its_share(groups: np.ndarray, seed: int) -> None:
    held_out = grouped_split(groups, 0.2, seed)
    assert not set(groups[held_out]) & set(groups[~held_out])
    assert held_out.mean() >= 0.2
    assert (grouped_split(groups, 0.2, seed) == held_out).all()
