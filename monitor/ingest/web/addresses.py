"""Which addresses of the network the fetcher may contact: public ones, and those that the operator allows.

A feed's address, a redirect and the answer of a name server are all words of a stranger. None of them may turn the
monitor into a way into the network that it runs in (server-side request forgery).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import msgspec

from monitor.errors import SettingsError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # most clouds
        "169.254.169.253",  # their resolver
        "169.254.170.2",  # credentials of containers
        "169.254.170.23",
        "100.100.100.200",
        "168.63.129.16",  # a public address that answers inside one cloud only
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
    )
)

_IPV4: Final = tuple(
    (IPv4Network(network), why)
    for network, why in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "a private address"),
        ("100.64.0.0/10", "a carrier's shared address"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private address"),
        ("192.0.0.0/24", "an address reserved for protocols"),
        ("192.0.2.0/24", "an address reserved for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private address"),
        ("198.18.0.0/15", "an address reserved for benchmarks"),
        ("198.51.100.0/24", "an address reserved for documentation"),
        ("203.0.113.0/24", "an address reserved for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)

_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_IPV6: Final = tuple(
    (IPv6Network(network), why)
    for network, why in (
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("64:ff9b:1::/48", "a translated private address"),
        ("100::/64", "an address that discards"),
        ("2001::/32", "a Teredo tunnel"),
        ("2001::/23", "an address reserved for protocols"),
        ("2001:db8::/32", "an address reserved for documentation"),
        ("2002::/16", "a 6to4 tunnel"),
        ("3fff::/20", "an address reserved for documentation"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
        ("ff00::/8", "a multicast address"),
    )
)

_CARRIES_IPV4: Final = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b::/96", "NAT64"),
    )
)
"""Prefixes whose last 32 bits are the IPv4 address that is reached in the end."""

_BRACKETED: Final = re.compile(r"\[([^\]]*)\](?::(.+))?")
_ISATAP: Final = (0x0000_5EFE, 0x0200_5EFE)
_BAD_PORTS: Final = frozenset(
    {
        1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
        110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530,
        531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190,
        5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211,
    }
)  # fmt: skip
"""Ports of other protocols, which can be made to act on what looks like HTTP (the browsers' list, and two stores)."""


def refusal_of(address: Address) -> str | None:
    """Why an address may not be contacted; None where it may.

    An IPv6 address that stands for an IPv4 one is judged by that; of IPv6 only what is allotted for global use is let
    through, so that what is given a meaning later is refused until then.

    >>> refusal_of(ip_address("::ffff:127.0.0.1"))
    'a loopback address (IPv4-mapped)'
    >>> refusal_of(ip_address("9.9.9.9"))
    """
    if address in _METADATA:
        return "a cloud's metadata service"
    if isinstance(address, IPv4Address):
        return next((why for network, why in _IPV4 if address in network), None)
    if address.scope_id is not None:
        return "an address of one network link"
    for network, form in _CARRIES_IPV4:
        if address in network:
            why = refusal_of(IPv4Address(int(address) & 0xFFFF_FFFF))
            return f"{why} ({form})" if why else None
    if why := next((why for network, why in _IPV6 if address in network), None):
        return why
    if address not in _GLOBAL_UNICAST:
        return "a reserved address"
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return "an ISATAP tunnel"
    return None


class AllowedNetwork(msgspec.Struct, frozen=True):
    """An exception: addresses that may be contacted although they are not public.

    Attributes:
        network: The addresses.
        port: The only port; None for every one.
    """

    network: Network
    port: int | None = None

    def covers(self, address: Address, port: int) -> bool:
        """Whether the exception is for this address and port."""
        return address in self.network and self.port in (None, port)


def allowed_network(text: str) -> AllowedNetwork:
    """Reads an exception: an address or network in CIDR form, with or without a port.

    >>> allowed_network("[fd00::/8]:8080").port
    8080

    Raises:
        SettingsError: It is neither.
    """
    host, port = text, ""
    if bracketed := _BRACKETED.fullmatch(text):
        host, port = bracketed[1], bracketed[2] or ""
    elif text.count(":") == 1:
        host, port = text.split(":")
    try:
        network, number = ip_network(host), int(port) if port else None
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is no address or network.", "Write 10.1.2.3, 10.0.0.0/8, 10.1.2.3:8080 or [fd00::1]:8080."
        ) from error
    if number is not None and not 0 < number < 65_536:
        raise SettingsError(f"{text!r}: there is no port {number}.", "Ports are 1 to 65535.")
    return AllowedNetwork(network, number)


class AddressRule:
    """What may be contacted: public addresses, and exceptions. Metadata services never."""

    def __init__(self, exceptions: Iterable[str] = ()) -> None:
        """Reads the exceptions.

        Raises:
            SettingsError: One of them cannot be read.
        """
        self._exceptions = tuple(allowed_network(text) for text in exceptions)

    def refusal(self, address: Address, port: int) -> str | None:
        """Why the address must not be contacted on that port; None where it may be."""
        plain = _plain(address)
        if plain not in _METADATA and any(exception.covers(plain, port) for exception in self._exceptions):
            return None
        if why := refusal_of(address):
            return why
        return f"port {port}, which is for another protocol" if port in _BAD_PORTS else None


def _plain(address: Address) -> Address:
    """An IPv4 address for one in IPv6 clothes, which must not slip past a rule about the other."""
    if isinstance(address, IPv6Address) and any(address in network for network, _ in _CARRIES_IPV4):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
