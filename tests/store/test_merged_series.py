"""A merge of two entities is no event: what was counted under either name counts on as one's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, select

from monitor.alerts.alert import AlertState
from monitor.classify.scored import ScoredArticle
from monitor.store import alerting, counting, entities, writes
from monitor.store.database import Database
from monitor.store.entities import Decision
from monitor.store.merged_series import join_past
from monitor.store.schema import minute_counts, surges, window_counts
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.series import Series
from monitor.surges.surge import Reason
from monitor.surges.ticking import count_tick
from monitor.surges.windows import MinuteCount, WindowCounts
from tests.store.builders import HOUR, MINUTE, NOON, alert, mention, scored, surge

RULES = SurgeRules()
DECISION = Decision(at=NOON, by="ann", why="the same firm")
OLD, NEW = Series(entity="~acme"), Series(entity="acme")
MERGES = {"~acme": "acme"}


def named(number: int, seen: datetime, *names: tuple[str, float]) -> ScoredArticle:
    """An article that is about these, each with the probability that it is bad for it."""
    mentions = tuple(msgspec.structs.replace(mention(negative=bad), entity=name, relevance=80) for name, bad in names)
    title = f"Company matter number {number} {'abcdefghij'[number % 10] * (number % 7 + 3)}"
    return msgspec.structs.replace(
        scored(number, published_at=seen, first_seen_at=seen, title=title, body=""), mentions=mentions
    )


def month(days: range, name: str, bad_days: Iterable[int] = ()) -> list[ScoredArticle]:
    """Each day 4 stories about a company, named so, and 16 of others; on a bad day all are bad and about it."""
    bad, items = set(bad_days), list[ScoredArticle]()
    for day in days:
        for hour in range(20):
            number = 100 * day + hour
            mine = day in bad or hour % 5 == 2
            grim = 0.8 if day in bad or number % 3 == 0 else 0.1
            items.append(named(number, NOON + day * 24 * HOUR + hour * HOUR, (name if mine else f"~other{hour}", grim)))
    return items


def with_names(item: ScoredArticle, *names: tuple[str, int]) -> ScoredArticle:
    """Where it is about `~acme`, with other names behind, each with its relevance."""
    if item.mentions[0].entity != "~acme":
        return item
    more = (msgspec.structs.replace(mention(), entity=name, relevance=relevance) for name, relevance in names)
    return msgspec.structs.replace(item, mentions=(*item.mentions, *more))


def count(database: Database, items: list[ScoredArticle], ticks: Iterable[datetime]) -> None:
    """Counts on from what the store holds, as a session does."""
    with database.write() as connection:
        merges = entities.read_merges(connection)
        join_past(connection, merges, RULES)
        core = SurgeCore(RULES, counting.load_snapshot(connection, "surges", RULES))
        since = core.tick
        for tick in ticks:
            due = [item for item in items if item.article.first_seen_at < tick]
            new = due if since is None else [item for item in due if item.article.first_seen_at >= since]
            count_tick(connection, core, tick, new, RULES, None, merges)
            writes.write_progress(connection, "surges", tick, final=False)
            since = tick


def tables(database: Database) -> dict[str, Any]:
    """All that says or decides what is unusual."""
    with database.read() as connection:
        return {
            "minutes": counting.read_minute_counts(connection, NOON),
            "baselines": counting.read_baselines(connection),
            "windows": sorted(map(tuple, connection.execute(select(window_counts)))),
            "surges": [
                counting.surge_of(row)
                for row in connection.execute(select(surges).order_by(surges.c.tick, surges.c.series))
            ],
            "heads": counting.read_story_heads(connection),
        }


def merge(database: Database, entity: str = "~acme", into: str = "acme") -> None:
    with database.write() as connection:
        entities.merge_entity(connection, entity, into, DECISION)


def test_a_company_is_judged_as_if_it_had_always_had_the_name_it_was_merged_into(
    database: Database, tmp_path: Path
) -> None:
    days = [NOON + day * 24 * HOUR for day in range(1, 27)]
    with Database.open(f"sqlite:///{tmp_path / 'reference.db'}") as reference:
        count(reference, month(range(26), "acme", bad_days=[24]), days)
        wanted = tables(reference)
    count(database, month(range(22), "~acme"), days[:22])
    merge(database)
    count(database, month(range(22, 24), "~acme") + month(range(24, 26), "acme", bad_days=[24]), days[22:])
    found = tables(database)
    assert any(each.series == NEW for each in found["surges"]), "nothing stood out: the comparison says little"
    assert found == wanted


def test_a_live_story_that_names_both_counts_once(database: Database) -> None:
    both, one = (("~acme", 0.8), ("acme", 0.1)), (("~acme", 0.8),)
    items = [named(1, NOON, *both), named(2, NOON, *one), named(3, NOON + MINUTE, ("acme", 0.8), ("~acme", 0.8))]
    count(database, items, [NOON + HOUR])
    merge(database)
    with database.write() as connection:
        moved = join_past(connection, MERGES, RULES)
        assert moved == 2  # the company, and its one topic
        assert join_past(connection, MERGES, RULES) == 0
        rows = [row for row in counting.read_minute_counts(connection, NOON) if row.series.entity == "acme"]
        abouts = [head.about for head in counting.read_story_heads(connection)]
    none = WindowCounts(0, 0)
    assert rows == [
        MinuteCount(series, minute, counts, none)
        for series in (NEW, Series(entity="acme", topic="Banks"))
        for minute, counts in ((NOON, WindowCounts(2, 1)), (NOON + MINUTE, WindowCounts(1, 1)))
    ]
    assert sorted(abouts) == [(("acme", False),), (("acme", True),), (("acme", True),)]


def test_minutes_that_retention_took_are_missed_by_nobody(database: Database) -> None:
    """A live story may be older than what is kept of the minute in which it counted."""
    both = (("~acme", 0.8), ("acme", 0.8))
    count(database, [named(1, NOON, *both), named(2, NOON + 9 * MINUTE, *both)], [NOON + HOUR])
    merge(database)
    with database.write() as connection:
        connection.execute(delete(minute_counts).where(minute_counts.c.minute == NOON))
        join_past(connection, MERGES, RULES)
        kept = [row for row in counting.read_minute_counts(connection, NOON) if row.series == NEW]
    assert [(row.minute, row.timed) for row in kept] == [(NOON + 9 * MINUTE, WindowCounts(1, 1))]


def test_merges_of_merges_end_in_one(database: Database) -> None:
    count(database, [named(1, NOON, ("~acme mining", 0.8)), named(2, NOON, ("~acme", 0.8))], [NOON + HOUR])
    merge(database, "~acme mining", "~acme")
    merge(database)
    with database.write() as connection:
        join_past(connection, entities.read_merges(connection), RULES)
        kept = {row.series.entity: row.timed.stories for row in counting.read_minute_counts(connection, NOON)}
    assert kept == {"": 2, "acme": 2}


def test_an_open_alert_goes_on_under_the_new_name(database: Database) -> None:
    opened = alert(series=OLD)
    with database.write() as connection:
        alerting.write_alerts(connection, [opened])
        writes.write_surges(connection, [surge(NOON, OLD), surge(NOON + MINUTE, OLD), surge(NOON + MINUTE, NEW)])
        assert join_past(connection, MERGES, RULES) == 1
        (found,) = alerting.read_open_alerts(connection).values()
        told = [(each.series, each.tick) for _, each in alerting.read_surges_after(connection, 0, 10)]
    assert found == msgspec.structs.replace(opened, series=NEW, latest=surge(NOON, NEW), peak=surge(NOON, NEW))
    assert told == [(NEW, NOON), (NEW, NOON + MINUTE)]


@pytest.mark.parametrize("state", [AlertState.FIRING, AlertState.PENDING])
def test_where_both_have_an_open_alert_the_merged_one_keeps_its_own_and_runs_out(
    database: Database, state: AlertState
) -> None:
    mine, theirs = alert(series=OLD, state=state), alert(NOON + MINUTE, series=NEW)
    with database.write() as connection:
        alerting.write_alerts(connection, [mine, theirs])
        writes.write_surges(connection, [surge(NOON, OLD), surge(NOON + MINUTE, NEW)])
        writes.write_progress(connection, "surges", NOON + HOUR, final=False)
        join_past(connection, MERGES, RULES)
        assert alerting.read_open_alerts(connection) == {OLD: mine, NEW: theirs}
        core = SurgeCore(RULES, counting.load_snapshot(connection, "surges", RULES))
        verdicts = core.advance(NOON + timedelta(hours=2), []).surges
    assert {OLD, NEW} <= {each.series for each in verdicts if each.reason not in {"surge", "elevated"}}


def test_without_merges_nothing_is_touched(database: Database) -> None:
    count(database, [named(1, NOON, ("~acme", 0.8))], [NOON + HOUR])
    before = tables(database)
    with database.write() as connection:
        assert join_past(connection, {}, RULES) == 0
        assert join_past(connection, {"~tarvex": "acme"}, RULES) == 0
    assert tables(database) == before


def test_a_company_whose_stories_all_name_both_is_judged_as_if_they_had_named_one(
    database: Database, tmp_path: Path
) -> None:
    """Neither what was learnt of it nor what its sources make usual is there twice."""

    def told(days: range, *names: str) -> list[ScoredArticle]:
        items = month(days, "~bystander")
        for item in list(items):
            day, hour = divmod(int(item.article.position), 100)
            if hour % 3 == 0:
                bad = 0.8 if (day + hour) % 5 == 0 else 0.1
                seen = item.article.first_seen_at + 7 * MINUTE
                about = named(50_000 + 100 * day + hour, seen, *((name, bad) for name in names))
                sunny = msgspec.structs.replace(about.article, source="sunny wire")
                items.append(msgspec.structs.replace(about, article=sunny))
        return sorted(items, key=lambda one: one.article.first_seen_at)

    days = [NOON + day * 24 * HOUR for day in range(1, 25)]
    with Database.open(f"sqlite:///{tmp_path / 'reference.db'}") as reference:
        count(reference, told(range(24), "acme"), days)
        wanted = tables(reference)
    count(database, told(range(24), "acme", "~acme"), days)
    merge(database)
    with database.write() as connection:
        join_past(connection, MERGES, RULES)
    found = tables(database)
    assert found["minutes"] == wanted["minutes"]
    assert any(row.timed_offset for row in wanted["minutes"] if row.series == NEW), "the comparison says little"
    mine, theirs = ({state.series: state for state in each["baselines"]} for each in (found, wanted))
    assert mine.keys() == theirs.keys()
    for learnt in ("stories", "information", "negatives", "volume"):
        # Nearly: how unruly companies are was learnt of one company more.
        assert getattr(mine[NEW], learnt) == pytest.approx(getattr(theirs[NEW], learnt), rel=0.02)
    assert [row[:5] for row in found["windows"]] == [row[:5] for row in wanted["windows"]]


@pytest.mark.parametrize("opened", [OLD, NEW])
def test_the_last_word_on_an_open_alert_is_never_the_calm_of_the_other_name(database: Database, opened: Series) -> None:
    """Else nothing would ever close it: what was called calm is not looked at again."""
    other = NEW if opened == OLD else OLD
    with database.write() as connection:
        alerting.write_alerts(connection, [alert(series=opened)])
        calm = [surge(NOON + at * MINUTE, other, reason) for at, reason in ((5, Reason.ELEVATED), (9, Reason.ORDINARY))]
        writes.write_surges(connection, [surge(NOON, opened), *calm])
        writes.write_progress(connection, "surges", NOON + HOUR, final=False)
        join_past(connection, MERGES, RULES)
        core = SurgeCore(RULES, counting.load_snapshot(connection, "surges", RULES))
        verdicts = core.advance(NOON + timedelta(hours=2), []).surges
    assert [each.reason in {"ordinary", "quiet"} for each in verdicts if each.series == NEW] == [True]


def test_names_merged_at_the_same_time_keep_what_they_would_if_merged_one_after_the_other(
    database: Database, tmp_path: Path
) -> None:
    """Stories that name both are left out once, not out of the past of either."""
    about: dict[int, tuple[tuple[str, float], ...]]
    about = dict.fromkeys((2, 7, 12, 17), (("~acme corp", 0.8), ("~acme inc", 0.1)))
    about |= {4: (("~acme inc", 0.8),), 8: (("acme", 0.1),)}
    items = [
        named(100 * day + hour, NOON + day * 24 * HOUR + hour * HOUR, *about.get(hour, ((f"~other{hour}", 0.1),)))
        for day in range(8)
        for hour in range(20)
    ]
    days = [NOON + day * 24 * HOUR for day in range(1, 9)]
    both = {"~acme corp": "acme", "~acme inc": "acme"}
    count(database, items, days)
    with Database.open(f"sqlite:///{tmp_path / 'reference.db'}") as reference:
        count(reference, items, days)
        with reference.write() as connection:
            join_past(connection, {"~acme corp": "acme"}, RULES)
            join_past(connection, both, RULES)
        wanted = tables(reference)
    with database.write() as connection:
        join_past(connection, both, RULES)
    found = tables(database)
    assert sum(row.timed.stories for row in found["minutes"] if row.series == NEW) >= 8 * 5, "little was kept"
    assert found == wanted


def test_who_is_named_in_passing_was_not_counted_for_and_leaves_nothing_out(database: Database, tmp_path: Path) -> None:
    plain = month(range(6), "~acme")
    passing = [with_names(item, ("acme", 10)) for item in plain]
    days = [NOON + day * 24 * HOUR for day in range(1, 7)]
    with Database.open(f"sqlite:///{tmp_path / 'reference.db'}") as reference:
        count(reference, plain, days)
        merge(reference)
        count(reference, [], days[-1:])
        wanted = tables(reference)
    count(database, passing, days)
    merge(database)
    count(database, [], days[-1:])
    found = tables(database)
    assert sum(row.timed.stories for row in found["minutes"] if row.series == NEW) == 6 * 4
    assert found == wanted


def test_who_was_named_behind_the_most_relevant_was_not_counted_for_either(database: Database) -> None:
    others = [(f"co{place}", 70) for place in range(RULES.entities_per_story - 1)]
    round_ups = [with_names(item, *others, ("acme", 60)) for item in month(range(6), "~acme")]
    days = [NOON + day * 24 * HOUR for day in range(1, 7)]
    count(database, round_ups, days)
    merge(database)
    count(database, [], days[-1:])
    assert sum(row.timed.stories for row in tables(database)["minutes"] if row.series == NEW) == 6 * 4


@pytest.mark.parametrize(("both", "of"), [({0}, 3), ({0, 1, 3}, 5)])
def test_what_names_both_counts_once_in_all_minutes_of_one_story_together(
    database: Database, both: set[int], of: int
) -> None:
    """Each such minute by itself would keep all of its story or nothing."""
    hours = 160
    items = [
        named(
            hour,
            NOON + hour * HOUR,
            ("~acme", 0.8 if hour % 2 else 0.1),
            *([("acme", 0.1)] if hour % of in both else []),
        )
        for hour in range(hours)
    ]
    count(database, items, [NOON + day * 24 * HOUR for day in range(1, 9)])
    merge(database)
    count(database, [], [NOON + 8 * 24 * HOUR])
    found = tables(database)
    minutes = [row for row in found["minutes"] if row.series == NEW]
    assert sum(row.timed.stories for row in minutes) == pytest.approx(hours, abs=1)
    bad = sum(hour % 2 and hour % of not in both for hour in range(hours))
    assert sum(row.timed.negatives for row in minutes) == pytest.approx(bad, abs=3)
    assert all(row.timed.negatives <= row.timed.stories for row in minutes)
