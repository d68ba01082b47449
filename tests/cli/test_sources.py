"""`monitor sources` as a person types it."""

from __future__ import annotations

import json
import os
from contextlib import chdir
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from monitor.cli import output
from monitor.cli.app import app
from monitor.ingest.intake.accounts import Accounts, Fate
from monitor.ingest.intake.health import Verdict
from monitor.ingest.intake.history import History, Poll, after_poll
from monitor.ingest.intake.parcel import Parcel, Standing, VerdictChange
from monitor.store.database import Database
from monitor.store.health import STOPPED, write_heartbeat
from monitor.store.rows import Heartbeat
from monitor.store.sources import take_in
from tests.ingest.rows import write_jsonl

SETTINGS = """
[[sources]]
name = "desk"
path = "desk.jsonl"

[[sources]]
name = "bank"
kind = "feed"
url = "http://127.0.0.1:9/feed"
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "monitor.toml").write_text(SETTINGS, encoding="utf-8")
    write_jsonl(tmp_path / "desk.jsonl", [{"title": "Harrow Bank opens a branch"}, {"title": ""}])
    return tmp_path


def monitor(place: Path, *arguments: str, status: int = 0) -> Result:
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith("MONITOR_")}
    with chdir(place):
        done = CliRunner().invoke(app, arguments, env=environment | {"MONITOR_DATA_DIR": str(place / "var")})
    assert done.exit_code == status, done.output + repr(done.exception)
    return done


def told(place: Path, *arguments: str, status: int = 0) -> Any:
    return json.loads(monitor(place, *arguments, "--json", status=status).stdout.splitlines()[-1])


def fail(place: Path, times: int, name: str = "bank", why: str = "A reason.") -> None:
    """The feed of a bank answers hourly, then fails."""
    at = datetime.now(UTC) - timedelta(hours=20)
    history, accounts = History(), Accounts.of([Fate.NEW, Fate.DUPLICATE])
    with Database.open(f"sqlite:///{place / 'var' / 'monitor.db'}") as database:
        for number in range(15 + times):
            failure = "connect" if number >= 15 else ""
            poll = Poll(at=at, failure=failure, accounts=Accounts() if failure else accounts, shape="rss")
            history = after_poll(history, poll)
            verdict = Verdict.DEAD if failure else Verdict.HEALTHY
            standing = Standing(name=name, kind="feed", history=history, verdict=verdict, why=why)
            change = VerdictChange(source=name, before=Verdict.HEALTHY, after=verdict, why=why, at=at)
            parcel = Parcel(
                id=f"{name}{number}", at=at, standing=standing, accounts=poll.accounts, failure=failure,
                detail="The server is down." if failure else "", change=change if number == 15 else None,
            )  # fmt: skip
            with database.write() as connection:
                take_in(connection, parcel)
            at += timedelta(hours=1)


def test_sources_that_were_never_asked_are_listed_as_such(place: Path) -> None:
    assert told(place, "sources")["not_polled"] == [{"name": "desk", "kind": "file"}, {"name": "bank", "kind": "feed"}]
    assert "not polled yet" in monitor(place, "sources", "list").stdout


def test_a_source_that_has_not_answered_yet_is_not_called_healthy(place: Path) -> None:
    at = datetime.now(UTC)
    history = after_poll(History(), Poll(at=at, failure="connect"))
    standing = Standing(name="bank", kind="feed", history=history, verdict=Verdict.HEALTHY, why="A reason.")
    with Database.open(f"sqlite:///{place / 'var' / 'monitor.db'}") as database, database.write() as connection:
        take_in(connection, Parcel(id="one", at=at, standing=standing, failure="connect"))
    for command in (("list",), ("show", "bank")):
        shown = monitor(place, "sources", *command).stdout
        assert "not yet" in shown
        assert "healthy" not in shown


def test_a_dead_source_is_listed_with_what_is_known_of_it(place: Path) -> None:
    fail(place, times=3)
    [row] = told(place, "sources", "list")["sources"]
    assert (row["name"], row["verdict"], row["failures_in_a_row"], row["expected_seconds"]) == ("bank", "dead", 3, 3600)
    assert row["last_new_at"] < row["due_at"]
    assert "A reason." in monitor(place, "sources").stdout


def test_one_source_is_shown_with_its_polls_changes_and_accounts(place: Path) -> None:
    fail(place, times=1)
    found = told(place, "sources", "show", "bank")
    assert [poll["failure"] for poll in found["polls"]][:2] == ["connect", ""]
    assert [change["after"] for change in found["changes"]] == ["dead"]
    assert found["accounts"]["accounts"]["new"] == 15
    assert found["accounts"]["failures"] == {"connect": 1}
    shown = monitor(place, "sources", "show", "bank").stdout
    assert "News is expected within 1 hour" in shown
    assert "healthy → dead" in shown
    assert "monitor sources" in monitor(place, "sources", "show", "nobody", status=2).output


@pytest.mark.parametrize("name", ["Reuters [/uk]", "[uk]", "[bold]Wire[/bold]"])
def test_names_and_reasons_from_outside_are_shown_as_they_are_written(
    place: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output.results, "_width", 300)
    fail(place, times=1, name=name, why="It says [/odd] [red] \x1b[31m.")
    for command in (("list",), ("show", name), ("accounts",)):
        shown = monitor(place, "sources", *command).stdout
        assert command[0] == "show" or name in shown
        assert command[0] == "accounts" or "It says [/odd] [red] [31m." in shown
        assert "\x1b" not in shown
    assert told(place, "sources")["sources"][0]["name"] == name


def test_accounts_of_all_sources_add_up_and_are_refused_where_they_do_not(place: Path) -> None:
    fail(place, times=2)
    found = told(place, "sources", "accounts")
    total = found["total"]
    assert total == {"fetched": 30, "new": 15, "duplicate": 15, **dict.fromkeys(("too_old", "not_parsed"), 0),
                     **dict.fromkeys(("too_large", "refused"), 0)}  # fmt: skip
    assert "15 new, 15 duplicate" in monitor(place, "sources", "accounts").stdout
    with Database.open(f"sqlite:///{place / 'var' / 'monitor.db'}") as database, database.write() as connection:
        connection.exec_driver_sql("UPDATE source_days SET refused = 1 WHERE failure = ''")
    assert "do not add up" in monitor(place, "sources", "accounts", status=78).output


def test_a_check_tells_what_would_become_of_the_items_and_keeps_nothing(place: Path) -> None:
    for _ in range(2):
        found = told(place, "sources", "check", "desk")
        assert (found["accounts"]["new"], found["accounts"]["refused"]) == (1, 1)
    assert found["titles"] == ["Harrow Bank opens a branch"]
    assert found["time_cases"] == {"missing": 1}
    assert "2 items: 1 new, 1 refused." in monitor(place, "sources", "check", "desk").stdout
    assert told(place, "sources")["sources"] == []


def test_a_source_that_left_the_settings_is_told_so_and_can_be_forgotten(place: Path) -> None:
    fail(place, times=3)
    (place / "monitor.toml").write_text("", encoding="utf-8")
    assert "not in the" in monitor(place, "sources").stdout
    monitor(place, "sources", "forget", "bank")
    assert told(place, "sources")["sources"] == []
    assert told(place, "sources", "accounts")["total"]["new"] == 15
    monitor(place, "sources", "forget", "bank", status=2)


def test_a_check_of_what_must_not_be_asked_says_why_and_fails(place: Path) -> None:
    found = told(place, "sources", "check", "bank", status=1)
    assert found["failure"] == "refused_address"
    assert "ingest.allowed_addresses" in found["detail"]
    assert "There are: desk, bank." in monitor(place, "sources", "check", "nobody", status=2).output


def test_a_check_of_an_empty_or_an_absent_file_says_so(place: Path) -> None:
    (place / "desk.jsonl").write_bytes(b"")
    assert "0 items." in monitor(place, "sources", "check", "desk").stdout
    (place / "desk.jsonl").unlink()
    assert "No such file" in monitor(place, "sources", "check", "desk", status=1).stdout


def test_a_source_is_not_forgotten_while_ingest_would_write_it_down_again(place: Path) -> None:
    fail(place, times=3)
    now = datetime.now(UTC)
    beat = Heartbeat(name="ingest@here", pid=1, host="here", started_at=now, seen_at=now, counters={}, note="")
    with Database.open(f"sqlite:///{place / 'var' / 'monitor.db'}") as database, database.write() as connection:
        write_heartbeat(connection, beat)
    assert "Stop it first" in monitor(place, "sources", "forget", "bank", status=2).output
    with Database.open(f"sqlite:///{place / 'var' / 'monitor.db'}") as database, database.write() as connection:
        write_heartbeat(connection, msgspec.structs.replace(beat, note=STOPPED))
    assert "forgotten" in monitor(place, "sources", "forget", "bank").output
