"""Rows of the registry, and the way to them from a store of before."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import MetaData, create_engine, make_url, text

from monitor.errors import StoreError
from monitor.learning.versions.version import AliasState, Change, Judgement, ModelVersion
from monitor.store import models
from monitor.store.database import Database
from monitor.store.fingerprint import EFFECT_TABLES, fingerprint
from monitor.store.migrations.versions import r0001_first
from monitor.store.schema import articles, metadata
from monitor.store.writes import write_articles
from tests.store.builders import counted, scored

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CHANGE = Change(at=NOON, why="It is better.", by="test")


def version(number: int, grade: str = "small", **changes: Any) -> ModelVersion:
    fields: dict[str, Any] = {
        "id": f"{grade}-{number:012x}",
        "grade": grade,
        "parent": "",
        "created_at": NOON + timedelta(minutes=number),
        "origin": "trained",
        "url": f"{grade}-{number:012x}",
        "manifest": '{"files": {"model.bin": "00"}, "metrics": {"held out": {"accuracy": 0.5}}}',
        "data_fingerprint": "f" * 64,
        "note": "Of the night.",
    }
    return ModelVersion(**fields | changes)


def test_a_version_comes_back_as_it_went_in_and_the_first_one_stays(database: Database) -> None:
    kept = version(1)
    with database.write() as connection:
        assert models.write_version(connection, kept)
        assert not models.write_version(connection, version(1, note="Another."))
    with database.read() as connection:
        assert models.read_version(connection, kept.id) == kept
        assert models.read_version(connection, "small-x") is None
        assert models.read_version_ids(connection) == [kept.id]
    assert kept.metrics == {"held out": {"accuracy": 0.5}}
    assert kept.files == {"model.bin": "00"}


def test_an_alias_moves_with_its_history_and_only_from_where_it_was_found(database: Database) -> None:
    one, two = version(1), version(2)
    with database.write() as connection:
        for each in (one, two):
            models.write_version(connection, each)
        assert models.read_alias(connection, "small", "champion") == AliasState(None, 0)
        start = models.hold_alias(connection, "small", "champion")
        moved = models.move_alias(connection, "small", "champion", start, one.id, "promoted", CHANGE)
        assert moved == models.read_alias(connection, "small", "champion") == AliasState(one.id, 1)
        with pytest.raises(StoreError, match="changed by another"):
            models.move_alias(connection, "small", "champion", start, two.id, "promoted", CHANGE)
        models.move_alias(connection, "small", "champion", moved, two.id, "promoted", CHANGE)
    with database.read() as connection:
        assert models.read_aliases(connection) == {("small", "champion"): two.id}
        changes = models.read_changes(connection, "small", "champion")
        assert [(change.revision, change.before, change.after) for change in changes] == [
            (1, None, one.id),
            (2, one.id, two.id),
        ]
        assert models.read_changes(connection, limit=1) == changes[1:]
        assert models.read_changes(connection, "large") == models.read_changes(connection, alias="candidate") == []


def test_an_alias_cannot_be_given_to_a_version_that_does_not_exist(database: Database) -> None:
    def promote_nothing() -> None:
        with database.write() as connection:
            held = models.hold_alias(connection, "small", "champion")
            models.move_alias(connection, "small", "champion", held, "small-nowhere", "promoted", CHANGE)

    with pytest.raises(StoreError):
        promote_nothing()
    with database.read() as connection:
        assert models.read_changes(connection) == []


def test_versions_are_deleted_together_unless_one_bears_an_alias(database: Database) -> None:
    one, two, large = version(1), version(2), version(3, grade="large")
    with database.write() as connection:
        for each in (one, two, large):
            models.write_version(connection, each)
        held = models.hold_alias(connection, "small", "champion")
        models.move_alias(connection, "small", "champion", held, one.id, "promoted", CHANGE)
    with pytest.raises(StoreError, match=r"(?i)foreign key"), database.write() as connection:
        models.delete_versions(connection, [two.id, one.id])
    with database.read() as connection:
        assert models.read_grades(connection) == ["large", "small"]
        assert models.read_version_ids(connection) == [large.id, one.id, two.id]
    with database.write() as connection:
        models.delete_versions(connection, [large.id, two.id])
        models.delete_versions(connection, [])
    with database.read() as connection:
        assert models.read_versions(connection) == [one]
        assert models.read_grades(connection) == ["small"]
        assert [change.after for change in models.read_changes(connection)] == [one.id]


def test_writers_that_hold_an_alias_take_turns_on_either_database(database: Database) -> None:
    with database.write() as connection:
        for number in range(8):
            models.write_version(connection, version(number))
    start = threading.Barrier(8)

    def promote(number: int) -> None:
        start.wait(20)
        with database.write() as connection:
            held = models.hold_alias(connection, "small", "champion")
            models.move_alias(connection, "small", "champion", held, version(number).id, "promoted", CHANGE)

    threads = [threading.Thread(target=promote, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.read() as connection:
        changes = models.read_changes(connection, "small", "champion")
        assert models.read_alias(connection, "small", "champion") == AliasState(changes[-1].after, 8)
    assert sorted(change.after or "" for change in changes) == [version(number).id for number in range(8)]
    assert [change.before for change in changes] == [None, *(change.after for change in changes[:-1])]


def test_judgements_come_back_newest_first(database: Database) -> None:
    first = Judgement(
        grade="small",
        candidate="small-2",
        champion="",
        at=NOON,
        verdict="refused",
        reason="worse",
        details={"champion": {"macro_f1": 0.8}, "interval": [-0.02, 0.01]},
    )
    second = Judgement(
        grade="large", candidate="large-1", champion="large-0", at=NOON, verdict="promoted", reason="better"
    )
    with database.write() as connection:
        for judgement in (first, second):
            models.write_judgement(connection, judgement)
    with database.read() as connection:
        assert models.read_judgements(connection) == [second, first]
        assert models.read_judgements(connection, limit=1) == [second]
        assert models.read_judgements(connection, grade="small") == [first]
        assert models.read_judgements(connection, candidate="large-1") == [second]


def test_a_store_of_the_first_schema_keeps_its_articles(url: str) -> None:
    if url.startswith("sqlite"):
        Database.open(url).close()  # makes the folder
        Path(str(make_url(url).database)).unlink()
    engine = create_engine(make_url(url.replace("postgresql:", "postgresql+psycopg:")))
    with engine.begin() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            r0001_first.upgrade()
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
        old = MetaData()
        old.reflect(connection)
        row = {"source": "", "position": "", "url": "", "title": "T", "body": "", "language": "en", "late": False}
        moments = {"first_seen_at": 1, "event_time": 2, "entered_at": 3}
        connection.execute(old.tables["articles"].insert().values(id="a", status="scored", **row, **moments))
    engine.dispose()
    with Database.open(url) as database, database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        kept = connection.execute(articles.select()).one()
        assert (kept.id, kept.title, kept.mentions, kept.embedding) == ("a", "T", None, None)


def test_what_is_learned_takes_no_part_in_the_comparison_of_two_runs(database: Database) -> None:
    assert {table.name for table in EFFECT_TABLES}.isdisjoint(
        {"model_versions", "model_aliases", "alias_changes", "judgements", "labels"}
    )
    with database.write() as connection:
        write_articles(connection, [counted(scored(1))])
        before = fingerprint(connection)
        models.write_version(connection, version(1))
        held = models.hold_alias(connection, "small", "champion")
        models.move_alias(connection, "small", "champion", held, version(1).id, "promoted", CHANGE)
        assert fingerprint(connection) == before
