"""What `monitor replay` and `monitor demo` refuse before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli.app import app


@pytest.mark.parametrize("speed", ["inf", "nan", "-1", "0", "quick"])
def test_a_speed_that_is_none_is_refused(speed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path / "var"))
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "news.csv"), f"--speed={speed}"])
    assert (done.exit_code, "--speed" in done.output) == (2, True)


@pytest.mark.parametrize("speed", ["inf", "nan"])
def test_a_demo_at_no_speed_is_refused(speed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path / "var"))
    done = CliRunner().invoke(app, ["demo", f"--speed={speed}", "--headless"])
    assert (done.exit_code, "--speed" in done.output) == (2, True)
    assert not (tmp_path / "var").exists()
