"""The core told as small stories: what surges, what does not, and what the tables then say."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from monitor.surges.advance import Sighting
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Kind, Series
from monitor.surges.surge import Reason, Statistic, Surge
from monitor.surges.windows import Window, WindowCounts
from tests.surges.tables import Tables, at, run, sighting

BANKS, OIL = Series(topic="Banks"), Series(topic="Oil")
RULES = SurgeRules()
GUARD_OF_A_DAY = SurgeRules(guard_minutes=1440)


def calm(days: int, *, every_minutes: int = 30, one_negative_in: int = 5, topic: str = "Banks") -> list[Sighting]:
    """Evenly spread news from the start on, of which each fifth story is negative."""
    count = days * 1440 // every_minutes
    return [
        sighting(
            f"{topic} {i}",
            at(minutes=i * every_minutes),
            negative=i % one_negative_in == one_negative_in - 1,
            topic=topic,
        )
        for i in range(count)
    ]


def negatives(count: int, since: datetime, *, every_minutes: float = 5, name: str = "bad") -> list[Sighting]:
    return [sighting(f"{name} {i}", since + timedelta(minutes=i * every_minutes), negative=True) for i in range(count)]


def hourly(days: int) -> list[datetime]:
    return [at(hours=hour) for hour in range(1, days * 24 + 1)]


def said(tables: Tables, series: Series) -> list[Surge]:
    return [surge for (_, which), surge in sorted(tables.surges.items()) if which == series]


def test_a_burst_of_negative_stories_surges_within_the_hour_and_ends_with_one_ordinary_row() -> None:
    tables = run([*calm(10), *negatives(12, at(days=8, hours=9))], hourly(10), RULES)
    rows = said(tables, BANKS)
    opening = next(row for row in rows if row.reason is Reason.SURGE)
    assert at(days=8, hours=9) < opening.tick <= at(days=8, hours=10)
    assert opening.adjusted_p <= RULES.false_alerts_per_week / 7
    assert opening.statistic is Statistic.SHARE
    assert opening.effect >= RULES.minimum_effect
    assert opening.expected_share == pytest.approx(0.2, abs=0.01)
    assert opening.low <= 0.2 <= opening.high < opening.counts.negatives / opening.counts.stories
    assert opening.rule_version == RULES.version
    assert [row.reason for row in rows if row.reason in (Reason.ORDINARY, Reason.QUIET)] == [rows[-1].reason]


def test_rows_of_a_standing_surge_differ_from_one_to_the_next() -> None:
    tables = run([*calm(10), *negatives(12, at(days=8, hours=9))], hourly(10), RULES)
    says = [(row.reason, row.window.length, row.counts) for row in said(tables, BANKS)]
    assert len(says) > 3
    assert all(before != after for before, after in pairwise(says))


def test_a_tenfold_volume_at_the_same_share_is_no_surge() -> None:
    burst = [sighting(f"more {i}", at(days=8, minutes=i * 3), negative=i % 5 == 4) for i in range(160)]
    assert run([*calm(10), *burst], hourly(10), RULES).surges == {}


def test_one_story_reprinted_forty_times_counts_once_and_never_surges() -> None:
    reprints = [
        sighting(f"copy {i}", at(days=8, minutes=i), negative=True, title="RT @wire: Bank halts withdrawals!")
        for i in range(41)
    ]
    tables = run([*calm(10), *reprints], hourly(10), RULES)
    members = [tables.members[f"copy {i}"].member for i in range(41)]
    assert [m.novelty for m in members[:5]] == [100, 75, 56, 42, 31]
    assert {m.story_id for m in members} == {"copy 0"}
    assert [m.position_in_chain for m in members] == list(range(1, 42))
    assert sum(row.timed.stories for (s, _), row in tables.minutes.items() if s == BANKS) == len(calm(10)) + 1
    assert tables.surges == {}


def test_a_young_series_says_nothing_however_striking_and_speaks_once_it_has_a_past() -> None:
    storm = negatives(12, at(hours=9))
    assert run(storm, hourly(2), RULES).surges == {}
    new_topic = [
        msgspec.structs.replace(s, topic="Oil", article_id=f"oil {s.title}") for s in negatives(12, at(days=8))
    ]
    tables = run([*calm(10), *new_topic], hourly(10), RULES)
    assert said(tables, OIL) == []
    assert any(row.reason is Reason.SURGE for row in said(tables, ALL))


def test_what_was_seen_within_the_guard_band_has_not_taught_the_baseline_yet() -> None:
    days = [*calm(5), *negatives(48, at(days=5), every_minutes=30)]
    core, tables = SurgeCore(GUARD_OF_A_DAY), Tables()
    for hour in hourly(6):
        tables.write(core.advance(hour, [s for s in days if hour - timedelta(hours=1) <= s.first_seen_at < hour]))
    state = tables.baselines[BANKS]
    assert state.as_of == at(days=5)
    assert state.negatives / state.information == pytest.approx(0.2, abs=0.01)


def test_a_longer_guard_band_teaches_no_day_twice() -> None:
    rules, longer = SurgeRules(guard_minutes=1440), SurgeRules(guard_minutes=4 * 1440)
    past = calm(14)
    tables = run(past, [at(days=day) for day in range(1, 11)], rules)
    learnt = tables.baselines[ALL]
    core = SurgeCore(longer, tables.snapshot(longer))
    for day in range(10, 15):
        new = [one for one in past if at(days=day - 1) <= one.first_seen_at < at(days=day)] if day > 10 else []
        tables.write(core.advance(at(days=day, minutes=1), new))
        if day < 13:
            assert tables.baselines[ALL].stories == learnt.stories
    assert learnt.as_of == at(days=9)
    assert tables.baselines[ALL].as_of == at(days=10)


def test_a_past_crisis_hardly_raises_what_is_expected() -> None:
    crisis = negatives(96, at(days=10), every_minutes=15)
    tables = run([*calm(14), *crisis], hourly(14), RULES)
    block = tables.closed[BANKS, Window(at(days=10), at(days=11))]
    assert block.counts == WindowCounts(144, 96 + 9)
    assert block.weight < 0.15
    ordinary = tables.closed[BANKS, Window(at(days=9), at(days=10))]
    assert ordinary.weight == 1.0
    after = tables.closed[BANKS, Window(at(days=13), at(days=14))]
    assert after.expected_share == pytest.approx(0.2, abs=0.03)


def test_date_only_stories_count_in_windows_of_a_day_and_no_shorter_ones() -> None:
    dated = [
        msgspec.structs.replace(s, dated=True, event_time=at(days=8, hours=23, minutes=59), first_seen_at=at(days=9))
        for s in negatives(40, at(days=8))
    ]
    tables = run([*calm(10), *dated], hourly(10), RULES)
    assert tables.minutes[BANKS, at(days=8, hours=23, minutes=59)].dated == WindowCounts(40, 40)
    assert {row.window.length for row in said(tables, BANKS) if row.reason is Reason.SURGE} == {timedelta(days=1)}
    assert tables.closed[BANKS, Window(at(days=8), at(days=9))].counts == WindowCounts(88, 50)
    assert tables.closed[BANKS, Window(at(days=8, hours=23), at(days=9))].counts.stories == 2


def test_a_late_story_is_flagged_and_corrects_its_closed_block_but_not_one_already_learnt() -> None:
    late = sighting("late", at(days=2, hours=4), event_time=at(days=2), negative=True)
    ancient = sighting("ancient", at(days=4), event_time=at(days=1), negative=True)
    core, tables = SurgeCore(GUARD_OF_A_DAY), Tables()
    tables.write(core.advance(at(days=2, hours=2), [sighting("first", at(days=2))]))
    block = (BANKS, Window(at(days=2), at(days=2, hours=1)))
    assert tables.closed[block].counts == WindowCounts(1, 0)
    tables.write(core.advance(at(days=3, minutes=30), [late]))
    assert tables.members["late"].late
    assert not tables.members["first"].late
    assert tables.closed[block].counts == WindowCounts(2, 1)
    tables.write(core.advance(at(days=4, hours=1), []))
    learnt = dict(tables.baselines)
    tables.write(core.advance(at(days=5), [ancient]))
    assert tables.minutes[BANKS, at(days=1)].timed == WindowCounts(1, 1)
    assert (BANKS, Window(at(days=1), at(days=1, hours=1))) not in tables.closed
    assert tables.baselines[BANKS] == learnt[BANKS]


def test_nothing_opens_when_ordinary_stories_merely_slide_out_of_a_window() -> None:
    """The share of the negative ones rises as the others leave the hour, but nothing new is bad.

    09:00  25 neutral
    09:20               10 negative
    10:05                              1 neutral: the hour holds 10 of 11
    """
    neutral = [sighting(f"neutral {i}", at(days=8, hours=9, seconds=i)) for i in range(25)]
    bad = negatives(10, at(days=8, hours=9, minutes=20), every_minutes=0.01)
    last = sighting("neutral too", at(days=8, hours=10, minutes=5))
    background = [s for s in calm(10) if not at(days=8, hours=6) <= s.event_time < at(days=8, hours=11)]
    rules = RULES.model_copy(update={"window_minutes": (60, 1440)})
    tables = run([*background, *neutral, *bad, last], hourly(10), rules)
    assert all(row.reason is not Reason.SURGE for row in said(tables, BANKS))
    elevated = [row for row in said(tables, BANKS) if row.counts == WindowCounts(11, 10)]
    assert {row.reason for row in elevated} == {Reason.ELEVATED}
    assert elevated[0].adjusted_p <= RULES.false_alerts_per_week / 7
    worse = sighting("bad too", at(days=8, hours=10, minutes=6), negative=True)
    told = said(run([*background, *neutral, *bad, last, worse], hourly(10), rules), BANKS)
    assert next(row.tick for row in told if row.reason is Reason.SURGE) == at(days=8, hours=10, minutes=7)


def test_the_open_minute_is_assessed_between_minutes() -> None:
    core = SurgeCore(RULES)
    core.advance(at(days=8), calm(8))
    storm = negatives(12, at(days=8, seconds=2), every_minutes=0.01)
    early = core.advance(at(days=8, seconds=30), storm)
    assert {(row.series, row.reason, row.tick) for row in early.surges} == {
        (ALL, Reason.SURGE, at(days=8, seconds=30)),
        (BANKS, Reason.SURGE, at(days=8, seconds=30)),
    }
    assert {row.window.end for row in early.surges} == {at(days=8, minutes=1)}


def test_a_quiet_spell_ends_a_surge_without_any_further_story() -> None:
    core = SurgeCore(RULES)
    core.advance(at(days=8), calm(8))
    core.advance(at(days=8, hours=2), negatives(12, at(days=8)))
    rows = core.advance(at(days=12), []).surges
    last = [row.reason for row in rows if row.series == BANKS][-1]
    assert last in (Reason.ORDINARY, Reason.QUIET)
    assert max(row.tick for row in rows) <= at(days=9, hours=2)


def test_stories_without_a_topic_count_in_all_news_only() -> None:
    tables = run([sighting("a", at(hours=1), topic="")], [at(hours=2)], RULES)
    assert {series for series, _ in tables.minutes if series.kind is not Kind.COVARIATE} == {ALL}


def test_a_headline_that_returns_after_the_horizon_is_a_story_of_its_own() -> None:
    again = [sighting("a", at(), title="Oil falls"), sighting("b", at(days=2.9), title="Oil falls.")]
    later = sighting("c", at(days=3, minutes=2), title="OIL FALLS")
    tables = run([*again, later], [at(days=4)], RULES)
    assert [tables.members[name].story_id for name in "abc"] == ["a", "a", "c"]
    assert set(tables.heads) == {"c"}


def test_a_surge_that_other_rules_said_ends_with_a_word_under_the_new_ones() -> None:
    tables = run([*calm(8), *negatives(12, at(days=8))], [*hourly(8), at(days=8, hours=5)], RULES)
    assert said(tables, BANKS)[-1].reason is Reason.SURGE
    shorter = RULES.model_copy(update={"window_minutes": (60,), "guard_minutes": 0})
    rows = SurgeCore(shorter, tables.snapshot(shorter)).advance(at(days=8, hours=6), []).surges
    assert {(row.series, row.reason, row.rule_version) for row in rows} == {
        (ALL, Reason.QUIET, shorter.version),
        (BANKS, Reason.QUIET, shorter.version),
    }


def test_time_does_not_go_back() -> None:
    core = SurgeCore(RULES)
    core.advance(at(days=1), [])
    with pytest.raises(ValueError, match="Time went back"):
        core.advance(at(hours=23), [])
    assert core.tick == at(days=1)
