"""Model versions, which of them bears which alias, and how candidates were judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import structs
from sqlalchemy import Connection, Row, delete, select, update

from monitor.errors import StoreError
from monitor.learning.versions.version import (
    Alias,
    AliasChange,
    AliasState,
    Change,
    ChangeKind,
    Judgement,
    ModelVersion,
)
from monitor.store.schema import alias_changes, judgements, model_aliases, model_versions
from monitor.store.upserts import insert_into

_JSON = msgspec.json.Encoder(order="sorted")


def write_version(connection: Connection, version: ModelVersion) -> bool:
    """Insert a version; one whose id is there already changes nothing, and False is returned."""
    statement = insert_into(connection.dialect.name, model_versions).values(**structs.asdict(version))
    adding = statement.on_conflict_do_nothing(index_elements=[model_versions.c.id]).returning(model_versions.c.id)
    return connection.execute(adding).scalar() is not None


def read_version(connection: Connection, version_id: str) -> ModelVersion | None:
    """The version of that id."""
    row = connection.execute(select(model_versions).where(model_versions.c.id == version_id)).one_or_none()
    return None if row is None else _version_of(row)


def read_versions(connection: Connection, grade: str | None = None) -> list[ModelVersion]:
    """The versions of a grade, or of all, newest first."""
    query = select(model_versions).order_by(model_versions.c.created_at.desc(), model_versions.c.id)
    if grade is not None:
        query = query.where(model_versions.c.grade == grade)
    return [_version_of(row) for row in connection.execute(query)]


def read_version_ids(connection: Connection) -> list[str]:
    """The ids of all versions, in order."""
    return list(connection.execute(select(model_versions.c.id).order_by(model_versions.c.id)).scalars())


def read_grades(connection: Connection) -> list[str]:
    """The grades that have versions, in order."""
    return list(
        connection.execute(select(model_versions.c.grade).distinct().order_by(model_versions.c.grade)).scalars()
    )


def delete_versions(connection: Connection, ids: Sequence[str]) -> None:
    """Delete versions that bear no alias; what was written down of their promotions and judgements stays.

    Raises:
        StoreError: One bears an alias; by the end of the transaction, and nothing is deleted.
    """
    if ids:
        connection.execute(delete(model_versions).where(model_versions.c.id.in_(ids)))


def read_alias(connection: Connection, grade: str, alias: Alias) -> AliasState:
    """Which version bears an alias now; one indexed row, cheap enough to ask between batches."""
    return _read_alias(connection, grade, alias, lock=False)


def hold_alias(connection: Connection, grade: str, alias: Alias) -> AliasState:
    """The same in a write transaction, and keep others from changing it until its end."""
    row = {"grade": grade, "alias": alias, "version": None, "revision": 0}
    # A row that is not there yet could not be locked.
    connection.execute(insert_into(connection.dialect.name, model_aliases).values(**row).on_conflict_do_nothing())
    return _read_alias(connection, grade, alias, lock=True)


def read_aliases(connection: Connection) -> dict[tuple[str, Alias], str]:
    """The id of the version that bears each alias, by grade and alias."""
    query = select(model_aliases).where(model_aliases.c.version.is_not(None))
    return {(row.grade, row.alias): row.version for row in connection.execute(query)}


def move_alias(
    connection: Connection,
    grade: str,
    alias: Alias,
    held: AliasState,
    after: str | None,
    kind: ChangeKind,
    change: Change,
) -> AliasState:
    """Give an alias to another version, and write that down.

    Args:
        connection: In a write transaction.
        grade: Whose alias.
        alias: Which.
        held: As it was found; where it has changed since, nothing is written.
        after: Id of a version of that grade; None for no version.
        kind: What is done.
        change: When, why and by whom.

    Returns:
        The alias after the change.

    Raises:
        StoreError: It has changed since; trying again may help.
    """
    revision = held.revision + 1
    moving = (
        update(model_aliases)
        .where(
            model_aliases.c.grade == grade, model_aliases.c.alias == alias, model_aliases.c.revision == held.revision
        )
        .values(version=after, revision=revision)
    )
    if connection.execute(moving).rowcount != 1:
        raise changed_meanwhile(grade, alias)
    row = {"grade": grade, "alias": alias, "revision": revision, "kind": kind, "before": held.version, "after": after}
    connection.execute(alias_changes.insert().values(**row, **structs.asdict(change)))
    return AliasState(after, revision)


def changed_meanwhile(grade: str, alias: Alias) -> StoreError:
    """The error of whoever decided on what is no longer so; trying again may help."""
    error = StoreError(f"The {alias} of {grade} was changed by another at the same time.", "Look again and repeat it.")
    error.retryable = True
    return error


def read_changes(
    connection: Connection, grade: str | None = None, alias: Alias | None = None, limit: int | None = None
) -> list[AliasChange]:
    """The history of the aliases, oldest first; of a grade or an alias alone, and only the latest, where given."""
    query = select(alias_changes).order_by(alias_changes.c.id.desc()).limit(limit)
    if grade is not None:
        query = query.where(alias_changes.c.grade == grade)
    if alias is not None:
        query = query.where(alias_changes.c.alias == alias)
    return [
        AliasChange(
            grade=row.grade,
            alias=row.alias,
            revision=row.revision,
            kind=row.kind,
            before=row.before,
            after=row.after,
            at=row.at,
            why=row.why,
            by=row.by,
        )
        for row in reversed(connection.execute(query).all())
    ]


def write_judgement(connection: Connection, judgement: Judgement) -> None:
    """Append how a candidate did."""
    row = structs.asdict(judgement) | {"details": _JSON.encode(judgement.details).decode()}
    connection.execute(judgements.insert().values(**row))


def read_judgements(
    connection: Connection, *, grade: str | None = None, candidate: str | None = None, limit: int = 100
) -> list[Judgement]:
    """The latest judgements, newest first; of a grade or a candidate alone where given."""
    query = select(judgements).order_by(judgements.c.id.desc()).limit(limit)
    if grade is not None:
        query = query.where(judgements.c.grade == grade)
    if candidate is not None:
        query = query.where(judgements.c.candidate == candidate)
    return [
        Judgement(
            grade=row.grade,
            candidate=row.candidate,
            champion=row.champion,
            at=row.at,
            verdict=row.verdict,
            reason=row.reason,
            details=msgspec.json.decode(row.details, type=dict[str, Any]),
        )
        for row in connection.execute(query)
    ]


def _read_alias(connection: Connection, grade: str, alias: Alias, *, lock: bool) -> AliasState:
    query = select(model_aliases.c.version, model_aliases.c.revision).where(
        model_aliases.c.grade == grade, model_aliases.c.alias == alias
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return AliasState(None, 0) if row is None else AliasState(row.version, row.revision)


def _version_of(row: Row[Any]) -> ModelVersion:
    return ModelVersion(**row._mapping)
