"""A child process never outlives this one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from monitor.errors import WorkerError
from monitor.processes import ChildProcess
from tests.parents import assert_dies_with_killed_parent

_GUARDED_PARENT = """
import sys
from pathlib import Path
from monitor.processes import ChildProcess
child = ChildProcess(["sleep", "600"], log_path=Path(sys.argv[1]), pipe_guard=True)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_the_portable_guard_kills_the_child_of_a_killed_parent(tmp_path: Path) -> None:
    assert_dies_with_killed_parent([sys.executable, "-c", _GUARDED_PARENT, str(tmp_path / "log")])


@pytest.mark.parametrize("pipe_guard", [False, True])
def test_a_child_is_asked_to_end_before_it_is_killed(tmp_path: Path, pipe_guard: bool) -> None:
    script = "trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
    child = ChildProcess(["/bin/sh", "-c", script], log_path=tmp_path / "log", pipe_guard=pipe_guard)
    while "ready" not in child.log_tail():
        assert not child.wait(0.01)
    child.stop()
    assert not child.running
    assert child.log_tail().endswith("asked")


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(WorkerError, match=missing):
        ChildProcess([missing], log_path=tmp_path / "log", pipe_guard=False)
    assert os.listdir(tmp_path) == ["log"]  # noqa: PTH208


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pipe_guard", [False, True])
def test_a_log_that_cannot_be_opened_is_named(tmp_path: Path, pipe_guard: bool) -> None:
    folder = tmp_path / "taken.log"
    folder.mkdir()
    with pytest.raises(WorkerError, match=f"{folder} cannot be opened: Is a directory"):
        ChildProcess(["/bin/true"], log_path=folder, pipe_guard=pipe_guard)
