"""What the headers of an answer say, read so that no spelling of them can do harm."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

_MAX_VALIDATOR: Final = 1_000
_VALIDATOR: Final = re.compile(r"[\x20-\x7e]+")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?\s*([a-z0-9_.:+-]{1,40})")
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,12})")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_LONGEST: Final = timedelta(days=365)


def content_type(value: str) -> tuple[str, str]:
    """The media type and charset of a `Content-Type`; empty where it does not say.

    >>> content_type('Text/XML; Charset="GB2312"')
    ('text/xml', 'gb2312')
    """
    text = value[:1_000].lower()
    media_type = text.partition(";")[0].strip()
    charset = _CHARSET.search(text)
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else "", charset[1] if charset else ""


def validator(value: str) -> str:
    """An `ETag` or `Last-Modified` that can be kept and sent back; empty where it cannot."""
    value = value.strip()
    return value if len(value) <= _MAX_VALIDATOR and _VALIDATOR.fullmatch(value) else ""


def retry_after(value: str, now: datetime) -> timedelta | None:
    """How long a `Retry-After` asks to wait, in seconds or by a date; None where it cannot be read.

    >>> retry_after("120", datetime(2024, 5, 1, tzinfo=UTC))
    datetime.timedelta(seconds=120)
    """
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return _bounded(int(value))
    try:
        until = parsedate_to_datetime(value[:100])
        return min(max(until.replace(tzinfo=until.tzinfo or UTC) - now, timedelta(0)), _LONGEST)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def max_age(cache_control: str, age: str) -> timedelta | None:
    """How long an answer stays fresh by `Cache-Control` and `Age`; None where nothing is said.

    >>> max_age("public, max-age=300", "100")
    datetime.timedelta(seconds=200)
    """
    found = _MAX_AGE.search(cache_control[:1_000].lower())
    if not found:
        return None
    spent = int(age) if _SECONDS.fullmatch(age.strip()) else 0
    return _bounded(max(0, int(found[1]) - spent))


def _bounded(seconds: int) -> timedelta:
    return min(timedelta(seconds=seconds), _LONGEST)
