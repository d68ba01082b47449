"""Scheduled jobs: each schedule is served once, one run at a time, and every end is written down."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import InputError, SettingsError
from monitor.settings import Settings, load_settings
from monitor.store import health, jobs
from monitor.store.database import Database
from monitor.store.rows import JobRun
from pipelines.schedule import (
    LATE_AFTER,
    LEASE,
    Job,
    Overdue,
    last_due,
    overdue,
    run_due,
    run_schedule,
    trigger_of,
)

DUE = datetime(2024, 5, 1, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Hand:
    """A clock that stands where it was put."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load_settings(data_dir=tmp_path / "var", schedule={"retention": "0 3 * * *", "retrain": ""})


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    with Database.open(settings.store_url) as opened:
        yield opened


def _runs(database: Database) -> list[JobRun]:
    with database.read() as connection:
        return health.read_runs(connection, 10)


def _says(sentence: str) -> Job:
    return lambda _settings, _database, _now: sentence


def test_a_run_is_written_down_and_served_once(settings: Settings, database: Database) -> None:
    clock = Hand(DUE + MINUTE)
    assert run_due("retrain", DUE, settings, database, clock, work=_says("Did it."))
    assert not run_due("retrain", DUE, settings, database, clock, work=_says("Did it again."))
    (run,) = _runs(database)
    assert (run.job, run.scheduled_at, run.outcome, run.detail) == ("retrain", DUE, "succeeded", "Did it.")


def test_a_run_that_begins_late_says_so(settings: Settings, database: Database) -> None:
    clock = Hand(DUE + LATE_AFTER + MINUTE)
    run_due("retrain", DUE, settings, database, clock, work=_says("Did it."))
    (run,) = _runs(database)
    assert (run.outcome, run.detail) == ("late", "It was due at 2024-05-01 03:00 and began late. Did it.")


def test_a_failure_is_written_down_whether_foreseen_or_not(settings: Settings, database: Database) -> None:
    def foreseen(_settings: Settings, _database: Database, _now: datetime) -> str:
        raise InputError("The file is empty.", "Fill it.")

    def unforeseen(_settings: Settings, _database: Database, _now: datetime) -> str:
        raise ZeroDivisionError("by nothing")

    for hours, work in enumerate((foreseen, unforeseen)):
        at = DUE + timedelta(hours=hours)
        assert run_due("retrain", at, settings, database, Hand(at), work=work)
    assert [(run.outcome, run.detail) for run in _runs(database)] == [
        ("failed", "ZeroDivisionError: by nothing"),
        ("failed", "The file is empty. Fill it."),
    ]


def test_two_schedulers_at_the_same_moment_run_a_job_once(settings: Settings, database: Database) -> None:
    begun, starting = list[str](), threading.Barrier(4)

    def work(_settings: Settings, _database: Database, _now: datetime) -> str:
        begun.append("x")
        return "Did it."

    def scheduler() -> None:
        with Database.open(settings.store_url) as mine:
            starting.wait(30)
            run_due("retrain", DUE, settings, mine, Hand(DUE), work=work)

    threads = [threading.Thread(target=scheduler) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(begun) == 1
    assert [run.outcome for run in _runs(database)] == ["succeeded"]


def test_a_schedule_that_comes_while_the_job_runs_is_skipped_visibly(settings: Settings, database: Database) -> None:
    later = DUE + LEASE / 2

    def work(_settings: Settings, _database: Database, _now: datetime) -> str:
        with Database.open(settings.store_url) as other:
            assert not run_due("retrain", later, settings, other, Hand(later), work=_says("Twice at once."))
            assert run_due("retention", later, settings, other, Hand(later), work=_says("Another job."))
        return "Did it."

    run_due("retrain", DUE, settings, database, Hand(DUE), work=work)
    assert {(run.job, run.scheduled_at, run.outcome, run.detail) for run in _runs(database)} == {
        ("retrain", DUE, "succeeded", "Did it."),
        ("retrain", later, "skipped: still running", "The run before it had not ended."),
        ("retention", later, "succeeded", "Another job."),
    }


KILLED = """
import os, sys
from datetime import datetime
from monitor.settings import load_settings
from monitor.store.database import Database
from pipelines.schedule import run_due

due = datetime.fromisoformat(sys.argv[2])
with Database.open(sys.argv[1]) as database:
    run_due("retrain", due, load_settings(), database, lambda: due, work=lambda *_: os._exit(9))
"""


def test_what_a_killed_process_left_running_is_released_and_shown_as_cut_off(
    settings: Settings, database: Database
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, settings.store_url, DUE.isoformat()], timeout=120, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 9
    soon, after = DUE + LEASE - MINUTE, DUE + LEASE
    with database.write() as connection:
        assert jobs.mark_cut_off(connection, soon, LEASE) == []
    assert not run_due("retrain", soon, settings, database, Hand(soon), work=_says("Too early."))
    assert run_due("retrain", after, settings, database, Hand(after), work=_says("Did it."))
    assert [run.outcome for run in _runs(database)] == ["succeeded", "skipped: still running", "cut off"]
    assert _runs(database)[-1].detail == "Its process ended, or lost the store, before it was done."


def test_a_run_that_was_cut_off_is_shown_without_waiting_for_the_next(settings: Settings, database: Database) -> None:
    with database.write() as connection:
        assert isinstance(jobs.start_run(connection, "retrain", DUE, DUE, "gone", LEASE), jobs.StartedRun)
    with database.write() as connection:
        assert jobs.mark_cut_off(connection, DUE + LEASE, LEASE) == ["retrain"]
        assert jobs.mark_cut_off(connection, DUE + LEASE, LEASE) == []
    (run,) = _runs(database)
    assert (run.outcome, run.finished_at) == ("cut off", DUE + LEASE)


def test_a_run_that_died_while_the_clock_was_ahead_stops_no_other(settings: Settings, database: Database) -> None:
    ahead = DUE + timedelta(days=30)
    with database.write() as connection:
        assert isinstance(jobs.start_run(connection, "retrain", DUE, ahead, "gone", LEASE), jobs.StartedRun)
        assert jobs.mark_cut_off(connection, DUE + LEASE, LEASE) == ["retrain"]
    later = DUE + timedelta(days=1)
    assert run_due("retrain", later, settings, database, Hand(later), work=_says("Did it."))


def test_a_long_run_gives_signs_of_life(settings: Settings, database: Database) -> None:
    class Ticking:
        """Goes on by a minute at every look, and tells when it was looked at from the renewing thread."""

        def __init__(self) -> None:
            self.now, self.looks, self.renewed = DUE, 0, threading.Event()

        def __call__(self) -> datetime:
            self.now += MINUTE
            if threading.current_thread().name == "renew-retrain":
                self.looks += 1
                if self.looks > LEASE / MINUTE + 2:
                    self.renewed.set()
            return self.now

    clock = Ticking()

    def work(_settings: Settings, _database: Database, _now: datetime) -> str:
        assert clock.renewed.wait(60)
        with database.write() as connection:  # longer after the start than the lease lasts
            assert jobs.mark_cut_off(connection, clock.now, LEASE) == []
        return "Took long."

    assert run_due("retrain", DUE, settings, database, clock, work=work, renew_seconds=0.001)
    assert [(run.outcome, run.detail) for run in _runs(database)] == [("succeeded", "Took long.")]


def test_a_run_that_slept_through_its_lease_does_not_overwrite_what_came_after(
    settings: Settings, database: Database
) -> None:
    clock = Hand(DUE)
    next_day = DUE + timedelta(days=1)

    def work(_settings: Settings, _database: Database, _now: datetime) -> str:
        clock.now = next_day
        assert run_due("retrain", next_day, settings, database, clock, work=_says("Did it."))
        return "Woke up."

    assert run_due("retrain", DUE, settings, database, clock, work=work)
    assert [(run.outcome, run.scheduled_at) for run in _runs(database)] == [("succeeded", next_day), ("cut off", DUE)]


@pytest.mark.parametrize(
    ("expression", "now", "due"),
    [
        ("0 3 * * *", DUE, DUE),
        ("0 3 * * *", DUE - MINUTE, DUE - timedelta(days=1)),
        ("0 4 * * sun", DUE, datetime(2024, 4, 28, 4, tzinfo=UTC)),
        ("0 4 * * sun", datetime(2024, 5, 5, 3, 59, tzinfo=UTC), datetime(2024, 4, 28, 4, tzinfo=UTC)),
        ("*/5 * * * *", DUE + 7 * MINUTE, DUE + 5 * MINUTE),
        ("0 3 1 1 *", DUE, None),
    ],
)
def test_the_last_due_time_is_found(expression: str, now: datetime, due: datetime | None) -> None:
    trigger = trigger_of("retrain", expression)
    assert trigger is not None
    assert last_due(trigger, now) == due


@pytest.mark.parametrize(
    ("days", "due"),
    [
        ("* * 0", [5, 12, 19, 26]),
        ("* * 7", [5, 12, 19, 26]),
        ("* * SUN", [5, 12, 19, 26]),
        ("* * 1", [6, 13, 20, 27]),
        ("* * 1-5", [*range(1, 4), *range(6, 11), *range(13, 18), *range(20, 25), *range(27, 32)]),
        ("* * mon-sun", list(range(1, 32))),
        ("* * 0-7", list(range(1, 32))),
        ("* * */3", [1, 4, 5, 8, 11, 12, 15, 18, 19, 22, 25, 26, 29]),
        ("* * mon-fri/2", [1, 3, 6, 8, 10, 13, 15, 17, 20, 22, 24, 27, 29, 31]),
        ("* * 2/3", [3, 7, 10, 14, 17, 21, 24, 28, 31]),
        ("* * 6-7", [4, 5, 11, 12, 18, 19, 25, 26]),
        ("* * 5,sat-sun", [3, 4, 5, 10, 11, 12, 17, 18, 19, 24, 25, 26, 31]),
        ("13 * 5", [3, 10, 13, 17, 24, 31]),
        ("1-7,31 * 5", [*range(1, 8), 10, 17, 24, 31]),
        ("*/2 * 5", [3, 17, 31]),
        ("13 * */2", []),
        ("13 * *", [13]),
        ("* 6 5", []),
    ],
)
def test_days_are_read_as_crontab_reads_them(days: str, due: list[int]) -> None:
    trigger = trigger_of("retrain", f"0 3 {days}")
    assert trigger is not None
    found: list[datetime] = []
    moment = trigger.get_next_fire_time(None, datetime(2024, 5, 1, tzinfo=UTC))
    while moment.month == 5 and moment.year == 2024:
        found.append(moment)
        moment = trigger.get_next_fire_time(moment, moment + timedelta(seconds=1))
    assert found == [datetime(2024, 5, day, 3, tzinfo=UTC) for day in due]


def test_a_job_that_nobody_began_is_overdue_until_somebody_does(settings: Settings, database: Database) -> None:
    assert overdue(settings, database, DUE + LATE_AFTER - MINUTE) == [Overdue("retention", DUE - timedelta(days=1))]
    now = DUE + LATE_AFTER
    assert overdue(settings, database, now) == [Overdue("retention", DUE)]
    run_due("retention", DUE, settings, database, Hand(now))
    assert overdue(settings, database, now) == []


def test_no_schedule_is_never_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    assert trigger_of("retrain", " ") is None
    with pytest.raises(SettingsError, match=r"schedule.retrain is '61 \* \* \* \*'.*five fields"):
        trigger_of("retrain", "61 * * * *")
    with pytest.raises(SettingsError, match=r"it has 1 field\."):
        trigger_of("retrain", "bad")
    with pytest.raises(SettingsError, match="there is no such day"):
        trigger_of("retrain", "0 0 31 2 *")
    assert trigger_of("retrain", "0 0 29 2 *") is not None
    wrong = ("8", "1-8", "5-2", "fri-mon", "sunday", "-1", "1-", "*/0", "1/0", "1-5/x", "1,,2", "*-3", "mon 1st")
    for weekday in wrong:
        with pytest.raises(SettingsError, match="five fields"):
            trigger_of("retrain", f"0 3 * * {weekday}")


def test_a_scheduler_catches_up_at_its_start(settings: Settings, database: Database) -> None:
    stop, resting = threading.Event(), threading.Event()
    scheduler = threading.Thread(target=run_schedule, args=(settings, database, stop))
    scheduler.start()
    try:
        for _ in range(600):
            if any(run.outcome for run in _runs(database)):
                break
            resting.wait(0.05)
    finally:
        stop.set()
        scheduler.join(60)
    (run,) = _runs(database)
    assert run.job == "retention"
    assert run.outcome in {"succeeded", "late"}
    assert "Deleted 0 rows" in run.detail
