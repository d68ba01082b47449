"""When ordinary news comes: days, nights and weekends, per topic."""

from __future__ import annotations

from datetime import datetime, timedelta

from pipelines.demo_frames.world import START
from pipelines.dice import Dice

CRISIS_START = datetime.fromisoformat("2024-03-08T12:00:00Z")
CRISIS_INTENSE_UNTIL = datetime.fromisoformat("2024-03-08T22:00:00Z")
RESCUE = datetime.fromisoformat("2024-03-09T19:30:00Z")
CRISIS_EBBED = datetime.fromisoformat("2024-03-10T10:00:00Z")
RECALL_START = datetime.fromisoformat("2024-03-09T08:00:00Z")
RECALL_END = datetime.fromisoformat("2024-03-09T13:00:00Z")

ORDINARY = (52, 78, 108, 48, 40, 66, 80, 80, 54, 98, 48, 36, 80, 76, 92, 76, 88, 54, 98, 84)
"""How many ordinary items each of the twenty topics has over the week."""

_MARKET_TOPICS = frozenset({0, 3, 4, 5, 10, 15, 19})
_NEWS_DAY = (0.25,) * 6 + (0.5, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2, 1.2, 1.4, 1.4, 1.4, 1.4, 1.1, 1.1, 1.1, 0.7, 0.7, 0.4)
_MARKET_DAY = (0.15,) * 6 + (0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.6, 1.6, 1.6, 1.3, 1.3, 1.3, 1.3, 1.3, 1.6, 1.6, 0.5, 0.2)
_WEEKEND_NEWS, _WEEKEND_MARKET = 0.5, 0.1


def ordinary_times(topic: int, dice: Dice) -> list[datetime]:
    """The instants of a topic's ordinary items, in order, spread by the rhythm of the week.

    Each falls at random into its own equal share of the week's total rate, so that no hour of a calm day stands out by
    mere chance in the choice of times.
    """
    rates = hourly_rates(topic)
    total, wanted = sum(rates), ORDINARY[topic]
    times, hour, before = [], 0, 0.0
    for item in range(wanted):
        target = (item + dice.unit()) / wanted * total
        while before + rates[hour] <= target:
            before += rates[hour]
            hour += 1
        times.append(START + timedelta(seconds=int((hour + (target - before) / rates[hour]) * 3600)))
    return times


def hourly_rates(topic: int) -> list[float]:
    """The relative rate of a topic's ordinary items in each of the week's 168 hours."""
    day, weekend = (_MARKET_DAY, _WEEKEND_MARKET) if topic in _MARKET_TOPICS else (_NEWS_DAY, _WEEKEND_NEWS)
    rates = [day[hour] * (weekend if number >= 5 else 1.0) for number in range(7) for hour in range(24)]
    if topic == 15:
        # While the banks fall, the market has no other news.
        rates[4 * 24 + 12 : 5 * 24] = [0.0] * 12
    return rates
