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

    1. no publication time, or none that can be one: when we first saw it;
    2. published in the future of our first sight (wrong clocks, embargoes): when we first saw it;
    3. a date without a time: the end of that day, or our first sight if that came earlier in the day, so that a replay
       never counts an article before it could have been known;
    4. otherwise: when it was published.

    What else there is to know changes nothing of it, and `TimeCase` tells it. A time without a zone is one of the
    source's own zone. Which number of 5/6/2024 is the month, the source's settings say, or its weekday, or the other
    dates that come with it. The time of an edit counts only where it is the only one told; a story that is edited or
    published again has the id that it had, so that its first event time stays and it is not new. What is older than
    the horizon of live news when first seen is accounted for and not published; in a recording nothing is too old.

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


class TimeCase(StrEnum):
    """How an article came by its event time: which case of the rule (see `event_time`) decided, and with what doubt.

    Where several hold, the first of this order is named: missing or unreadable, future, too_old, order_assumed, edited,
    day, zone_assumed.
    """

    PUBLISHED = "published"
    """The source gives an instant, and that is it."""
    DAY = "day"
    """The source gives a date without a time."""
    ORDER_ASSUMED = "order_assumed"
    """The source gives a date in numbers, and nothing says which of them is the month: of 5/6/2024, the later of both
    readings was taken that is not after first sight; in a recording without times of first sight, May."""
    ZONE_ASSUMED = "zone_assumed"
    """The source gives a time without a zone; it was read in the source's own."""
    MISSING = "missing"
    """The source gives no time: first sight stands in."""
    UNREADABLE = "unreadable"
    """What the source gives cannot be a time: first sight stands in."""
    FUTURE = "future"
    """The source gives a time after first sight: first sight stands in."""
    TOO_OLD = "too_old"
    """Older than the horizon of live news when first seen: not news, however new it is to us."""
    EDITED = "edited"
    """Edited since: it counts when it was published, or, where only the edit's time is told, at that."""


class Article(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="article"):
    """One piece of news from one source. `(source, position)` names the delivered item, `id` the article.

    Attributes:
        id: Deterministic, 32 hexadecimal digits; the same article has it wherever it is delivered again.
        source: Which source delivered it.
        position: Where in the source the item stands (row number, offset, guid): tells a redelivery from a repeat.
        title: Plain text; may be empty where there is a body.
        body: Plain text, possibly empty.
        url: As delivered, possibly empty.
        author: As delivered, possibly empty.
        parent: What a comment answers: the id that its source gives it; empty for what answers nothing.
        language: ISO 639-1, or "und" where it cannot be told.
        published_at: UTC-aware, or None where the source gives none that can be read.
        published_precision: None exactly where `published_at` is.
        updated_at: UTC-aware; when the source says that it last changed it. It never decides when the article counts
            where there is a publication time.
        time_case: How it came by its event time.
        first_seen_at: UTC-aware; when the monitor first had it in hand.
        shingles: Signature of its text by which near-copies are found; empty where none was made.
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
    updated_at: Instant | None = None
    author: str = ""
    parent: str = ""
    time_case: TimeCase = TimeCase.PUBLISHED
    shingles: bytes = b""
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
