"""What sources call a publication time, turned into an instant and how exact it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dateutil import parser as dateutil_parser

from monitor.articles import Precision
from monitor.ingest.east_asian_dates import east_asian_to_iso

_SECONDS = re.compile(r"\d{1,2}:\d{2}:\d{2}|T\d{6}")
_RFC_2822 = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{1,2}:\d{2}")
"""A form that is frequent and leaves nothing out, so that one look is enough."""
_MAIL_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, )?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2})(?::(\d{2}))? "
    r"(GMT|UTC|UT|Z|([+-]\d\d)(\d\d))"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NAME_BEFORE_OFFSET = re.compile(r"\b(?:GMT|UTC|UT)\s?(?=[+-]\d)")
"""GMT+08:00 is eight hours ahead to everyone but POSIX and the parser."""
_NAME_AFTER_OFFSET = re.compile(r"([+-]\d{2}:?\d{2})\s+\(?[A-Z]{2,5}\)?$")
_DOTTED = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
"""The day is read first where dots part the numbers: nobody writes a month first with dots."""
_NUMBERS = re.compile(r"(?<![\d/.-])(\d{1,2})([/-])(\d{1,2})(?=\2(?:\d{4}|\d\d)(?![\d/.-]))")
"""Of a date in three numbers, the first two: the day comes first in most countries, in America the month."""
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*\b", re.IGNORECASE)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS_A_YEAR = 12
_COUNTED = re.compile(r"[0-9]{10}(?:[0-9]{3}){0,3}")
_DAY_AND_HOUR = re.compile(r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])")
"""2024050612 is noon on a day in May, which as seconds would lie in 2034."""
_NO_SECONDS = 100_000_000_000
"""So many seconds after 1970 lies the year 5138: such a number counts smaller units."""
_DASHES = re.compile(r"\s[-–—|·•]\s")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_LONGEST = 100
"""Characters; a longer text is no time, and reading it as one would take long."""

_LONGEST_DATE = len("2024-06-05")

_DEFAULTS = (datetime(2000, 1, 1, 0, 0), datetime(2004, 2, 2, 1, 1))  # noqa: DTZ001 - what a text does not say, twice differently
_HOURS: Mapping[str, int] = {
    "UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "CET": 1, "CEST": 2, "HKT": 8, "JST": 9,
    "WET": 0, "BST": 1, "SAST": 2, "EET": 2, "EEST": 3, "MSK": 3, "SGT": 8, "KST": 9,
    "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_CHINA = timedelta(hours=8)
_Zones = Callable[[str | None, int | None], tzinfo | None]
_REGIONS: Mapping[str, str] = {"ET": "America/New_York", "CT": "America/Chicago", "PT": "America/Los_Angeles"}


class Reading(NamedTuple):
    """A time as read.

    Attributes:
        at: UTC-aware; for a date alone, the start of that day in its zone.
        precision: How exactly it was said.
        zone_assumed: The text names no zone, and the source's own was taken.
        day_first: The same with day and month the other way round, where nothing says which number is which.
    """

    at: datetime
    precision: Precision
    zone_assumed: bool
    day_first: datetime | None = None


def read_time(value: object, zone: tzinfo, day_first: bool | None = None) -> Reading | None:
    """Reads a time.

    Args:
        value: Text (ISO 8601, RFC 2822, Chinese, Japanese or Korean, or another form that says the whole date), a
            `date`, a `datetime`, or seconds since 1970 (or their thousandths, millionths, billionths) as a number or
            its digits; anything else is no time.
        zone: Zone of times that name none.
        day_first: Whether 5/6/2024 is the fifth of June; None where that is not known. Then the month is read first,
            unless the weekday tells otherwise, and the reading says what else it may be.

    Returns:
        None where there is no time, or none that can be one (an impossible date, a year before 1990 or after 2099, an
        unknown zone).
    """
    if isinstance(value, str) and (swapped := _other_way_round(value)):
        if day_first is not None:
            return _read(swapped if day_first else value, zone)
        return _weighed(value, _read(value, zone), _read(swapped, zone), zone)
    return _read(value, zone)


def told_order(value: object) -> bool | None:
    """Whether a date in numbers has the day first; None where it may be read both ways, or is no such date."""
    found = _NUMBERS.search(value) if isinstance(value, str) and len(value) <= _LONGEST else None
    numbers = (int(found[1]), int(found[3])) if found else (0, 0)
    return numbers[0] > numbers[1] if min(numbers) <= _MONTHS_A_YEAR < max(numbers) else None


def _other_way_round(text: str) -> str:
    """The text with day and month exchanged; empty where that makes no other date."""
    found = _NUMBERS.search(text) if len(text) <= _LONGEST else None
    if found is None or int(found[1]) == int(found[3]) or max(int(found[1]), int(found[3])) > _MONTHS_A_YEAR:
        return ""
    return f"{text[: found.start()]}{found[3]}{found[2]}{found[1]}{text[found.end() :]}"


def _weighed(text: str, month_first: Reading | None, day_first: Reading | None, zone: tzinfo) -> Reading | None:
    """One of two readings, or the first with the other as a doubt."""
    if month_first is None or day_first is None:
        return month_first or day_first
    if named := _WEEKDAY.search(text):
        weekday = _WEEKDAYS.index(named[1].lower())
        fits = [read for read in (month_first, day_first) if read.at.astimezone(zone).weekday() == weekday]
        if len(fits) == 1:
            return fits[0]
    return month_first._replace(day_first=day_first.at)


def _read(value: object, zone: tzinfo) -> Reading | None:
    try:
        match value:
            case datetime():
                # A plain one, whatever class of datetime a file's reader gives (some keep nanoseconds).
                moment, precision = datetime.combine(value.date(), value.time(), value.tzinfo), Precision.SECOND
            case date():
                moment, precision = datetime(value.year, value.month, value.day), Precision.DAY  # noqa: DTZ001 - zone set below
            case int() | float() if not isinstance(value, bool):
                moment, precision = _since_1970(value), Precision.SECOND
            case str() if _COUNTED.fullmatch(text := value.strip()):
                moment, precision = _since_1970(int(text)), Precision.SECOND
            case str() if text := value.strip():
                moment, precision = _parse_text(text, zone)
            case _:
                return None
        assumed = moment.tzinfo is None
        moment = (moment.replace(tzinfo=zone) if assumed else moment).astimezone(UTC)
    except (ValueError, ArithmeticError):
        return None
    return Reading(moment, precision, assumed) if _EARLIEST <= moment < _LATEST else None


def _since_1970(count: float) -> datetime:
    """Raises ValueError or ArithmeticError where so many of no unit lie in our times, or they count nothing."""
    if _DAY_AND_HOUR.fullmatch(f"{count:.0f}"):
        raise ValueError(count)
    for unit in (1, 1_000, 1_000_000, 1_000_000_000):
        if abs(count) < _NO_SECONDS * unit:
            return datetime.fromtimestamp(count / unit, UTC)
    raise ValueError(count)


def parse_published(value: object, zone: tzinfo) -> tuple[datetime, Precision] | None:
    """The instant and the precision alone of `read_time`."""
    reading = read_time(value, zone)
    return reading[:2] if reading else None


def _parse_text(text: str, zone: tzinfo) -> tuple[datetime, Precision]:
    """Raises ValueError or ArithmeticError where the text is no time."""
    if len(text) > _LONGEST or not any(character.isdigit() for character in text):
        raise ValueError(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _parse_mail_date(text) or _parse_free(_plain(text), _zones(zone))
    return moment, Precision.DAY if _is_date(text) else _precision_of(text)


def _parse_mail_date(text: str) -> tuple[datetime, Precision] | None:
    """The form that nearly all feeds use, in a twentieth of the time that any form takes; None where it is another."""
    found = _MAIL_DATE.fullmatch(text)
    if found is None or found[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second, _, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(hours[0] + minutes)) if hours else timedelta(0)
    moment = datetime(
        int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second or 0), tzinfo=timezone(offset)
    )
    return moment, Precision.SECOND if second else Precision.MINUTE


def _plain(text: str) -> str:
    text = _DASHES.sub(" ", text if text.isascii() else east_asian_to_iso(text))
    text = _DOTTED.sub(r"\3-\2-\1", text)
    return _NAME_AFTER_OFFSET.sub(r"\1", _NAME_BEFORE_OFFSET.sub("", text))


def _parse_free(text: str, zones: _Zones) -> tuple[datetime, Precision]:
    # The parser fills in what a text leaves out, by default from today; what differs between two defaults was not said.
    first = dateutil_parser.parse(text, default=_DEFAULTS[0], tzinfos=zones)
    if _RFC_2822.match(text):
        return first, _precision_of(text)
    second = dateutil_parser.parse(text, default=_DEFAULTS[1], tzinfos=zones)
    if first.date() != second.date():
        raise ValueError(text)
    return first, _precision_of(text) if first.time() == second.time() else Precision.DAY


def _precision_of(text: str) -> Precision:
    return Precision.SECOND if _SECONDS.search(text) else Precision.MINUTE


def _is_date(text: str) -> bool:
    if len(text) > _LONGEST_DATE:
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _zones(own: tzinfo) -> _Zones:
    """Tells which zone a text names, known to us and not to the machine alone; None where it names none.

    CST is China's in a source at eight hours before UTC, and Chicago's elsewhere.
    """

    def zone_of(name: str | None, offset_seconds: int | None) -> tzinfo | None:
        if offset_seconds is not None:
            return timezone(timedelta(seconds=offset_seconds))
        if name is None:
            return None
        if name in _REGIONS:
            return ZoneInfo(_REGIONS[name])
        if name not in _HOURS:
            raise ValueError(name)
        if name == "CST" and own.utcoffset(_DEFAULTS[0]) == _CHINA:
            return timezone(_CHINA)
        return timezone(timedelta(hours=_HOURS[name]))

    return zone_of
