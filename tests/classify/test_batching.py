"""Micro-batches close when they are large enough or old enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.batching import MicroBatcher

START = datetime(2024, 5, 6, tzinfo=UTC)
WAIT = timedelta(seconds=1)


def batcher() -> MicroBatcher[int]:
    return MicroBatcher(lambda tokens: tokens, 10, WAIT)


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=8))
def test_what_is_added_is_taken_in_order_once(groups: list[list[int]]) -> None:
    batch, taken = batcher(), []
    for group in groups:
        batch.add(group, START)
        if batch.wait(START) == timedelta(0):
            full = batch.take()
            assert sum(full) >= 10
            taken += full
    taken += batch.take()
    assert taken == [tokens for group in groups for tokens in group]
    assert len(batch) == 0


def test_a_batch_is_ready_at_its_size() -> None:
    batch = batcher()
    batch.add([4, 5], START)
    assert batch.wait(START) == WAIT
    batch.add([1], START)
    assert batch.wait(START) == timedelta(0)


def test_a_batch_is_ready_when_its_first_item_has_waited_long_enough_however_late_the_last_came() -> None:
    batch = batcher()
    batch.add([1], START)
    batch.add([0], START + 0.9 * WAIT)
    assert batch.wait(START + 0.9 * WAIT) == 0.1 * WAIT
    assert batch.wait(START + 5 * WAIT) == timedelta(0)


def test_an_empty_batch_is_never_ready_and_a_taken_one_starts_anew() -> None:
    batch = batcher()
    batch.add([], START)
    assert batch.wait(START + 5 * WAIT) == WAIT
    batch.add([10], START)
    batch.take()
    batch.add([1], START + 5 * WAIT)
    assert batch.wait(START + 5 * WAIT) == WAIT
