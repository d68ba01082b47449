"""The past of a merged entity made that of the one it goes into, so that the merge itself looks like no event.

New articles count for the entity that stands in the end (`monitor.store.entities.read_merges`). What was counted,
learnt and told before the merge lies under the name of then. Left there, the company would seem never named before, and
an ordinary day of it a surge; an alert that is open on it would get a twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, Table, delete, select, update

from monitor.alerts.alert import Alert, AlertState
from monitor.clock import MINUTE, ceil_to, floor_to
from monitor.store import alerting, counting, schema, writes
from monitor.store.reads import read_topics
from monitor.store.upserts import Insert, insert_into, insert_many
from monitor.surges.lessons import joined_past
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series
from monitor.surges.stories import StoryHead
from monitor.surges.windows import MinuteCount, WindowCounts

ALERTS_READER: Final = "alerts"
"""Whose cursor the alerts worker holds while it writes."""
_NONE: Final = WindowCounts(0, 0)


def join_past(connection: Connection, merges: Mapping[str, str], rules: SurgeRules) -> int:
    """Moves what is kept of merged entities to those they go into; what was moved before is not there any more.

    Counts and what was learnt are added up, and a live story about both is counted once. An alert moves as long as the
    other has none open; where it has, the one that was merged gets no more bad news and runs out.

    Args:
        connection: In the surge worker's transaction: no core may go on from before it.
        merges: For every merged entity the one that stands in the end.
        rules: By which baselines forget.

    Returns:
        How many series were moved.
    """
    moved = {series: _into(series, merges) for series in _kept(connection, merges)}
    if not moved:
        return 0
    alerting.hold_cursor(connection, ALERTS_READER)  # the alerts worker writes whole alerts: not between our two looks
    heads = [head for head in counting.read_story_heads(connection) if any(name in merges for name, _ in head.about)]
    for series, into in sorted(moved.items()):
        _move_minutes(connection, series, into)
        _move_windows(connection, series, into)
        _move_baselines(connection, series, into, rules)
        _move_alerts(connection, series, into)
    writes.add_minute_counts(connection, list(_counted_twice(heads, merges).values()))
    writes.write_story_heads(connection, [_renamed(head, merges) for head in heads])
    return len(moved)


def _into(series: Series, merges: Mapping[str, str]) -> Series:
    return Series(entity=merges[series.entity], topic=series.topic)


def _kept(connection: Connection, merges: Mapping[str, str]) -> set[Series]:
    """The series of merged entities of which something is kept."""
    topics = ["", *(series.topic for series in read_topics(connection))]
    keys = [Series(entity=entity, topic=topic).key for entity in sorted(merges) for topic in topics]
    found: set[str] = set()
    for table in (schema.minute_counts, schema.window_counts, schema.baselines, schema.alerts):
        for chunk in counting.chunks(keys):
            found |= set(connection.scalars(select(table.c.series).where(table.c.series.in_(chunk)).distinct()))
    return {Series.parse(key) for key in found}


def _counted_twice(heads: Iterable[StoryHead], merges: Mapping[str, str]) -> dict[tuple[Series, datetime], MinuteCount]:
    """What live stories that name both sides of a merge count too much once both are one."""
    found: dict[tuple[Series, datetime], MinuteCount] = {}
    for head in heads:
        # As the core had it: never a minute that had not begun when the story entered.
        minute = min(floor_to(head.event_time, MINUTE), ceil_to(head.entered_at, MINUTE) - MINUTE)
        for entity, bad in _renamed(head, merges).about:
            sides = [negative for name, negative in head.about if merges.get(name, name) == entity]
            more = WindowCounts(1 - len(sides), int(bad) - sum(sides))
            for topic in {"", head.topic} if more.stories else ():
                series = Series(entity=entity, topic=topic)
                row = MinuteCount(series, minute, *((_NONE, more) if head.dated else (more, _NONE)))
                other = found.get((series, minute))
                found[series, minute] = other + row if other else row
    return found


def _renamed(head: StoryHead, merges: Mapping[str, str]) -> StoryHead:
    """A story about the entities that stand in the end; bad for one that it names twice if it is so both times."""
    about: dict[str, bool] = {}
    for name, bad in head.about:
        entity = merges.get(name, name)
        about[entity] = bad and about.get(entity, True)
    return msgspec.structs.replace(head, about=tuple(about.items()))


def _move_minutes(connection: Connection, series: Series, into: Series) -> None:
    rows = counting.read_minutes_of(connection, series)
    writes.add_minute_counts(connection, [msgspec.structs.replace(row, series=into) for row in rows])
    _delete(connection, schema.minute_counts, series)


def _move_windows(connection: Connection, series: Series, into: Series) -> None:
    table = schema.window_counts
    rows = connection.execute(select(table).where(table.c.series == series.key)).mappings()
    insert_many(connection, table, [{**row, "series": into.key} for row in rows], _adding_stories)
    _delete(connection, table, series)


def _move_baselines(connection: Connection, series: Series, into: Series, rules: SurgeRules) -> None:
    theirs = {state.window_minutes: state for state in counting.read_baselines_of(connection, into)}
    joined = [
        joined_past(msgspec.structs.replace(state, series=into), theirs.get(state.window_minutes), rules.half_life_days)
        for state in counting.read_baselines_of(connection, series)
    ]
    writes.write_baselines(connection, joined)
    _delete(connection, schema.baselines, series)


def _move_alerts(connection: Connection, series: Series, into: Series) -> None:
    """Alerts, and the verdicts that they were opened and closed by."""
    mine, theirs = _alerts_of(connection, series), _alerts_of(connection, into)
    if any(map(_is_open, mine)) and any(map(_is_open, theirs)):
        return
    alerting.write_alerts(connection, [_renamed_alert(alert, into) for alert in mine])
    table = schema.surges
    known = select(table.c.tick).where(table.c.series == into.key)
    connection.execute(delete(table).where(table.c.series == series.key, table.c.tick.in_(known)))
    connection.execute(update(table).where(table.c.series == series.key).values(series=into.key))


def _alerts_of(connection: Connection, series: Series) -> list[Alert]:
    table = schema.alerts
    return [alerting.alert_of(row) for row in connection.execute(select(table).where(table.c.series == series.key))]


def _is_open(alert: Alert) -> bool:
    return alert.state is not AlertState.RESOLVED


def _renamed_alert(alert: Alert, into: Series) -> Alert:
    latest, peak = (msgspec.structs.replace(surge, series=into) for surge in (alert.latest, alert.peak))
    return msgspec.structs.replace(alert, series=into, latest=latest, peak=peak)


def _delete(connection: Connection, table: Table, series: Series) -> None:
    connection.execute(delete(table).where(table.c.series == series.key))


def _adding_stories(dialect: str, table: Table) -> Insert:
    statement = insert_into(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: table.c[name] + statement.excluded[name] for name in ("stories", "negatives")},
    )
