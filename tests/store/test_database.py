from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from monitor.errors import StoreError
from monitor.store import cursors
from monitor.store.database import Database
from monitor.store.migrations import current_revision
from monitor.store.schema import REVISION, metadata
from tests.store.conftest import make_database

WRITER = """
import sys
from monitor.store import cursors
from monitor.store.database import Database

url, rounds = sys.argv[1], int(sys.argv[2])
with Database.open(url) as database:
    for _ in range(rounds):
        with database.write() as connection:
            cursors.set_cursor(connection, "shared", cursors.read_cursor(connection, "shared") + 1)
"""

HOLDING_WRITER = """
import sys
from monitor.store import alerting
from monitor.store.database import Database

url, rounds = sys.argv[1], int(sys.argv[2])
with Database.open(url) as database:
    for _ in range(rounds):
        with database.write() as connection:
            alerting.write_cursor(connection, "shared", alerting.hold_cursor(connection, "shared") + 1)
"""


DYING_WRITER = """
import os, signal, sys
from monitor.store import cursors
from monitor.store.database import Database

with Database.open(sys.argv[1]) as database:
    with database.write() as connection:
        cursors.set_cursor(connection, "committed", 1)
    with database.write() as connection:
        cursors.set_cursor(connection, "committed", 2)
        cursors.set_cursor(connection, "begun", 1)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run_at_once(program: str, url: str, processes: int, rounds: int) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", program, url, str(rounds)], stderr=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for process in running:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors


def test_an_empty_database_gets_exactly_the_schema_of_the_code(database: Database) -> None:
    with database.read() as connection:
        assert current_revision(connection) == REVISION
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_opening_again_changes_nothing_and_keeps_what_is_there(url: str) -> None:
    with Database.open(url) as first, first.write() as connection:
        cursors.set_cursor(connection, "reader", 7)
    with Database.open(url) as second, second.read() as connection:
        assert cursors.read_cursor(connection, "reader") == 7
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_a_schema_that_the_code_does_not_know_is_refused(url: str) -> None:
    with Database.open(url) as database, database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="schema 9999"):
        Database.open(url)


def test_eight_processes_that_start_and_write_at_once_lose_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'monitor.db'}"
    run_at_once(WRITER, url, processes=8, rounds=100)
    with Database.open(url) as database, database.read() as connection:
        assert cursors.read_cursor(connection, "shared") == 800


def test_processes_that_hold_a_cursor_lose_nothing_on_either_database(url: str) -> None:
    run_at_once(HOLDING_WRITER, url, processes=3, rounds=40)
    with Database.open(url) as database, database.read() as connection:
        assert cursors.read_cursor(connection, "shared") == 120


def test_a_reader_sees_one_state_while_writers_go_on(database: Database) -> None:
    with database.write() as connection:
        cursors.set_cursor(connection, "reader", 1)
    with database.read() as reading:
        assert cursors.read_cursor(reading, "reader") == 1
        with database.write() as writing:
            cursors.set_cursor(writing, "reader", 2)
        assert cursors.read_cursor(reading, "reader") == 1
    with database.read() as reading:
        assert cursors.read_cursor(reading, "reader") == 2


def test_a_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        begun, entered = threading.Event(), threading.Event()

        def write() -> None:
            begun.set()
            with database.write() as connection:
                entered.set()
                cursors.set_cursor(connection, "order", cursors.read_cursor(connection, "order") * 10 + 2)

        with database.write() as connection:
            other = threading.Thread(target=write)
            other.start()
            begun.wait(10)
            cursors.set_cursor(connection, "order", 1)
            assert not entered.is_set()
        other.join(10)
        with database.read() as connection:
            assert cursors.read_cursor(connection, "order") == 12


def test_a_writer_that_is_killed_leaves_what_it_committed_and_nothing_else(url: str) -> None:
    killed = subprocess.run([sys.executable, "-c", DYING_WRITER, url], timeout=100)
    assert killed.returncode == -signal.SIGKILL
    with Database.open(url) as database, database.write() as connection:
        assert cursors.read_cursor(connection, "committed") == 1
        assert cursors.read_cursor(connection, "begun") == 0
        cursors.set_cursor(connection, "begun", 2)


def test_what_fails_in_a_transaction_is_undone_whole(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as connection:
            cursors.set_cursor(connection, "reader", 1)
            raise KeyError("reader")

    with pytest.raises(KeyError):
        write_and_fail()
    with database.read() as connection:
        assert cursors.read_cursor(connection, "reader") == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("not a url", "cannot be read"),
        ("postgresql://monitor:s3cret@db:port/monitor", "cannot be read"),
        ("mysql://localhost/monitor", "no supported kind"),
        ("sqlite://", "no supported kind"),
        ("sqlite:///:memory:", "no supported kind"),
        ("sqlite:////proc/monitor/monitor.db", "cannot be opened"),
    ],
)
def test_a_store_that_cannot_be_opened_is_named(wrong: str, told: str) -> None:
    with pytest.raises(StoreError, match=told):
        Database.open(wrong)


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["monitor:s3cret@127.0.0.1:1/monitor", "127.0.0.1:1/monitor?user=me&password=s3cret"])
def test_a_password_is_not_shown_when_a_server_is_out_of_reach(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Database.open(f"postgresql://{url}")
    assert "s3cret" not in str(caught.value)
    assert "127.0.0.1:1/monitor" in str(caught.value)


def test_a_password_is_not_shown_of_a_database_of_no_supported_kind() -> None:
    with pytest.raises(StoreError, match="no supported kind") as caught:
        Database.open("mysql://me:s3cret@db/monitor?password=s3cret")
    assert "s3cret" not in str(caught.value)


@pytest.mark.postgres
def test_a_server_that_takes_no_writes_for_a_while_is_worth_another_try(postgres_server: str) -> None:
    import psycopg

    url = make_database(postgres_server)
    name = url.rpartition("/")[2]
    with Database.open(url) as database, psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as server:

        def write() -> None:
            with database.write() as connection:
                cursors.set_cursor(connection, "reader", 1)

        server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        with pytest.raises(StoreError, match="read-only") as caught:
            write()
        assert caught.value.retryable
        server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        write()  # not over the old connection, which still leads to what takes no writes


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    path.write_text("This is a diary, not a database. " * 100)
    with pytest.raises(StoreError, match="not a database"):
        Database.open(f"sqlite:///{path}")


def test_a_failure_of_the_database_becomes_a_store_error_that_says_what_failed(database: Database) -> None:
    with pytest.raises(StoreError, match="nowhere"), database.read() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
