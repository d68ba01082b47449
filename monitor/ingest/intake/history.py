"""What is remembered of a source to judge its health: bounded, and grown by one poll at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from monitor.articles import Instant
from monitor.ingest.intake.accounts import Accounts

MAX_ARRIVALS: Final = 64
"""Times of new articles that are remembered: enough for a quantile, little enough to follow a change within days."""
MAX_PAUSES: Final = 48
MAX_LULLS: Final = 48
MAX_SHAPES: Final = 8

GRAIN: Final = timedelta(minutes=5)
"""Arrivals closer together than this are one burst: a busy source's memory reaches back hours, not minutes."""
LULL_FACTOR: Final = 2
"""A gap of so many median ones, that is no pause, is a lull; those of one time of day are remembered for days."""

PAUSE_LEAST: Final = timedelta(hours=3)
PAUSE_FACTOR: Final = 6
"""A gap of so many usual gaps, and not shorter than the one above, is a pause (a night, a weekend, an outage)."""


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """How one fetch of a source went.

    Attributes:
        at: UTC-aware; when its items were taken in.
        failure: The reason for which it gave nothing; empty where it gave something, or nothing new.
        accounts: What became of its items.
        listing: Whether the source shows its latest items each time, so that none at all is odd; a source that gives
            only what came since (a file), or answers that nothing changed, says nothing by giving none.
        shape: Fingerprint of the answer; empty where there was none.
    """

    at: Instant
    failure: str = ""
    accounts: Accounts = Accounts()
    listing: bool = True
    shape: str = ""


class Silence(msgspec.Struct, frozen=True, array_like=True):
    """A silence that ended with a new article."""

    start: Instant
    end: Instant

    @property
    def length(self) -> timedelta:
        """How long it was."""
        return self.end - self.start


class History(msgspec.Struct, frozen=True, kw_only=True):
    """The past of a source.

    Attributes:
        since: The first poll; None before it.
        last_poll: The last one; None also where it was written down by a version that did not keep it.
        polls: How many there were.
        last_success: The last poll that did not fail.
        arrivals: When new articles came, oldest first, at most `MAX_ARRIVALS`; of a burst, its beginning and its end.
        pauses: The long silences of the last weeks, oldest first.
        lulls: The silences of the last days that were longer than usual, yet no pauses; oldest first.
        failures: Polls in a row, to the last one, that failed.
        failing_since: The first of them.
        failure: The reason of the last of them.
        empties: Listings in a row, to the last one, that showed nothing.
        strange: Polls in a row, to the last one, in which nothing was recognised.
        shapes: Fingerprints of answers in which something was recognised, latest last.
    """

    since: Instant | None = None
    last_poll: Instant | None = None
    polls: int = 0
    last_success: Instant | None = None
    arrivals: tuple[Instant, ...] = ()
    pauses: tuple[Silence, ...] = ()
    lulls: tuple[Silence, ...] = ()
    failures: int = 0
    failing_since: Instant | None = None
    failure: str = ""
    empties: int = 0
    strange: int = 0
    shapes: tuple[str, ...] = ()

    @property
    def last_new(self) -> datetime | None:
        """When the last new article came."""
        return self.arrivals[-1] if self.arrivals else None

    @property
    def gaps(self) -> list[timedelta]:
        """The silences between arrivals, oldest first."""
        return [after - before for before, after in zip(self.arrivals, self.arrivals[1:], strict=False)]


def after_poll(history: History, poll: Poll, published: Sequence[datetime] = ()) -> History:
    """The history with one more poll.

    Args:
        history: Until now.
        poll: The next one.
        published: Event times of its new articles; they tell the rhythm of a source on its very first poll.
    """
    grown = msgspec.structs.replace(history, since=history.since or poll.at, last_poll=poll.at, polls=history.polls + 1)
    if poll.failure:
        return msgspec.structs.replace(
            grown,
            failures=history.failures + 1,
            failing_since=history.failing_since or poll.at,
            failure=poll.failure,
        )
    grown = msgspec.structs.replace(grown, last_success=poll.at, failures=0, failing_since=None, failure="")
    grown = _with_answer(grown, poll)
    if not poll.accounts.new:
        return grown
    return _with_arrival(grown, poll.at, _first_arrivals(published, poll.at) if not history.arrivals else ())


def _with_answer(history: History, poll: Poll) -> History:
    accounts = poll.accounts
    if not accounts.fetched and not poll.listing:
        return history
    if accounts.recognised > accounts.odd:
        others = tuple(shape for shape in history.shapes if shape != poll.shape)
        shapes = (*others, poll.shape)[-MAX_SHAPES:] if poll.shape else history.shapes
        return msgspec.structs.replace(history, empties=0, strange=0, shapes=shapes)
    unknown = bool(poll.shape and history.shapes) and poll.shape not in history.shapes
    if accounts.fetched or unknown:
        return msgspec.structs.replace(history, empties=0, strange=history.strange + 1)
    return msgspec.structs.replace(history, empties=history.empties + 1, strange=0)


def _with_arrival(history: History, at: datetime, earlier: Sequence[datetime]) -> History:
    pauses, lulls, last, usual = history.pauses, history.lulls, history.last_new, history.gaps
    if last is not None and usual:
        silence = Silence(last, at)
        if is_pause(silence.length, usual):
            pauses = (*pauses, silence)[-MAX_PAUSES:]
        elif silence.length > max(GRAIN, LULL_FACTOR * median(usual)):
            lulls = (*lulls, silence)[-MAX_LULLS:]
    before = (*history.arrivals, *earlier)
    if len(before) > 1 and at - before[-2] < GRAIN:
        before = before[:-1]
    return msgspec.structs.replace(history, arrivals=(*before, at)[-MAX_ARRIVALS:], pauses=pauses, lulls=lulls)


def _first_arrivals(published: Sequence[datetime], at: datetime) -> list[datetime]:
    """When the articles of a first fetch came, as far as their own times tell."""
    return sorted({moment for moment in published if moment < at})[-(MAX_ARRIVALS - 1) :]


def is_pause(gap: timedelta, usual: Sequence[timedelta]) -> bool:
    """Whether a silence is of another kind than the usual ones."""
    return gap >= PAUSE_LEAST and bool(usual) and gap > PAUSE_FACTOR * median(usual)


def median(spans: Sequence[timedelta]) -> timedelta:
    """The middle one of some lengths, at least one; of two middle ones, the shorter."""
    return sorted(spans)[(len(spans) - 1) // 2]
