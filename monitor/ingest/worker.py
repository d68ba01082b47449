"""The ingest stage, live: asks the sources, takes in what they give, publishes it, and keeps time moving."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from monitor.clock import Clock, is_due
from monitor.ingest.intake.health import LONGEST_ASKED, Rhythm, assess, first_poll, next_poll
from monitor.ingest.intake.history import History
from monitor.ingest.intake.outlet import Outlet
from monitor.ingest.intake.parcel import VerdictChange, change_of
from monitor.ingest.intake.polling import Finished, Poller
from monitor.ingest.intake.spool import Spool, SpoolFullError
from monitor.ingest.intake.taking import Intake
from monitor.ingest.items import ItemReader
from monitor.ingest.sources.source import Batch, FailureReason, Source, SourceError

ASSESS_EVERY = timedelta(minutes=1)
"""Silence grows between polls: verdicts are looked at so often."""
SET_BACK = timedelta(minutes=1)
"""A clock that goes back by more was wrong before; by less, nothing waits for long."""
PUT_OFF = timedelta(seconds=5)
"""A poll that was not made, as the spool was full or its host's turn comes later, is tried again after this."""


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """A source and how it is asked.

    Attributes:
        source: What is asked.
        reader: Turns its items into articles.
        rhythm: How often.
        listing: Whether it shows its latest items at each poll; a file gives only what is new.
    """

    source: Source
    reader: ItemReader
    rhythm: Rhythm = Rhythm()
    listing: bool = True


class IngestWorker:
    """Takes fetches as they come back, publishes, and marks the time: after news at once, and at every tick."""

    def __init__(
        self,
        polled: Sequence[Polled],
        intake: Intake,
        spool: Spool,
        outlet: Outlet,
        poller: Poller,
        clock: Clock,
        *,
        tick_every: timedelta,
        draw: Callable[[], float],
        warn: Callable[[str], None],
    ) -> None:
        """Plans the first polls.

        Args:
            polled: The sources.
            intake: Takes in what they give.
            spool: Where that lies until it is published.
            outlet: Publishes it.
            poller: Asks the sources.
            clock: Says when a tick is due.
            tick_every: Between two watermarks, at most.
            draw: A random number in [0, 1) at each call, so that polls do not fall together.
            warn: Is told when a verdict changes.
        """
        self._polled: Mapping[str, Polled] = {one.source.name: one for one in polled}
        self._intake = intake
        self._spool = spool
        self._outlet = outlet
        self._poller = poller
        self._clock = clock
        self._tick_every = tick_every
        self._draw = draw
        self._warn = warn
        self._held: deque[Finished] = deque()
        self._next_tick: datetime | None = None
        self._next_look: datetime | None = None
        self._now = clock()
        for name in self._polled:
            self._plan(name, self._first_poll(name))

    @property
    def counters(self) -> Mapping[str, float]:
        """Numbers for the health page."""
        return {
            "articles": self._intake.articles,
            "dead_letters": self._intake.dead_letters,
            "published": self._outlet.published,
            "spool_bytes": self._spool.bytes_waiting,
        }

    @property
    def note(self) -> str:
        """What else it should say."""
        if not self._outlet.fault:
            return ""
        return f"{len(self._spool):,} fetches wait in the spool. {self._outlet.fault}"

    def step(self) -> int:
        """Does what is due. Where the clock was set back, what was planned by it as it was is planned anew.

        Returns:
            How many fetches were taken in and records published.

        Raises:
            StoreError: The store is away; a new worker goes on from what is in the spool.
            BrokerError: One that no repetition can mend.
        """
        self._follow_clock()
        taken = self._take_in()
        published = self._outlet.drain()
        now = self._clock()
        if self._next_look is None or is_due(self._next_look, now, ASSESS_EVERY):
            self._next_look = now + ASSESS_EVERY
            self._look(now)
        if self._next_tick is None or is_due(self._next_tick, now, self._tick_every) or published:
            self._outlet.mark(self._intake.all_before())
            self._next_tick = now + self._tick_every
        return taken + published

    def _follow_clock(self) -> None:
        before, self._now = self._now, self._clock()
        if before - self._now > SET_BACK:
            self._poller.plan_anew(self._first_poll)

    def _first_poll(self, name: str) -> datetime:
        one = self._polled[name]
        standing = self._intake.standing(name, one.source.kind)
        return first_poll(self._now, standing.next_poll_at, one.rhythm, self._draw(), standing.history.last_poll)

    def _take_in(self) -> int:
        self._held.extend(self._poller.finished())
        taken = 0
        while self._held:
            if not self._take(self._held[0]):
                break
            taken += self._held.popleft().outcome is not None
        return taken

    def _take(self, finished: Finished) -> bool:
        """Takes one fetch in and plans the next; False where there is no room for it."""
        name, outcome = finished.name, finished.outcome
        if outcome is None or (isinstance(outcome, SourceError) and outcome.held_back):
            wait = outcome.retry_after if outcome else None
            self._plan(name, self._clock() + (wait or PUT_OFF))
            return True
        one = self._polled[name]
        before = self._intake.standing(name, one.source.kind)

        def plan(history: History) -> datetime:
            return self._next_poll(one, outcome, history, self._clock())

        try:
            self._intake.take(one.source.kind, one.reader, outcome, listing=one.listing, plan=plan)
        except SpoolFullError:
            return False
        after = self._intake.standing(name, one.source.kind)
        if after.verdict is not before.verdict and not (before.verdict is None and after.verdict == "healthy"):
            self._warn(f"Source {name} is {after.verdict}: {after.why}")
        if isinstance(outcome, SourceError) and after.history.failures == 1:
            self._warn(f"Source {name}: {outcome}")
        self._plan(name, after.next_poll_at or self._clock())
        return True

    def _next_poll(self, one: Polled, outcome: Batch | SourceError, history: History, now: datetime) -> datetime:
        if isinstance(outcome, Batch) and outcome.more:
            return now
        asked = outcome.retry_after if isinstance(outcome, SourceError) else outcome.wait
        upcoming = next_poll(history, now, one.rhythm, self._draw(), asked)
        # A server that refuses one of its pages is left alone as long as one that refuses all.
        return max(upcoming, now + min(outcome.retry_after or timedelta(0), LONGEST_ASKED))

    def _plan(self, name: str, at: datetime) -> None:
        self._poller.plan(name, at, lambda: self._fetch(name))

    def _fetch(self, name: str) -> Batch | SourceError | None:
        """Asks a source, in whatever thread the poller does it; no fault of a source ends the stage."""
        source = self._polled[name].source
        if not self._spool.room or self._held:
            return None
        try:
            return source.fetch(self._intake.standing(name, source.kind).state, self._clock())
        except SourceError as error:
            return error
        except Exception as error:  # noqa: BLE001 - an answer that nobody foresaw must not stop the other sources
            return SourceError(FailureReason.NOT_PARSED, f"{type(error).__name__}: {error}", "This is a fault of ours.")

    def _look(self, now: datetime) -> None:
        """Verdicts that changed though nothing was polled."""
        changes: list[VerdictChange] = []
        standings = []
        for name in self._watched():
            standing = self._intake.standings[name]
            assessment = assess(standing.history, now)
            change = change_of(standing, assessment, now)
            if change is not None:
                changes.append(change)
                standings.append(standing.assessed(assessment))
                self._warn(f"Source {name} is {change.after}: {change.why}")
        if changes:
            self._intake.note(changes, standings)

    def _watched(self) -> Collection[str]:
        """Sources of the settings, and those that push."""
        standings = list(self._intake.standings.items())
        return [name for name, standing in standings if name in self._polled or standing.kind == "push"]
