"""A stage at work: its signs of life."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.store.database import Database
from pipelines.stages import run_stage
from pipelines.standing import read_status

NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Working:
    """A stage of which every step takes a second, and whose machine's clock is set back by an hour at the tenth."""

    def __init__(self, steps: int) -> None:
        self.now = NOON
        self.stop = threading.Event()
        self._left = steps
        self._done = 0

    def step(self) -> int:
        self._done += 1
        self.now += SECOND if self._done != 10 else -timedelta(hours=1)
        if self._done == self._left:
            self.stop.set()
        return 1

    def counters(self) -> Mapping[str, float]:
        return {"steps": float(self._done)}

    def note(self) -> str:
        return ""

    @contextmanager
    def build(self) -> Iterator[Working]:
        yield self


def test_a_clock_that_is_set_back_stops_no_signs_of_life(tmp_path: Path) -> None:
    working = Working(steps=20)
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        seen: list[tuple[str, float]] = []

        def clock() -> datetime:
            seen.extend((stage.state, stage.silent_seconds) for stage in read_status(database, working.now).stages)
            return working.now

        run_stage("alerts", working.build, database, working.stop, clock=clock)
        assert [state for state, _ in seen].count("silent") == 1, "until the next sign of life"
        assert all(silent <= 3 for state, silent in seen if state == "alive")
