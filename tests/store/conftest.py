"""A store of each kind: SQLite in a file, and PostgreSQL in a cluster of its own that ends with the session."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from monitor.store.database import Database


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server, without a database; on loopback, in a temporary folder."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    found = shutil.which("pg_ctl")
    folder = binaries[-1] if binaries else Path(found).parent if found else None
    if folder is None:
        pytest.skip("No PostgreSQL server is installed (Debian: apt-get install postgresql).")
    # The server refuses to run as root; Debian's package brings a user for it.
    is_root = os.geteuid() == 0
    if is_root and "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres.")
    user = "postgres" if is_root else None
    with tempfile.TemporaryDirectory(prefix="monitor-postgres-", ignore_cleanup_errors=True) as place:
        if is_root:
            shutil.chown(place, "postgres")
        data, port = Path(place) / "data", _free_port()
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": place}

        def call(name: str, *arguments: str) -> None:
            done = subprocess.run(
                [folder / name, *arguments],
                cwd=place,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                user=user,
            )
            assert done.returncode == 0, done.stdout + done.stderr

        call("initdb", "-D", str(data), "-U", "monitor", "--auth=trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place} -c fsync=off"
        call("pg_ctl", "-D", str(data), "-w", "-l", str(Path(place) / "log"), "-o", options, "start")
        try:
            yield f"postgresql://monitor@127.0.0.1:{port}"
        finally:
            call("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'monitor.db'}"
    server: str = request.getfixturevalue("postgres_server")
    return make_database(server)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database.open(url) as opened:
        yield opened


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_database(server: str) -> str:
    """The URL of a new, empty database on this server."""
    import psycopg

    name = f"monitor_{uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return f"{server}/{name}"
