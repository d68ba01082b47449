"""The alerts worker: new surges in, transitions and notifications out, in one transaction with the cursor.

Changes of sources have a cursor of their own, and become notices in the same outbox.

What is done is decided, and what is shown of each alert looked for, before that transaction: in a crisis that takes
seconds, in which others must be able to write. If by then somebody else has changed what it rests on, it is void.

It keeps nothing that the store does not say: killed anywhere, it goes on from the last commit and makes the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from monitor.alerts.alert import Alert, Notification, NotificationKind
from monitor.alerts.lifecycle import Change, Lifecycle, LifecycleRules
from monitor.alerts.notice import Worsening, notices
from monitor.alerts.notifying import notify
from monitor.alerts.routing import Receiver, Route, check_routes
from monitor.clock import Clock
from monitor.store import alerting, sources
from monitor.store.cursors import read_cursor
from monitor.store.database import Connection, Database
from monitor.store.evidence import read_evidence
from monitor.store.writes import write_progress
from monitor.surges.evidence import Evidence
from monitor.surges.series import Series

READER: Final = "alerts"
"""Name of the cursor."""
SOURCES_READER: Final = "alerts of sources"
"""Name of the cursor over the changes of sources."""
SOURCE: Final = "surges"
"""Name of the worker whose progress says how far the surges reach."""

STORIES: Final = 5
"""Stories shown in a notification, at most."""

_BATCH: Final = 1000
"""Surges in one transaction, about: short enough that other writers need not wait long."""

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class AlertsWorker:
    """Turns surges into alerts. A second one at the same store waits for it and then finds nothing left to do."""

    def __init__(
        self,
        database: Database,
        rules: LifecycleRules,
        routes: Sequence[Route],
        receivers: Sequence[Receiver],
        clock: Clock,
    ) -> None:
        """Nothing is read or written yet.

        Raises:
            SettingsError: A route names a receiver that does not exist, or two receivers have one name.
        """
        check_routes(routes, receivers)
        self._database = database
        self._lifecycle = Lifecycle(rules)
        self._routes = tuple(routes)
        self._receivers = tuple(receivers)
        self._clock = clock
        # What the last transaction left to wait for; only to spare transactions that would find nothing.
        self._position = -1
        self._due_at: datetime | None = _ALWAYS
        self._ended_at: datetime | None = None

    def step(self) -> int:
        """Takes in what is new, up to about a thousand surges; costs one small query where nothing is.

        Returns:
            How many surges it took; where it is not 0, more may be waiting. 0 also where another worker was quicker, or
            alerts were moved to another company meanwhile.

        Raises:
            StoreError: The store failed; nothing of this step is in it.
        """
        self._tell_of_sources()
        with self._database.read() as connection:
            reach = alerting.read_reach(connection, READER, SOURCE)
            if not self._has_news(reach):
                return 0
            numbered = alerting.read_surges_after(connection, reach.position, _BATCH)
            complete = len(numbered) < _BATCH
            open_alerts = alerting.read_open_alerts(connection)
            surges = [surge for _, surge in numbered]
            # A batch ends with a whole tick. Beyond that tick, time is only known if no surge was left behind.
            change = self._lifecycle.run(open_alerts, surges, reach.tick if complete else surges[-1].tick)
            notifications = self._notifications(connection, open_alerts, change)
        with self._database.write() as connection:
            position = alerting.hold_cursor(connection, READER)
            if position != reach.position or alerting.read_open_alerts(connection) != open_alerts:
                return 0
            # A merge also moves verdicts: of the name of before, nobody would close an alert.
            if alerting.read_surges_after(connection, position, _BATCH)[: len(numbered)] != numbered:
                return 0
            alerting.write_alerts(connection, change.alerts)
            alerting.write_transitions(connection, change.transitions)
            alerting.write_notifications(connection, notifications, self._clock())
            if numbered:
                position = numbered[-1][0]
                alerting.write_cursor(connection, READER, position)
            ended_at = reach.tick if complete and reach.final else None
            if ended_at is not None:
                write_progress(connection, READER, ended_at, final=True)
        # Only now is it committed.
        self._position, self._ended_at = position, ended_at
        self._due_at = self._next_due_at(open_alerts | {alert.series: alert for alert in change.alerts})
        return len(surges)

    def _tell_of_sources(self) -> None:
        """Puts a notice of each source that got worse into the outbox, in one transaction with its own cursor."""
        with self._database.read() as connection:
            if sources.newest_change(connection) <= read_cursor(connection, SOURCES_READER):
                return
        with self._database.write() as connection:
            position = alerting.hold_cursor(connection, SOURCES_READER)
            numbered = sources.read_changes_after(connection, position, _BATCH)
            worsenings = [
                Worsening(
                    source=each.change.source,
                    before=each.change.before or "",
                    after=each.change.after,
                    why=each.change.why,
                    at=each.change.at,
                )
                for each in numbered
                if each.change.worse
            ]
            told = notices(worsenings, self._receivers, self._routes)
            alerting.write_notifications(connection, told, self._clock())
            if numbered:
                alerting.write_cursor(connection, SOURCES_READER, numbered[-1].number)

    def _has_news(self, reach: alerting.Reach) -> bool:
        if reach.tick is None:
            return False
        unknown = not reach.newest <= reach.position == self._position
        due = self._due_at is not None and self._due_at <= reach.tick
        return unknown or due or (reach.final and self._ended_at != reach.tick)

    def _notifications(
        self, connection: Connection, open_before: Mapping[Series, Alert], change: Change
    ) -> list[Notification]:
        def told(alert_id: str) -> Mapping[str, bool]:
            return alerting.receivers_told(connection, alert_id)

        def shown(alert: Alert, kind: NotificationKind) -> Evidence:
            surge = alert.latest if kind == "firing" else alert.peak
            return read_evidence(connection, surge, alert.latest.tick, STORIES)

        return notify(change.transitions, open_before, self._receivers, self._routes, told, shown)

    def _next_due_at(self, alerts: Mapping[Series, Alert]) -> datetime | None:
        """When the first alert changes by itself; `due_at` has nothing to say of a resolved one."""
        return min((at for alert in alerts.values() if (at := self._lifecycle.due_at(alert))), default=None)
