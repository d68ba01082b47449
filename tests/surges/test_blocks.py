"""What the disjoint blocks cost."""

from __future__ import annotations

import tracemalloc

import numpy as np

from monitor.surges.baseline import Baselines
from monitor.surges.blocks import Blocks
from monitor.surges.columns import SeriesIndex
from monitor.surges.rules import DAY_MINUTES, SurgeRules
from monitor.surges.series import Series
from monitor.surges.sliding import Entries

COMPANIES = 50_000


def test_hours_cost_no_place_for_each_company_that_was_ever_named() -> None:
    rules, index = SurgeRules(), SeriesIndex()
    blocks = Blocks(index, rules, Baselines(index, rules))
    topic = index.number(Series(topic="Banks"))
    for number in range(COMPANIES):
        index.number(Series(entity=f"~company {number}"))
    start = 19_800 * DAY_MINUTES
    counted = np.array([0, topic, topic + 1], dtype=np.int64), np.ones(3, dtype=np.int32), np.zeros(3, dtype=np.int32)
    blocks.add(Entries(start, False, *counted), start + 1)  # the day itself has places for all
    tracemalloc.start()
    try:
        for hour in range(24):
            blocks.add(Entries(start + 60 * hour, False, *counted), start + 60 * hour + 1)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 4 * COMPANIES
