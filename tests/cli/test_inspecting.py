"""What `monitor status` and `monitor notifications` show of what comes from outside."""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

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
