"""The engine that serves is exchanged between batches, and never for one that cannot be opened."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.classify.engine import Engine
from monitor.classify.serving import LONGEST_WAIT, ServingModel, served_version
from monitor.errors import ModelError, StoreError
from tests.classify.test_worker import KeywordEngine

EVERY = timedelta(seconds=5)
START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)


class Later(Executor):
    """Runs what it is given when the test says so, on the test's own thread."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: function(*arguments, **named)))
        return future

    def run(self) -> None:
        for future, work in self.waiting:
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - as an executor does
                future.set_exception(error)
        self.waiting = []


class Shelf:
    """A source in memory."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.away: Exception | None = None
        self.broken: dict[str, Exception] = {}
        self.opened: list[str] = []

    def current(self) -> str:
        if self.away is not None:
            raise self.away
        return self.key

    def open(self, key: str) -> Engine:
        self.opened.append(key)
        if key in self.broken:
            raise self.broken[key]
        return KeywordEngine(f"version-{key}")


class Scene:
    """A shelf, a clock, and a model that serves."""

    def __init__(self) -> None:
        self.now = START
        self.shelf = Shelf("a")
        self.background = Later()
        self.serving = ServingModel(self.shelf, EVERY, lambda: self.now, self.background)

    def look(self, passed: timedelta = EVERY) -> str:
        """Lets time pass, and what is then done in the background end; which version serves after that."""
        self.now += passed
        for _ in range(3):
            self.serving()
            self.background.run()
        return self.serving().model_version


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_promotion_is_picked_up_at_the_next_look(scene: Scene) -> None:
    scene.shelf.key = "b"
    assert scene.look(EVERY - timedelta(seconds=1)) == "version-a"
    assert scene.look(timedelta(seconds=1)) == "version-b"
    assert (scene.serving.swaps, scene.shelf.opened) == (1, ["a", "b"])
    assert scene.serving.note == "Serves version-b."
    assert scene.look() == "version-b"
    assert scene.shelf.opened == ["a", "b"]


def test_the_old_engine_goes_on_while_the_new_one_is_opened(scene: Scene) -> None:
    scene.shelf.key = "b"
    scene.now += EVERY
    scene.serving()
    scene.background.run()  # the look
    assert scene.serving().model_version == "version-a"
    assert scene.serving().model_version == "version-a"
    scene.background.run()  # the opening
    assert scene.serving().model_version == "version-b"


def test_a_rollback_is_a_promotion_to_what_was_before(scene: Scene) -> None:
    for key in ("b", "a"):
        scene.shelf.key = key
        assert scene.look() == f"version-{key}"
    assert scene.serving.swaps == 2


@pytest.mark.parametrize("fault", [ModelError("Its files are damaged."), RuntimeError("Its files are damaged.")])
def test_a_version_that_cannot_be_opened_changes_nothing_and_is_told_of_once(
    scene: Scene, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    scene.shelf.key = "b"
    scene.shelf.broken["b"] = fault
    with caplog.at_level(logging.ERROR):
        for _ in range(8):
            assert scene.look() == "version-a"
    assert [record.getMessage() for record in caplog.records] == [
        "b cannot serve, so version-a goes on: Its files are damaged."
    ]
    assert scene.serving.note == "Serves version-a. b cannot serve: Its files are damaged."
    assert served_version(scene.serving.note) == "version-a"
    assert 1 < scene.serving.faults < 8, "it is tried again, ever more seldom"


def test_a_version_that_was_mended_serves_at_the_latest_after_the_longest_wait(scene: Scene) -> None:
    scene.shelf.key = "b"
    scene.shelf.broken["b"] = ModelError("Its files are damaged.")
    for _ in range(30):
        scene.look(LONGEST_WAIT)
    scene.shelf.broken.clear()
    assert scene.look(LONGEST_WAIT) == "version-b"
    assert scene.serving.note == "Serves version-b."


def test_a_fault_is_forgotten_when_its_version_is_not_wanted_any_more(scene: Scene) -> None:
    scene.shelf.key = "b"
    scene.shelf.broken["b"] = ModelError("Its files are damaged.")
    scene.look()
    scene.shelf.key = "a"
    scene.look()
    assert scene.serving.note == "Serves version-a."


def test_a_store_that_is_away_changes_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.shelf.away = StoreError("The store failed.")
    for _ in range(3):
        assert scene.look() == "version-a"
    assert scene.serving.note == "Serves version-a. Whether another should serve cannot be told: The store failed."
    assert len(caplog.records) == 1
    scene.shelf.away, scene.shelf.key = None, "b"
    assert scene.look() == "version-b"
    assert scene.serving.note == "Serves version-b."


def test_without_a_model_at_the_start_there_is_nothing_to_go_on_with() -> None:
    shelf = Shelf("b")
    shelf.broken["b"] = ModelError("Its files are damaged.")
    with pytest.raises(ModelError, match="damaged"):
        ServingModel(shelf, EVERY, lambda: START, Later())


def test_its_own_thread_opens_what_is_wanted() -> None:
    shelf = Shelf("a")
    moments = iter(START + number * EVERY for number in range(1_000_000))
    with ServingModel(shelf, EVERY, lambda: next(moments)) as serving:
        shelf.key = "b"
        while serving().model_version != "version-b":
            pass
