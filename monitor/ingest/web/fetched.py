"""The nouns of fetching: what came back, why nothing did, and how much a server may ask of us."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

import msgspec

from monitor.errors import MonitorError


class FetchFailure(StrEnum):
    """Why there is no answer to use. A verdict on the source hangs on it, so each says one thing."""

    BAD_URL = "bad_url"
    REFUSED_ADDRESS = "refused_address"
    ROBOTS = "robots"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    BAD_REDIRECT = "bad_redirect"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    GONE = "gone"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    CLIENT_ERROR = "client_error"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server_error"


_TRANSIENT: Final = frozenset(
    {
        FetchFailure.DNS,
        FetchFailure.CONNECT,
        FetchFailure.TIMEOUT,
        FetchFailure.PROTOCOL,
        FetchFailure.RATE_LIMITED,
        FetchFailure.UNAVAILABLE,
        FetchFailure.SERVER_ERROR,
    }
)

_BY_STATUS: Final[Mapping[int, FetchFailure]] = {
    401: FetchFailure.FORBIDDEN,
    403: FetchFailure.FORBIDDEN,
    404: FetchFailure.NOT_FOUND,
    407: FetchFailure.FORBIDDEN,
    410: FetchFailure.GONE,
    429: FetchFailure.RATE_LIMITED,
    451: FetchFailure.FORBIDDEN,
    503: FetchFailure.UNAVAILABLE,
}

_REMEDIES: Final[Mapping[FetchFailure, str]] = {
    FetchFailure.BAD_URL: "Correct the address.",
    FetchFailure.REFUSED_ADDRESS: "If that is meant, name it in ingest.allowed_addresses.",
    FetchFailure.ROBOTS: "Ask its owner, or take the source out.",
    FetchFailure.TLS: "Check the certificate with a browser; do not switch to http.",
    FetchFailure.TOO_LARGE: "Look for a shorter feed, or raise the limit.",
    FetchFailure.GONE: "Its owner took it away for good: remove the source.",
    FetchFailure.NOT_FOUND: "Check the address.",
    FetchFailure.FORBIDDEN: "Ask its owner for access, or remove the source.",
}


def failure_of(status: int) -> FetchFailure:
    """Which failure an HTTP status is that brings no content.

    >>> failure_of(404)
    <FetchFailure.NOT_FOUND: 'not_found'>
    """
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status < 400:
        # Nothing changed, though nobody asked; or a redirect that is none.
        return FetchFailure.PROTOCOL if status == 304 else FetchFailure.BAD_REDIRECT
    return FetchFailure.CLIENT_ERROR if status < 500 else FetchFailure.SERVER_ERROR


class FetchError(MonitorError):
    """Nothing could be fetched.

    Attributes:
        reason: Which kind of failure.
        retry_after: How long the server (or our own politeness toward it) asks to wait; None where nobody asked.
        held_back: Whether nothing was asked at all, because the host's turn comes later (`rate_limited`): this says
            nothing about the source's health.
        retryable: Whether a later poll may succeed without anyone's help.
    """

    def __init__(
        self, reason: FetchFailure, what: str, *, retry_after: timedelta | None = None, held_back: bool = False
    ) -> None:
        super().__init__(what, _REMEDIES.get(reason, ""))
        self.reason = reason
        self.retry_after = retry_after
        self.held_back = held_back
        self.retryable = reason in _TRANSIENT


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """An answer: new content, or the word that nothing changed.

    Attributes:
        status: "not_modified" only where a condition was sent (`etag`, `last_modified`); then `content` is empty.
        url: Where it was found in the end, without user name and password.
        permanent_url: The address to ask from now on, where the server said so (HTTP 301 or 308); else what was asked,
            to the letter.
        content: Decompressed, as many bytes as the limit allows at most.
        media_type: Lower case, without parameters; as declared, possibly empty and possibly wrong.
        charset: Lower case, as declared in the header; nobody has checked that there is such a charset.
        etag: To be sent next time; empty where there is none.
        last_modified: To be sent next time; empty where there is none.
        retrieved_at: UTC-aware.
        max_age: How long the server calls the answer fresh; None where it does not say.
    """

    status: Literal["new", "not_modified"]
    url: str
    permanent_url: str
    retrieved_at: datetime
    content: bytes = b""
    media_type: str = ""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    max_age: timedelta | None = None


class FetchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a server may take of our time and memory, and we of its.

    Attributes:
        redirects: Followed at most, in one fetch.
        max_bytes: Of content after decompression, and of bytes received.
        total_seconds: From the start of a fetch to its end: look-ups, redirects, retries and robots.txt together.
        connect_seconds: To connect to one address and agree on TLS.
        retries: Further attempts after a failure that may pass (a connection that broke, HTTP 500, 502, 504).
        backoff_seconds: Before the first of them; doubled for each further one.
        host_seconds: Between two fetches from one host, at least.
        host_seconds_of: The same for hosts that have a rule of their own; by host name.
        max_wait_seconds: A longer wait for a host's turn is not waited but told (`rate_limited`).
        robots_seconds: How long a robots.txt is believed.
    """

    redirects: int = 5
    max_bytes: int = 10_000_000
    total_seconds: float = 30.0
    connect_seconds: float = 10.0
    retries: int = 1
    backoff_seconds: float = 1.0
    host_seconds: float = 1.0
    host_seconds_of: Mapping[str, float] = {}
    max_wait_seconds: float = 5.0
    robots_seconds: float = 86_400.0
