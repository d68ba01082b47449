"""Rates: over any time no more is let through than the bucket held and what flowed in."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import EPOCH
from monitor.ingest.token_bucket import TokenBucket

STEPS = st.lists(st.tuples(st.floats(-5, 20), st.floats(0, 12)), max_size=40)


@given(STEPS, st.floats(0.1, 5), st.floats(1, 10))
def test_no_more_is_let_through_than_the_rate_allows(
    steps: list[tuple[float, float]], per_second: float, burst: float
) -> None:
    bucket, now, latest, through = TokenBucket(per_second=per_second, burst=burst), EPOCH, EPOCH, 0.0
    for later, amount in steps:
        now += timedelta(seconds=later)
        latest = max(latest, now)
        through += min(amount, burst) if not bucket.take(amount, now) else 0

        assert through <= burst + (latest - EPOCH).total_seconds() * per_second + 1e-6


@given(STEPS, st.floats(0.1, 5), st.floats(1, 10))
def test_the_wait_that_is_told_suffices(steps: list[tuple[float, float]], per_second: float, burst: float) -> None:
    bucket, now = TokenBucket(per_second=per_second, burst=burst), EPOCH
    for later, amount in steps:
        now += timedelta(seconds=max(0, later))
        if wait := bucket.take(amount, now):
            now += wait + timedelta(microseconds=1)
            assert not bucket.take(amount, now)


def test_more_than_the_bucket_holds_takes_all_of_it() -> None:
    bucket = TokenBucket(per_second=1, burst=10)

    assert not bucket.take(1_000, EPOCH)
    assert bucket.take(1, EPOCH) == timedelta(seconds=1)
