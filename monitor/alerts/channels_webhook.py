"""The webhook: a POST of JSON that the receiver can authenticate, and of which it can drop repeats.

Headers of the request:

- `Idempotency-Key`: the notification's id, the same for every attempt;
- `X-Monitor-Timestamp`: seconds since the epoch at which this attempt was made;
- `X-Monitor-Signature`, where the receiver has a secret: `v1=` and the hexadecimal HMAC-SHA256, under that secret, of
  the timestamp, a full stop and the body. A receiver compares it in constant time and refuses old timestamps.

An address and a secret may stand in a webhook's URL, so no error message shows more of it than the host.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Final

import httpcore
import httpx
import msgspec

from monitor.alerts.messages import payload
from monitor.alerts.notice import Message
from monitor.alerts.routing import Receiver
from monitor.clock import EPOCH, Clock
from monitor.errors import DeliveryError

USER_AGENT: Final = "sentiment-monitor"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_RETRYABLE: Final = frozenset({408, 425, 429})
"""Refusals (4xx) that say "later", not "never"."""
_FAULTS: Final = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError)
"""What can befall a connection."""
_LEAST_SECONDS: Final = 0.01
"""Where the time for connecting has run out: 0 would mean not to wait at all."""


class Webhook:
    """Posts notifications to one URL."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self._receiver = receiver
        self._clock = clock

    def send(self, notification: Message) -> None:
        """Posts it; delivered is what was answered with a 2xx.

        Raises:
            DeliveryError: It was refused (4xx and redirects: for good) or failed (5xx, network: to be tried again), or
                the target is not one that may be posted to (for good).
        """
        body = msgspec.json.encode(payload(notification))
        headers = self._headers(notification.id, body)
        url = self._receiver.url.get_secret_value()
        response = post(url, body, headers, self._receiver.timeout_seconds, allow_private=self._receiver.allow_private)
        if not response.is_success:
            raise self._refusal(response)

    def _headers(self, notification_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int((self._clock() - EPOCH).total_seconds()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Idempotency-Key": notification_id,
            "X-Monitor-Timestamp": timestamp,
        }
        if secret := self._receiver.secret.get_secret_value():
            headers["X-Monitor-Signature"] = sign(secret, timestamp, body)
        return headers

    def _refusal(self, response: httpx.Response) -> DeliveryError:
        status, who = response.status_code, f"Receiver {self._receiver.name}"
        if response.is_redirect:
            return DeliveryError(
                f"{who} answered HTTP {status}: redirects are not followed.", "Set the final URL.", retryable=False
            )
        retryable = status >= 500 or status in _RETRYABLE
        after = _retry_after(response.headers.get("Retry-After", ""), self._clock()) if retryable else None
        return DeliveryError(f"{who} answered HTTP {status}.", retryable=retryable, retry_after_seconds=after)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a request's timestamp and body.

    >>> sign("secret", "1700000000", b"{}")[:12]
    'v1=b8569b787'
    """
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"v1={signed.hexdigest()}"


def post(
    url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float, *, allow_private: bool
) -> httpx.Response:
    """Posts to a checked address and returns the answer's head; its body is not read.

    The name is looked up once and the connection made to the address that was checked, so that a name cannot point
    elsewhere a moment later. Proxies of the environment are not used: they would hide the address.

    Args:
        url: Where to.
        body: What.
        headers: Those of HTTP itself apart.
        timeout_seconds: For connecting, to whichever address of the host, and once more for the answer, whatever the
            server does meanwhile.
        allow_private: Whether the host may be a private address.

    Raises:
        DeliveryError: The target may not be posted to, or did not answer.
    """
    target, addresses = checked(url, allow_private=allow_private)
    sent = {"Host": target.netloc.decode("ascii"), **_login(target), **headers, "Content-Length": str(len(body))}
    request = httpcore.Request(
        "POST",
        httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=_port(target), target=target.raw_path),
        headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()],
        content=body,
    )
    # Below the client, which would write the whole URL to the log.
    with closing(_connected(target, addresses, timeout_seconds)) as connection:
        stream = _WithinTime(connection, timeout_seconds)
        try:
            response = httpcore.HTTP11Connection(request.url.origin, stream).handle_request(request)
        except (*_FAULTS, ValueError) as error:  # ValueError: a length that no machine holds
            raise DeliveryError(f"{target.host} did not answer: {_words(error)}.") from error
        return httpx.Response(response.status, headers=response.headers)


def _connected(target: httpx.URL, addresses: Sequence[_Address], timeout_seconds: float) -> httpcore.NetworkStream:
    """A connection to the first address that can be connected to; each gets its share of the time that is left.

    Nothing is sent yet, so another address of the same host may be tried.

    Raises:
        DeliveryError: There is none.
    """
    until = time.monotonic() + timeout_seconds
    failure: Exception | None = None
    for number, address in enumerate(addresses):
        share = max((until - time.monotonic()) / (len(addresses) - number), _LEAST_SECONDS)
        try:
            return _opened(target, address, share)
        except _FAULTS as error:
            failure = error
    raise DeliveryError(f"{target.host} cannot be reached: {_words(failure)}.") from failure


def _opened(target: httpx.URL, address: _Address, seconds: float) -> httpcore.NetworkStream:
    until = time.monotonic() + seconds
    stream = httpcore.SyncBackend().connect_tcp(str(address), _port(target), timeout=seconds)
    if target.scheme != "https":
        return stream
    left = max(until - time.monotonic(), _LEAST_SECONDS)
    return stream.start_tls(_tls(), target.raw_host.decode("ascii"), timeout=left)


class _WithinTime(httpcore.NetworkStream):
    """A connection of which all reading and writing together takes so long at most, however it trickles."""

    def __init__(self, stream: httpcore.NetworkStream, seconds: float) -> None:
        self._stream = stream
        self._until = time.monotonic() + seconds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Waits for the next bytes; none at the end."""
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Sends all of it."""
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        """Breaks off; can be repeated."""
        self._stream.close()

    def _left(self, most: float | None) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("timed out")
        return left if most is None else min(left, most)


def checked(url: str, *, allow_private: bool) -> tuple[httpx.URL, list[_Address]]:
    """A webhook's URL, and its host's addresses, all of which may be posted to.

    Raises:
        DeliveryError: It may not be posted to (for good), or its host cannot be found (to be tried again).
    """
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise DeliveryError("The webhook's URL cannot be read.", "Correct it.", retryable=False) from error
    addresses = _look_up(target)
    for address in addresses:
        _check(target, address, allow_private=allow_private)
    return target, addresses


def _login(target: httpx.URL) -> dict[str, str]:
    if not target.userinfo:
        return {}
    login = f"{target.username}:{target.password}".encode()
    return {"Authorization": f"Basic {b64encode(login).decode('ascii')}"}


@cache
def _tls() -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)  # reading the certificates takes some 20 ms
    context.set_alpn_protocols(["http/1.1"])
    return context


def _port(target: httpx.URL) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


def _look_up(target: httpx.URL) -> list[_Address]:
    try:
        found = socket.getaddrinfo(target.raw_host.decode("ascii"), _port(target), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # UnicodeError: no name can be spelt so
        raise DeliveryError(f"{target.host} cannot be found: {_words(error)}.") from error
    return list(dict.fromkeys(ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found))


def _check(target: httpx.URL, address: _Address, *, allow_private: bool) -> None:
    reached = _embedded(address)
    local = not reached.is_global or reached.is_multicast
    if reached.is_loopback or (allow_private and local and not reached.is_multicast):
        return
    if local:
        raise DeliveryError(
            f"{target.host} is a private address, to which this receiver may not post.",
            "Set allow_private if that is meant.",
            retryable=False,
        )
    if target.scheme != "https":
        raise DeliveryError(f"{target.host} would be posted to in clear text.", "Use https.", retryable=False)


def _embedded(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _retry_after(value: str, now: datetime) -> float | None:
    """Seconds to wait by a `Retry-After` header (seconds or a date); None where there is none that can be read."""
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # OverflowError: a year that no machine holds
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def _words(error: Exception | None) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
