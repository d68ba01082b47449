"""The article: what every source is turned into, with one rule for its time and one for its identity."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment with its zone; a record whose time has none cannot be compared with another, and is refused."""

WIRE_VERSION: Final = 1
"""The version of every record on every topic; a change of meaning raises it."""

WireVersion = Literal[1]


class Precision(StrEnum):
    """How exactly a source tells when it published."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"


_SPAN = {
    Precision.SECOND: timedelta(0),
    Precision.MINUTE: timedelta(0),
    Precision.DAY: timedelta(days=1, microseconds=-1),
}


def event_time(published_at: datetime | None, precision: Precision | None, first_seen_at: datetime) -> datetime:
    """The instant at which an article counts.

    The rule, in the order of its cases:

    1. no publication time: when we first saw it;
    2. published in the future of our first sight (wrong clocks, embargoes): when we first saw it;
    3. a date without a time: the end of that day, or our first sight if that came earlier in the day, so that a replay
       never counts an article before it could have been known;
    4. otherwise: when it was published.

    Args:
        published_at: UTC-aware; for `Precision.DAY`, the start of the day.
        precision: Of `published_at`; None where there is none.
        first_seen_at: UTC-aware; when the monitor first had the article in hand (in a replay: the replay's clock).
    """
    if published_at is None:
        return first_seen_at
    span = _SPAN[precision or Precision.SECOND]
    # Not min(published_at + span, first_seen_at): that sum may lie beyond the last day that a datetime can hold.
    return published_at + span if first_seen_at - published_at > span else first_seen_at


class Article(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="article"):
    """One piece of news from one source. `(source, position)` names the delivered item, `id` the article.

    Attributes:
        id: Deterministic, 32 hexadecimal digits; the same article has it wherever it is delivered again.
        source: Which source delivered it.
        position: Where in the source the item stands (row number, offset, guid): tells a redelivery from a repeat.
        title: Plain text; may be empty where there is a body.
        body: Plain text, possibly empty.
        url: As delivered, possibly empty.
        language: ISO 639-1, or "und" where it cannot be told.
        published_at: UTC-aware, or None where the source gives none that can be read.
        published_precision: None exactly where `published_at` is.
        first_seen_at: UTC-aware; when the monitor first had it in hand.
    """

    id: str
    source: str
    position: str
    title: str
    first_seen_at: Instant
    body: str = ""
    url: str = ""
    language: str = "und"
    published_at: Instant | None = None
    published_precision: Precision | None = None
    v: WireVersion = WIRE_VERSION

    @property
    def event_time(self) -> datetime:
        """When the article counts; see `event_time`."""
        return event_time(self.published_at, self.published_precision, self.first_seen_at)


def article_id(*identity: str) -> str:
    """A deterministic id from the parts that make an article the same article (a guid, or title and publication time).

    >>> article_id("reuters", "https://example.org/a") == article_id("reuters", "https://example.org/a")
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in identity:
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()
