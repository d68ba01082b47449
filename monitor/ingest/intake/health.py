"""Whether a source is well, told from its own past; and when to look at it next.

The expected interval is learnt: of the silences between new articles, without the pauses (nights, weekends), all but
the longest twentieth are shorter; it is longer at a time of day that has had lulls. News that is due then, and in a
pause at its end, is late after one interval more and stale after two more, so a source that died is told within three.
A pause is expected where there was one at this hour of this weekday; in the first week, where the other days had one.

    arrivals   x  x x  x   x                                  interval: the longest usual gap
    silence                |····due····|··late··|··stale··    due: one interval, or the end of the usual pause

A failing source is judged by its failures and not by its silence. It is dead when it failed three times over an hour
or one interval, whichever is shorter; where it was asked less often than that, after two and a half intervals.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from monitor.ingest.intake.history import GRAIN, History, is_pause, median

UNLEARNT: Final = timedelta(days=1)
"""The expected interval of a source of which fewer than `ENOUGH` silences are known, unless one of them was longer."""
ENOUGH: Final = 5
_SAME_TIME: Final = timedelta(minutes=90)
"""Lulls that begin so near to a time of day are lulls of that time."""
_QUANTILE: Final = 0.95
SEVERAL: Final = 3
"""Failures in a row; fewer may be a bad minute of the network."""
_TWICE: Final = 2
_SHORT_OUTAGE: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7


class Verdict(StrEnum):
    """How a source is, from well to worse."""

    HEALTHY = "healthy"
    LATE = "late"
    """It should have had news by now."""
    EMPTY = "empty"
    """It answers, and shows nothing."""
    STALE = "stale"
    """It answers, and has had no news for far too long."""
    CHANGED = "changed"
    """It answers with something else than it used to, in which no articles are recognised."""
    BLOCKED = "blocked"
    """It does not let us in."""
    DEAD = "dead"
    """It cannot be had any more."""

    @property
    def severity(self) -> int:
        """0 for a healthy one; a change to a larger one is a worsening."""
        return list(Verdict).index(self)


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its reason.

    Attributes:
        verdict: See `Verdict`.
        why: One sentence for a person.
        expected: The interval within which news was expected.
        due_at: When news is due at the latest; None while none has ever come.
    """

    verdict: Verdict
    why: str
    expected: timedelta
    due_at: datetime | None = None


_BLOCKED: Final = frozenset({"forbidden", "robots", "rate_limited", "refused_address", "login_page"})
_CHANGED: Final = frozenset({"not_a_feed", "not_parsed", "bad_encoding"})
_AT_ONCE: Final = frozenset({"gone"})
"""The owner says that it is over: no second look is needed."""
_SET_WRONGLY: Final = frozenset({"refused_address", "bad_url"})
"""Of a source that never answered, the settings are at fault: it does not pass by itself."""

_SAYS: Final[Mapping[str, str]] = {
    "refused_address": "its address is not a public one",
    "dns": "its name is not known",
    "connect": "its server does not accept connections",
    "tls": "its certificate is not valid",
    "timeout": "its server takes too long",
    "too_large": "its answer is too large",
    "too_many_redirects": "it redirects without end",
    "bad_redirect": "it redirects to where nothing is fetched from",
    "gone": "its owner has removed it",
    "not_found": "it is not there",
    "forbidden": "its server forbids access",
    "client_error": "its server refuses the request",
    "rate_limited": "its server asks for fewer requests",
    "unavailable": "its server is not available",
    "server_error": "its server fails",
    "robots": "its robots.txt does not allow it",
    "bad_encoding": "its answer is compressed in a way that cannot be undone",
    "protocol": "its server does not speak HTTP properly",
    "bad_url": "its address cannot be read",
    "not_a_feed": "it answers with something that is no feed",
    "not_parsed": "its answer cannot be read",
    "login_page": "it asks for a login",
    "empty_answer": "its answer is empty",
    "file": "its file cannot be read",
}


def assess(history: History, now: datetime) -> Assessment | None:
    """The verdict at an instant; None for a source that was never polled.

    Args:
        history: All polls so far.
        now: UTC-aware; silence grows between polls, so the verdict may worsen without one.
    """
    if history.since is None:
        return None
    expected = expected_interval(history)
    due_at = due(history, expected)
    if history.failures and (told := _failing(history, expected, now)):
        verdict, why = told
    elif history.strange >= _TWICE:
        verdict, why = Verdict.CHANGED, f"In its last {history.strange} answers no article was recognised."
    elif history.empties >= _TWICE:
        verdict, why = Verdict.EMPTY, f"Its last {history.empties} answers showed nothing at all."
    else:
        verdict, why = _silent(history, expected, due_at or history.since + expected, now)
    return Assessment(verdict=verdict, why=why, expected=expected, due_at=due_at)


def expected_interval(history: History) -> timedelta:
    """The silence that news nearly always ends, pauses apart; single outages in the past do not stretch it."""
    gaps = history.gaps
    usual = [gap for gap in gaps if not is_pause(gap, gaps)]
    if len(usual) < ENOUGH:
        return max([UNLEARNT, *usual])
    return max(sorted(usual)[int(_QUANTILE * (len(usual) - 1))], GRAIN, _usual_lull(history))


def _usual_lull(history: History) -> timedelta:
    """The longest but one of the lulls at the time of day of the last news; nothing where there was but one."""
    last = history.last_new
    lengths = sorted(lull.length for lull in history.lulls if last and _apart(lull.start, last) <= _SAME_TIME)
    return lengths[-_TWICE] if len(lengths) >= _TWICE else timedelta(0)


def _apart(one: datetime, other: datetime) -> timedelta:
    """How far two times of day are from each other."""
    apart = (one - other) % _DAY
    return min(apart, _DAY - apart)


def due(history: History, expected: timedelta) -> datetime | None:
    """When the next news is due at the latest; None while none has ever come."""
    last = history.last_new
    if last is None or history.since is None:
        return None
    return max(last + expected, _end_of_usual_pause(history, last))


def _end_of_usual_pause(history: History, last: datetime) -> datetime:
    """When the pause ends that usually follows at this hour of the week; `last` itself where none does."""
    known_from = min([history.arrivals[0], *(pause.start for pause in history.pauses[:1])])
    ends = {
        days: max(
            (pause.end + days * _DAY for pause in history.pauses if pause.start <= last - days * _DAY < pause.end),
            default=last,
        )
        for days in range(1, _WEEK + 1)
        if last - days * _DAY >= known_from
    }
    if _WEEK in ends:
        return ends[_WEEK]
    return sorted(ends.values())[(len(ends) - 1) // 2] if ends else last


def _failing(history: History, expected: timedelta, now: datetime) -> tuple[Verdict, str] | None:
    """What a failing source is; None while the failure may pass."""
    since = history.failing_since or now
    lasted = now - (history.last_success or since)
    several = history.failures >= SEVERAL
    verdict = _verdict_of(history.failure)
    patience = min(expected, _SHORT_OUTAGE) if verdict is Verdict.DEAD else timedelta(0)
    told = (several and lasted >= patience) or lasted >= 2.5 * expected or _is_told_at_once(history)
    says = _SAYS.get(history.failure, "it fails")
    times = "once" if history.failures == 1 else f"{history.failures} times in a row"
    if told:
        return verdict, f"It could not be fetched {times}: {says}."
    if lasted >= expected:
        return Verdict.LATE, f"It could not be fetched {times}, and is overdue: {says}."
    return None


def _is_told_at_once(history: History) -> bool:
    wrong = history.last_success is None and history.failure in _SET_WRONGLY
    return wrong or history.failure in _AT_ONCE


def _verdict_of(failure: str) -> Verdict:
    if failure in _BLOCKED:
        return Verdict.BLOCKED
    if failure in _CHANGED:
        return Verdict.CHANGED
    return Verdict.EMPTY if failure == "empty_answer" else Verdict.DEAD


def _silent(history: History, expected: timedelta, due_at: datetime, now: datetime) -> tuple[Verdict, str]:
    overdue = now - due_at
    last = history.last_new
    silence = f"No news for {span(now - last)}" if last else "It has had no news since it was first asked"
    if overdue >= 2 * expected:
        return Verdict.STALE, f"{silence}; it was due {span(overdue)} ago, as it usually comes within {span(expected)}."
    if overdue >= expected:
        return Verdict.LATE, f"{silence}; it usually comes within {span(expected)}."
    return Verdict.HEALTHY, _well(history, expected)


def _well(history: History, expected: timedelta) -> str:
    """Why nothing is wrong with a source, or not yet."""
    says = _SAYS.get(history.failure, "it fails")
    if history.last_success is None:
        return f"It has not answered yet: {says}."
    if history.failures:
        return f"Its last poll failed, which may pass: {says}."
    return f"News comes within {span(expected)}." if len(history.gaps) >= ENOUGH else "It answers."


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """How often a source may be asked.

    Attributes:
        shortest: Between two polls.
        longest: Likewise, of a source that answers.
        steady: Always at the shortest, without jitter: a file on this machine.
    """

    shortest: timedelta = timedelta(minutes=5)
    longest: timedelta = timedelta(hours=1)
    steady: bool = False


LONGEST_BACKOFF: Final = timedelta(hours=6)
LONGEST_ASKED: Final = timedelta(days=1)
"""A server that asks for more is asked again after this: such answers are mistakes."""
_JITTER: Final = 0.2
_RECENT: Final = 16


def next_poll(history: History, now: datetime, rhythm: Rhythm, draw: float, asked: timedelta | None = None) -> datetime:
    """When to poll next: twice in a usual gap between news, within bounds; less often what fails; never in step.

    Args:
        history: With the last poll.
        now: UTC-aware.
        rhythm: The bounds.
        draw: A random number in [0, 1): polls are spread by up to a tenth to either side.
        asked: How long the source asks to be left alone; None where it does not. One that answers is heard up to the
            longest of the bounds, one that fails up to `LONGEST_ASKED`.
    """
    if rhythm.steady:
        return now + rhythm.shortest
    gaps = history.gaps[-_RECENT:]
    wanted = median(gaps) / 2 if gaps else (rhythm.shortest + rhythm.longest) / 4
    interval = min(max(wanted, rhythm.shortest), rhythm.longest)
    if history.failures >= SEVERAL:
        doubled = interval * 2 ** min(history.failures - SEVERAL + 1, 10)
        interval = max(interval, min(doubled, LONGEST_BACKOFF))
    spread = interval * (1 + _JITTER * (draw - 0.5))
    if asked is not None:
        # What keeps an answer in caches for a day says nothing of its news: only a failure is left alone so long.
        longest = LONGEST_ASKED if history.failures else rhythm.longest
        spread = max(spread, min(asked, longest) * (1 + _JITTER * draw / 2))
    return now + spread


def first_poll(
    now: datetime, planned: datetime | None, rhythm: Rhythm, draw: float, last_poll: datetime | None = None
) -> datetime:
    """When a source is polled after a start, or once the clock was set back: when it was planned, or within a minute.

    Args:
        now: UTC-aware.
        planned: By an earlier process, or by the clock as it was; None where there was none.
        rhythm: The bounds.
        draw: A random number in [0, 1), so that a start does not ask all sources at once.
        last_poll: After which that was planned. Where it lies after `now`, clock and plan were wrong.
    """
    if rhythm.steady:
        return now
    if last_poll is not None and last_poll > now:
        planned = None
    soon = now + min(timedelta(minutes=1), rhythm.shortest) * draw
    return soon if planned is None or planned <= now else min(planned, now + LONGEST_ASKED)


def span(length: timedelta) -> str:
    """A length of time in words: its largest unit, to one half.

    >>> span(timedelta(minutes=90)), span(timedelta(seconds=40)), span(timedelta(days=3))
    ('1.5 hours', '40 seconds', '3 days')
    """
    seconds = max(0.0, length.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size or unit == "second":
            count = round(2 * seconds / size) / 2
            return f"{count:g} {unit}" if count == 1 else f"{count:g} {unit}s"
    raise AssertionError
