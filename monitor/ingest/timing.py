"""Which of a delivered item's times decides when it counts, and under which case of the rule."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

import msgspec

from monitor.articles import Precision, TimeCase, event_time
from monitor.ingest.times import Reading, read_time

_DATES_APART = timedelta(days=1)
"""So far ahead of first sight a date may lie somewhere on Earth."""
_SAVED_TWICE = timedelta(minutes=1)
"""Editorial systems save once more while they publish: an edit so soon is none."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """What an item says of its times; the attributes are those of `Article`."""

    published_at: datetime | None
    published_precision: Precision | None
    updated_at: datetime | None
    time_case: TimeCase


def timing_of(
    published: object,
    updated: object,
    *,
    zone: tzinfo,
    first_seen_at: datetime,
    horizon: timedelta | None = None,
    day_first: bool | None = None,
) -> Timing:
    """Applies the rule of event time (`monitor.articles.event_time`) to what an item says.

    Args:
        published: When it was published, as delivered; None or blank where it does not say.
        updated: When it was last changed, likewise. It stands in for a publication time that is missing or unreadable.
        zone: Zone of times that name none.
        first_seen_at: UTC-aware.
        horizon: What counts longer ago than this before first sight is too old; None where nothing is.
        day_first: Whether 5/6/2024 is the fifth of June; None where that is not known.
    """
    changed = _likelier(read_time(updated, zone, day_first), first_seen_at)
    reading = _likelier(read_time(published, zone, day_first), first_seen_at) or changed
    at, precision = (reading.at, reading.precision) if reading else (None, None)
    return Timing(
        published_at=at,
        published_precision=precision,
        updated_at=changed.at if changed else None,
        time_case=_unread(published, updated) if reading is None else _case(reading, changed, first_seen_at, horizon),
    )


def _likelier(reading: Reading | None, first_seen_at: datetime) -> Reading | None:
    """Of a date that may be read in two ways, the later one that is not after first sight: news is new."""
    if reading is None or reading.day_first is None:
        return reading
    both = (reading.at, reading.day_first)
    return reading._replace(at=max((at for at in both if at - first_seen_at <= _DATES_APART), default=min(both)))


def _unread(published: object, updated: object) -> TimeCase:
    said = any(value is not None and str(value).strip() for value in (published, updated))
    return TimeCase.UNREADABLE if said else TimeCase.MISSING


def _case(reading: Reading, changed: Reading | None, first_seen_at: datetime, horizon: timedelta | None) -> TimeCase:
    if reading.at > first_seen_at:
        return TimeCase.FUTURE
    counts_at = event_time(reading.at, reading.precision, first_seen_at)
    if horizon is not None and first_seen_at - counts_at > horizon:
        return TimeCase.TOO_OLD
    if reading.day_first is not None:
        return TimeCase.ORDER_ASSUMED
    if changed is not None and (changed is reading or changed.at - counts_at > _SAVED_TWICE):
        return TimeCase.EDITED
    if reading.precision is Precision.DAY:
        return TimeCase.DAY
    return TimeCase.ZONE_ASSUMED if reading.zone_assumed else TimeCase.PUBLISHED
