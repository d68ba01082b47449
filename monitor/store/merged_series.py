"""The past of a merged entity made that of the one it goes into, so that the merge itself looks like no event.

New articles count for the entity that stands in the end (`monitor.store.entities.read_merges`). What was counted,
learnt and told before the merge lies under the name of then. Left there, the company would seem never named before, and
an ordinary day of it a surge; an alert that is open on it would get a twin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, Table, delete, func, select, update

from monitor.alerts.alert import Alert, AlertState
from monitor.alerts.lifecycle import KEEPS_OPEN
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

    Counts and what was learnt are added up. A live story about both is counted once; of what lies further back, the
    part that articles about both make up is left out. An alert moves as long as the other has none open; where it has,
    the one that was merged gets no more bad news and runs out.

    Args:
        connection: In the surge worker's transaction: no core may go on from before it.
        merges: For every merged entity the one that stands in the end.
        rules: From which relevance on articles counted, and by which baselines forget.

    Returns:
        How many series were moved.
    """
    moved = {series: _into(series, merges) for series in _kept(connection, merges)}
    if not moved:
        return 0
    alerting.hold_cursor(connection, ALERTS_READER)  # the alerts worker writes whole alerts: not between our two looks
    live = counting.read_story_heads(connection)  # in the order in which they entered
    since = ceil_to(live[0].entered_at, MINUTE) - MINUTE if live else None
    heads = [head for head in live if any(name in merges for name, _ in head.about)]
    apart = _apart(connection, sorted({series.entity for series in moved}), merges, rules)
    for series, into in sorted(moved.items()):
        _move_minutes(connection, series, into, apart[series.entity], since)
        _move_windows(connection, series, into, apart[series.entity])
        _move_baselines(connection, series, into, rules, apart[series.entity])
        _move_alerts(connection, series, into)
    twice = _counted_twice(heads, merges)
    _take_back(connection, {place: row for place, row in twice.items() if since is None or place[1] >= since})
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


def _move_minutes(connection: Connection, series: Series, into: Series, apart: float, since: datetime | None) -> None:
    """Minutes from `since` on, which live stories tell of, as they are; of those before, the part that is apart."""
    timed, dated = _Part(apart), _Part(apart)
    rows = [
        msgspec.structs.replace(row, series=into) if since and row.minute >= since else _part(row, into, timed, dated)
        for row in counting.read_minutes_of(connection, series)
    ]
    writes.add_minute_counts(connection, [row for row in rows if row.timed.stories or row.dated.stories])
    _delete(connection, schema.minute_counts, series)


def _take_back(connection: Connection, twice: Mapping[tuple[Series, datetime], MinuteCount]) -> None:
    """Corrects minutes; with the stories goes their part of what their sources, models and hours make usual."""
    known: dict[tuple[Series, datetime], MinuteCount] = {}
    for series in {series for series, _ in twice}:
        known.update(((series, row.minute), row) for row in counting.read_minutes_of(connection, series))
    rows = []
    for place, more in sorted(twice.items()):
        now = known.get(place)
        if now is None:  # retention took it
            continue
        timed, dated = (
            round(offset * less.stories / counted.stories) if counted.stories else 0
            for offset, less, counted in (
                (now.timed_offset, more.timed, now.timed),
                (now.dated_offset, more.dated, now.dated),
            )
        )
        rows.append(msgspec.structs.replace(more, timed_offset=timed, dated_offset=dated))
    writes.add_minute_counts(connection, rows)


class _Part:
    """Takes a part of counts row by row, so that at each row it has been taken of all rows so far, to within one.

    By itself a row of one story could be taken whole or not at all.
    """

    def __init__(self, part: float) -> None:
        """Takes this part, in [0, 1]."""
        self._part = part
        self._due = (0.0, 0.0, 0.0)

    def of(self, counts: WindowCounts, offset: int = 0) -> tuple[WindowCounts, int]:
        """What to take of a row's stories and of their offset."""
        stories, negatives, offsets = (
            due + self._part * more
            for due, more in zip(self._due, (counts.stories, counts.negatives, offset), strict=True)
        )
        taken = round(stories)
        bad, usual = min(round(negatives), taken), round(offsets) if taken else 0
        self._due = (stories - taken, negatives - bad, offsets - usual)
        return WindowCounts(taken, bad), usual


def _part(row: MinuteCount, into: Series, timed_part: _Part, dated_part: _Part) -> MinuteCount:
    timed, timed_offset = timed_part.of(row.timed, row.timed_offset)
    dated, dated_offset = dated_part.of(row.dated, row.dated_offset)
    return MinuteCount(into, row.minute, timed, dated, timed_offset, dated_offset)


def _apart(
    connection: Connection, moved: Sequence[str], merges: Mapping[str, str], rules: SurgeRules
) -> dict[str, float]:
    """By entity to be moved, the part of the articles about it that what it goes into has not got yet, in [0, 1].

    Of those that go into the same one, the earlier have brought theirs when a later one comes: an article that names
    both stays in the past of one of them.
    """
    parts: dict[str, float] = {}
    for entity in moved:
        coming = {name for name in moved if name not in parts}
        into = merges[entity]
        others = [into, *(name for name, target in merges.items() if target == into and name not in coming)]
        parts[entity] = _part_without(connection, entity, others, rules)
    return parts


def _part_without(connection: Connection, entity: str, others: Sequence[str], rules: SurgeRules) -> float:
    """The part of the articles about an entity that are about none of some others, in [0, 1]; 1 where there is none.

    Who is named in passing, or after so many others that these alone counted, was not counted for, and is not asked
    for here.
    """
    table = schema.article_entities
    order = func.row_number().over(partition_by=table.c.article_id, order_by=(table.c.relevance.desc(), table.c.entity))
    mine = select(table.c.article_id).where(table.c.entity == entity)
    of_mine = table.c.article_id.in_(mine), table.c.relevance >= rules.minimum_relevance
    named = select(table.c.article_id, table.c.entity, order.label("place")).where(*of_mine).subquery()
    counted = select(named.c.article_id).where(named.c.place <= rules.entities_per_story)
    own = set(connection.scalars(counted.where(named.c.entity == entity)))
    both: set[str] = set()
    for chunk in counting.chunks(others):
        both |= own.intersection(connection.scalars(counted.where(named.c.entity.in_(chunk))))
    return 1.0 - len(both) / len(own) if own else 1.0


def _move_windows(connection: Connection, series: Series, into: Series, apart: float) -> None:
    table = schema.window_counts
    rows = connection.execute(select(table).where(table.c.series == series.key).order_by(table.c.start)).mappings()
    parts: defaultdict[int, _Part] = defaultdict(lambda: _Part(apart))
    moved = []
    for row in rows:
        taken, _ = parts[row["window_seconds"]].of(WindowCounts(row["stories"], row["negatives"]))
        moved.append({**row, "series": into.key, "stories": taken.stories, "negatives": taken.negatives})
    insert_many(connection, table, moved, _adding_stories)
    _delete(connection, table, series)


def _move_baselines(connection: Connection, series: Series, into: Series, rules: SurgeRules, apart: float) -> None:
    theirs = {state.window_minutes: state for state in counting.read_baselines_of(connection, into)}
    joined = [
        joined_past(
            msgspec.structs.replace(state, series=into), theirs.get(state.window_minutes), rules.half_life_days, apart
        )
        for state in counting.read_baselines_of(connection, series)
    ]
    writes.write_baselines(connection, joined)
    _delete(connection, schema.baselines, series)


def _move_alerts(connection: Connection, series: Series, into: Series) -> None:
    """Alerts, and the verdicts that they were opened and closed by."""
    mine, theirs = _alerts_of(connection, series), _alerts_of(connection, into)
    mine_open, theirs_open = any(map(_is_open, mine)), any(map(_is_open, theirs))
    if mine_open and theirs_open:
        return
    alerting.write_alerts(connection, [_renamed_alert(alert, into) for alert in mine])
    table = schema.surges
    if mine_open or theirs_open:  # the last word is that of the one whose alert is open, or nobody would close it
        kept, other = (series, into) if mine_open else (into, series)
        newest = select(func.max(table.c.tick)).where(table.c.series == kept.key).scalar_subquery()
        calm = (table.c.tick >= newest, table.c.reason.not_in(KEEPS_OPEN))
        connection.execute(delete(table).where(table.c.series == other.key, *calm))
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
