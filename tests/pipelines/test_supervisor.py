"""What keeps dying is given up: with all the rest where the line needs it, alone where it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.errors import WorkerError
from pipelines.supervisor import GIVE_UP_AFTER, LONGEST_DELAY, Supervisor


class Watched:
    """A supervisor whose clock moves on only while the process `failing` is down, so that no run of it is steady."""

    def __init__(self, log_folder: Path) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.supervisor = Supervisor(log_folder, self.said.append, lambda: self.now)

    def add_failing(self, status: int, *, needed: bool) -> None:
        script = f"echo Starting.; echo Port 8501 is not available.; echo Set another.; exit {status}"
        self.supervisor.add("failing", ["/bin/sh", "-c", script], {}, needed=needed)

    def watch_until(self, condition: Callable[[], bool]) -> None:
        resting, failing = threading.Event(), self.supervisor.processes["failing"]
        while not condition():
            self.supervisor.watch()
            if failing.pid is None:
                self.now += LONGEST_DELAY
            else:
                resting.wait(0.005)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path / "logs")
    with watched.supervisor:
        yield watched


@pytest.mark.parametrize(("status", "restarts"), [(1, GIVE_UP_AFTER), (78, 0)])
def test_what_the_line_can_do_without_is_given_up_alone_and_in_one_line(
    watched: Watched, tmp_path: Path, status: int, restarts: int
) -> None:
    watched.supervisor.add("ingest", ["/bin/sleep", "600"], {})
    watched.add_failing(status, needed=False)
    failing, ingest = watched.supervisor.processes["failing"], watched.supervisor.processes["ingest"]
    pid = ingest.pid

    watched.watch_until(lambda: any("given up" in line for line in watched.said))

    assert watched.said[-1] == (
        "failing cannot run and is given up, all else goes on; its log ends: Port 8501 is not available. Set another. "
        f"(log: {tmp_path / 'logs' / 'failing.log'})"
    )
    said = list(watched.said)
    for _ in range(3):
        watched.now += LONGEST_DELAY
        watched.supervisor.watch()
    assert (failing.restarts, failing.pid, ingest.pid) == (restarts, None, pid)
    assert watched.said == said


def test_what_cannot_be_started_again_is_given_up_alone_too(watched: Watched, tmp_path: Path) -> None:
    """The log, which is opened at each start, is no file any more, and cannot be read either."""
    watched.add_failing(1, needed=False)
    log = tmp_path / "logs" / "failing.log"
    watched.watch_until(lambda: bool(watched.said))
    log.unlink()
    log.mkdir()

    watched.watch_until(lambda: any("given up" in line for line in watched.said))

    assert "failing cannot be started again and is given up, all else goes on" in watched.said[-1]


@pytest.mark.parametrize(("status", "retryable"), [(1, True), (78, False)])
def test_a_process_that_the_line_needs_ends_it_and_says_whether_starting_it_again_may_help(
    watched: Watched, status: int, retryable: bool
) -> None:
    watched.add_failing(status, needed=True)

    with pytest.raises(WorkerError, match=r"(?s)failing cannot run\..* is not available") as raised:
        watched.watch_until(lambda: False)

    assert raised.value.retryable is retryable
