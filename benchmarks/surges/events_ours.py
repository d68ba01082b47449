"""The live surge core and the live life cycle of alerts over recorded headlines, as signs and as alerts.

The core runs twice: by the rules as given, whose alerts are what the monitor would have opened; and by the same rules
with a surge made of whatever the statistics have something to say of, ranked by the adjusted p-value on which the rules
open. A threshold on that is what `false_alerts_per_week` sets, so the ranking is that of the live code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from math import log10
from typing import Final

from benchmarks.surges.events_matching import Alert, Sign
from benchmarks.surges.events_told import Naming, Told, sign
from monitor.alerts import alert as live
from monitor.alerts.lifecycle import Lifecycle, LifecycleRules
from monitor.classify.scored import ScoredArticle
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.sightings import sighting_of
from monitor.surges.sorting import series_of
from monitor.surges.surge import Reason, Surge

EVERYTHING: Final = {"false_alerts_per_week": 1e9, "elevated_p": 0.999}
"""Rules by which whatever stands out at all is a surge."""

_LEAST = 1e-300  # a p-value below that is as good as it
_TIE = 1e-6  # what tells equal adjusted p-values apart must not outweigh them
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Replayed:
    """What came of a replay.

    Attributes:
        signs: Everything that stood out, for thresholds of any height.
        alerts: What the rules opened.
    """

    signs: list[Sign]
    alerts: list[Alert]


def replay(
    scored: Sequence[ScoredArticle], rules: SurgeRules, naming: Naming, abstain_below: float | None = None
) -> Replayed:
    """Replays scored articles through the live code.

    Args:
        scored: In any order.
        rules: What it takes to stand out.
        naming: Of entities.
        abstain_below: As `classify.abstain_below` of the settings.
    """
    loose, told = walk(scored, rules.model_copy(update=EVERYTHING), abstain_below)
    given, _ = walk(scored, rules, abstain_below)
    return Replayed(
        signs=[_sign(surge, told, naming) for surge in loose if surge.reason is Reason.SURGE],
        alerts=[_alert(one, told, naming) for one in alerts_of_line(given)],
    )


def walk(
    scored: Sequence[ScoredArticle], rules: SurgeRules, abstain_below: float | None = None
) -> tuple[list[Surge], Told]:
    """Every verdict of the core, and what it was told."""
    core, surges, told = SurgeCore(rules), list[Surge](), Told()
    for day, items in groupby(sorted(scored, key=_first_seen), key=lambda one: _first_seen(one)[0].date()):
        by_id = {item.article.id: item for item in items}
        sightings = [sighting_of(item, rules, {}, abstain_below) for item in by_id.values()]
        advance = core.advance(datetime.combine(day + _DAY, time(), UTC), sightings)
        surges += advance.surges
        for head in advance.story_heads:
            if head.story_id in by_id:  # else it began on a day before
                item = by_id[head.story_id]
                told.add(day, item.article.title, item.negative, series_of(head))
    return surges, told


def _first_seen(item: ScoredArticle) -> tuple[datetime, str]:
    return item.article.first_seen_at, item.article.id


def alerts_of_line(surges: Sequence[Surge]) -> list[live.Alert]:
    """The alerts that the line would have opened, by opening."""
    change = Lifecycle(LifecycleRules()).run({}, surges, None)
    return sorted(change.alerts, key=lambda alert: (alert.opened_at, alert.series))


def _sign(surge: Surge, told: Told, naming: Naming) -> Sign:
    score = log10(max(surge.adjusted_p, _LEAST)) + _TIE * log10(max(surge.p_value, _LEAST))
    return sign(surge.series, _day_before(surge.tick), score, told, naming)


def _alert(alert: live.Alert, told: Told, naming: Naming) -> Alert:
    day = _day_before(alert.opened_at)
    last = max(day, _day_before(alert.calm_since or alert.latest.tick))
    first = sign(alert.series, day, alert.peak.p_value, told, naming)
    return Alert(first, tuple(day + number * _DAY for number in range((last - day).days + 1)))


def _day_before(tick: datetime) -> date:
    """The day of the last moment before a tick: what a midnight tells is of the day that it ends."""
    return (tick - datetime.resolution).date()
