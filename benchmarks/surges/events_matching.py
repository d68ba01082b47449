"""From how alarming each day of each series is to alerts within a budget, and from alerts to the events they found.

A detector gives signs: a day, what it is about, and a score. At a threshold a series alarms on the days whose score is
not above it; its alert opens on the first such day and stays open until a few days have passed without one. All series
about one company are one subject, so that a company and one of its topics do not alert twice for one thing.

An alert has found an event if it names it (in its subject, its terms or its top headline) and opened on the event's day
or the next. One that opened the day before and was still alarming on the day itself has found it early: trouble may be
in the news on the eve. Headlines have dates, no times, so nothing finer can be asked.
"""

from __future__ import annotations

import hashlib
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Final, NamedTuple

from benchmarks.surges.events_known import KnownEvent, Size

QUIET_DAYS: Final = 3
"""An alert stays open over so many days without a sign: over a weekend."""


class Strength(NamedTuple):
    """How alarming a sign is; the smaller, the more. Equal scores are told apart by lot, always the same way."""

    score: float
    lot: float


@dataclass(frozen=True)
class Sign:
    """A series on a day.

    Attributes:
        day: The day.
        subject: What it is about: alerts of one subject are one while they overlap.
        title: Its name for people.
        score: The smaller, the more alarming.
        headline: The story that best tells why.
        terms: What else the alert would say: other names of the company, words that stand out. Asked only when it
            matters, as finding such words takes time.
    """

    day: date
    subject: str
    title: str
    score: float
    headline: str
    terms: Callable[[], tuple[str, ...]] = field(default=tuple, compare=False)

    @cached_property
    def strength(self) -> Strength:
        """Its place among all signs."""
        drawn = hashlib.blake2b(f"{self.subject}|{self.title}|{self.day}".encode(), digest_size=6).digest()
        return Strength(self.score, int.from_bytes(drawn) / 2**48)

    def names(self, event: KnownEvent) -> bool:
        """Whether it says whom the event is about."""
        return event.named_in(self.title, self.headline) or event.named_in(*self.terms())


@dataclass(frozen=True)
class Alert:
    """An opened alert.

    Attributes:
        sign: The strongest one of its first day.
        days: On which it alarmed, ascending.
    """

    sign: Sign
    days: tuple[date, ...]

    @property
    def day(self) -> date:
        """On which it opened."""
        return self.sign.day


def alerts_of(signs: Iterable[Sign], quiet_days: int = QUIET_DAYS) -> list[Alert]:
    """What opens if all these signs alarm, by day."""
    by_subject: dict[str, list[Sign]] = defaultdict(list)
    for sign in signs:
        by_subject[sign.subject].append(sign)
    found = []
    for several in by_subject.values():
        several.sort(key=lambda sign: (sign.day, sign.strength))
        for first, days in _runs(several, quiet_days):
            found.append(Alert(first, tuple(days)))
    return sorted(found, key=lambda alert: (alert.day, alert.sign.strength))


def _runs(signs: Sequence[Sign], quiet_days: int) -> list[tuple[Sign, list[date]]]:
    runs: list[tuple[Sign, list[date]]] = []
    for sign in signs:
        if runs and (sign.day - runs[-1][1][-1]).days <= quiet_days:
            if sign.day != runs[-1][1][-1]:
                runs[-1][1].append(sign.day)
        else:
            runs.append((sign, [sign.day]))
    return runs


def threshold_for(
    signs: Iterable[Sign], days: Collection[date], most: int, quiet_days: int = QUIET_DAYS
) -> Strength | None:
    """The weakest sign of the given days at which no more than `most` alerts open on them; None if there is none.

    Signs of other days take part, as an alert that opened before goes on, but never set the threshold.
    """
    alarming: dict[str, list[date]] = defaultdict(list)
    opened: dict[str, int] = defaultdict(int)
    total, found = 0, None
    for sign in sorted(signs, key=lambda sign: sign.strength):
        if sign.day not in alarming[sign.subject]:
            insort(alarming[sign.subject], sign.day)
        now = _openings(alarming[sign.subject], days, quiet_days)
        total += now - opened[sign.subject]
        opened[sign.subject] = now
        if total > most:
            break
        found = sign.strength if sign.day in days else found
    return found


def _openings(alarming: Sequence[date], days: Collection[date], quiet_days: int) -> int:
    return sum(
        day in days and (place == 0 or (day - alarming[place - 1]).days > quiet_days)
        for place, day in enumerate(alarming)
    )


@dataclass
class Outcome:
    """What alerts came to, on the days that are judged.

    Attributes:
        alerts: Those that opened on these days.
        found: Events with an alert in time.
        early: Of these, the ones whose only alert opened on the eve.
        missed: The other events.
        unmatched: Alerts that found no event.
    """

    alerts: list[Alert]
    found: list[KnownEvent] = field(default_factory=list)
    early: list[KnownEvent] = field(default_factory=list)
    missed: list[KnownEvent] = field(default_factory=list)
    unmatched: list[Alert] = field(default_factory=list)

    def count(self, size: Size) -> tuple[int, int]:
        """Events of a size that were found, and how many there are."""
        found = sum(event.size == size for event in self.found)
        return found, found + sum(event.size == size for event in self.missed)


def match(alerts: Sequence[Alert], events: Sequence[KnownEvent], days: Collection[date]) -> Outcome:
    """Which of the events were found by alerts that opened on the given days."""
    outcome = Outcome([alert for alert in alerts if alert.day in days])
    useful = set[int]()
    for event in events:
        finders = {
            place: alert.day < event.day
            for place, alert in enumerate(outcome.alerts)
            if _in_time(alert, event) and alert.sign.names(event)
        }
        useful.update(finders)
        (outcome.found if finders else outcome.missed).append(event)
        if finders and all(finders.values()):
            outcome.early.append(event)
    outcome.unmatched = [alert for place, alert in enumerate(outcome.alerts) if place not in useful]
    return outcome


def _in_time(alert: Alert, event: KnownEvent) -> bool:
    eve = event.day - timedelta(days=1)
    return alert.day in event.days or (alert.day == eve and event.day in alert.days)
