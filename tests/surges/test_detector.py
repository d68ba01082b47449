"""What is asked of series, at little cost, before they are tested."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.surges.detector import Detector
from monitor.surges.minutes import minute_of
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.sliding import Entries
from monitor.surges.tally import Tally
from tests.surges.tables import START
from tests.surges.test_core_properties import RULES

SERIES = (ALL, *(Series(topic=name) for name in ("Banks", "Oil")), *(Series(entity=name) for name in "ABCD"))
COMPANY_TOPIC = Series(entity="A", topic="Banks")
SOURCES = (Series.told_by("wire"), Series.told_by("paper"))
"""The second one joins halfway."""
STEPS = 150


def walk(seed: int, elevated_p: float, effect: float, negative: float, *, joins: bool) -> tuple[int, int]:
    """Hours of news with storms, in which a source may join: how often a series was asked, and was notable then."""
    rules = RULES.model_copy(update={"elevated_p": elevated_p, "minimum_effect": effect})
    chance, tally = random.Random(seed), Tally(rules, minute_of(START))
    detector = Detector(tally.index, rules, tally.windows, tally.baselines)
    ids, sources = tally.index.numbers([*SERIES, COMPANY_TOPIC]), tally.index.numbers(SOURCES)
    asked = told = 0
    for step in range(STEPS):
        end = minute_of(START) + 1 + 5 * step
        tally.slide(end)
        tally.blocks.settle(end)
        stormy = step % 50 > 42
        for _ in range(chance.randrange(6 if stormy else 3)):
            about = [0, chance.choice([1, 2]), *chance.sample([3, 4, 5, 6, 7], chance.randrange(3))]
            bad = int(chance.random() < (0.8 if stormy else negative))
            source = chance.choice(sources.tolist()) if joins and step > STEPS // 2 else sources[0]
            rows = np.append(ids[sorted(about)], source)
            none = np.zeros(len(rows), dtype=np.int32)
            tally.enter([Entries(end - 1, chance.random() < 0.1, rows, none + bad, none)], end)
        recent = partial(tally.blocks.recent, end=end)
        wanted = detector.asks(ids, recent)
        notable = detector.notable(detector.test(ids, recent))
        assert wanted[notable].all()
        asked, told = asked + int(wanted.sum()), told + len(notable)
    return asked, told


@given(
    seed=st.integers(0, 2**32),
    elevated_p=st.sampled_from([0.01, 0.1, 0.9]),
    effect=st.sampled_from([0.01, 0.15]),
    negative=st.sampled_from([0.1, 0.3]),
    joins=st.booleans(),
)
@settings(max_examples=40)
def test_nothing_notable_is_found_of_series_that_are_not_worth_asking(
    seed: int, elevated_p: float, effect: float, negative: float, joins: bool
) -> None:
    walk(seed, elevated_p, effect, negative, joins=joins)


def test_few_series_are_worth_asking_and_many_of_them_are_notable() -> None:
    asked, told = walk(1, 0.1, 0.15, 0.1, joins=False)
    assert 20 < told <= asked < STEPS * (len(SERIES) + 1) / 4


def volume_of(stories: int, negatives: int) -> float:
    """Logarithm of the chance of a day of a company that for 60 days had one story a day of the 40, one in five bad."""
    rules = SurgeRules()
    tally = Tally(rules, minute_of(START))
    all_news, company = tally.index.numbers([ALL, Series(entity="A")])

    def tell(end: int, series: list[int], negative: bool) -> None:
        rows = np.array(series)
        none = np.zeros(len(rows), dtype=np.int32)
        tally.enter([Entries(end - 1, False, rows, none + int(negative), none)], end)

    for day in range(61):
        end = minute_of(START) + day * DAY_MINUTES + 60
        tally.slide(end)
        tally.blocks.settle(end)
        today = stories if day == 60 else 1
        for place in range(40 - today):
            tell(end, [all_news], place % 5 == 0)
        for place in range(today):
            bad = place < negatives if day == 60 else day % 5 == 0
            tell(end, [all_news, company], bad)
    detector = Detector(tally.index, rules, tally.windows, tally.baselines)
    return float(detector.test(np.array([company]), partial(tally.blocks.recent, end=end)).volume[-1, 0])


def test_volume_weighs_how_many_stories_there_are_with_how_many_of_them_are_bad() -> None:
    told = {(stories, bad): volume_of(stories, bad) for stories, bad in [(8, 4), (8, 8), (12, 4), (12, 8), (12, 12)]}
    assert max(told.values()) < 0.0  # each was asked for
    # More of the same stories bad: less probable. As many bad among more stories: so is the attention.
    assert told[12, 12] < told[12, 8] < told[12, 4]
    assert told[8, 8] < told[8, 4]
    assert told[12, 12] < told[8, 8] - 1.0
    assert told[12, 4] < told[8, 4] - 0.5
