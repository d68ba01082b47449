"""Opening the store, and the two ways into it: a short write transaction, and a read.

SQLite runs in WAL mode, so that dashboards read while workers write, with `synchronous=NORMAL`: what is committed
outlives any kill of a process. A power cut may take the last commits, yet leaves every transaction whole or absent,
offsets included; the workers then read the same messages from Kafka once more, so waiting for the disk at each
commit would buy nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from monitor.errors import StoreError
from monitor.store.migrations import upgrade

__all__ = ["Connection", "Database"]

_BUSY_SECONDS: Final = 10
_BEGIN_ATTEMPTS: Final = 6  # each waits up to _BUSY_SECONDS for the other writers' short transactions
_SCHEMA_LOCK: Final = 0x6D6F6E69746F72  # "monitor": the advisory lock under which PostgreSQL's schema is changed
_READ_ONLY: Final = "25006"  # SQLSTATE read_only_sql_transaction

_PRAGMAS: Final = (
    f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    # Article ids are random, so each insert touches another page of the index: room for many, and few checkpoints.
    "PRAGMA cache_size = -65536",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",
)


class Database:
    """A store that is open and at the schema of this code; it may serve several threads, but not a forked child."""

    def __init__(self, engine: Engine, shown_url: str) -> None:
        self._engine = engine
        self._writer = engine.execution_options(monitor_begin="BEGIN IMMEDIATE")
        self.url = shown_url
        """The URL, without a password."""

    @classmethod
    def open(cls, url: str) -> Database:
        """Connect, and create or upgrade the schema where that is needed; safe for many processes at once.

        Args:
            url: `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://user:password@host/name`.

        Raises:
            StoreError: Not a URL of a supported database; not reachable; or its schema is newer than this code.
        """
        target = _parse(url)
        shown = _shown(target)
        database = cls(_make_engine(target), shown)
        try:
            if target.get_backend_name() == "sqlite":
                _prepare_file(Path(str(target.database)))
            database._upgrade()
        except (OSError, SQLAlchemyError, sqlite3.Error) as error:
            database.close()
            what = f"The store {shown} cannot be opened: {_cause(error)}."
            failure = StoreError(what, "Check `store.url` and that its server runs.")
            failure.retryable = _may_pass(error)
            raise failure from error
        except BaseException:
            database.close()
            raise
        return database

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One short transaction: committed at the end of the block, undone whole if the block raises.

        On SQLite it takes the write lock at its start, waiting for other writers, so that it never fails half-way.

        Raises:
            StoreError: The database failed or stayed locked; `retryable` says whether trying again may help.
        """
        with self._guarded(self._writer) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the store, for reading only; writers do not wait for it, nor it for them.

        Raises:
            StoreError: The database failed; `retryable` says whether trying again may help.
        """
        with self._guarded(self._engine) as connection:
            if self.dialect == "postgresql":
                # Several statements of one read see the same state, as they do on SQLite.
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    def close(self) -> None:
        """Close every connection; the object is of no use afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _guarded(self, engine: Engine) -> Iterator[Connection]:
        try:
            with _begun(engine) as connection:
                yield connection
        except SQLAlchemyError as error:
            if _is_read_only(error):
                # The pool's connections lead to a server that was the first until it was switched over.
                self._engine.dispose()
            failure = StoreError(f"The store {self.url} failed: {_cause(error)}.", "")
            failure.retryable = _may_pass(error)
            raise failure from error

    def _upgrade(self) -> None:
        with _begun(self._writer) as connection:
            if self.dialect == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
            upgrade(connection, self.url)


@contextmanager
def _begun(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        for attempt in range(1, _BEGIN_ATTEMPTS + 1):
            try:
                transaction = connection.begin()
                break
            except OperationalError as error:
                if attempt == _BEGIN_ATTEMPTS or "locked" not in str(error.orig):
                    raise
        with transaction:
            yield connection


def _parse(url: str) -> URL:
    try:
        target = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise StoreError(
            "The store's URL cannot be read.", "Write it as `sqlite:///path` or `postgresql://user:password@host/name`."
        ) from error
    backend = target.get_backend_name()
    if backend == "sqlite" and target.database and target.database != ":memory:":
        return target
    if backend == "postgresql":
        return target.set(drivername="postgresql+psycopg")
    raise StoreError(
        f"The store {_shown(target)} is of no supported kind.",
        "Use `sqlite:///path` or `postgresql://user:password@host/name`.",
    )


def _shown(target: URL) -> str:
    """The URL for messages; without its parameters, among which a password may stand, too."""
    return target.set(query={}).render_as_string(hide_password=True)


def _make_engine(target: URL) -> Engine:
    if target.get_backend_name() == "sqlite":
        engine = create_engine(target, connect_args={"timeout": _BUSY_SECONDS})
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        # A server that restarts leaves dead connections in the pool; asking first costs one short round trip.
        return create_engine(
            target,
            pool_pre_ping=True,
            connect_args={"connect_timeout": _BUSY_SECONDS, "application_name": "sentiment-monitor"},
        )
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError("The PostgreSQL driver is not installed.", "Install the extra `postgres`.") from error


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not begin transactions by itself: it would begin them late, and never IMMEDIATE.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql(options.get("monitor_begin", "BEGIN"))


def _prepare_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    try:
        for attempt in range(1, _BEGIN_ATTEMPTS + 1):
            try:
                # Kept in the file. Of several processes that ask at once, SQLite refuses all but one without waiting.
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if attempt == _BEGIN_ATTEMPTS or "locked" not in str(error):
                    raise
                # Waits for whoever is changing the mode now, as the change itself does not.
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
    finally:
        connection.close()


def _may_pass(error: BaseException) -> bool:
    """Whether trying again may help."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return isinstance(error, OperationalError) or lost or _is_read_only(error)


def _is_read_only(error: BaseException) -> bool:
    """Whether PostgreSQL takes no writes at present: a server that was switched over, or is kept from a full disk."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _READ_ONLY


def _cause(error: BaseException) -> str:
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return " ".join(str(original).split()).rstrip(".") or type(original).__name__
