"""What series learn from their past."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from monitor.surges.baseline import Baselines
from monitor.surges.columns import SeriesIndex
from monitor.surges.lessons import BaselineState, Expectations, Lessons, joined_past
from monitor.surges.minutes import minute_of
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.series import ALL, Series
from tests.surges.tables import at, dice

RULES = SurgeRules()
BANKS, NEW, UNHEARD = Series(topic="Banks"), Series(topic="New"), Series(entity="Unheard")
ACME, OTHER, BANKS_OF_ACME = Series(entity="Acme"), Series(entity="Other"), Series(entity="Acme", topic="Banks")
Day = dict[Series, tuple[int, int]]
"""By series: stories and negatives."""


class School:
    """Teaches baselines a block a day."""

    def __init__(self, rules: SurgeRules = RULES) -> None:
        self.index = SeriesIndex()
        self.baselines = Baselines(self.index, rules)
        self.day = 0

    def teach(self, days: list[Day], offset: int = 0) -> School:
        for day in days:
            self.day += 1
            self.baselines.learn(self.lessons(day, offset), day[ALL][0], minute_of(at()) + self.day * DAY_MINUTES)
        return self

    def skip(self, days: int) -> School:
        self.day += days
        return self

    def lessons(self, day: Day, offset: int = 0) -> Lessons:
        stories, negatives = (np.array(column, dtype=np.int32) for column in zip(*day.values(), strict=True))
        ids = self.index.numbers(day)
        order = np.argsort(ids)
        offsets = np.full(len(ids), offset, dtype=np.int32)
        return Lessons(ids[order], stories[order], negatives[order], offsets)

    def expect(self, series: Series) -> Expectations:
        return self.baselines.expect(self.index.numbers([series]))

    def clustering(self, series: Series) -> float:
        expected = self.expect(series)
        return float(self.baselines.dispersion.clustering(expected.kinds, expected.often)[0])

    def state(self, series: Series) -> BaselineState:
        (found,) = self.baselines.states(self.index.numbers([series]))
        return found


def whole(counts: list[tuple[int, int]]) -> list[Day]:
    return [{ALL: one} for one in counts]


def drawn(days: int, mean: float, spread: float, seed: int = 1) -> list[tuple[int, int]]:
    chance, found = dice(seed), []
    for _ in range(days):
        share = chance.betavariate(mean * (1 / spread - 1), (1 - mean) * (1 / spread - 1))
        n = chance.randint(20, 120)
        found.append((n, sum(chance.random() < share for _ in range(n))))
    return found


@pytest.mark.parametrize(("mean", "spread"), [(0.08, 0.01), (0.3, 0.03)])
def test_mean_and_overdispersion_approach_those_of_the_past(mean: float, spread: float) -> None:
    school = School().teach(whole(drawn(300, mean, spread)))
    expected = school.expect(ALL)
    assert expected.mean[0] == pytest.approx(mean, abs=0.02)
    found = school.baselines.dispersion.share_of(expected.kinds, RULES.block_minutes)
    assert found[0] == pytest.approx(spread, abs=spread / 2)
    assert expected.mature[0]


def test_a_hundred_days_ago_counts_a_sixteenth_at_a_half_life_of_twenty_five_days() -> None:
    school = School(RULES.model_copy(update={"half_life_days": 25.0})).teach(whole([(100, 20)])).skip(99)
    school.teach(whole([(1, 0)]))
    assert school.state(ALL).stories == pytest.approx(100 / 16 + 1)


def test_crisis_days_teach_little() -> None:
    calm = [(60, 12)] * 40
    plain = School().teach(whole(calm)).expect(ALL).mean[0]
    shaken = School().teach(whole([*calm, *[(60, 45)] * 3, *calm[:5]])).expect(ALL).mean[0]
    assert shaken < plain + 0.02


def test_a_lasting_change_is_learnt_in_time() -> None:
    changed = School().teach(whole([*drawn(60, 0.1, 0.01), *drawn(90, 0.25, 0.01, seed=2)])).expect(ALL)
    assert changed.mean[0] > 0.2


def test_a_series_without_a_past_borrows_from_all_news_and_is_not_mature() -> None:
    school = School().teach(whole(drawn(100, 0.12, 0.02)))
    parent, young = school.expect(ALL), school.expect(NEW)
    assert young.mean[0] == parent.mean[0]
    assert not young.mature[0]
    assert young.information[0] < parent.information[0]


def test_a_topic_of_a_company_borrows_from_the_topic() -> None:
    school = School().teach([{ALL: (100, 20), BANKS: (40, 16), ACME: (5, 1)}] * 40)
    of_topic, of_both = school.expect(BANKS).mean[0], school.expect(BANKS_OF_ACME).mean[0]
    assert of_both == pytest.approx(of_topic)  # companies fare as all news does
    assert of_topic > school.expect(ALL).mean[0] + 0.1


def test_what_is_usual_for_companies_is_learnt_of_companies() -> None:
    school = School().teach([{ALL: (100, 10), BANKS: (40, 10), ACME: (5, 2), OTHER: (5, 1)}] * 60)
    expected = {series: school.expect(series).mean[0] for series in (ALL, BANKS, UNHEARD, BANKS_OF_ACME)}
    assert expected[ALL] == pytest.approx(0.1, abs=0.01)
    assert expected[UNHEARD] == pytest.approx(0.3, abs=0.02), "a company that was never named"
    odds = {series: share / (1 - share) for series, share in expected.items()}
    assert odds[BANKS_OF_ACME] / odds[BANKS] == pytest.approx(odds[UNHEARD] / odds[ALL])


def test_before_companies_were_told_of_they_start_from_all_news() -> None:
    school = School().teach(whole(drawn(100, 0.12, 0.02)))
    assert school.expect(UNHEARD).mean[0] == school.expect(ALL).mean[0]


def test_maturity_takes_both_stories_and_days() -> None:
    assert not School().teach(whole([(29, 5)] * 1)).expect(ALL).mature[0]
    assert (
        not School(RULES.model_copy(update={"minimum_history_days": 2}))
        .teach(whole([(500, 100)]))
        .expect(ALL)
        .mature[0]
    )
    assert not School().teach(whole([(5, 1)] * 3)).expect(ALL).mature[0]
    assert School().teach(whole([(20, 4)] * 2)).expect(ALL).mature[0]


def test_companies_are_judged_once_enough_of_all_news_is_known_however_rarely_they_are_named() -> None:
    school = School().teach(whole([(40, 8)] * 4))
    assert not school.expect(OTHER).mature[0]
    assert school.teach(whole([(40, 8)] * 4)).expect(OTHER).mature[0]


def test_a_company_never_named_is_expected_less_and_less() -> None:
    school = School().teach([{ALL: (40, 8), ACME: (2, 1)}] * 14)
    early = school.expect(OTHER).rate[0]
    school.teach([{ALL: (40, 8), ACME: (2, 1)}] * 28)
    assert school.expect(OTHER).rate[0] < 0.6 * early
    assert school.expect(ACME).rate[0] == pytest.approx(1 / 20, rel=0.2)


def test_a_day_on_which_everyone_talks_of_a_company_hardly_makes_it_usual() -> None:
    calm = [{ALL: (200, 40), ACME: (2, 1)}] * 40
    plain = School().teach(calm).expect(ACME).rate[0]
    shaken = School().teach([*calm, {ALL: (260, 90), ACME: (60, 50)}]).expect(ACME).rate[0]
    assert shaken < 1.2 * plain


def test_clustering_is_learnt_from_days_with_and_without_stories() -> None:
    """One event in ten days brings five stories: twenty companies in turn."""
    companies = [Series(entity=f"Company {i}") for i in range(20)]
    days: list[Day] = []
    for day in range(200):
        bursts = {one: (5, 2) for number, one in enumerate(companies) if (day + number) % 10 == 0}
        days.append({ALL: (100, 40), **bursts})
    steady: list[Day] = [
        {ALL: (100, 20), **{one: (1, 0) for number, one in enumerate(companies) if (day + number) % 2}}
        for day in range(200)
    ]
    assert School().teach(days).clustering(companies[0]) > 1.5 > 0.5 > School().teach(steady).clustering(companies[0])


def test_names_heard_once_teach_no_clustering_of_those_often_heard() -> None:
    """Every day brings thirty new names, each with one story and never heard of again."""
    companies = [Series(entity=f"Company {i}") for i in range(20)]
    days: list[Day] = []
    for day in range(60):
        bursts = {one: (5, 2) for number, one in enumerate(companies) if (day + number) % 10 == 0}
        days.append({ALL: (100, 40), **bursts})
    with_names: list[Day] = [
        {**day, **{Series(entity=f"~once {place} {number}"): (1, 0) for number in range(30)}}
        for place, day in enumerate(days)
    ]
    plain, among_names = School().teach(days), School().teach(with_names)
    assert among_names.clustering(companies[0]) == pytest.approx(plain.clustering(companies[0]), rel=0.1)
    assert among_names.clustering(Series(entity="~once 1 1")) < plain.clustering(companies[0]) / 2


def test_what_the_mix_of_sources_explains_is_not_taken_for_the_series_own() -> None:
    """Every story is told by a source that is ten points more negative than usual; of all news that is told plainly."""
    days: list[Day] = [{ALL: (50, 15), BANKS: (50, 15)}] * 40
    plain, explained = School().teach(days), School().teach(days, offset=50 * 100)
    assert plain.expect(BANKS).mean[0] == pytest.approx(0.3, abs=0.01)
    assert explained.expect(BANKS).mean[0] == pytest.approx(0.2, abs=0.01)
    assert plain.expect(ALL).mean[0] == pytest.approx(0.3, abs=0.01)
    assert explained.expect(ALL).mean[0] == pytest.approx(0.3, abs=0.01)


def test_a_series_that_fell_silent_for_long_is_young_again() -> None:
    school = School().teach([{ALL: (50, 10), BANKS: (20, 4)}] * 4)
    assert school.expect(BANKS).mature[0]
    assert not school.teach(whole([(50, 10)] * 396)).expect(BANKS).mature[0]


def test_a_share_that_is_higher_day_after_day_builds_up_and_calm_days_wear_it_off() -> None:
    school = School().teach([{ALL: (100, 20), BANKS: (10, 2)}] * 40)
    sums = []
    for negatives in (5, 5, 5, 5, 1, 1, 1, 1, 1):
        school.day += 1
        end = minute_of(at()) + school.day * DAY_MINUTES
        school.baselines.build(school.lessons({ALL: (100, 20), BANKS: (10, negatives)}), end)
        sums.append(float(school.baselines.builds(school.index.numbers([BANKS]), end)[0]))
    assert sums[0] < sums[1] < sums[2] < sums[3] > 3
    assert sums[3] > sums[5] > sums[-1]
    state = school.state(BANKS)
    assert (state.build_since is None) == (state.build == 0)


def test_a_state_restores_exactly_from_its_numbers() -> None:
    school = School().teach([{ALL: one, BANKS: (5, 2)} for one in drawn(50, 0.2, 0.02)])
    states = tuple(msgspec.json.decode(msgspec.json.encode(school.state(s)), type=BaselineState) for s in (BANKS, ALL))
    again = SeriesIndex()
    restored = Baselines(again, RULES, states)
    for series in (ALL, BANKS):
        assert restored.states(again.numbers([series])) == [school.state(series)]
        assert restored.expect(again.numbers([series])).mean[0] == school.expect(series).mean[0]


def test_days_without_any_negative_never_make_a_share_of_nothing_certain() -> None:
    assert School().teach(whole([(100, 0)] * 200)).expect(ALL).mean[0] >= 0.005


WIRE, PAPER = Series.told_by("wire"), Series.told_by("paper")


def doubt(school: School, told: dict[Series, int]) -> float:
    """Of a window in which sources told so many stories."""
    return float(school.baselines.mix(school.index.numbers(told)).doubt(np.array([*told.values()], dtype=np.int32)))


def test_a_source_that_told_nothing_before_may_explain_twice_the_spread_of_sources_in_its_part_of_the_news() -> None:
    school = School().teach([{ALL: (100, 20), WIRE: (100, 20)}] * 60)
    joined = doubt(school, {WIRE: 60, PAPER: 40})
    assert joined == pytest.approx(0.4 * 2 * RULES.source_spread, rel=0.05)
    assert doubt(school, {PAPER: 40, WIRE: 60}) == joined
    assert doubt(school, {WIRE: 100}) == pytest.approx(0.0, abs=1e-6)
    assert doubt(school, {}) == doubt(school, {WIRE: 0}) == 0.0


def test_a_source_that_fell_silent_is_in_doubt_for_the_sum_of_a_day_that_closes_as_while_it_was_open() -> None:
    day = {ALL: (100, 20), WIRE: (60, 12), PAPER: (40, 8)}
    school = School(RULES.model_copy(update={"prior_covariate_stories": 5000.0})).teach([day] * 10)
    end = minute_of(at()) + (school.day + 2) * DAY_MINUTES
    school.baselines.build(school.lessons({ALL: (100, 60), WIRE: (60, 36), PAPER: (40, 24)}), end - DAY_MINUTES)
    today = school.lessons({ALL: (100, 40), WIRE: (100, 40)})
    mix = school.baselines.mix(school.index.sources).doubt(np.array([100, 0]))
    assert mix > 0.05
    (before, *_) = school.baselines.build_with(today, school.baselines.expect(today.ids), end, float(mix))
    school.baselines.build(today, end)
    assert school.baselines.builds(today.ids, end)[0] == pytest.approx(before)


def test_the_better_a_new_source_is_known_the_less_it_may_explain() -> None:
    school = School().teach([{ALL: (60, 12), WIRE: (60, 12)}] * 30)
    found = []
    for _ in range(4):
        found.append(doubt(school, {WIRE: 60, PAPER: 40}))
        school.teach([{ALL: (100, 30), WIRE: (60, 12), PAPER: (40, 18)}] * 10)
    assert sorted(found, reverse=True) == found
    assert found[-1] < found[0] / 4


def test_nothing_is_in_doubt_while_nothing_was_learnt_or_no_source_is_known() -> None:
    school = School()
    assert doubt(school, {WIRE: 10}) == 0.0
    assert doubt(school.teach(whole([(100, 20)] * 5)), {}) == 0.0


@pytest.mark.parametrize("weeks", [1, 4])
def test_sources_that_keep_their_parts_of_the_news_leave_no_doubt_however_little_is_known_of_them(weeks: int) -> None:
    sources = [Series.told_by(f"source {number}") for number in range(20)]
    school = School().teach([{ALL: (100, 20), **dict.fromkeys(sources, (5, 1))}] * (7 * weeks))
    assert doubt(school, dict.fromkeys(sources, 5)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("building_is_new", [True, False])
def test_a_build_is_kept_where_one_of_two_names_has_learnt_nothing_yet(building_is_new: bool) -> None:
    young = BaselineState(series=Series(entity="~acme"), window_minutes=DAY_MINUTES)
    old = msgspec.structs.replace(young, since=at(), as_of=at(days=30), stories=9.0, information=9.0, volume=9.0)
    build = {"build": 9.0, "build_since": at(days=30), "build_as_of": at(days=32)}
    young, old = (
        msgspec.structs.replace(each, **build) if (each is young) == building_is_new else each for each in (young, old)
    )
    wanted = msgspec.structs.replace(old, **build)
    assert joined_past(young, old, 28.0) == wanted
    assert joined_past(old, young, 28.0) == wanted
