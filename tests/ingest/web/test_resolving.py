"""Look-ups: every spelling of an address is one, and no name server can keep us waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.web.addresses import Address
from monitor.ingest.web.fetched import FetchError, FetchFailure
from monitor.ingest.web.resolving import literal_address, resolve, system_resolver


def never(host: str) -> Sequence[Address]:
    raise AssertionError(f"{host} was looked up")


@given(st.integers(0, 2**32 - 1))
def test_every_spelling_of_an_ipv4_address_is_that_address(number: int) -> None:
    address = IPv4Address(number)
    a, b, c, d = address.packed
    spellings = [
        str(address),
        f"{address}.",
        str(number),
        hex(number),
        f"{a}.{b}.{c * 256 + d}",
        f"0x{a:x}.0{b:o}.{c}.{d}",
    ]

    assert {literal_address(spelling) for spelling in spellings} == {address}
    assert resolve(spellings[number % 6], never, 1) == [address]


@given(st.integers(0, 2**128 - 1))
def test_an_ipv6_address_is_itself_with_and_without_brackets(number: int) -> None:
    address = IPv6Address(number)

    assert literal_address(str(address)) == literal_address(f"[{address}]") == address


@pytest.mark.parametrize(
    "host", ["paper.example", "1.example", "0xpaper.example", "localhost", "", "a:b", "1.2.3.4.5.example"]
)
def test_a_name_is_no_address(host: str) -> None:
    assert literal_address(host) is None


def failing(error: Exception) -> Sequence[Address]:
    raise error


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long"), OSError("down")])
def test_a_name_that_cannot_be_found_says_so(error: Exception) -> None:
    with pytest.raises(FetchError, match="cannot be found") as caught:
        resolve("paper.example", lambda _: failing(error), 1)

    assert caught.value.reason == FetchFailure.DNS


def test_a_name_without_an_address_says_so() -> None:
    with pytest.raises(FetchError, match="no address") as caught:
        resolve("paper.example", lambda _: [], 1)

    assert caught.value.reason == FetchFailure.DNS


def test_a_look_up_that_hangs_is_given_up_in_time() -> None:
    release = Event()

    def hangs(_: str) -> Sequence[Address]:
        release.wait()
        return [ip_address("9.9.9.9")]

    started = time.monotonic()
    with pytest.raises(FetchError, match="in time") as caught:
        resolve("paper.example", hangs, 0.05)
    release.set()

    assert caught.value.reason == FetchFailure.TIMEOUT
    assert time.monotonic() - started < 5


def test_the_system_knows_its_own_loopback_interface() -> None:
    assert ip_address("127.0.0.1") in system_resolver("localhost")
