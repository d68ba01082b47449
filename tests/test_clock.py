"""Rounding instants to a step since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import EPOCH, ceil_to, floor_to, system_clock

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone given beside
STEPS = st.timedeltas(timedelta(microseconds=1), timedelta(days=7))


@given(MOMENTS, STEPS)
def test_a_moment_lies_between_its_floor_and_its_ceiling_which_are_multiples_of_the_step(
    moment: datetime, step: timedelta
) -> None:
    floor, ceiling = floor_to(moment, step), ceil_to(moment, step)
    assert floor <= moment <= ceiling
    assert ceiling - floor == (timedelta(0) if floor == moment else step)
    assert (floor - EPOCH) % step == (ceiling - EPOCH) % step == timedelta(0)


@given(MOMENTS, STEPS)
def test_rounding_twice_is_rounding_once(moment: datetime, step: timedelta) -> None:
    floor, ceiling = floor_to(moment, step), ceil_to(moment, step)
    assert floor_to(floor, step) == ceil_to(floor, step) == floor
    assert floor_to(ceiling, step) == ceil_to(ceiling, step) == ceiling


def test_the_wall_clock_knows_its_zone() -> None:
    assert system_clock().tzinfo is UTC
