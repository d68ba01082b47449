"""docker-compose.yml starts commands that exist, with settings that exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from monitor.cli.app import app
from monitor.settings import load_settings
from pipelines.stages import STAGES

_ROOT = Path(__file__).parents[1]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
_OURS = {name: service for name, service in _COMPOSE["services"].items() if service.get("build")}


def test_every_stage_has_a_service() -> None:
    assert set(STAGES) | {"schedule", "dashboard"} == set(_OURS)


@pytest.mark.parametrize("name", sorted(_OURS))
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    command, *arguments = _OURS[name]["command"]
    assert command in typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group has commands
    assert arguments in ([], [name])


@pytest.mark.parametrize("name", sorted(_OURS))
def test_a_service_is_configured_by_settings_that_exist(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = _OURS[name]["environment"]
    for variable, value in environment.items():
        if variable.startswith("MONITOR_") and variable != "MONITOR_CONFIG":
            monkeypatch.setenv(variable, value)
    settings = load_settings()
    assert settings.kafka.bootstrap == "kafka:9092"
    assert settings.store_url.startswith("postgresql://monitor:")


def test_every_service_tells_whether_it_is_healthy_and_every_volume_is_declared() -> None:
    assert all("healthcheck" in service for service in _COMPOSE["services"].values())
    mounted = {volume.split(":")[0] for service in _COMPOSE["services"].values() for volume in service["volumes"]}
    assert {name for name in mounted if not name.startswith(".")} == set(_COMPOSE["volumes"])


def test_the_example_settings_are_valid_when_uncommented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (_ROOT / "monitor.example.toml").read_text(encoding="utf-8").splitlines()
    settings = [
        line.removeprefix("# ") for line in lines if line.startswith(("# [", "# ")) and ("=" in line or "[" in line)
    ]
    (tmp_path / "monitor.toml").write_text("\n".join(settings), encoding="utf-8")
    monkeypatch.setenv("MONITOR_CONFIG", str(tmp_path / "monitor.toml"))
    loaded = load_settings()
    assert [source.name for source in loaded.sources] == ["desk"]
    assert [receiver.kind for receiver in loaded.alerts.receivers] == ["webhook", "console"]
