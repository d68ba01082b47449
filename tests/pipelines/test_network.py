"""Nothing phones home."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_no_process_of_the_demo_tries_to_leave_this_machine(tmp_path: Path) -> None:
    command = ["unshare", "-rn", sys.executable, "-m", "tests.pipelines.loopback_only", str(tmp_path)]

    run = subprocess.run(command, capture_output=True, text=True, timeout=280)

    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout.splitlines()[-1])
    assert "dashboard: 200" in result["said"]
    assert "negative news surging" in result["said"]
    assert result["control"] == 1, "the count must see an attempt"
    assert result["demo"] == 0
