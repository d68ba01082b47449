"""Chinese, Japanese and Korean ways of writing a time, put into ISO 8601, which leaves nothing to guess."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date as date_of
from datetime import timedelta

_DATE = re.compile(
    r"(?P<year>\d{4})\s*[年년]\s*(?P<month>\d{1,2})\s*[月월]\s*(?P<day>\d{1,2})\s*[日号號일]?"
    r"|(?P<y>\d{4})\s?[-/.]\s?(?P<m>\d{1,2})\s?[-/.]\s?(?P<d>\d{1,2})\.?"
)
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})\s*(?:[:点點时時시]\s*(?:(?P<minute>\d{1,2})\s*[分분]?|(?P<half>半))?)"
    r"\s*(?:[:]?\s*(?P<second>\d{1,2})(?:\.\d+)?\s*[秒초]?)?"
)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*(?P<offset>[+-]\d{2}:?\d{2})|(?P<zulu>Z|UTC|GMT)\b")
_AFTERNOON = ("下午", "晚上", "傍晚", "午後", "오후")
_EVENING = ("晚上",)
"""Its twelfth hour ends the day."""
_MIDNIGHT = 24
_MORNING = ("上午", "凌晨", "早上", "清晨", "午前", "오전")
_NOON = ("中午",)
_ZONES: Mapping[str, str] = {"北京时间": "+08:00", "北京時間": "+08:00", "香港时间": "+08:00", "香港時間": "+08:00",
                             "日本時間": "+09:00", "한국시간": "+09:00"}  # fmt: skip
_WEEKDAY = re.compile(
    r"[((]?(?:星期|周|週)[一二三四五六日天][))]?|[((][月火水木金土日월화수목금토일](?:曜日|요일)?[))]|[月火水木金土日]曜日"
)


def east_asian_to_iso(text: str) -> str:
    """The time in ISO 8601 where the text is one of these forms; otherwise the text as it is.

    >>> east_asian_to_iso("2024年5月6日 下午2:30")
    '2024-05-06T14:30'
    >>> east_asian_to_iso("2024年5月6日星期一")
    '2024-05-06'

    Raises:
        ValueError: It is such a form, with something in it that cannot be placed (an hour 25, a word more).
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    date = _DATE.search(plain)
    if date is None:
        return text
    year, month, day = (date[name] or date[short] for name, short in (("year", "y"), ("month", "m"), ("day", "d")))
    rest = _WEEKDAY.sub(" ", plain[: date.start()] + " " + plain[date.end() :])
    iso = f"{year}-{int(month):02}-{int(day):02}"
    rest, zone = _taken(rest, _ZONES)
    half = next((word for word in (*_AFTERNOON, *_MORNING, *_NOON) if word in rest), "")
    clock = _CLOCK.search(rest)
    if clock is None:
        if rest.strip(" T,"):
            raise ValueError(text)
        return iso
    left = (rest[: clock.start()] + rest[clock.end() :]).replace(half, "")
    if offset := _OFFSET.search(left):
        zone = "+00:00" if offset["zulu"] else offset["offset"]
        left = left[: offset.start()] + left[offset.end() :]
    if left.strip(" T,"):
        raise ValueError(text)
    minute = 30 if clock["half"] else int(clock["minute"] or 0)
    second = f":{int(clock['second']):02}" if clock["second"] else ""
    hour = _hour_of(int(clock["hour"]), half)
    if hour == _MIDNIGHT:
        iso, hour = f"{date_of(int(year), int(month), int(day)) + timedelta(days=1)}", 0
    return f"{iso}T{hour:02}:{minute:02}{second}{zone}"


def _hour_of(hour: int, half: str) -> int:
    if half in _EVENING and hour == 12:
        return _MIDNIGHT
    if half in _AFTERNOON and hour < 12:
        return hour + 12
    if half in _NOON and hour < 3:
        return hour + 12
    if half in _MORNING and hour == 12:
        return 0
    return hour


def _taken(text: str, words: Mapping[str, str]) -> tuple[str, str]:
    for word, meaning in words.items():
        if word in text:
            return text.replace(word, " "), meaning
    return text, ""
