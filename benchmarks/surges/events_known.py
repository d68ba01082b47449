"""The table of well-known bad news that a detector should find among real headlines, and what counts as naming it.

`known_events.csv` was compiled from memory of the news of December 2017 to March 2019, then sized by the headlines,
before any detector had run on them, by rules that do not look at detectability:

- A shock of one day to a company, a country's market or a currency: insolvency; arrest, charge, lawsuit by an
  authority, fine, sanction, raid, scandal; accident, breach, outage; a closure or cuts of thousands of jobs; a profit
  warning between results; a fall of a market or share that led the news. Left out: results, strategy, politics without
  a name (tariffs), warnings about Brexit, what built up over weeks, and what other news of the same name hides. No two
  events within 14 days share a name.
- `date` is the day of the news where it happened; for what was announced at a weekend or after trading, and moved
  prices on the next trading day only, that day may stand instead (`what` says so).
- `size` follows from the headlines: distinct ones on the event's day and the day after that contain one of `names`.
  Five or more make it *larger*, two to four *smaller*; fewer, and it is not in the table.
- `part` follows from the calendar month: March, June, September and December are *held* back (every third month), the
  other months are for tuning. No event's two days lie in two parts.

Only names and our own sentences stand in the table, no headline.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from monitor.errors import InputError

Size: TypeAlias = Literal["larger", "smaller"]
Part: TypeAlias = Literal["tune", "held"]

KNOWN_EVENTS: Final = Path(__file__).with_name("known_events.csv")
LARGER: Final = 5  # headlines within two days
SMALLER: Final = 2
_EVERY: Final = 3  # the month that is held back

_SPACED_MARK = re.compile(r"\s+([.,;:!?'])")
_INITIALS = re.compile(r"\b([a-z])\. (?=[a-z]\b)|(?<=[a-z])\. (?=com\b)")


def part_of(day: date) -> Part:
    """Whether what happens on a day may be tuned on, by its calendar month.

    >>> part_of(date(2018, 3, 19)), part_of(date(2018, 4, 9))
    ('held', 'tune')
    """
    return "held" if day.month % _EVERY == 0 else "tune"


def plain(text: str) -> str:
    """Lower case, straight apostrophes, and no spaces before full stops, as some archives put them.

    >>> plain("JD . com sinks , says U . S . court ; Macy\u2019s rises")
    "jd.com sinks, says u.s. court; macy's rises"
    """
    spaced = _SPACED_MARK.sub(r"\1", text.lower().replace("\u2019", "'"))
    return _INITIALS.sub(lambda match: f"{match[1] or ''}.", spaced)


@dataclass(frozen=True)
class KnownEvent:
    """A row of the table.

    Attributes:
        event: Short name, unique.
        day: When it happened, or when markets first answered to it.
        names: Companies, assets or people, in lower case; an alert must name one of them.
        size: By how many headlines.
        part: For tuning, or held back.
        what: What happened, in a sentence of ours.
    """

    event: str
    day: date
    names: tuple[str, ...]
    size: Size
    part: Part
    what: str

    @property
    def days(self) -> tuple[date, date]:
        """The days on which an alert counts as having found it: its own, and the next."""
        return self.day, self.day + timedelta(days=1)

    def named_in(self, *texts: str) -> bool:
        """Whether one of the texts contains one of the names as whole words.

        >>> event = KnownEvent("x", date(2018, 9, 6), ("ba",), "larger", "held", "")
        >>> event.named_in("Bad news"), event.named_in("entity", "BA: data stolen")
        (False, True)
        """
        return any(self._pattern.search(plain(text)) for text in texts)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, self.names))})(?!\w)")


def read_events(path: Path = KNOWN_EVENTS) -> list[KnownEvent]:
    """The table, in the order of days.

    Raises:
        InputError: A row does not fit, or its part is not that of its month.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    events = [_event(row) for row in rows]
    if len({event.event for event in events}) < len(events):
        raise InputError(f"{path.name} has an event twice.")
    return sorted(events, key=lambda event: (event.day, event.event))


def _event(row: dict[str, str]) -> KnownEvent:
    name = row.get("event", "")
    try:
        day, size = date.fromisoformat(row["date"]), row["size"]
        names = tuple(row["names"].split("|"))
    except (KeyError, ValueError) as error:
        raise InputError(f"{KNOWN_EVENTS.name}: event {name!r} cannot be read.") from error
    if size not in get_args(Size) or not all(names):
        raise InputError(f"{KNOWN_EVENTS.name}: event {name!r} has no such size, or an empty name.")
    if row["part"] != part_of(day) or part_of(day + timedelta(days=1)) != part_of(day):
        raise InputError(f"{KNOWN_EVENTS.name}: the part of event {name!r} is not that of its month.")
    larger: Size = "larger" if size == "larger" else "smaller"
    return KnownEvent(name, day, names, larger, part_of(day), row["what"])


def headlines_about(event: KnownEvent, headlines: Iterable[tuple[date, str]]) -> int:
    """Distinct headlines on the event's two days that name it."""
    return len({plain(text) for day, text in headlines if day in event.days and event.named_in(text)})


def size_of(headlines: int) -> Size | None:
    """What so many headlines make an event; None where it is too small for the table."""
    return "larger" if headlines >= LARGER else "smaller" if headlines >= SMALLER else None


def misfits(events: Sequence[KnownEvent], headlines: Sequence[tuple[date, str]]) -> list[str]:
    """Events whose size is not that of their headlines: none, as long as table and headlines belong together."""
    return [event.event for event in events if size_of(headlines_about(event, headlines)) != event.size]
