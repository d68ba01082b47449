"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Dialect, Double, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from monitor.clock import EPOCH

_MICROSECOND = timedelta(microseconds=1)

BIG: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit integer; SQLite numbers rows by itself only where the type is spelt INTEGER, which is 64 bits wide there."""

SHARE: TypeEngine[float] = Double()
"""A probability or a share, in [0, 1], or a difference of two; 64-bit, so that what is read equals what was written."""


def to_micros(moment: datetime) -> int:
    """Microseconds from the epoch to a UTC-aware instant; exact, unlike `datetime.timestamp`.

    Raises:
        TypeError: `moment` carries no time zone.
    """
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The inverse of `to_micros`."""
    return EPOCH + timedelta(microseconds=micros)


class Instant(TypeDecorator[datetime]):
    """A UTC-aware `datetime`, kept as whole microseconds since the epoch.

    Integers compare, sort and group into buckets alike on both databases, whatever time zone the server or the session
    is set to, and come back exactly as they went in.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn an instant into what is stored; one without a time zone raises TypeError."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn what is stored into an instant."""
        return None if value is None else from_micros(value)


class PlainText(TypeDecorator[str]):
    """Text from outside, in which NUL (which PostgreSQL refuses) becomes U+FFFD, on both databases alike."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Replace what one of the databases cannot keep."""
        return value.replace("\x00", "\ufffd") if value and "\x00" in value else value
