"""The commands of docs/operations.md do what it says of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.store import cursors
from monitor.store.database import Database
from pipelines.documents import FOLDER

PAGE = (FOLDER / "operations.md").read_text(encoding="utf-8")

WRITER = """
import os, signal, sys
from monitor.store import cursors
from monitor.store.database import Database

with Database.open(sys.argv[1]) as database:
    for number in range(200):
        with database.write() as connection:
            cursors.set_cursor(connection, "newest", number)
            cursors.set_cursor(connection, f"{sys.argv[2]} {number} " + "x" * 150, number)
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""As a power cut leaves a store: the last commits stand in the file beside it."""

# As the program `sqlite3` does it, for machines that lack it.
SQLITE = f"""#!{sys.executable}
import sqlite3, sys
sqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2])
"""


def commands(title: str) -> str:
    """The indented lines under the paragraph that begins with this title."""
    told = PAGE.partition(f"**{title}.**")[2].partition("\n**")[0]
    found = [line.strip() for line in told.splitlines() if line.startswith("    ")]
    assert found, f"{title} names no command"
    return "\n".join(found)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "sqlite3"
    program.write_text(SQLITE, encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def run(script: str, place: Path) -> None:
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", script], cwd=place, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def write_and_be_killed(place: Path, name: str) -> None:
    url = f"sqlite:///{place / 'var' / 'monitor.db'}"
    killed = subprocess.run([sys.executable, "-c", WRITER, url, name], timeout=100)
    assert killed.returncode == -signal.SIGKILL
    assert (place / "var" / "monitor.db-wal").stat().st_size


def test_a_backup_that_is_restored_as_written_is_what_the_store_was_and_sound(place: Path) -> None:
    write_and_be_killed(place, "before")
    run(commands("Backup"), place)
    write_and_be_killed(place, "after")
    run(commands("Restore"), place)
    with Database.open(f"sqlite:///{place / 'var' / 'monitor.db'}") as database, database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        assert cursors.read_cursor(connection, "newest") == 199
        assert connection.exec_driver_sql("SELECT count(*) FROM cursors").scalar_one() == 201
