"""Answers of the push endpoint in the store: as they were given, by key, and no longer than they are wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.ingest.push.answers_kept import KeptAnswer
from monitor.store import pushes
from monitor.store.database import Database

AT = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def answer(at: datetime, body: bytes = b"{}", fingerprint: str = "f") -> KeptAnswer:
    return KeptAnswer(fingerprint=fingerprint, claimed_at=at, status=202, body=body)


def keep(database: Database, key: str, kept: KeptAnswer, forget_before: datetime = AT) -> None:
    with database.write() as connection:
        pushes.keep_answer(connection, key, kept, forget_before)


def read(database: Database, since: datetime = AT) -> list[tuple[str, KeptAnswer]]:
    with database.read() as connection:
        return pushes.read_answers(connection, since)


def test_answers_come_back_as_they_were_given_oldest_first(database: Database) -> None:
    later, first = answer(AT + HOUR, body=b'{"title": "\xe6\xb8\xaf"}\x00'), answer(AT)
    keep(database, "later", later)
    keep(database, "first", first)

    assert read(database) == [("first", first), ("later", later)]
    assert read(database, AT + HOUR) == [("later", later)]


def test_a_key_that_is_used_anew_has_its_newest_answer(database: Database) -> None:
    keep(database, "k", answer(AT))
    keep(database, "k", newest := answer(AT + 25 * HOUR, fingerprint="other"))

    assert read(database) == [("k", newest)]


def test_what_was_claimed_too_long_ago_is_deleted(database: Database) -> None:
    for hour in range(4):
        keep(database, f"k{hour}", answer(AT + hour * HOUR), forget_before=AT + (hour - 1) * HOUR)

    assert [key for key, _ in read(database, AT - 99 * HOUR)] == ["k2", "k3"]
