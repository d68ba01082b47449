"""A stream of surges in a store, as the surge worker would have written it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from monitor.store.database import Database
from monitor.store.writes import write_progress, write_surges
from monitor.surges.series import Series
from monitor.surges.surge import Reason, Surge
from tests.alerts.builders import HOUR, MINUTE, START, surge

TOPICS = [Series(topic=name) for name in ("Energy", "Financials", "IPO", "Legal", "Macro")]
COMPANIES = [Series(entity=name, topic=topic) for name in ("bank", "mill") for topic in ("", "Legal", "Macro")]


def write_stream(database: Database, surges: Sequence[Surge], until: datetime, *, final: bool = False) -> None:
    """Appends these surges, which reach to this stream time."""
    with database.write() as connection:
        write_surges(connection, surges)
        write_progress(connection, "surges", until, final=final)


def busy_stream(seed: int, ticks: int, watched: Sequence[Series] = TOPICS) -> list[list[Surge]]:
    """Verdicts tick by tick on series that surge and calm at random, with gaps long enough to resolve."""
    chance = random.Random(seed)
    tick, stream = START, []
    for _ in range(ticks):
        tick += chance.choice([MINUTE, MINUTE, MINUTE, 2 * HOUR])
        chosen = sorted(chance.sample(watched, chance.randint(1, len(watched))))
        stream.append(
            [surge(chance.choice(list(Reason)), at=tick, series=topic, p_value=chance.random()) for topic in chosen]
        )
    return stream


def by_tick(surges: Sequence[Surge]) -> list[list[Surge]]:
    """The same, tick by tick."""
    return [list(group) for _, group in groupby(surges, key=lambda each: each.tick)]
