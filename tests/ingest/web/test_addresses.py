"""Which addresses may be contacted, for every address that there is."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import SettingsError
from monitor.ingest.web.addresses import Address, AddressRule, allowed_network, refusal_of

IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address) | st.sampled_from(
    ["10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.31.255.255", "192.168.0.1", "224.0.0.1", "9.9.9.9"]
).map(IPv4Address)
IPV6 = st.integers(0, 2**128 - 1).map(IPv6Address)
MAPPED, NAT64, TRANSLATED = 0xFFFF << 32, 0x64FF9B << 96, 0xFFFF << 48


def in_ipv6(prefix: int, inner: IPv4Address) -> IPv6Address:
    return IPv6Address(prefix | int(inner))


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        ("0.0.0.0", "0.255.255.255", "unspecified"),
        ("10.0.0.0", "10.255.255.255", "private"),
        ("100.64.0.0", "100.127.255.255", "carrier"),
        ("127.0.0.0", "127.255.255.255", "loopback"),
        ("169.254.0.0", "169.254.255.255", "link-local"),
        ("172.16.0.0", "172.31.255.255", "private"),
        ("192.168.0.0", "192.168.255.255", "private"),
        ("198.18.0.0", "198.19.255.255", "benchmarks"),
        ("224.0.0.0", "239.255.255.255", "multicast"),
        ("240.0.0.0", "255.255.255.254", "reserved"),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "link-local"),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "documentation"),
    ],
)
def test_a_network_is_refused_to_its_edges_and_by_its_name(first: str, last: str, why: str) -> None:
    for edge in (ip_address(first), ip_address(last)):
        assert why in (refusal_of(edge) or "")


@pytest.mark.parametrize(
    "text",
    [
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "223.255.255.255",
        "1.1.1.1",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "64:ff9b::101:101",
        "::ffff:1.1.1.1",
        "2001:200::1",
    ],
)
def test_what_lies_beside_a_refused_network_may_be_contacted(text: str) -> None:
    assert refusal_of(ip_address(text)) is None


@pytest.mark.parametrize(
    "text", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "168.63.129.16", "100.100.100.200"]
)
def test_metadata_services_are_refused_even_where_their_network_is_allowed(text: str) -> None:
    rule = AddressRule(["0.0.0.0/0", "::/0"])

    assert "metadata" in (rule.refusal(ip_address(text), 80) or "")


@given(IPV4)
@example(IPv4Address("127.0.0.1"))
def test_an_ipv4_address_is_judged_alike_in_ipv6_clothes(inner: IPv4Address) -> None:
    for prefix in (MAPPED, NAT64, TRANSLATED):
        assert bool(refusal_of(in_ipv6(prefix, inner))) == bool(refusal_of(inner))


@given(IPV4, st.integers(0, 2**64 - 1))
def test_tunnels_are_refused_whatever_they_lead_to(inner: IPv4Address, rest: int) -> None:
    assert refusal_of(IPv6Address(0x2002 << 112 | int(inner) << 80 | rest)) == "a 6to4 tunnel"
    assert refusal_of(IPv6Address(0x20010000 << 96 | int(inner) << 64 | rest)) == "a Teredo tunnel"
    assert refusal_of(IPv6Address(0x2A00 << 112 | 0x5EFE << 32 | int(inner))) == "an ISATAP tunnel"
    assert refusal_of(IPv6Address(int(inner)))  # the old IPv4-compatible form


@given(IPV4 | IPV6)
def test_whatever_the_standard_library_calls_not_global_is_refused(address: Address) -> None:
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    judged = inner or address

    assert judged.is_global or refusal_of(address)
    assert not judged.is_multicast or refusal_of(address)


@given(IPV6)
def test_of_ipv6_only_what_is_allotted_for_global_use_is_contacted(address: IPv6Address) -> None:
    carried = any(int(address) >> 32 == prefix >> 32 for prefix in (MAPPED, NAT64, TRANSLATED))

    assert refusal_of(address) or carried or int(address) >> 125 == 1


def test_a_link_of_ones_own_is_refused() -> None:
    assert refusal_of(ip_address("2a00::1%eth0"))


class TestExceptions:
    def test_an_exception_is_for_its_port_alone(self) -> None:
        rule = AddressRule(["127.0.0.1:8080"])

        assert rule.refusal(ip_address("127.0.0.1"), 8080) is None
        assert rule.refusal(ip_address("127.0.0.1"), 8081)
        assert rule.refusal(ip_address("127.0.0.2"), 8080)

    def test_an_exception_without_a_port_is_for_every_port(self) -> None:
        rule = AddressRule(["10.0.0.0/8", "[fd00::/8]:443"])

        assert rule.refusal(ip_address("10.9.8.7"), 81) is None
        assert rule.refusal(ip_address("::ffff:10.9.8.7"), 81) is None
        assert rule.refusal(ip_address("fd00::7"), 443) is None
        assert rule.refusal(ip_address("fd00::7"), 80)

    @given(IPV4 | IPV6, st.integers(1, 65_535))
    def test_without_exceptions_a_private_address_has_no_open_port(self, address: Address, port: int) -> None:
        assert AddressRule().refusal(address, port) or not refusal_of(address)

    @pytest.mark.parametrize("port", [22, 25, 6379, 11211])
    def test_ports_of_other_protocols_are_refused_on_public_addresses(self, port: int) -> None:
        assert AddressRule().refusal(ip_address("9.9.9.9"), port)
        assert AddressRule().refusal(ip_address("9.9.9.9"), 443) is None

    @pytest.mark.parametrize(
        "text",
        ["", "desk", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:http", "[fd00::1:80"],
    )
    def test_what_is_no_address_is_named(self, text: str) -> None:
        with pytest.raises(SettingsError, match=r"no address|no port"):
            AddressRule([text])

    @given(IPV4, st.integers(1, 65_535))
    def test_an_address_reads_as_itself(self, address: IPv4Address, port: int) -> None:
        allowed = allowed_network(f"{address}:{port}")

        assert allowed.covers(address, port)
        assert allowed.network.num_addresses == 1
