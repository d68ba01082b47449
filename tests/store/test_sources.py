"""What the store keeps of sources: each parcel once, accounts that add up, and what was seen before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from monitor.errors import StoreError
from monitor.ingest.intake.accounts import FATES, Accounts, Fate
from monitor.ingest.intake.health import Verdict
from monitor.ingest.intake.history import History, Poll, after_poll
from monitor.ingest.intake.parcel import Parcel, Seen, Standing, VerdictChange, decode_parcel, encode_parcel
from monitor.ingest.sources.source import SourceState
from monitor.store import retention, schema, sources
from monitor.store.database import Database

AT = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def standing(name: str = "wire", verdict: Verdict = Verdict.HEALTHY, cursor: str = "") -> Standing:
    return Standing(name=name, kind="feed", state=SourceState(cursor=cursor), verdict=verdict, why="It answers.")


def parcel(
    number: int = 1,
    *,
    at: datetime = AT,
    of: Standing | None = None,
    fates: Sequence[Fate] = (Fate.NEW,),
    seen: Sequence[str] = (),
    again: Sequence[str] = (),
    failure: str = "",
    change: VerdictChange | None = None,
) -> Parcel:
    return Parcel(
        id=f"parcel-{number}",
        at=at,
        standing=of or standing(),
        accounts=Accounts.of(fates),
        records=(b"record",),
        seen=tuple(Seen(name, at - timedelta(minutes=1)) for name in seen),
        again=tuple(again),
        failure=failure,
        change=change,
    )


def take(database: Database, *parcels: Parcel) -> list[bool]:
    with database.write() as connection:
        return [sources.take_in(connection, one) for one in parcels]


def accounts(database: Database, since: datetime | None = None) -> dict[str, sources.SourceAccounts]:
    with database.read() as connection:
        return {each.source: each for each in sources.read_accounts(connection, since)}


def test_a_parcel_is_taken_in_once_however_often_it_comes(database: Database) -> None:
    one = parcel(seen=["a", "b"], fates=[Fate.NEW, Fate.NEW, Fate.REFUSED], of=standing(cursor="7"))
    assert take(database, one, one) == [True, False]
    assert take(database, one) == [False]
    assert accounts(database)["wire"].accounts == one.accounts
    with database.read() as connection:
        assert sources.read_standings(connection) == {"wire": one.standing}
        assert sources.known_ids(connection, ["a", "b", "c"]) == {"a", "b"}
        assert len(sources.read_polls(connection, "wire", 10)) == 1


def test_a_parcel_that_comes_again_late_does_not_put_the_source_back(database: Database) -> None:
    first, second = parcel(1, of=standing(cursor="1")), parcel(2, at=AT + DAY, of=standing(cursor="2"))
    take(database, first, second, first)
    with database.read() as connection:
        assert sources.read_standings(connection)["wire"].state.cursor == "2"


@given(
    st.lists(st.tuples(st.integers(0, 3), st.lists(st.sampled_from(FATES), max_size=9), st.sampled_from(["", "dns"])))
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_accounts_of_days_are_the_sums_of_the_polls(
    database: Database, polls: list[tuple[int, list[Fate], str]]
) -> None:
    with database.write() as connection:
        connection.execute(schema.source_polls.delete())
        connection.execute(schema.source_days.delete())
    parcels = [
        parcel(number, at=AT + day * DAY, fates=() if failure else fates, failure=failure)
        for number, (day, fates, failure) in enumerate(polls)
    ]
    take(database, *parcels)
    for since in (None, AT + DAY, AT + 3 * DAY):
        counted = [one for one in parcels if since is None or one.at >= since.replace(hour=0)]
        own = accounts(database, since).get("wire")
        assert (own.accounts if own else Accounts()) == sum((one.accounts for one in counted), Accounts())
        assert (own.polls if own else 0) == len(counted)
        failed = sum(one.failure == "dns" for one in counted)
        assert (own.failures if own else {}) == ({"dns": failed} if failed else {})


def test_accounts_that_were_changed_by_hand_are_noticed(database: Database) -> None:
    take(database, parcel())
    with database.write() as connection:
        connection.execute(text("UPDATE source_days SET fetched = fetched + 1"))
    with pytest.raises(StoreError, match="wire do not add up"), database.read() as connection:
        sources.read_accounts(connection)


def test_many_ids_are_looked_up_in_one_go(database: Database) -> None:
    names = [f"id {number}" for number in range(2_000)]
    take(database, parcel(seen=names[::2], fates=[Fate.NEW] * 1_000))
    with database.read() as connection:
        assert sources.known_ids(connection, names) == set(names[::2])
        assert sources.known_ids(connection, []) == set()


def test_an_article_keeps_its_first_event_time_and_is_remembered_as_long_as_it_is_shown(database: Database) -> None:
    take(database, parcel(1, seen=["shown", "gone"]))
    for day in range(1, 500, 50):
        take(database, parcel(day + 1, at=AT + day * DAY, again=["shown"], fates=[Fate.DUPLICATE]))
    retention.delete_older(database, AT + 300 * DAY)
    with database.read() as connection:
        assert sources.known_ids(connection, ["shown", "gone"]) == {"shown"}
        row = connection.execute(select(schema.seen_items)).one()
    assert (row.event_time, row.first_seen_at) == (AT - timedelta(minutes=1), AT)


def test_sources_are_listed_the_worst_first_with_when_they_became_so(database: Database) -> None:
    take(database, parcel(1, of=standing("a")), parcel(2, of=standing("c", Verdict.DEAD)), parcel(3, of=standing("b")))
    take(database, parcel(4, at=AT + DAY, of=standing("a")), parcel(5, at=AT + DAY, of=standing("b", Verdict.LATE)))
    with database.read() as connection:
        rows = sources.read_sources(connection)
    assert [row.standing.name for row in rows] == ["c", "b", "a"]
    assert [row.changed_at for row in rows] == [AT, AT + DAY, AT]
    assert [row.last_poll_at for row in rows] == [AT, AT + DAY, AT + DAY]


def test_changes_are_read_by_number_and_by_source(database: Database) -> None:
    worse = VerdictChange(source="wire", before=Verdict.HEALTHY, after=Verdict.DEAD, why="Gone.", at=AT)
    better = VerdictChange(source="wire", before=Verdict.DEAD, after=Verdict.HEALTHY, why="Back.", at=AT + DAY)
    other = msgspec.structs.replace(worse, source="other", before=None)
    take(database, parcel(1, change=worse), parcel(1, change=worse), parcel(2, change=better))
    with database.write() as connection:
        sources.write_change(connection, other)
    with database.read() as connection:
        numbered = sources.read_changes_after(connection, 0, 10)
        assert [each.change for each in numbered] == [worse, better, other]
        assert sources.read_changes_after(connection, numbered[0].number, 1) == [numbered[1]]
        assert sources.newest_change(connection) == numbered[-1].number
        assert sources.read_changes(connection, "wire", 10) == [better, worse]
        assert sources.read_changes(connection, None, 1) == [other]
    assert [each.change.worse for each in numbered] == [True, False, True]


def test_retention_deletes_old_polls_days_changes_and_told_notices_and_no_standing(database: Database) -> None:
    change = VerdictChange(source="wire", before=None, after=Verdict.DEAD, why="Gone.", at=AT)
    take(database, parcel(1, seen=["a"], change=change), parcel(2, at=AT + 9 * DAY, seen=["b"]))
    deleted = retention.delete_older(database, AT + 5 * DAY)
    assert (deleted["source_days"], deleted["source_events"], deleted["seen_items"]) == (1, 1, 1)
    assert retention.delete_polls(database, AT + 5 * DAY) == 1
    with database.read() as connection:
        assert len(sources.read_polls(connection, "wire", 10)) == 1
        assert set(sources.read_standings(connection)) == {"wire"}


def test_a_source_that_is_forgotten_begins_anew_and_repeats_nothing(database: Database) -> None:
    take(database, parcel(seen=["a"]))
    with database.write() as connection:
        assert sources.forget(connection, "wire")
        assert not sources.forget(connection, "wire")
    with database.read() as connection:
        assert sources.read_standings(connection) == {}
        assert sources.known_ids(connection, ["a"]) == {"a"}
    assert accounts(database)["wire"].accounts.new == 1


def test_a_parcel_comes_back_from_bytes_as_it_was() -> None:
    history = after_poll(History(), Poll(at=AT, accounts=Accounts(fetched=1, new=1), shape="rss"))
    whole = msgspec.structs.replace(
        parcel(
            seen=["a"], again=["b"], change=VerdictChange(source="w", before=None, after=Verdict.LATE, why="", at=AT)
        ),
        standing=Standing(name="wire\x00", kind="feed", history=history, next_poll_at=AT),
    )
    assert decode_parcel(encode_parcel(whole)) == whole
