"""Whether a family of processes ends with its parent."""

from __future__ import annotations

import signal
import subprocess

import psutil


def assert_dies_with_killed_parent(argv: list[str]) -> None:
    """Starts a parent that prints its child's process id, kills it with SIGKILL, and waits until the family is gone."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        family = [child, *child.children(recursive=True)]
        parent.send_signal(signal.SIGKILL)
        gone, alive = psutil.wait_procs(family, timeout=20.0)
        assert not alive
        assert len(gone) == len(family)
