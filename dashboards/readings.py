"""What the pages ask the store, and for how long an answer serves.

Answers that depend on the stream's time alone are kept under it and shared by all open pages; what workers change
between two ticks (alerts, deliveries, signs of life) is asked anew at each renewal, by queries that a limit bounds.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

import pandas as pd

from dashboards.frames import GOES_ON, Picture, picture
from dashboards.papers import shipped_papers
from dashboards.ranges import Range
from monitor.alerts.alert import Alert, AlertState
from monitor.clock import EPOCH, MINUTE, Clock, floor_to
from monitor.ingest.intake.parcel import VerdictChange
from monitor.learning.versions.version import Judgement
from monitor.records import DeadLetter
from monitor.store import counting, entities, health, models, outbox, reads, timelines
from monitor.store import sources as stored_sources
from monitor.store.database import Connection, Database
from monitor.store.evidence import RELEVANT, read_evidence
from monitor.store.rows import (
    AlertChange,
    ClosedCount,
    Counts,
    Heartbeat,
    JobRun,
    OutboxEntry,
    Progress,
    SeriesTotal,
    SourceTotal,
    StoredArticle,
    WindowArticle,
)
from monitor.store.sources import SourceAccounts, SourceRow
from monitor.surges.evidence import Evidence
from monitor.surges.series import Series
from monitor.surges.windows import Window

T = TypeVar("T")

SURGE_WORKER: Final = "surges"
OPEN_STATES: Final = tuple(state for state in AlertState if state is not AlertState.RESOLVED)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
STORY_LIMIT: Final = 60
ALERT_LIMIT: Final = 200
COMPANY_LIMIT: Final = 60

_KEPT = 512
_COST_FACTOR = 30
"""A question that took a second is asked again after half a minute: counting a large store never fills a core."""


class Readings:
    """The store as the pages see it. One object serves every open page, from several threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._counts: tuple[Counts, datetime] | None = None
        self._lock = threading.Lock()

    def progress(self) -> Progress | None:
        """How far the stream has come; None while nothing has been counted."""
        return self._now(lambda connection: counting.read_progress(connection, SURGE_WORKER))

    def counts(self) -> Counts:
        """What is in the store; the larger it is, the more seldom this is counted."""
        asked_at = self._clock()
        with self._lock:
            if self._counts is not None and asked_at < self._counts[1]:
                return self._counts[0]
        counts = self._now(reads.read_counts)
        answered_at = self._clock()
        with self._lock:
            self._counts = (counts, answered_at + _COST_FACTOR * (answered_at - asked_at))
        return counts

    def open_alerts(self) -> list[Alert]:
        """Alerts that are not resolved, the latest opened first."""
        return self._now(lambda connection: reads.read_alerts(connection, ALERT_LIMIT, OPEN_STATES))

    def last_ended(self) -> Alert | None:
        """The resolved alert whose surge was over last."""
        return self._now(reads.read_last_ended)

    def number_of_alerts(self) -> int:
        """How many alerts are kept."""
        return self._now(reads.count_alerts)

    def alerts(self, states: tuple[AlertState, ...] | None, series: Series | None) -> list[Alert]:
        """Alerts in some states and of a series (None for any), the latest opened first, at most `ALERT_LIMIT`."""
        return self._now(lambda connection: reads.read_alerts(connection, ALERT_LIMIT, states, series))

    def alert(self, alert_id: str) -> Alert | None:
        """One alert."""
        return self._now(lambda connection: reads.read_alert(connection, alert_id))

    def transitions(self, alert_id: str) -> list[AlertChange]:
        """The life of an alert, oldest change first."""
        return self._now(lambda connection: reads.read_transitions(connection, alert_id))

    def deliveries(self, alert_id: str) -> list[OutboxEntry]:
        """What was told about an alert, and how that went."""
        return self._now(lambda connection: outbox.read_outbox(connection, ALERT_LIMIT, alert_id=alert_id))

    def evidence(self, alert: Alert, limit: int) -> Evidence:
        """What the window held that an open alert rests on; of a resolved one, that of its peak."""
        surge = alert.peak if alert.state is AlertState.RESOLVED else alert.latest
        key = ("evidence", alert.series, surge.window, surge.tick, limit)
        return self._once(key, lambda connection: read_evidence(connection, surge, surge.tick, limit))

    def stories(self, series: Series, window: Window, freshness: datetime) -> list[WindowArticle]:
        """The articles behind a point, the most negative first, at most `STORY_LIMIT`."""
        key = ("stories", series, window, freshness)
        return self._once(key, lambda connection: reads.read_stories(connection, series, window, STORY_LIMIT))

    def topic_totals(self, span: Window, freshness: datetime) -> list[SeriesTotal]:
        """What each topic counted in a span."""

        def ask(connection: Connection) -> list[SeriesTotal]:
            return reads.read_totals(connection, span, reads.read_topics(connection, span))

        return self._once(("totals", freshness), ask)

    def expectation(self, series: Series, length: timedelta, freshness: datetime) -> ClosedCount | None:
        """The newest closed window of that length, from the last month, that says what is usual."""

        def ask(connection: Connection) -> ClosedCount | None:
            span = Window(freshness - 31 * DAY, freshness)
            windows = timelines.read_windows(connection, series, length, span)
            return next((window for window in reversed(windows) if window.low is not None), None)

        return self._once(("expectation", series, length, freshness), ask)

    def topics(self, tick: datetime) -> list[Series]:
        """Every topic that an article is of, those that were added to a model's own among them."""
        return self._once(("topics", floor_to(tick, MINUTE)), reads.read_topics)

    def companies(self, tick: datetime) -> list[Series]:
        """The companies that most articles of the last week are about, the busiest first."""

        def ask(connection: Connection) -> list[Series]:
            busiest = entities.count_articles(connection, tick - 7 * DAY, limit=COMPANY_LIMIT, least_relevance=RELEVANT)
            return [Series(entity=count.entity) for count in busiest]

        return self._once(("companies", floor_to(tick, HOUR)), ask)

    def alerted(self) -> list[Series]:
        """Every series that an alert was ever opened for."""
        return self._now(reads.read_alerted)

    def picture(
        self, choice: Range, series: Series, tick: datetime, enough: int, reach: Window | None = None
    ) -> Picture:
        """What the chart of a series shows.

        Args:
            choice: The range.
            series: Of what.
            tick: Time of the stream.
            enough: A window with fewer stories is shown faintly.
            reach: What to cover; None for the range's own.
        """
        key = ("picture", choice.name, series, choice.freshness(tick), reach)
        found = self._once(key, lambda connection: _ask_counts(connection, choice, series, tick, reach))
        covered, counts, closed = found
        alerts = tuple(self._now(lambda connection: reads.read_series_alerts(connection, series, covered, ALERT_LIMIT)))
        drawn = ("drawn", key, alerts, enough)
        return self._once(drawn, lambda _: picture(choice, covered, counts, closed, alerts, enough=enough))

    def heartbeats(self) -> list[Heartbeat]:
        """The last sign of life of each worker."""
        return self._now(health.read_heartbeats)

    def outbox(self) -> tuple[dict[str, int], datetime | None, list[OutboxEntry]]:
        """Notifications by status, when the next one is due, and the latest of those that were given up."""

        def ask(connection: Connection) -> tuple[dict[str, int], datetime | None, list[OutboxEntry]]:
            dead = outbox.read_outbox(connection, 20, "dead")
            return outbox.count_outbox(connection), outbox.next_due_at(connection), dead

        return self._now(ask)

    def dead_letters(self) -> list[DeadLetter]:
        """What was refused last."""
        return self._now(lambda connection: reads.read_dead_letters(connection, 20))

    def runs(self) -> list[JobRun]:
        """The latest runs of scheduled jobs."""
        return self._now(lambda connection: health.read_runs(connection, 20))

    def papers(self, version: str) -> dict[str, Any] | None:
        """The manifest of a model version, from the store or as it ships; None where neither knows it."""
        found = self._now(lambda connection: models.read_version(connection, version))
        return shipped_papers(version) if found is None else found.papers

    def judgements(self) -> list[Judgement]:
        """The latest judgements of candidates."""
        return self._now(lambda connection: models.read_judgements(connection, limit=10))

    def in_doubt(self, freshness: datetime) -> list[StoredArticle]:
        """The latest articles that were too improbably negative to be counted as such.

        Args:
            freshness: For which part of the stream's time the answer serves.
        """
        return self._once(("in doubt", freshness), lambda connection: reads.read_in_doubt(connection, 15))

    def sources(self, span: Window, freshness: datetime) -> list[SourceTotal]:
        """Which sources delivered in a span."""
        return self._once(("sources", freshness), lambda connection: reads.read_sources(connection, span, 50))

    def source_rows(self) -> list[SourceRow]:
        """Every source that was ever asked, the worst first."""
        return self._now(stored_sources.read_sources)

    def source_accounts(self, since: datetime) -> list[SourceAccounts]:
        """What became of all that each source gave, from the day of `since` on."""
        return self._now(lambda connection: stored_sources.read_accounts(connection, since))

    def source_changes(self) -> list[VerdictChange]:
        """The latest changes of verdicts."""
        return self._now(lambda connection: stored_sources.read_changes(connection, None, 30))

    def _now(self, ask: Callable[[Connection], T]) -> T:
        with self._database.read() as connection:
            return ask(connection)

    def _once(self, key: Hashable, ask: Callable[[Connection], T]) -> T:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return cast("T", self._kept[key])
        answer = self._now(ask)
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return answer


def _ask_counts(
    connection: Connection, choice: Range, series: Series, tick: datetime, reach: Window | None
) -> tuple[Window, pd.DataFrame, list[ClosedCount]]:
    def counts(span: Window) -> pd.DataFrame:
        return timelines.read_timeline(connection, series, span, choice.grain, window=choice.window)

    if choice.slides:
        covered = reach or choice.reach(tick, None)
        counted = Window(covered.start - choice.window, covered.end)
        length = timelines.band_length(connection, series, choice.window)
        since = floor_to(counted.start, length) - GOES_ON * length
        closed = timelines.read_windows(connection, series, length, Window(since, counted.end))
        return covered, counts(counted), closed
    since = EPOCH if choice.span is None else tick - choice.span - choice.window
    closed = timelines.read_windows(connection, series, choice.window, reach or Window(since, tick))
    covered = reach or choice.reach(tick, closed[0].window.start if closed else None)
    last = closed[-1].window.end if closed else covered.end - 7 * choice.window
    counted = Window(min(last, covered.end - choice.grain), covered.end)
    return covered, counts(counted), closed
