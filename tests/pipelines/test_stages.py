"""The loop that every stage runs in."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.store import health
from monitor.store.database import Database
from pipelines.stages import run_stage
from tests.store.builders import HOUR, NOON


class Resting(threading.Event):
    """An event that notes how long it was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.rests.append(timeout)
        return self.is_set()


class Idling:
    """A stage of twelve steps of a second each, at which it finds nothing to do but to read its own last sign."""

    def __init__(self, database: Database, jump: timedelta = timedelta(0)) -> None:
        self.stop = Resting()
        self.signs: list[dict[str, float]] = []
        self._database = database
        self._jump = jump
        self._elapsed = 0.0

    def run(self) -> None:
        run_stage("surges", self._build, self._database, self.stop, clock=self._clock, elapsed=lambda: self._elapsed)

    @contextmanager
    def _build(self) -> Iterator[Idling]:
        yield self

    def _clock(self) -> datetime:
        """The wall clock, which is set after six seconds."""
        return NOON + timedelta(seconds=self._elapsed) + (self._jump if self._elapsed >= 6 else timedelta(0))

    def step(self) -> int:
        with self._database.read() as connection:
            self.signs += [dict(beat.counters) for beat in health.read_heartbeats(connection)]
        self._elapsed += 1.0
        if self._elapsed == 12.0:
            self.stop.set()
        return 0

    def counters(self) -> Mapping[str, float]:
        return {"elapsed": self._elapsed}

    def note(self) -> str:
        return ""


@pytest.mark.parametrize("jump", [-3 * HOUR, timedelta(0), 3 * HOUR])
def test_signs_of_life_go_on_whatever_is_done_to_the_clock(tmp_path: Path, jump: timedelta) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        stage = Idling(database, jump)
        stage.run()
    assert sorted({sign["elapsed"] for sign in stage.signs}) == [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]


def test_a_counter_that_stands_by_rests_between_its_looks(tmp_path: Path) -> None:
    """It reads nothing then, so no poll waits for it."""
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        stage = Idling(database)
        stage.run()
    assert len(stage.stop.rests) == 12
    assert min(stage.stop.rests) > 0
