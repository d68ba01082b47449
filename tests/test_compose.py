"""docker-compose.yml starts commands that exist, with settings that exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
import yaml
from pydantic import BaseModel, SecretStr
from sqlalchemy import make_url

from monitor.cli.app import app
from monitor.settings import Settings, load_settings
from pipelines.stages import STAGES

_ROOT = Path(__file__).parents[1]
_COMPOSE: dict[str, Any] = yaml.safe_load((_ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
_OURS = {name: service for name, service in _COMPOSE["services"].items() if service.get("build")}


def _settings_of(name: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What a service reads from its environment; variables without a value are those that Compose passes through."""
    for variable, value in _OURS[name]["environment"].items():
        if variable.startswith("MONITOR_") and variable != "MONITOR_CONFIG" and value is not None:
            monkeypatch.setenv(variable, value)
    return load_settings()


def _secrets(kind: Any) -> bool:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return any(_secrets(field.annotation) for field in kind.model_fields.values())
    return kind is SecretStr or any(_secrets(part) for part in get_args(kind))


def _secret_variables(model: type[BaseModel], prefix: str = "MONITOR_") -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _secret_variables(kind, f"{prefix}{name.upper()}__")
        elif _secrets(kind):
            yield f"{prefix}{name.upper()}"


def test_every_stage_has_a_service() -> None:
    assert set(STAGES) | {"schedule", "dashboard"} == set(_OURS)


@pytest.mark.parametrize("name", sorted(_OURS))
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    command, *arguments = _OURS[name]["command"]
    assert command in typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group has commands
    assert arguments in ([], [name])


@pytest.mark.parametrize("name", sorted(_OURS))
def test_a_service_is_configured_by_settings_that_exist(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings_of(name, monkeypatch)
    assert settings.kafka.bootstrap == "kafka:9092"
    assert settings.store_url.startswith("postgresql://monitor@postgres/")


@pytest.mark.parametrize("name", sorted(_OURS))
def test_the_databases_password_may_hold_any_characters(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # In a URL, a slash or an at sign would end it; PostgreSQL's library takes it from a variable of its own as it is.
    assert make_url(_settings_of(name, monkeypatch).store_url).password is None
    password = _COMPOSE["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert _OURS[name]["environment"]["PGPASSWORD"] == password


@pytest.mark.parametrize("name", sorted(_OURS))
def test_a_service_reads_the_settings_file_and_is_not_started_without_it(name: str) -> None:
    target = _OURS[name]["environment"]["MONITOR_CONFIG"]
    (mount,) = [volume for volume in _OURS[name]["volumes"] if isinstance(volume, dict)]
    assert (mount["type"], mount["source"], mount["target"]) == ("bind", "./monitor.toml", target)
    assert mount["bind"] == {"create_host_path": False}  # else Docker makes an empty folder of that name


@pytest.mark.parametrize("name", sorted(_OURS))
def test_every_secret_of_the_settings_reaches_a_service_from_the_environment(name: str) -> None:
    passed_through = {variable for variable, value in _OURS[name]["environment"].items() if value is None}
    assert passed_through == set(_secret_variables(Settings))


def test_programs_on_this_machine_reach_the_push_endpoint_and_the_dashboard(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "desk-token-0123456789"
    monkeypatch.setenv("MONITOR_INGEST__PUSH__TOKENS", f'["{token}"]')
    push = _settings_of("ingest", monkeypatch).ingest.push
    dashboard = _settings_of("dashboard", monkeypatch).dashboard
    assert push.tokens == (SecretStr(token),)
    assert push.address == dashboard.address == "0.0.0.0"
    assert _OURS["ingest"]["ports"] == [f"127.0.0.1:{push.port}:{push.port}"]
    assert _OURS["dashboard"]["ports"] == [f"127.0.0.1:{dashboard.port}:{dashboard.port}"]


@pytest.mark.parametrize("name", STAGES)
def test_a_stages_service_is_healthy_while_the_stage_is_alive(name: str) -> None:
    assert _OURS[name]["healthcheck"]["test"] == ["CMD", "monitor", "status", "--stage", name]


def test_every_service_tells_whether_it_is_healthy_and_every_volume_is_declared() -> None:
    assert all("healthcheck" in service for service in _COMPOSE["services"].values())
    mounted = [volume for service in _COMPOSE["services"].values() for volume in service["volumes"]]
    assert {volume.split(":")[0] for volume in mounted if isinstance(volume, str)} == set(_COMPOSE["volumes"])


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
