"""What every kind of source is to the rest: it is fetched, from where it was left, and gives items or a reason."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

import msgspec

from monitor.errors import MonitorError
from monitor.ingest.items import Item

MAX_SEEN = 2_000
"""So many positions a state remembers; no feed or page in use lists more at a time."""


class FailureReason(StrEnum):
    """Why a source gave nothing: first what the fetcher says, then what the answer turned out to be."""

    REFUSED_ADDRESS = "refused_address"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    BAD_REDIRECT = "bad_redirect"
    GONE = "gone"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    CLIENT_ERROR = "client_error"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server_error"
    ROBOTS = "robots"
    BAD_ENCODING = "bad_encoding"
    PROTOCOL = "protocol"
    BAD_URL = "bad_url"
    NOT_A_FEED = "not_a_feed"
    NOT_PARSED = "not_parsed"
    LOGIN_PAGE = "login_page"
    EMPTY_ANSWER = "empty_answer"
    FILE = "file"


_ADDRESS = re.compile(r"(https?://)(?:[^\s/?#]*@)?([^\s?#]*)(?:[?#]\S*)?")


class SourceError(MonitorError):
    """A source could not be fetched, or answered with something else than news.

    What it says of an address is shown to many: a login in it and its query, which may hold a key, are left out.

    Attributes:
        reason: For counting and for the verdict on the source's health.
        retry_after: How long the server asks to be left alone; None where it does not say.
        held_back: Nothing was asked yet: the host's turn comes later. It says nothing of the source's health.
    """

    retryable = True

    def __init__(
        self,
        reason: FailureReason,
        what: str,
        remedy: str = "",
        *,
        retry_after: timedelta | None = None,
        held_back: bool = False,
    ) -> None:
        super().__init__(_ADDRESS.sub(r"\1\2", what), remedy)
        self.reason = reason
        self.retry_after = retry_after
        self.held_back = held_back


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """What a source needs to go on where it was left; kept durably by whoever polls, once the items are safe.

    Attributes:
        cursor: How far an ordered source was read: a byte, a row, an id; empty at first.
        etag: Of the last answer, for a conditional request.
        last_modified: Likewise.
        seen: Positions of the last answer's items, at most `MAX_SEEN`, so that what is delivered again is not looked
            at again where looking is dear (pages); of a feed, fingerprints of the names that its entries share.
        configured: The address that the state belongs to; of another one it says nothing.
        moved_to: Where the source said that it lives from now on; empty where it has not moved.
    """

    cursor: str = ""
    etag: str = ""
    last_modified: str = ""
    seen: tuple[str, ...] = ()
    configured: str = ""
    moved_to: str = ""

    def of(self, configured: str) -> SourceState:
        """This state where it belongs to the given address, else a fresh one: settings change."""
        return self if self.configured == configured else SourceState(configured=configured)


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What one fetch gave.

    Attributes:
        items: In the order of the source's document; items already delivered may be among them.
        state: Where to go on once the items are safe.
        not_modified: The source says that nothing changed since the last fetch; there are no items.
        moved_to: The address that the source now has for good, where that is another than the configured one.
        wait: How long the source says that nothing new is to be had; None where it does not say.
        retry_after: How long the server asks to be left alone, as it refused a part; None where it does not ask.
        shape: What the answer was, in a few words (kind, root element, fields): when it is another than before, the
            source has changed.
        more: There is more to fetch at once (a long file, a list of many new pages).
    """

    items: tuple[Item, ...]
    state: SourceState
    not_modified: bool = False
    moved_to: str = ""
    wait: timedelta | None = None
    retry_after: timedelta | None = None
    shape: str = ""
    more: bool = False


@runtime_checkable
class Source(Protocol):
    """Something that can be fetched again and again."""

    @property
    def name(self) -> str:
        """Unique among the configured sources."""
        ...

    @property
    def kind(self) -> str:
        """The `kind` of its settings: file, feed, page, filings or comments."""
        ...

    def fetch(self, state: SourceState, now: datetime) -> Batch:
        """What the source has now.

        Args:
            state: As the last fetch left it; `SourceState()` at first.
            now: UTC-aware.

        Raises:
            SourceError: It could not be had, or is not what it should be.
        """
        ...
