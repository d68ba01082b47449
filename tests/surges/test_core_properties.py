"""What must hold of the core whatever is sent to it: order, cuts and restarts do not matter."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import MINUTE, ceil_to, floor_to
from monitor.ingest.shingles import shingles_of
from monitor.surges.advance import Sighting
from monitor.surges.core import SurgeCore
from monitor.surges.near_duplicates import Fingerprint
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.surge import Reason, Surge
from tests.costly import costly
from tests.surges.tables import START, Tables, at, dice, run, sighting

RULES = SurgeRules(
    window_minutes=(10, 30, 1440),
    block_minutes=60,
    short_block_minutes=20,
    guard_minutes=60,
    minimum_stories=3,
    minimum_negatives=2,
    minimum_effect=0.1,
    false_alerts_per_week=4.0,
    elevated_p=0.9,
    minimum_history_stories=5,
    minimum_history_days=0.05,
    minimum_exposure_stories=10,
    prior_rate_exposure=20,
    attention_tolerance=3,
    attention_stories=4,
    prior_covariate_stories=2,
    build_half_life_days=0.2,
    story_horizon_minutes=300,
    lateness_minutes=10,
    half_life_days=0.5,
    near_story_limit=25,
    story_likeness=0.9,
)
"""Loose, so that short random streams have surges, lessons, late stories and expiring chains in plenty; and of so few
stories more than the headline is known that most lose it while they live."""

SPAN = timedelta(hours=12)


@st.composite
def streams(draw: st.DrawFn) -> list[Sighting]:
    """Random hours of news: calm, with bursts of negatives, reprints, late, ancient and dated stories."""
    chance = dice(draw(st.integers(0, 2**32)))
    found = []
    storms = [chance.randrange(12) for _ in range(2)]
    for i in range(draw(st.integers(20, 300))):
        seen = START + timedelta(seconds=chance.randrange(int(SPAN.total_seconds()) * 4) / 4)
        lag = chance.choice([0, 0, 0, 1, 20, 400, 4000]) * MINUTE * chance.random()
        stormy = seen.hour in storms
        number = chance.randrange(200)
        found.append(
            sighting(
                f"id{i:03}",
                seen,
                negative=chance.random() < (0.9 if stormy else 0.15),
                topic=chance.choice(["Banks", "Banks", "Oil", ""]),
                title=f"story {number}",
                fingerprint=told(chance, number),
                event_time=seen - lag,
                dated=chance.random() < 0.1,
                about=tuple(
                    (name, chance.random() < 0.3) for name in chance.sample("ABCDE", chance.choice([0, 0, 1, 2]))
                ),
                source=chance.choice(["wire", "paper"]),
                model=chance.choice(["one", "two"]),
            )
        )
    return found


def told(chance: random.Random, number: int) -> Fingerprint:
    """A story of one of forty families, in one of a few wordings: many are near-copies, some contradict each other."""
    family = number % 40
    name = "bcdfghkl"[family // 8] + "aeiouyrw"[family % 8]
    text = f"{name}lport {chance.choice(['rises', 'falls', 'stands'])} as pier {number % 7} opens, says {name}ndale"
    vector = bytes((family * 37 + place * place * (family + 3)) % 120 for place in range(16))
    changed = chance.randrange(16)
    vector = vector[:changed] + bytes([chance.randrange(120)]) + vector[changed + 1 :]
    return Fingerprint(
        text=text,
        shingles=shingles_of(text) if chance.random() < 0.5 else b"",
        embedding=vector if chance.random() < 0.8 else b"",
        model_version=chance.choice(["one", "one", "two"]),
    )


def minutes_of(chance: random.Random, count: int) -> list[datetime]:
    span = SPAN // MINUTE
    return [START + minute * MINUTE for minute in sorted({*chance.sample(range(1, span), count), span})]


def settled(tables: Tables, when: datetime) -> dict[Series, tuple[object, ...]]:
    """What stood at `when`: of each series that stood out, the reason, window length and counts."""
    latest: dict[Series, Surge] = {}
    for (tick, series), surge in sorted(tables.surges.items()):
        if tick <= when:
            latest[series] = surge
    return {
        series: (s.reason, s.window.length, s.counts)
        for series, s in latest.items()
        if s.reason in (Reason.SURGE, Reason.ELEVATED)
    }


@costly(examples=60)
@given(streams(), st.integers(0, 2**32), st.integers(0, 40))
def test_one_long_call_says_what_many_short_ones_say(stream: list[Sighting], seed: int, cuts: int) -> None:
    whole = run(stream, [START + SPAN], RULES)
    assert whole.rows == run(stream, minutes_of(dice(seed), cuts), RULES).rows


@costly(examples=60)
@given(streams(), st.integers(0, 2**32), st.integers(0, 40))
def test_a_core_rebuilt_from_its_rows_at_any_minute_goes_on_as_if_it_had_never_died(
    stream: list[Sighting], seed: int, cuts: int
) -> None:
    whole = run(stream, [START + SPAN], RULES)
    assert whole.rows == run(stream, minutes_of(dice(seed), cuts), RULES, restart=True).rows


@costly(examples=60)
@given(streams(), st.integers(0, 2**32), st.integers(1, 60))
def test_a_core_rebuilt_between_minutes_goes_on_as_if_it_had_never_died(
    stream: list[Sighting], seed: int, cuts: int
) -> None:
    chance = dice(seed)
    ticks = sorted({START + SPAN, *(START + SPAN * chance.random() for _ in range(cuts))})
    assert run(stream, ticks, RULES).rows == run(stream, ticks, RULES, restart=True).rows


@costly(examples=60)
@given(streams(), st.integers(0, 2**32), st.integers(1, 60))
def test_steps_between_minutes_change_nothing_that_whole_minutes_say(
    stream: list[Sighting], seed: int, cuts: int
) -> None:
    chance = dice(seed)
    ticks = sorted({START + SPAN, *(START + SPAN * chance.random() for _ in range(cuts))})
    plain, early = run(stream, [START + SPAN], RULES), run(stream, ticks, RULES)
    assert (plain.minutes, plain.closed, plain.baselines) == (early.minutes, early.closed, early.baselines)
    novelty = {name: (entry.member, entry.late) for name, entry in plain.members.items()}
    assert novelty == {name: (entry.member, entry.late) for name, entry in early.members.items()}
    on_minutes = {key: surge for key, surge in early.surges.items() if key[0] == floor_to(key[0], MINUTE)}
    assert plain.surges.items() <= on_minutes.items()
    for tick in sorted({ceil_to(tick, MINUTE) for tick, _ in early.surges} | {tick for tick, _ in plain.surges}):
        assert settled(plain, tick) == settled(early, tick)


@costly(examples=30)
@given(streams(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_within_a_call_does_not_matter(stream: list[Sighting], chance: random.Random) -> None:
    shuffled = chance.sample(stream, len(stream))
    hourly = [at(hours=hour) for hour in range(1, 13)]
    assert run(stream, hourly, RULES).rows == run(shuffled, hourly, RULES).rows


def test_random_streams_have_near_copies_that_their_headlines_do_not_show() -> None:
    chance = dice(0)
    stream = [
        sighting(f"id{i:03}", START + timedelta(minutes=i), title=f"story {i}", fingerprint=told(chance, i))
        for i in range(200)
    ]
    members = run(stream, [START + SPAN], RULES).members.values()
    assert 20 < len({entry.story_id for entry in members}) < 180


@costly(examples=40)
@given(streams())
def test_every_story_counts_once_in_all_news_and_once_in_its_topic(stream: list[Sighting]) -> None:
    tables = run(stream, [START + SPAN], RULES)
    firsts = [s for s in stream if tables.members[s.article_id].member.position_in_chain == 1]
    for series, own in ((ALL, firsts), (Series(topic="Oil"), [s for s in firsts if s.topic == "Oil"])):
        rows = [row for (which, _), row in tables.minutes.items() if which == series]
        assert sum(row.timed.stories for row in rows) == sum(not s.dated for s in own)
        assert sum(row.dated.stories for row in rows) == sum(s.dated for s in own)
        assert sum(row.timed.negatives + row.dated.negatives for row in rows) == sum(s.negative for s in own)


@costly(examples=40)
@given(streams())
def test_every_surge_holds_what_the_minutes_of_its_window_hold(stream: list[Sighting]) -> None:
    core, tables = SurgeCore(RULES), Tables()
    for minute in range(1, SPAN // MINUTE + 1):
        now = START + minute * MINUTE
        advance = core.advance(now, [s for s in stream if now - MINUTE <= s.first_seen_at < now])
        tables.write(advance)
        for surge in advance.surges:
            rows = [r for (series, m), r in tables.minutes.items() if series == surge.series and m in surge.window]
            dated = surge.window.length >= timedelta(days=1)
            assert surge.counts.stories == sum(r.timed.stories + (r.dated.stories if dated else 0) for r in rows)
            assert surge.counts.negatives == sum(r.timed.negatives + (r.dated.negatives if dated else 0) for r in rows)
