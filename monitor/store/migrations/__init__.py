"""Bringing a database to the schema of this code, from any older one; called by `Database.open`, never by hand.

Revisions lie in `versions/` and are run by Alembic from there; neither an `alembic.ini` nor a command is needed. To
change the schema, change `monitor/store/schema.py`, raise `REVISION` there, and add the revision that leads to it;
a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from monitor.errors import StoreError
from monitor.store.schema import REVISION

_FOLDER = Path(__file__).parent
_VERSION_TABLE = "alembic_version"


def upgrade(connection: Connection, shown_url: str) -> None:
    """Create the schema or upgrade it, inside the transaction that `connection` has begun; nothing if it is up to date.

    The caller holds a lock that keeps other processes from doing the same.

    Args:
        connection: In a transaction that the caller commits.
        shown_url: Names the database in an error, without a password.

    Raises:
        StoreError: The schema is one that this code does not know: newer, or another program's.
    """
    current = current_revision(connection)
    if current == REVISION:
        return  # and Alembic need not even be imported
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise StoreError(
            f"The store {shown_url} is at schema {current}, which this version does not know.",
            "Update the monitor, or give it another store.",
        )

    def steps(_revision: object, _context: MigrationContext) -> Iterable[RevisionStep]:
        newest_first = list(scripts.iterate_revisions(REVISION, current or "base"))
        return [MigrationStep.upgrade_from_script(scripts.revision_map, script) for script in reversed(newest_first)]

    with EnvironmentContext(config, scripts, fn=steps) as environment:
        environment.configure(connection=connection, version_table=_VERSION_TABLE)
        environment.run_migrations()


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at; None for one without our tables."""
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    revision: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    return revision
