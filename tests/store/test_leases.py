from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from monitor.errors import LeaseLostError
from monitor.store import counting, leases, writes
from monitor.store.database import Database
from tests.store.builders import NOON, counted, scored
from tests.store.conftest import make_database

TTL = timedelta(seconds=10)


def take(database: Database, holder: str, seconds: float) -> int | None:
    with database.write() as connection:
        return leases.take_lease(connection, "surges", holder, NOON + timedelta(seconds=seconds), TTL)


def test_a_lease_has_one_holder_until_it_runs_out(database: Database) -> None:
    assert take(database, "first", 0) == 1
    assert take(database, "second", 9.999) is None
    assert take(database, "second", 10) == 2
    assert take(database, "first", 11) is None


def test_a_renewed_lease_lasts_longer(database: Database) -> None:
    epoch = take(database, "first", 0)
    assert epoch == 1
    with database.write() as connection:
        leases.renew_lease(connection, "surges", epoch, NOON + timedelta(seconds=8), TTL)
    assert take(database, "second", 12) is None
    assert take(database, "second", 18) == 2


def test_a_lease_that_a_clock_far_ahead_has_written_holds_nobody_off(database: Database) -> None:
    assert take(database, "first", 24 * 3600) == 1
    assert take(database, "second", 0) == 2
    assert take(database, "third", 9.999) is None


def test_clocks_that_differ_by_minutes_take_no_lease_from_each_other(database: Database) -> None:
    assert take(database, "ahead", 300) == 1
    assert take(database, "right", 0) is None


def test_a_released_lease_is_free_at_once(database: Database) -> None:
    epoch = take(database, "first", 0)
    assert epoch == 1
    with database.write() as connection:
        leases.release_lease(connection, "surges", epoch)
    assert take(database, "second", 1) == 2


def test_a_former_holder_can_neither_renew_nor_take_the_lease_from_its_successor(database: Database) -> None:
    old = take(database, "first", 0)
    assert old == 1
    assert take(database, "second", 20) == 2
    with pytest.raises(LeaseLostError), database.write() as connection:
        leases.renew_lease(connection, "surges", old, NOON + timedelta(seconds=21), TTL)
    with database.write() as connection:
        leases.release_lease(connection, "surges", old)
    assert take(database, "third", 22) is None


def test_a_former_holder_can_write_nothing_even_if_it_asks_last(database: Database) -> None:
    old = take(database, "first", 0)
    assert old == 1
    new = take(database, "second", 20)
    assert new == 2

    def write(epoch: int, number: int) -> None:
        with database.write() as connection:
            writes.write_articles(connection, [counted(scored(number))])
            writes.write_progress(connection, "surges", NOON)
            leases.require_lease(connection, "surges", epoch)

    with pytest.raises(LeaseLostError):
        write(old, 1)
    write(new, 2)
    with database.read() as connection:
        known = counting.known_ids(connection, [scored(1).article.id, scored(2).article.id])
        assert set(known) == {scored(2).article.id}


@pytest.mark.postgres
def test_a_successor_waits_for_the_transaction_that_was_let_through(postgres_server: str) -> None:
    with Database.open(make_database(postgres_server)) as database:
        epoch = take(database, "first", 0)
        assert epoch == 1
        taken: list[int | None] = []
        successor = threading.Thread(target=lambda: taken.append(take(database, "second", 20)))
        with database.write() as connection:
            leases.require_lease(connection, "surges", epoch)
            successor.start()
            successor.join(0.5)
            assert taken == []
            writes.write_progress(connection, "surges", NOON)
        successor.join(20)
        assert taken == [2]
