"""A running line: what it shows of what was told, and what it starts anew when its broker ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.broker.embedded import EmbeddedBroker
from pipelines.stages import STAGES
from pipelines.stream import Line
from pipelines.supervisor import Supervisor

Make = Callable[[EmbeddedBroker | None], Line]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "dispatch.log"
    path.write_bytes(b"told before the start\n" * 5)
    return path


@pytest.fixture
def make(tmp_path: Path, log: Path, said: list[str]) -> Iterator[Make]:
    with Supervisor(tmp_path / "logs", said.append) as supervisor:
        yield lambda broker: Line(supervisor, "", "", "", broker, said.append, log, log.stat().st_size)


def append(log: Path, told: bytes) -> None:
    with log.open("ab") as file:
        file.write(told)


def test_what_the_dispatcher_tells_is_shown_line_by_line(make: Make, log: Path, said: list[str]) -> None:
    line = make(None)
    append(log, b"Boeing: surging\nha")
    line.watch()
    append(log, b"lf a line\n")
    line.watch()
    line.watch()
    assert said == ["Boeing: surging", "half a line"]


def test_a_log_that_is_emptied_or_removed_is_shown_again_from_its_start(make: Make, log: Path, said: list[str]) -> None:
    line = make(None)
    log.write_bytes(b"")  # as logrotate's copytruncate does
    append(log, b"Boeing: surging\n")
    line.watch()
    log.unlink()
    line.watch()
    append(log, b"Boeing: back to usual\n")
    line.watch()
    assert said == ["Boeing: surging", "Boeing: back to usual"]


def test_only_the_stages_that_use_the_broker_start_anew_with_it(make: Make, tmp_path: Path) -> None:
    with EmbeddedBroker(log_path=tmp_path / "broker.log") as broker:
        line = make(broker)
        for name in (*STAGES, "schedule"):
            line.supervisor.add(name, ["/bin/sleep", "600"], {})
        before = {name: process.pid for name, process in line.supervisor.processes.items()}
        line.kill_broker()
        line.watch()
        after = {name: process.pid for name, process in line.supervisor.processes.items()}
        assert {name for name in before if before[name] != after[name]} == {"ingest", "classify", "surges"}
        assert None not in after.values()
        assert line.broker_pid is not None
