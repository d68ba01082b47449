"""Turns: who may ask a host when. `t` is seconds; each row reads: at t, ask host, wait."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import EPOCH
from monitor.ingest.web.pacing import LONGEST_HOLD, HostPacer


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def test_turns_of_one_host_are_an_interval_apart_and_hosts_know_nothing_of_one_another() -> None:
    pacer = HostPacer()
    waits = [
        pacer.take_turn(host, EPOCH + seconds(t), seconds(2), seconds(60)).total_seconds()
        for t, host in [(0, "a"), (0, "b"), (0, "a"), (1, "a"), (9, "a")]
    ]

    assert waits == [0, 0, 2, 3, 0]


def test_who_will_not_wait_so_long_takes_no_turn() -> None:
    pacer = HostPacer()
    pacer.take_turn("a", EPOCH, seconds(10), seconds(5))

    assert pacer.take_turn("a", EPOCH, seconds(10), seconds(5)) == seconds(10)
    assert pacer.take_turn("a", EPOCH, seconds(10), seconds(10)) == seconds(10)  # the turn was still there
    assert pacer.take_turn("a", EPOCH, seconds(10), seconds(10)) == seconds(20)


def test_a_host_at_rest_is_left_alone_until_then() -> None:
    pacer = HostPacer()
    pacer.hold("a", EPOCH, seconds(100))
    pacer.hold("a", EPOCH, seconds(50))  # a shorter rest does not end a longer one

    assert pacer.take_turn("a", EPOCH + seconds(40), seconds(1), seconds(5)) == seconds(60)
    assert pacer.take_turn("a", EPOCH + seconds(100), seconds(1), seconds(5)) == seconds(0)


def test_a_clock_that_was_set_ahead_and_back_holds_no_host_up() -> None:
    pacer = HostPacer()
    pacer.take_turn("a", EPOCH + seconds(36_000), seconds(3), seconds(5))
    pacer.hold("b", EPOCH + seconds(36_000), seconds(60))

    assert pacer.take_turn("a", EPOCH, seconds(3), seconds(5)) == seconds(3)
    assert pacer.take_turn("b", EPOCH, seconds(3), seconds(5)) == seconds(60)


@given(st.floats(-1e9, 1e9))
def test_no_rest_is_negative_or_without_end(asked: float) -> None:
    assert timedelta(0) <= HostPacer().hold("a", EPOCH, seconds(asked)) <= LONGEST_HOLD


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 5), st.floats(0, 3)), max_size=40))
def test_whatever_the_order_requests_keep_their_distance(asks: list[tuple[str, float, float]]) -> None:
    pacer, now, last = HostPacer(), EPOCH, dict.fromkeys("abc", EPOCH - seconds(10))
    for host, later, interval in asks:
        now += seconds(later)
        wait = pacer.take_turn(host, now, seconds(interval), seconds(4))
        if wait <= seconds(4):
            assert now + wait >= last[host]
            last[host] = now + wait + seconds(interval)


def test_hosts_are_forgotten_those_at_rest_last() -> None:
    pacer = HostPacer(max_hosts=10)
    pacer.hold("asked-for-rest", EPOCH, seconds(1_000))
    for number in range(1_000):
        pacer.take_turn(f"host-{number}", EPOCH + seconds(number / 100), seconds(60), seconds(0))

    assert len(pacer) <= 10
    assert pacer.take_turn("asked-for-rest", EPOCH + seconds(10), seconds(1), seconds(0)) == seconds(990)
