"""What `monitor status` and `monitor notifications` show of what comes from outside."""

from __future__ import annotations

import json
import os
import re
import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.alerts.wording import moment
from monitor.cli import output
from monitor.cli.app import app
from monitor.clock import system_clock
from monitor.settings import load_settings
from monitor.store import alerting, health, outbox, writes
from monitor.store.database import Database
from monitor.store.rows import Heartbeat
from monitor.surges.series import Series
from tests.store.builders import NOON, alert, notification


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MONITOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MONITOR_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setattr(output.results, "_width", 400)
    monkeypatch.chdir(tmp_path)


def monitor(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return " ".join(re.sub("[\u2500-\u257f]", " ", done.stdout).split())


def test_what_comes_from_outside_is_shown_as_it_is_written() -> None:
    of = alert(NOON, Series(topic="Loans [/uk] \x1b[31m :fire:"))
    with Database.open(load_settings().store_url) as database, database.write() as connection:
        alerting.write_alerts(connection, [of])
        alerting.write_notifications(connection, [notification("a", of, receiver="desk [bold] :smile: C:\\")], NOON)
        outbox.claim_due(connection, "test", NOON, timedelta(hours=1), 10)
        outbox.mark_dead(connection, "a", "test", "It answers [/red] \x1b[2J.")
        beat = Heartbeat(name="ingest@[uk]", pid=1, host="[uk]", started_at=NOON, seen_at=NOON, counters={})
        health.write_heartbeat(connection, beat)
    told = monitor("notifications")
    shown = ("desk [bold] :smile: C:\\ ", "Loans [/uk] [31m :fire:", "It answers [/red] [2J.")
    assert all(part in told for part in shown)
    status = monitor("status")
    assert "ingest@[uk]" in status
    assert "Loans [/uk] [31m :fire:" in status
    assert "\x1b" not in told + status


def test_the_status_tells_that_stream_time_lies_in_the_future() -> None:
    with Database.open(load_settings().store_url) as database, database.write() as connection:
        writes.write_progress(connection, "surges", system_clock() + timedelta(hours=6), final=False)
    assert "5 h 59 min ahead of now" in monitor("status")
    assert json.loads(monitor("status", "--json"))["ahead_seconds"] == pytest.approx(6 * 3600, abs=600)


def given_up(*names_at: tuple[str, str, datetime]) -> None:
    """Notifications that were given up, each as (id, receiver, when), on an alert of its own."""
    with Database.open(load_settings().store_url) as database, database.write() as connection:
        for name, receiver, at in names_at:
            of = alert(at, Series(topic=f"Loans {name}"))
            alerting.write_alerts(connection, [of])
            alerting.write_notifications(connection, [notification(name, of, receiver, at)], at)
        outbox.claim_due(connection, "test", NOON + timedelta(days=99), timedelta(hours=1), 100)
        for name, _, _ in names_at:
            outbox.mark_dead(connection, name, "test", "HTTP 401.")


def due_again() -> set[str]:
    with Database.open(load_settings().store_url) as database, database.read() as connection:
        return {entry.notification.id for entry in outbox.read_outbox(connection, 100, "pending")}


DAY = timedelta(days=1)
THREE = (("aa01", "desk", NOON), ("aa02", "desk", NOON + 5 * DAY), ("bb03", "chat", NOON + 5 * DAY))


def test_notifications_tell_when_they_were_and_how_many_there_are_besides() -> None:
    given_up(*THREE)
    told = monitor("notifications", "--dead", "--limit", "1", "--receiver", "desk")
    assert "aa02" in told
    assert moment(NOON + 5 * DAY) in told
    assert "1 of 2 are shown" in told
    assert "are shown" not in monitor("notifications", "--dead")


def test_notifications_are_told_to_programs_too() -> None:
    given_up(*THREE)
    told = json.loads(monitor("notifications", "--json", "--limit", "2", "--since", f"{NOON + DAY:%Y-%m-%d}"))
    assert told["matching"] == 2
    assert [(each["id"], each["receiver"], each["status"]) for each in told["notifications"]] == [
        ("aa02", "desk", "dead"),
        ("bb03", "chat", "dead"),
    ]
    assert told["notifications"][0]["at"] == f"{NOON + 5 * DAY:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        ([], {"aa01", "aa02", "bb03"}),
        (["aa01"], {"aa01"}),
        (["aa", "bb03"], {"aa01", "aa02", "bb03"}),
        (["--receiver", "desk"], {"aa01", "aa02"}),
        (["--since", f"{NOON + DAY:%Y-%m-%d %H:%M}"], {"aa02", "bb03"}),
        (["--since", f"{NOON + DAY:%Y-%m-%d}", "--receiver", "chat"], {"bb03"}),
    ],
)
def test_only_the_notifications_that_are_chosen_are_sent_again(chosen: list[str], sent: set[str]) -> None:
    given_up(*THREE)
    monitor("notifications", "--replay", *chosen)
    assert due_again() == sent


def test_a_choice_that_nothing_given_up_meets_is_refused() -> None:
    given_up(*THREE)
    done = CliRunner().invoke(app, ["notifications", "--replay", "cc"])
    assert done.exit_code == 2
    assert due_again() == set()


@pytest.mark.parametrize(
    ("host", "ago", "note", "status"),
    [
        (socket.gethostname(), timedelta(0), "", 0),
        (socket.gethostname(), timedelta(seconds=60), "", 1),
        (socket.gethostname(), timedelta(0), health.STOPPED, 1),
        ("another", timedelta(0), "", 1),
    ],
)
def test_the_status_of_one_stage_is_that_of_this_machines(host: str, ago: timedelta, note: str, status: int) -> None:
    at = system_clock() - ago
    with Database.open(load_settings().store_url) as database, database.write() as connection:
        beat = Heartbeat(name=f"alerts@{host}", pid=1, host=host, started_at=at, seen_at=at, counters={}, note=note)
        health.write_heartbeat(connection, beat)
    assert CliRunner().invoke(app, ["status", "--stage", "alerts"]).exit_code == status
    assert CliRunner().invoke(app, ["status", "--stage", "surges"]).exit_code == 1


def test_a_sign_of_life_from_the_future_is_none() -> None:
    """It was given by a clock that was ahead: whoever gave it may be dead since."""
    now = system_clock()
    with Database.open(load_settings().store_url) as database, database.write() as connection:
        for name, ahead in (("surges@desk", timedelta(hours=6)), ("alerts@desk", timedelta(seconds=2))):
            beat = Heartbeat(name=name, pid=1, host="desk", started_at=now, seen_at=now + ahead, counters={})
            health.write_heartbeat(connection, beat)
    stages = {stage["name"]: stage for stage in json.loads(monitor("status", "--json"))["stages"]}
    assert {name: stage["state"] for name, stage in stages.items()} == {"alerts@desk": "alive", "surges@desk": "silent"}
    assert stages["surges@desk"]["silent_seconds"] == pytest.approx(6 * 3600, abs=600)
