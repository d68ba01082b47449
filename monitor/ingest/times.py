"""What sources call a publication time, turned into an instant and how exact it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from dateutil import parser as dateutil_parser

from monitor.articles import Precision

_SECONDS = re.compile(r"\d{1,2}:\d{2}:\d{2}|T\d{6}")
_RFC_2822 = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{1,2}:\d{2}")
"""A form that is frequent and leaves nothing out, so that one look is enough."""
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LONGEST = 100
"""Characters; a longer text is no time, and reading it as one would take long."""

_DEFAULTS = (datetime(2000, 1, 1, 0, 0), datetime(2004, 2, 2, 1, 1))  # noqa: DTZ001 - what a text does not say, twice differently
_HOURS: Mapping[str, int] = {
    "UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "CET": 1, "CEST": 2, "HKT": 8, "JST": 9,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_REGIONS: Mapping[str, str] = {"ET": "America/New_York", "CT": "America/Chicago", "PT": "America/Los_Angeles"}


def parse_published(value: object, zone: tzinfo) -> tuple[datetime, Precision] | None:
    """Reads a publication time.

    Args:
        value: Text (ISO 8601, RFC 2822 or another form that says the whole date; of 5/6/2024, the month is read first),
            a `date` or a `datetime`; anything else is no time.
        zone: Zone of times that name none.

    Returns:
        The instant (UTC-aware; for a date alone, the start of that day in its zone) and its precision; None where there
        is no time, or none that can be one (an impossible date, a year before 1990 or after 2099, an unknown zone).
    """
    try:
        match value:
            case datetime():
                # A plain one, whatever class of datetime a file's reader gives (some keep nanoseconds).
                moment, precision = datetime.combine(value.date(), value.time(), value.tzinfo), Precision.SECOND
            case date():
                moment, precision = datetime(value.year, value.month, value.day), Precision.DAY  # noqa: DTZ001 - zone set below
            case str() if text := value.strip():
                moment, precision = _parse_text(text)
            case _:
                return None
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (moment, precision) if _EARLIEST <= moment < _LATEST else None


def _parse_text(text: str) -> tuple[datetime, Precision]:
    """Raises ValueError or OverflowError where the text is no time."""
    if len(text) > _LONGEST or not any(character.isdigit() for character in text):
        raise ValueError(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _parse_free(text)
    return moment, Precision.DAY if _is_date(text) else _precision_of(text)


def _parse_free(text: str) -> tuple[datetime, Precision]:
    # The parser fills in what a text leaves out, by default from today; what differs between two defaults was not said.
    first = dateutil_parser.parse(text, default=_DEFAULTS[0], tzinfos=_zone_of)
    if _RFC_2822.match(text):
        return first, _precision_of(text)
    second = dateutil_parser.parse(text, default=_DEFAULTS[1], tzinfos=_zone_of)
    if first.date() != second.date():
        raise ValueError(text)
    return first, _precision_of(text) if first.time() == second.time() else Precision.DAY


def _precision_of(text: str) -> Precision:
    return Precision.SECOND if _SECONDS.search(text) else Precision.MINUTE


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _zone_of(name: str | None, offset_seconds: int | None) -> tzinfo | None:
    """The zone that a text names, known to us and not to the machine alone; None where it names none."""
    if offset_seconds is not None:
        return timezone(timedelta(seconds=offset_seconds))
    if name is None:
        return None
    if name in _REGIONS:
        return ZoneInfo(_REGIONS[name])
    if name not in _HOURS:
        raise ValueError(name)
    return timezone(timedelta(hours=_HOURS[name]))
