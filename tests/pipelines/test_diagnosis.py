"""What `monitor doctor` finds missing or unsafe."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.clock import system_clock
from monitor.settings import load_settings
from monitor.store import writes
from monitor.store.database import Database
from pipelines.diagnosis import Finding, examine, exposures


def of_the_receiver(folder: Path, **receiver: Any) -> list[Finding]:
    """What is found of one receiver, where there is no model to be opened besides."""
    settings = load_settings(
        data_dir=folder,
        classify={"model": str(folder / "none")},
        alerts={"receivers": [{"name": "desk", "kind": "webhook", "secret": "hush", **receiver}]},
    )
    return [finding for finding in examine(settings) if finding.subject == "receivers"]


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://192.168.1.20:8065/T0KEN", "desk: 192.168.1.20 is a private address"),
        ("http://93.184.216.34/T0KEN", "desk: 93.184.216.34 would be posted to in clear text"),
    ],
)
def test_a_webhook_that_may_not_be_posted_to_is_a_fault(tmp_path: Path, url: str, what: str) -> None:
    (finding,) = of_the_receiver(tmp_path, url=url)
    assert finding.level == "fault"
    assert finding.what.startswith(what)
    assert finding.remedy
    assert "T0KEN" not in finding.what


@pytest.mark.parametrize(
    "receiver",
    [{"url": "http://127.0.0.1:1/hook"}, {"url": "http://192.168.1.20:8065/hook", "allow_private": True}],
)
def test_a_webhook_that_may_be_posted_to_is_well(tmp_path: Path, receiver: dict[str, Any]) -> None:
    assert of_the_receiver(tmp_path, **receiver) == [Finding("ok", "receivers", "desk (webhook) is set.")]


def test_unsigned_posts_are_told_of_beside_an_address_that_is_refused(tmp_path: Path) -> None:
    found = of_the_receiver(tmp_path, url="https://10.0.0.1/", secret="")
    assert [finding.level for finding in found] == ["fault", "warning"]
    assert "unsigned" in found[1].what


@pytest.mark.parametrize(
    ("bootstrap", "protocol", "warned"),
    [
        ("kafka:9092", "PLAINTEXT", True),
        ("kafka:9092", "SASL_PLAINTEXT", True),
        ("127.0.0.1:9092,kafka:9092", "SASL_PLAINTEXT", True),
        ("127.0.0.1:9092,[::1]:9092", "SASL_PLAINTEXT", False),
        ("kafka:9092", "SASL_SSL", False),
        ("", "PLAINTEXT", False),
    ],
)
def test_messages_that_cross_a_network_unencrypted_are_warned_of(bootstrap: str, protocol: str, warned: bool) -> None:
    settings = load_settings(kafka={"bootstrap": bootstrap, "security_protocol": protocol})
    found = [finding.what for finding in exposures(settings) if finding.subject == "kafka"]
    assert found == ["Messages and logins travel unencrypted."] * warned


@pytest.mark.parametrize(
    ("push", "levels"),
    [
        ({}, []),
        ({"address": "0.0.0.0"}, []),
        ({"tokens": ["desk-token-0123456789"]}, ["ok"]),
        ({"tokens": ["desk-token-0123456789"], "address": "0.0.0.0"}, ["warning"]),
    ],
)
def test_a_push_endpoint_that_others_can_reach_is_warned_of(push: dict[str, Any], levels: list[str]) -> None:
    found = [finding for finding in exposures(load_settings(ingest={"push": push})) if finding.subject == "push"]
    assert [finding.level for finding in found] == levels
    assert all("0.0.0.0" in finding.what and "TLS" in finding.remedy for finding in found if finding.level != "ok")


@pytest.mark.parametrize(("address", "level"), [("127.0.0.1", "ok"), ("0.0.0.0", "warning")])
def test_a_dashboard_that_others_can_reach_is_warned_of(address: str, level: str) -> None:
    found = list(exposures(load_settings(dashboard={"address": address})))
    assert [(finding.subject, finding.level) for finding in found] == [("dashboard", level)]


@pytest.mark.parametrize(("ahead", "levels"), [(timedelta(hours=6), ["warning"]), (timedelta(seconds=-3), [])])
def test_stream_time_in_the_future_is_warned_of(tmp_path: Path, ahead: timedelta, levels: list[str]) -> None:
    settings = load_settings(data_dir=tmp_path, classify={"model": str(tmp_path / "none")})
    with Database.open(settings.store_url) as database, database.write() as connection:
        writes.write_progress(connection, "surges", system_clock() + ahead, final=False)
    found = [finding for finding in examine(settings) if "ahead of now" in finding.what]
    assert [finding.level for finding in found] == levels


def test_a_schedule_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    def of_the_schedule(**written: str) -> list[Finding]:
        settings = load_settings(data_dir=tmp_path, classify={"model": str(tmp_path / "none")}, schedule=written)
        return [finding for finding in examine(settings) if finding.subject == "schedule"]

    (wrong,) = of_the_schedule(retrain="bad")
    assert wrong.level == "fault"
    assert wrong.what.startswith("schedule.retrain is 'bad'")
    told = "`monitor schedule` runs retention at 17 3 * * * (UTC)."
    assert of_the_schedule(retrain="") == [Finding("ok", "schedule", told)]
    assert of_the_schedule(retrain="", retention="") == [Finding("ok", "schedule", "No job is set to run.")]


def test_a_port_is_told_as_set_not_as_open() -> None:
    (found,) = exposures(load_settings())
    assert found == Finding("ok", "dashboard", "It is set to listen on 127.0.0.1:8501, for this machine alone.")
