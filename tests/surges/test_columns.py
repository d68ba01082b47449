"""Numbers of series: the quick ways say what the plain ones do, be they few or many."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.surges.columns import among, distinct

NUMBERS = st.one_of(
    st.lists(st.integers(0, 300), max_size=12), st.lists(st.integers(0, 300), min_size=100, max_size=130)
).map(lambda numbers: np.array(numbers, dtype=np.int64))


@given(NUMBERS)
def test_each_number_is_given_once_ascending(ids: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
    found = distinct(ids)
    assert found.dtype == np.int64
    assert found.tolist() == np.unique(ids).tolist()


@given(NUMBERS, st.sets(st.integers(0, 300), max_size=40))
def test_numbers_are_told_from_others(ids: np.ndarray[tuple[int], np.dtype[np.int64]], others: set[int]) -> None:
    found = among(ids, others)
    assert found.dtype == np.bool_
    assert found.tolist() == np.isin(ids, sorted(others)).tolist()
    assert among(ids, dict.fromkeys(others)).tolist() == found.tolist()
