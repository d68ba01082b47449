"""Rates: over any time no more is let through than the bucket held and what flowed in."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from monitor.clock import EPOCH
from monitor.ingest.push.token_bucket import TokenBucket

STEPS = st.lists(st.tuples(st.floats(-5, 20), st.floats(0, 12)), max_size=40)


@given(STEPS, st.floats(0.1, 5), st.floats(1, 10))
@example(steps=[(-5, 1), (1, 1)], per_second=1, burst=1)
def test_no_more_is_let_through_than_the_rate_allows(
    steps: list[tuple[float, float]], per_second: float, burst: float
) -> None:
    bucket, now, through = TokenBucket(per_second=per_second, burst=burst), EPOCH, 0.0
    moments = []
    for later, amount in steps:
        now += timedelta(seconds=later)
        moments.append(now)
        through += min(amount, burst) if not bucket.take(amount, now) else 0

        # It is full when it is first asked, which may be before EPOCH: the clock may go back at once.
        passed = max(moments) - moments[0]
        assert through <= burst + passed.total_seconds() * per_second + 1e-6


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
