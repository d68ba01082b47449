"""Host names to addresses, in bounded time: the system's resolver has no time limit of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_address
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Final

from monitor.ingest.web.addresses import Address
from monitor.ingest.web.fetched import FetchError, FetchFailure

Resolver = Callable[[str], Sequence[Address]]
"""A name's addresses, best first. Raises OSError or UnicodeError where it has none."""

_MAX_LOOK_UPS: Final = 64
_look_ups = BoundedSemaphore(_MAX_LOOK_UPS)
"""Look-ups under way: one that hangs cannot be broken off, so their number is limited instead."""


def system_resolver(host: str) -> Sequence[Address]:
    """What the machine's resolver says.

    Raises:
        OSError: The name has no address, or nobody answers.
        UnicodeError: No name can be spelt so.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(address[0])) for *_, address in found))


def literal_address(host: str) -> Address | None:
    """The address that a host is, in whatever spelling a resolver would take for one; None for a name.

    >>> literal_address("0x7f.1"), literal_address("[::1]"), literal_address("example.org")
    (IPv4Address('127.0.0.1'), IPv6Address('::1'), None)
    """
    if ":" in host:
        try:
            return IPv6Address(host.strip("[]"))
        except ValueError:
            return None
    bare = host.rstrip(".")
    if not bare.rpartition(".")[2][:1].isdigit():
        return None
    try:
        return ip_address(socket.inet_aton(bare))
    except (OSError, UnicodeError):
        return None


def resolve(host: str, resolver: Resolver, timeout_seconds: float) -> Sequence[Address]:
    """The addresses of a host; a literal one is nobody's to look up.

    Raises:
        FetchError: `dns`: it has none; `timeout`: nobody said so in time.
    """
    if literal := literal_address(host):
        return [literal]
    if not _look_ups.acquire(timeout=max(0.0, timeout_seconds)):
        raise FetchError(FetchFailure.TIMEOUT, f"{host} could not be looked up: {_MAX_LOOK_UPS} look-ups hang.")
    answers: SimpleQueue[Sequence[Address] | Exception] = SimpleQueue()
    Thread(target=_look_up, args=(host, resolver, answers), name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, timeout_seconds))
    except Empty:
        raise FetchError(FetchFailure.TIMEOUT, f"{host} could not be looked up in time.") from None
    if isinstance(answer, Exception):
        raise FetchError(FetchFailure.DNS, f"{host} cannot be found: {answer}.") from answer
    if not answer:
        raise FetchError(FetchFailure.DNS, f"{host} has no address.")
    return answer


def _look_up(host: str, resolver: Resolver, answers: SimpleQueue[Sequence[Address] | Exception]) -> None:
    try:
        answers.put(resolver(host))
    except Exception as error:  # noqa: BLE001 - handed to the thread that waits
        answers.put(error)
    finally:
        _look_ups.release()
