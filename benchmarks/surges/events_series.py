"""Headlines as daily series by company and topic, for detectors that are given counts, and the signs they give.

The counts are those of the live line: a story counts once (here: a headline with the same normal form within three days
is the same story), for the companies that it is about, provisional ones included, and for its topic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import numpy as np

from benchmarks.surges.events_matching import Sign
from benchmarks.surges.events_told import Naming, Told, sign
from benchmarks.surges.protocol import Counts, Detector
from monitor.classify.scored import ScoredArticle
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.names import PROVISIONAL
from monitor.surges.headlines import headline_key
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.sightings import sighting_of

LEAST_NEGATIVES: Final = 2
"""Fewer on a day make no sign: a single headline is no surge."""

_SAME_STORY = timedelta(days=3)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Story:
    """A headline that is not a copy of an earlier one.

    Attributes:
        day: When it counts (UTC).
        headline: As published.
        negativity: Probability that it is negative, in [0, 1].
        series: What it counts for, each with whether it is negative there.
    """

    day: date
    headline: str
    negativity: float
    series: tuple[tuple[Series, bool], ...]


def stories_of(scored: Iterable[ScoredArticle], rules: SurgeRules, abstain_below: float | None = None) -> list[Story]:
    """The stories of scored articles, by day; companies and negatives as the live line counts them."""
    seen: dict[str, datetime] = {}
    found = []
    for item in sorted(scored, key=lambda one: (one.article.event_time, one.article.id)):
        sighting = sighting_of(item, rules, {}, abstain_below)
        key = headline_key(sighting.title)
        before = seen.get(key)
        seen[key] = sighting.event_time
        if key and before is not None and sighting.event_time - before <= _SAME_STORY:
            continue
        series = [(ALL, sighting.negative), (Series(topic=sighting.topic), sighting.negative)]
        series += [(Series(entity=entity), negative) for entity, negative in sighting.about]
        found.append(Story(sighting.event_time.date(), sighting.title, item.negative, tuple(series)))
    return found


@dataclass(frozen=True)
class DailyPanel:
    """Daily counts of all series that ever have enough negatives in a day.

    Attributes:
        series: What each row counts, [series].
        first: Day of the first period.
        counts: The counts, a period a day.
        told: The stories counted.
    """

    series: tuple[Series, ...]
    first: date
    counts: Counts
    told: Told


def panel_of(stories: Sequence[Story], least_negatives: int = LEAST_NEGATIVES) -> DailyPanel:
    """Counts stories by series and day, from the day of the first to that of the last; there must be one."""
    first, last = min(story.day for story in stories), max(story.day for story in stories)
    told = Told()
    bad: Counter[tuple[Series, date]] = Counter()
    for story in stories:
        told.add(story.day, story.headline, story.negativity, story.series)
        bad.update((series, story.day) for series, negative in story.series if negative)
    kept = sorted({series for (series, _), several in bad.items() if several >= least_negatives})
    rows = {series: row for row, series in enumerate(kept)}
    counted = np.zeros((len(kept), (last - first).days + 1), dtype=np.int64)
    negatives, totals = counted.copy(), np.zeros(counted.shape[1], dtype=np.int64)
    for story in stories:
        place = (story.day - first).days
        totals[place] += 1
        for series, negative in story.series:
            if series in rows:
                counted[rows[series], place] += 1
                negatives[rows[series], place] += negative
    start = datetime.combine(first, time(), UTC)
    return DailyPanel(tuple(kept), first, Counts(counted, negatives, totals, _DAY, start), told)


def signs_of(
    panel: DailyPanel, detector: Detector, naming: Naming, least_negatives: int = LEAST_NEGATIVES
) -> list[Sign]:
    """The detector's score of every series and day with enough negatives."""
    scores = detector.scores(panel.counts)
    rows, places = np.nonzero((panel.counts.negatives >= least_negatives) & ~np.isnan(scores))
    return [
        sign(
            panel.series[row],
            panel.first + timedelta(days=place),
            float(scores[row, place]),
            panel.told,
            naming,
        )
        for row, place in zip(rows.tolist(), places.tolist(), strict=True)
    ]


def naming_of(gazetteer: Gazetteer) -> Naming:
    """Names of listed entities by the gazetteer, and of provisional ones by their ids."""

    def name(entity: str) -> str:
        known = gazetteer.get(entity)
        return known.name if known is not None else entity.removeprefix(PROVISIONAL)

    return name
