"""What must fire nothing, what must fire once, and what must be called by its own name: weeks of invented news."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest

from monitor.alerts.alert import Alert, AlertState
from monitor.alerts.lifecycle import Lifecycle, LifecycleRules
from monitor.surges.advance import Sighting
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.surge import Reason, Surge
from monitor.surges.windows import Window
from tests.surges.tables import Tables, at, dice, run, sighting

RULES = SurgeRules()
BANKS, OIL, ACME = Series(topic="Banks"), Series(topic="Oil"), Series(entity="acme")
NUMBERS = count()


def news(
    days: range,
    *,
    a_day: int,
    share: float | Callable[[int], float],
    topic: str = "Banks",
    entity: str = "",
    source: str = "wire",
    model: str = "one",
) -> list[Sighting]:
    """Evenly spread stories, of which evenly a share is negative, which may depend on the day: no chance is in it."""
    found, owed = [], 0.5
    for day in days:
        probability = share(day) if callable(share) else share
        for number in range(a_day):
            owed += probability
            negative = owed >= 1.0
            owed -= negative
            name = f"story {next(NUMBERS)}"
            about = ((entity, negative),) if entity else ()
            seen = at(days=day, seconds=86_399 * (number + 0.5) / a_day)
            found.append(sighting(name, seen, negative=negative, topic=topic, about=about, source=source, model=model))
    return found


def daily(days: int) -> list[datetime]:
    return [at(days=day) for day in range(1, days + 1)]


def fired(tables: Tables) -> set[str]:
    return {surge.series.key for surge in tables.surges.values() if surge.reason is Reason.SURGE}


def alerts(tables: Tables, end: datetime) -> list[Alert]:
    surges = [surge for _, surge in sorted(tables.surges.items())]
    return list(Lifecycle(LifecycleRules()).run({}, surges, end).alerts)


@pytest.mark.parametrize("usual", [0.05, 0.3, 0.45])
def test_a_source_that_joins_and_is_more_or_less_negative_than_others_fires_nothing(usual: float) -> None:
    before = news(range(60), a_day=60, share=0.15, source="wire")
    joining = news(range(40, 60), a_day=40, share=usual, source="agency")
    assert fired(run([*before, *joining], daily(60), RULES)) == set()


def test_a_source_that_joins_does_not_hide_what_befalls_a_company() -> None:
    before = news(range(40), a_day=60, share=0.15, source="wire")
    joining = news(range(40, 43), a_day=40, share=0.45, source="agency")
    company = news(range(40), a_day=1, share=0.15, entity="acme")
    crisis = [
        one for name in ("wire", "agency") for one in news(range(42, 43), a_day=6, share=1, entity="acme", source=name)
    ]
    assert ACME.key in fired(run([*before, *joining, *company, *crisis], daily(43), RULES))


def test_a_promoted_model_that_raises_the_usual_share_by_three_points_fires_nothing() -> None:
    before = news(range(40), a_day=120, share=0.17, model="first")
    after = news(range(40, 70), a_day=120, share=0.20, model="second")
    assert fired(run([*before, *after], daily(70), RULES)) == set()


def test_twice_the_news_at_the_same_share_says_nothing_of_a_topic_or_a_company() -> None:
    others = news(range(30), a_day=60, share=0.2, topic="Oil")
    company = news(range(30), a_day=8, share=0.2, entity="acme")
    double = news(range(26, 28), a_day=8, share=0.2, entity="acme")
    tables = run([*others, *company, *double], daily(30), RULES)
    assert [surge for surge in tables.surges.values() if surge.reason in (Reason.SURGE, Reason.ATTENTION)] == []


def test_thirty_times_the_news_at_the_same_share_is_attention_and_opens_no_alert() -> None:
    others = news(range(30), a_day=150, share=0.2, topic="Oil")
    company = news(range(30), a_day=4, share=0.2, entity="acme")
    burst = news(range(27, 28), a_day=116, share=0.2, entity="acme")
    tables = run([*others, *company, *burst], daily(30), RULES)
    drawing = [surge for surge in tables.surges.values() if surge.reason is Reason.ATTENTION]
    assert {ACME, BANKS} <= {surge.series for surge in drawing}
    assert fired(tables) == set()
    assert alerts(tables, at(days=30)) == []
    assert all(surge.counts.stories > 10 * surge.expected_count for surge in drawing)


@pytest.mark.parametrize("grim", [0.3, 0.45, 0.6, 0.9])
def test_a_share_that_swings_around_the_threshold_for_a_day_opens_at_most_one_alert_that_closes_once(
    grim: float,
) -> None:
    calm = news(range(28), a_day=100, share=0.15)
    crisis = [
        sighting(f"swing {number}", at(days=25, minutes=7 * number), negative=dice(number).random() < share)
        for number in range(205)
        for share in [grim if number // 10 % 2 else 0.1]
    ]
    tables = run([*calm, *crisis], daily(28), RULES)
    of_all = [alert for alert in alerts(tables, at(days=28)) if alert.series == ALL]
    assert len(of_all) <= 1
    assert all(alert.state is AlertState.RESOLVED for alert in of_all)
    if grim >= 0.7:
        assert len(of_all) == 1


def test_a_crisis_of_a_company_is_found_within_minutes_of_the_stories_that_tell_it() -> None:
    others = news(range(30), a_day=150, share=0.2, topic="Oil")
    company = news(range(30), a_day=2, share=0.2, entity="acme")
    since = at(days=27, hours=9)
    bad = [
        sighting(f"run {number}", since + timedelta(minutes=3 * number), negative=True, about=(("acme", True),))
        for number in range(20)
    ]
    tables = run([*others, *company, *bad], [at(hours=hour) for hour in range(1, 30 * 24 + 1)], RULES)
    opened = min(surge.tick for surge in tables.surges.values() if surge.reason is Reason.SURGE)
    told = first(tables, ACME)
    assert opened >= since
    assert told is not None
    assert since < told.tick <= since + timedelta(minutes=45)
    assert told.counts.negatives <= 15


def first(tables: Tables, series: Series) -> Surge | None:
    rows = (surge for _, surge in sorted(tables.surges.items()) if surge.series == series)
    return next((surge for surge in rows if surge.reason is Reason.SURGE), None)


def test_a_slow_build_is_found_and_says_since_when_it_has_been_building() -> None:
    calm = news(range(40), a_day=30, share=0.15)
    building = news(range(40, 54), a_day=30, share=lambda day: 0.15 + 0.03 * (day - 39))
    tables = run([*calm, *building], daily(54), RULES)
    told = first(tables, BANKS)
    assert told is not None
    assert at(days=41) < told.tick <= at(days=51)
    assert told.building_since is not None
    assert at(days=38) <= told.building_since < told.tick


def test_what_is_usual_stays_so_where_sources_topics_and_hours_differ_for_months() -> None:
    """Offsets are learnt against what they help to learn: nothing may drift."""
    stream = [
        *news(range(120), a_day=30, share=0.1, topic="Oil", source="calm wire"),
        *news(range(120), a_day=30, share=0.4, topic="Banks", source="grim wire"),
        *news(range(120), a_day=15, share=0.25, topic="Banks", source="calm wire", model="second"),
    ]
    tables = run(stream, daily(120), RULES)
    true = (30 * 0.1 + 30 * 0.4 + 15 * 0.25) / 75
    for day in (40, 80, 118):
        closed = tables.closed[ALL, Window(at(days=day), at(days=day + 1))]
        assert closed.expected_share == pytest.approx(true, abs=0.03), day
    assert tables.surges == {}
