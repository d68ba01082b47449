"""What the store knows of sources: where each stands, what became of what it gave, and what was seen before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Table, delete, func, select, update

from monitor.errors import StoreError
from monitor.ingest.intake.accounts import FATES, Accounts
from monitor.ingest.intake.health import Verdict
from monitor.ingest.intake.parcel import Parcel, Standing, VerdictChange
from monitor.store.schema_sources import seen_items, source_days, source_events, source_polls, source_states
from monitor.store.upserts import Insert, insert_into, insert_many, insert_new, upsert

COLUMNS: Final = ("fetched", *(fate.value for fate in FATES))
_AT_ONCE: Final = 500
_REFRESH_AFTER: Final = timedelta(days=1)
"""What is seen again and again is noted once a day: an item that a feed shows for years is not forgotten."""
_STANDING: Final = msgspec.json.Decoder(Standing)


class SourceRow(msgspec.Struct, frozen=True):
    """A source as people see it.

    Attributes:
        standing: Where it stands.
        changed_at: When its verdict became what it is.
        last_poll_at: When it was asked last, or pushed last.
    """

    standing: Standing
    changed_at: datetime
    last_poll_at: datetime


class PollRow(msgspec.Struct, frozen=True):
    """One poll of a source."""

    source: str
    at: datetime
    failure: str
    detail: str
    accounts: Accounts


class SourceAccounts(msgspec.Struct, frozen=True):
    """What became of everything that a source gave in a span of days.

    Attributes:
        polls: How many there were.
        failures: How many of them failed, by reason.
    """

    source: str
    accounts: Accounts
    polls: int
    failures: Mapping[str, int]


class NumberedChange(msgspec.Struct, frozen=True):
    """A change of a verdict, and its number for a reader's cursor."""

    number: int
    change: VerdictChange


def take_in(connection: Connection, parcel: Parcel) -> bool:
    """Keep all that a parcel says; nothing if it is there already.

    Args:
        connection: In a write transaction.
        parcel: What a fetch changed.

    Returns:
        Whether it was new.
    """
    counts = {column: getattr(parcel.accounts, column) for column in COLUMNS}
    row = {"id": parcel.id, "source": parcel.standing.name, "at": parcel.at, **counts}
    statement = insert_into(connection.dialect.name, source_polls)
    statement = statement.values(**row, failure=parcel.failure, detail=parcel.detail)
    if connection.execute(statement.on_conflict_do_nothing().returning(source_polls.c.id)).first() is None:
        return False
    insert_many(connection, source_days, [_day_of(parcel, counts)], _adding)
    insert_new(
        connection,
        seen_items,
        [
            {"id": seen.id, "event_time": seen.event_time, "first_seen_at": parcel.at, "last_seen_at": parcel.at}
            for seen in parcel.seen
        ],
    )
    _refresh(connection, parcel.again, parcel.at)
    write_standing(connection, parcel.standing, parcel.at, polled=True)
    if parcel.change is not None:
        write_change(connection, parcel.change)
    return True


def write_standing(connection: Connection, standing: Standing, at: datetime, *, polled: bool = False) -> None:
    """Set where a source stands.

    Args:
        connection: In a write transaction.
        standing: Of a source with a verdict.
        at: UTC-aware; when that became so.
        polled: Whether it was asked at that instant.
    """
    verdict = (standing.verdict or Verdict.HEALTHY).value
    query = select(source_states.c.verdict, source_states.c.changed_at, source_states.c.last_poll_at)
    before = connection.execute(query.where(source_states.c.name == standing.name)).one_or_none()
    row = {
        "name": standing.name,
        "kind": standing.kind,
        "standing": msgspec.json.encode(standing).decode(),
        "verdict": verdict,
        "changed_at": before.changed_at if before is not None and before.verdict == verdict else at,
        "last_poll_at": at if polled or before is None else before.last_poll_at,
    }
    upsert(connection, source_states, [row])


def write_change(connection: Connection, change: VerdictChange) -> None:
    """Append a change of a verdict to the events."""
    row = {
        "source": change.source,
        "before": change.before.value if change.before else None,
        "after": change.after.value,
        "worse": change.worse,
        "why": change.why,
        "at": change.at,
    }
    connection.execute(source_events.insert(), [row])


def known_ids(connection: Connection, ids: Collection[str]) -> set[str]:
    """Those of the ids that were seen before."""
    wanted, known = list(ids), set[str]()
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(seen_items.c.id).where(seen_items.c.id.in_(wanted[start : start + _AT_ONCE]))
        known.update(connection.execute(query).scalars())
    return known


def read_standings(connection: Connection) -> dict[str, Standing]:
    """All sources that were ever polled, by name."""
    rows = connection.execute(select(source_states.c.name, source_states.c.standing))
    return {row.name: _STANDING.decode(row.standing) for row in rows}


def read_sources(connection: Connection) -> list[SourceRow]:
    """All sources that were ever polled, the worst first, then by name."""
    found = [
        SourceRow(_STANDING.decode(row.standing), row.changed_at, row.last_poll_at)
        for row in connection.execute(select(source_states))
    ]
    return sorted(found, key=lambda row: (-(row.standing.verdict or Verdict.HEALTHY).severity, row.standing.name))


def read_polls(connection: Connection, source: str, limit: int) -> list[PollRow]:
    """The latest polls of a source, newest first."""
    query = select(source_polls).where(source_polls.c.source == source)
    rows = connection.execute(query.order_by(source_polls.c.at.desc(), source_polls.c.id).limit(limit))
    return [PollRow(row.source, row.at, row.failure, row.detail, _accounts_of(row)) for row in rows]


def read_accounts(connection: Connection, since: datetime | None = None) -> list[SourceAccounts]:
    """The accounts of each source, by name; whole days, from that of `since` on."""
    query = select(source_days).order_by(source_days.c.source)
    if since is not None:
        query = query.where(source_days.c.day >= _start_of_day(since))
    accounts: dict[str, Accounts] = {}
    polls: dict[str, int] = {}
    failures: dict[str, dict[str, int]] = {}
    for row in connection.execute(query):
        accounts[row.source] = accounts.get(row.source, Accounts()) + _accounts_of(row)
        polls[row.source] = polls.get(row.source, 0) + row.polls
        own = failures.setdefault(row.source, {})
        if row.failure:
            own[row.failure] = own.get(row.failure, 0) + row.polls
    return [SourceAccounts(name, accounts[name], polls[name], failures[name]) for name in accounts]


def read_changes(connection: Connection, source: str | None, limit: int) -> list[VerdictChange]:
    """The latest changes of verdicts, newest first; of one source, or of all."""
    query = select(source_events).order_by(source_events.c.id.desc()).limit(limit)
    if source is not None:
        query = query.where(source_events.c.source == source)
    return [_change_of(row) for row in connection.execute(query)]


def read_changes_after(connection: Connection, position: int, limit: int) -> list[NumberedChange]:
    """Changes with a number above `position`, oldest first, at most so many."""
    query = select(source_events).where(source_events.c.id > position).order_by(source_events.c.id).limit(limit)
    return [NumberedChange(row.id, _change_of(row)) for row in connection.execute(query)]


def newest_change(connection: Connection) -> int:
    """The number of the latest change; 0 where there is none."""
    return connection.execute(select(func.max(source_events.c.id))).scalar() or 0


def forget(connection: Connection, source: str) -> bool:
    """Delete where a source stands, so that it begins anew; what it gave stays seen, and its accounts stay.

    Returns:
        Whether there was such a source.
    """
    return connection.execute(delete(source_states).where(source_states.c.name == source)).rowcount > 0


def _refresh(connection: Connection, ids: Sequence[str], at: datetime) -> None:
    for start in range(0, len(ids), _AT_ONCE):
        chosen = seen_items.c.id.in_(ids[start : start + _AT_ONCE])
        stale = seen_items.c.last_seen_at < at - _REFRESH_AFTER
        connection.execute(update(seen_items).where(chosen, stale).values(last_seen_at=at))


def _day_of(parcel: Parcel, counts: Mapping[str, int]) -> dict[str, Any]:
    day = _start_of_day(parcel.at)
    return {"source": parcel.standing.name, "day": day, "failure": parcel.failure, "polls": 1, **counts}


def _start_of_day(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _adding(dialect: str, table: Table) -> Insert:
    """Adds the numbers to those of the day."""
    statement = insert_into(dialect, table)
    sums = {name: table.c[name] + statement.excluded[name] for name in ("polls", *COLUMNS)}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=sums)


def _accounts_of(row: Row[Any]) -> Accounts:
    """Raises StoreError where the columns do not add up: someone wrote to the table by hand."""
    try:
        return Accounts(**{column: getattr(row, column) for column in COLUMNS})
    except ValueError as error:
        raise StoreError(f"The accounts of the source {row.source} do not add up: {error}.", "Restore them.") from error


def _change_of(row: Row[Any]) -> VerdictChange:
    return VerdictChange(
        source=row.source,
        before=Verdict(row.before) if row.before else None,
        after=Verdict(row.after),
        why=row.why,
        at=row.at,
    )
