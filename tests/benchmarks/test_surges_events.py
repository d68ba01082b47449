"""Known events among headlines: the table, what opens within a budget, and what has found an event."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.headlines import CALM, GRIM, Newsroom
from benchmarks.surges.events import figures, judge, listed
from benchmarks.surges.events_known import KnownEvent, headlines_about, misfits, part_of, read_events, size_of
from benchmarks.surges.events_matching import QUIET_DAYS, Sign, alerts_of, match, threshold_for
from benchmarks.surges.events_ours import Replayed, replay
from benchmarks.surges.events_series import Story, naming_of, panel_of, signs_of
from benchmarks.surges.events_told import Told, sign
from benchmarks.surges.prepared import articles_of
from benchmarks.surges.protocol import Counts, FloatArray
from monitor.articles import Article, Precision
from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle
from monitor.entities.gazetteer import Gazetteer
from monitor.errors import InputError
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series

FIRST = date(2018, 4, 2)
HEADER = "event,date,names,size,part,what\n"


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def event(number: int, names: tuple[str, ...] = ("acme",), size: str = "larger") -> KnownEvent:
    return KnownEvent(f"acme-{number}", day(number), names, "larger" if size == "larger" else "smaller", "tune", "")


def marked(number: int, subject: str = "Acme", score: float = 0.01, headline: str = "") -> Sign:
    return Sign(day(number), f"entity={subject}", subject, score, headline)


class TestTable:
    def test_has_enough_events_in_either_part(self) -> None:
        events = read_events()

        assert sum(one.size == "larger" for one in events) >= 20
        assert sum(one.size == "smaller" for one in events) >= 10
        assert {(one.size, one.part) for one in events} == {
            (size, part) for size in ("larger", "smaller") for part in ("tune", "held")
        }

    def test_holds_back_whole_months(self) -> None:
        months = {(one.day.month, one.part) for one in read_events()}

        assert {month for month, part in months if part == "held"} == {3, 6, 9, 12}
        assert not {month for month, part in months if part == "tune"} & {3, 6, 9, 12}

    def test_events_of_one_name_lie_two_weeks_apart(self) -> None:
        events = read_events()
        close = [
            (one.event, other.event)
            for place, one in enumerate(events)
            for other in events[place + 1 :]
            if set(one.names) & set(other.names) and (other.day - one.day).days < 14
        ]

        assert close == []

    @pytest.mark.parametrize(
        "row",
        [
            "x,2018-03-05,acme,larger,tune,A month that is held back.",
            "x,2018-02-28,acme,larger,tune,The day after lies in the other part.",
            "x,2018-13-01,acme,larger,tune,No such month.",
            "x,2018-04-02,acme,huge,tune,No such size.",
            "x,2018-04-02,acme|,larger,tune,An empty name matches everything.",
        ],
    )
    def test_refuses_rows_that_do_not_fit(self, row: str, tmp_path: Path) -> None:
        (tmp_path / "events.csv").write_text(f"{HEADER}{row}\n")

        with pytest.raises(InputError):
            read_events(tmp_path / "events.csv")

    def test_a_size_follows_from_distinct_headlines_on_two_days(self) -> None:
        headlines = [
            (day(0), "Acme recalls ovens"),
            (day(0), "ACME recalls ovens"),
            (day(1), "Fires blamed on Acme's ovens"),
            (day(2), "Acme sued"),
            (day(1), "Pacmen return"),
        ]

        assert headlines_about(event(0), headlines) == 2
        assert [size_of(number) for number in (1, 2, 4, 5)] == [None, "smaller", "smaller", "larger"]
        assert misfits([event(0), event(0, size="smaller")], headlines) == ["acme-0"]

    @given(st.dates(date(2017, 12, 1), date(2019, 3, 31)))
    def test_days_of_one_month_are_in_one_part(self, some: date) -> None:
        assert part_of(some) == part_of(some.replace(day=1))


class TestAlerts:
    def test_days_in_a_row_are_one_alert_and_a_lull_begins_another(self) -> None:
        found = alerts_of([marked(number) for number in (0, 1, 1 + QUIET_DAYS, 2 + 2 * QUIET_DAYS)])

        assert [alert.day for alert in found] == [day(0), day(2 + 2 * QUIET_DAYS)]
        assert found[0].days == (day(0), day(1), day(1 + QUIET_DAYS))

    def test_a_company_and_its_topic_alert_once_with_the_stronger_of_them(self) -> None:
        company = sign(Series(entity="acme"), day(0), 0.02, Told(), str.title)
        topic = sign(Series(entity="acme", topic="Legal"), day(0), 0.01, Told(), str.title)

        (alert,) = alerts_of([company, topic])

        assert alert.sign.title == "Acme · Legal"
        assert len(alerts_of([company, sign(Series(topic="Legal"), day(0), 0.01, Told(), str.title)])) == 2

    def test_the_threshold_spends_the_budget_on_the_strongest(self) -> None:
        signs = [marked(10 * number, score=number / 100) for number in range(6)]
        days = {day(number) for number in range(100)}

        threshold = threshold_for(signs, days, 3)

        assert threshold is not None
        assert [alert.day for alert in alerts_of(one for one in signs if one.strength <= threshold)] == [
            day(0),
            day(10),
            day(20),
        ]

    def test_what_opens_outside_the_judged_days_costs_nothing(self) -> None:
        signs = [marked(0, score=0.0), marked(1, score=0.1), marked(20, score=0.2)]

        threshold = threshold_for(signs, {day(1), day(20)}, 1)

        assert threshold == signs[2].strength

    def test_no_budget_means_no_threshold_that_opens_anything(self) -> None:
        assert threshold_for([marked(0)], {day(0)}, 0) is None

    @given(
        st.lists(st.tuples(st.integers(0, 40), st.sampled_from("AB"), st.integers(0, 3)), max_size=30),
        st.integers(0, 6),
    )
    def test_the_threshold_never_opens_more_than_it_may(self, drawn: list[tuple[int, str, int]], most: int) -> None:
        signs = [marked(number, subject, float(score)) for number, subject, score in drawn]
        days = {day(number) for number in range(10, 30)}

        threshold = threshold_for(signs, days, most)

        opened = alerts_of(one for one in signs if threshold is not None and one.strength <= threshold)
        assert sum(alert.day in days for alert in opened) <= most


class TestMatching:
    DAYS = frozenset(day(number) for number in range(-5, 30))

    @pytest.mark.parametrize(("opened", "found"), [(4, False), (5, True), (6, True), (7, False)])
    def test_an_alert_finds_an_event_on_its_day_or_the_next(self, opened: int, found: bool) -> None:
        outcome = match(alerts_of([marked(opened)]), [event(5)], self.DAYS)

        assert bool(outcome.found) is found
        assert bool(outcome.unmatched) is not found
        assert outcome.count("larger") == (int(found), 1)

    def test_one_from_the_eve_that_goes_on_has_found_it_early(self) -> None:
        outcome = match(alerts_of([marked(4), marked(5)]), [event(5)], self.DAYS)

        assert [one.event for one in outcome.early] == ["acme-5"]
        assert outcome.found == outcome.early

    def test_an_alert_that_names_somebody_else_finds_nothing(self) -> None:
        outcome = match(alerts_of([marked(5, "Bolt", headline="Bolt sued")]), [event(5)], self.DAYS)

        assert [one.event for one in outcome.missed] == ["acme-5"]

    def test_a_topic_finds_it_by_its_top_headline(self) -> None:
        outcome = match(alerts_of([marked(5, "Legal", headline="Regulator fines ACME")]), [event(5)], self.DAYS)

        assert outcome.missed == []

    def test_a_topic_finds_it_by_the_words_that_stand_out(self) -> None:
        told = Sign(day(5), "topic=Legal", "Legal", 0.01, "Regulator fines oven maker", lambda: ("ovens", "Acme"))

        assert match(alerts_of([told]), [event(5)], self.DAYS).missed == []

    def test_what_opens_on_other_days_is_not_judged(self) -> None:
        outcome = match(alerts_of([marked(5)]), [event(5)], frozenset())

        assert (outcome.alerts, outcome.unmatched) == ([], [])


class TestJudging:
    """Both parts of two months: April may be tuned on, June is held back."""

    APRIL, JUNE = date(2018, 4, 2), date(2018, 6, 4)
    DAYS = tuple(first + timedelta(days=number) for first in (APRIL, JUNE) for number in range(28))

    def news(self, first: date, score: float, weeks: int) -> list[Sign]:
        several = (first + timedelta(days=7 * number) for number in range(weeks))
        return [Sign(when, "entity=acme", "Acme", score + number / 100, "") for number, when in enumerate(several)]

    def test_a_budget_is_spent_in_either_part_and_its_threshold_taken_to_the_other(self) -> None:
        events = [KnownEvent("june", self.JUNE, ("acme",), "larger", "held", "")]
        # April holds two weaker signs: one a week allows them all, so the threshold is the weaker one.
        signs = [*self.news(self.APRIL, 0.2, 2), *self.news(self.JUNE, 0.1, 4)]

        outcomes = judge(signs, events, self.DAYS)

        assert figures(outcomes["tune"]["week"])["alerts"] == 2
        assert figures(outcomes["held"]["week"]) == {
            "alerts": 4,
            "larger": 1,
            "of_larger": 1,
            "smaller": 0,
            "of_smaller": 0,
            "early": 0,
            "unmatched": 3,
        }
        assert figures(outcomes["held"]["week_at_tuned_threshold"])["alerts"] == 4

    def test_a_threshold_from_the_other_part_may_find_less(self) -> None:
        events = [KnownEvent("june", self.JUNE, ("acme",), "larger", "held", "")]
        signs = [*self.news(self.APRIL, 0.0, 2), *self.news(self.JUNE, 0.3, 1)]

        outcomes = judge(signs, events, self.DAYS)["held"]

        assert [outcomes[at].count("larger")[0] for at in ("week", "week_at_tuned_threshold")] == [1, 0]

    def test_a_detector_without_signs_misses_everything(self) -> None:
        events = [KnownEvent("april", self.APRIL, ("acme",), "smaller", "tune", "")]

        outcome = judge([], events, self.DAYS)["tune"]["day"]

        assert (outcome.count("smaller"), outcome.alerts) == ((0, 1), [])
        assert list(listed(outcome)) == [{"missed": "april", "day": "2018-04-02", "size": "smaller"}]


class TestSeries:
    ACME = Series(entity="acme")

    def story(self, number: int, headline: str, negative: bool, negativity: float = 0.9) -> Story:
        return Story(day(number), headline, negativity, ((ALL, negative), (self.ACME, negative)))

    def test_counts_stories_and_negatives_by_day(self) -> None:
        panel = panel_of([self.story(0, "a", True), self.story(0, "b", True), self.story(2, "c", False)])

        assert panel.series == (ALL, self.ACME)
        assert panel.counts.stories.tolist() == [[2, 0, 1]] * 2
        assert panel.counts.negatives.tolist() == [[2, 0, 0]] * 2
        assert panel.counts.totals.tolist() == [2, 0, 1]

    def test_a_sign_stands_where_enough_is_negative_with_the_worst_headline(self) -> None:
        panel = panel_of(
            [self.story(0, "bad", True, 0.7), self.story(0, "worse", True, 0.8), self.story(1, "lone", True, 0.99)]
        )

        signs = signs_of(panel, _ByNegatives(), str.title)

        assert {(one.title, one.day, one.score, one.headline) for one in signs} == {
            ("All news", day(0), -2.0, "worse"),
            ("Acme", day(0), -2.0, "worse"),
        }

    def test_a_sign_says_like_our_alerts_what_sets_its_stories_apart(self) -> None:
        panel = panel_of([self.story(0, f"Kettles of Acme catch fire in {place}", True) for place in ("Leeds", "Hull")])

        one, *_ = signs_of(panel, _ByNegatives(), str.title)

        assert {"kettles", "fire"} <= {word for term in one.terms() for word in term.lower().split()}


def test_a_date_comes_at_the_end_of_its_day_and_a_time_is_eastern() -> None:
    rows = [
        {"time": "2018-04-02T19:16", "source": "TV", "headline": "Acme sued", "description": ""},
        {"time": "2018-04-02", "source": "Paper", "headline": "Acme recalls ovens", "description": "Fires."},
    ]

    television, paper = articles_of(rows)

    assert television.event_time == datetime(2018, 4, 2, 23, 16, tzinfo=UTC)
    assert (paper.published_precision, paper.body) == (Precision.DAY, "Fires.")
    assert television.first_seen_at < paper.first_seen_at < datetime(2018, 4, 3, tzinfo=UTC)


def scored(number: int, when: date, headline: str, *, negative: bool, about: str = "") -> ScoredArticle:
    seen = datetime.combine(when, time(23, 59, 59, 999_999), UTC)
    bad, good = (0.9, 0.05) if negative else (0.05, 0.9)
    mention = Mention(
        start=0,
        end=4,
        text=about,
        confidence=0.9,
        negative=bad,
        neutral=0.05,
        positive=good,
        entity=about,
        relevance=90,
    )
    return ScoredArticle(
        article=Article(
            id=f"{number:032}",
            source="Paper",
            position=str(number),
            title=headline,
            first_seen_at=seen,
            published_at=datetime.combine(when, time(), UTC),
            published_precision=Precision.DAY,
        ),
        topic="Company | Product News",
        topic_probabilities={},
        sentiment="negative" if negative else "positive",
        negative=bad,
        neutral=0.05,
        positive=good,
        model_version="test",
        mentions=(mention,) if about else (),
    )


@pytest.fixture(scope="module")
def replayed() -> Replayed:
    """Forty calm days, but for one company that no list knows on one of them."""
    newsroom = Newsroom(4)
    items = [
        scored(30 * number + place, day(number), newsroom.headline(CALM), negative=place % 5 == 0)
        for number in range(40)
        for place in range(30)
    ]
    items += [
        scored(9000 + place, day(36), newsroom.headline(GRIM), negative=True, about="~acme ovens")
        for place in range(12)
    ]
    return replay(items, SurgeRules(), naming_of(Gazetteer(())))


class TestOurs:
    def test_a_company_that_no_list_knows_is_found_on_the_day_of_its_news(self, replayed: Replayed) -> None:
        found = match(replayed.alerts, [event(36, ("acme ovens",))], [day(number) for number in range(40)])

        assert [one.event for one in found.found] == ["acme-36"]
        assert found.early == []

    def test_it_is_the_strongest_sign(self, replayed: Replayed) -> None:
        strongest = min(replayed.signs, key=lambda one: one.strength)

        assert (strongest.day, strongest.subject) == (day(36), "entity=~acme ovens")
        assert strongest.headline

    def test_nothing_opens_on_calm_days(self, replayed: Replayed) -> None:
        assert {alert.day for alert in replayed.alerts} == {day(36)}


class _ByNegatives:
    name = "negatives"

    def scores(self, counts: Counts) -> FloatArray:
        return -counts.negatives.astype(np.float64)
