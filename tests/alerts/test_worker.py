from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, event, update

from monitor.alerts.alert import AlertState, Notification
from monitor.alerts.lifecycle import LifecycleRules
from monitor.alerts.notifying import notification_id
from monitor.alerts.routing import Receiver, Route
from monitor.alerts.worker import AlertsWorker
from monitor.articles import Article
from monitor.classify.scored import ScoredArticle
from monitor.errors import SettingsError
from monitor.store import schema
from monitor.store.alerting import alerts_are_settled, read_open_alerts, write_alerts
from monitor.store.database import Database
from monitor.store.fingerprint import dump
from monitor.store.outbox import claim_due, mark_dead, read_outbox
from monitor.store.rows import CountedArticle, OutboxEntry
from monitor.store.writes import write_articles
from monitor.surges.series import Series
from monitor.surges.surge import Reason, Surge
from tests.alerts.builders import FINANCIALS, HOUR, MINUTE, START, surge
from tests.alerts.step_worker import RECEIVERS, RULES
from tests.alerts.stream import COMPANIES, TOPICS, busy_stream, write_stream

ME = Receiver(name="me", kind="console")
DESK = Receiver(name="desk", kind="webhook", url=SecretStr("https://example.org/"), send_resolved=False)
NOW = datetime.fromisoformat("2026-01-05T12:00:00+00:00")
TABLES = ("alerts", "transitions", "outbox")


def worker(database: Database, *receivers: Receiver, routes: tuple[Route, ...] = ()) -> AlertsWorker:
    return AlertsWorker(database, LifecycleRules(), routes, receivers or (ME,), lambda: NOW)


def told(database: Database) -> list[OutboxEntry]:
    with database.read() as connection:
        return sorted(read_outbox(connection, 1000), key=lambda e: (e.notification.created_at, e.notification.receiver))


def tables(database: Database) -> dict[str, list[str]]:
    with database.read() as connection:
        return {name: dump(connection, name) for name in TABLES}


def written(database: Database) -> int:
    """A number that grows with every transaction that wrote."""
    with database.read() as connection:
        return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())


def over() -> list[Surge]:
    return [surge(), surge(Reason.ORDINARY, at=START + HOUR)]


def test_a_surge_becomes_an_open_alert_and_a_due_notification(database: Database) -> None:
    write_stream(database, [surge()], START)
    assert worker(database).step() == 1
    with database.read() as connection:
        alert = read_open_alerts(connection)[FINANCIALS]
    (entry,) = told(database)
    assert alert.state is AlertState.FIRING
    assert (entry.status, entry.attempts, entry.next_attempt_at) == ("pending", 0, NOW)
    assert isinstance(entry.notification, Notification)
    assert entry.notification.alert == alert
    assert entry.notification.created_at == START
    assert entry.notification.id == notification_id(alert.id, "firing", "me")


def test_the_end_is_told_once_the_stream_has_been_calm_long_enough(database: Database) -> None:
    stepped = worker(database)
    write_stream(database, over(), START + 7 * HOUR - MINUTE)
    assert stepped.step() == 2
    assert [entry.notification.kind for entry in told(database)] == ["firing"]
    write_stream(database, [], START + 7 * HOUR)
    assert stepped.step() == 0
    assert [entry.notification.kind for entry in told(database)] == ["firing", "resolved"]
    assert told(database)[1].notification.created_at == START + 7 * HOUR


def test_receivers_that_do_not_ask_for_the_end_are_not_told_of_it(database: Database) -> None:
    write_stream(database, over(), START + 24 * HOUR)
    worker(database, ME, DESK).step()
    kinds = [(entry.notification.kind, entry.notification.receiver) for entry in told(database)]
    assert kinds == [("firing", "desk"), ("firing", "me"), ("resolved", "me")]


def test_the_end_is_told_to_those_who_were_told_of_the_beginning_whatever_the_routes_say_by_then(
    database: Database,
) -> None:
    other = Receiver(name="other", kind="console")
    write_stream(database, over(), START + HOUR)
    worker(database, ME, other, routes=(Route(receivers=("me",)),)).step()
    write_stream(database, [], START + 24 * HOUR)
    worker(database, ME, other, routes=(Route(receivers=("other",)),)).step()
    assert [(e.notification.kind, e.notification.receiver) for e in told(database)] == [
        ("firing", "me"),
        ("resolved", "me"),
    ]


BANK, BANK_LAW = Series(entity="bank"), Series(entity="bank", topic="Legal")


@pytest.mark.parametrize("later", [timedelta(0), HOUR], ids=["at once", "later"])
def test_a_topic_of_a_company_is_not_told_to_those_who_know_of_the_company(
    database: Database, later: timedelta
) -> None:
    law = Receiver(name="law", kind="console")
    routes = (
        Route(matchers=('kind="entity"',), receivers=("me",)),
        Route(matchers=('kind="entity_topic"',), receivers=("me", "law")),
    )
    stepped = worker(database, ME, law, routes=routes)
    write_stream(database, [surge(series=BANK)], START)
    if later:
        stepped.step()
    write_stream(database, [surge(series=BANK_LAW, at=START + later)], START + later)
    stepped.step()
    assert {(entry.notification.receiver, series_of(entry)) for entry in told(database)} == {
        ("me", BANK),
        ("law", BANK_LAW),
    }
    assert len(told(database)) == 2
    over = START + later + HOUR
    write_stream(database, [surge(Reason.ORDINARY, series=one, at=over) for one in (BANK, BANK_LAW)], over + 6 * HOUR)
    stepped.step()
    ends = [e for e in told(database) if isinstance(e.notification, Notification) and e.notification.kind == "resolved"]
    assert sorted((entry.notification.receiver, series_of(entry).topic) for entry in ends) == [
        ("law", "Legal"),
        ("me", ""),
    ]


def test_a_topic_of_a_company_is_told_before_and_after_its_companys_alert(database: Database) -> None:
    stream = [
        surge(series=BANK_LAW),
        surge(series=BANK, at=START + HOUR),
        *(surge(Reason.ORDINARY, series=one, at=START + 2 * HOUR) for one in (BANK, BANK_LAW)),
        surge(series=BANK_LAW, at=START + 9 * HOUR),
    ]
    write_stream(database, stream, START + 9 * HOUR)
    worker(database).step()
    firing = [e for e in told(database) if isinstance(e.notification, Notification) and e.notification.kind == "firing"]
    assert [series_of(entry) for entry in firing] == [BANK_LAW, BANK, BANK_LAW]


def test_a_topic_of_a_company_is_told_to_those_whom_the_notice_of_the_company_did_not_reach(database: Database) -> None:
    stepped = worker(database, ME, DESK)
    write_stream(database, [surge(series=BANK)], START)
    stepped.step()
    with database.write() as connection:
        (refused,) = claim_due(connection, "dispatcher", NOW, MINUTE, 10, receiver="desk")
        mark_dead(connection, refused.notification.id, "dispatcher", "HTTP 404")
    write_stream(database, [surge(series=BANK_LAW, at=START + HOUR)], START + HOUR)
    stepped.step()
    assert [(entry.notification.receiver, series_of(entry)) for entry in told(database)] == [
        ("desk", BANK),
        ("me", BANK),
        ("desk", BANK_LAW),
    ]


def hours(letters: str, series: Series) -> list[Surge]:
    """A verdict an hour: S surge, o ordinary, `.` none."""
    reasons = {"S": Reason.SURGE, "o": Reason.ORDINARY}
    return [
        surge(reasons[letter], series=series, at=START + i * HOUR)
        for i, letter in enumerate(letters)
        if letter in reasons
    ]


def play(database: Database, stepped: AlertsWorker, company: str, law: str, *, at_once: bool) -> list[tuple[int, str]]:
    """What is told of a company and of its topic, each as (hour, receiver, kind and topic)."""
    stream = sorted(hours(company, BANK) + hours(law, BANK_LAW), key=lambda each: (each.tick, each.series))
    for hour in range(len(company)):
        tick = START + hour * HOUR
        write_stream(database, [each for each in stream if each.tick == tick], tick)
        if not at_once or hour == len(company) - 1:
            stepped.step()
    found = [entry.notification for entry in told(database)]
    return sorted(
        (int((each.created_at - START) / HOUR), f"{each.receiver} {each.kind} {each.alert.series.topic}".strip())
        for each in found
        if isinstance(each, Notification)
    )


BOTH_WAYS = pytest.mark.parametrize("at_once", [True, False], ids=["at once", "hour by hour"])


@BOTH_WAYS
def test_a_topic_that_outlasts_its_companys_alert_is_told_then_to_those_who_had_not_heard_of_it(
    database: Database, at_once: bool
) -> None:
    law = Receiver(name="law", kind="console")
    routes = (
        Route(matchers=('kind="entity"',), receivers=("me", "desk")),
        Route(matchers=('kind="entity_topic"',), receivers=("me", "desk", "law")),
    )
    stepped = worker(database, ME, DESK, law, routes=routes)
    assert play(database, stepped, "S.o" + 15 * ".", ".SSSSSSSSSo.......", at_once=at_once) == [
        (0, "desk firing"),
        (0, "me firing"),
        (1, "law firing Legal"),
        (8, "desk firing Legal"),
        (8, "me firing Legal"),
        (8, "me resolved"),
        (16, "law resolved Legal"),
        (16, "me resolved Legal"),
    ]


@BOTH_WAYS
@pytest.mark.parametrize(
    ("company", "law", "messages"),
    [
        pytest.param(
            "S.o..........",
            ".SSSSSSo.SoS.",
            [(0, "me firing"), (8, "me resolved"), (9, "me firing Legal")],
            id="calm at the end of the company's, then back: told once",
        ),
        pytest.param(
            "S.o.........",
            ".SSSo.......",
            [(0, "me firing"), (8, "me resolved")],
            id="calm at the end of the company's and for good: never told",
        ),
        pytest.param(
            ".S.o......",
            "SSSSSSSSSS",
            [(0, "me firing Legal"), (1, "me firing"), (9, "me resolved")],
            id="told before the company's: not told again",
        ),
        pytest.param(
            "S.o......S.o.......",
            ".SSSSSSo..SSSSSSSSS",
            [(0, "me firing"), (8, "me resolved"), (9, "me firing"), (17, "me firing Legal"), (17, "me resolved")],
            id="back under another alert of the company: told when that ends",
        ),
        pytest.param(
            "S.o......",
            ".S.o.....",
            [(0, "me firing"), (8, "me resolved")],
            id="both over: no second all-clear",
        ),
    ],
)
def test_a_topic_is_told_once_when_it_fires_and_its_companys_alert_does_not_tell_of_it(
    database: Database, company: str, law: str, messages: list[tuple[int, str]], at_once: bool
) -> None:
    assert play(database, worker(database), company, law, at_once=at_once) == messages


@BOTH_WAYS
def test_a_topic_that_is_told_late_is_shown_as_it_stands_then(database: Database, at_once: bool) -> None:
    play(database, worker(database), "S.o........", ".SSSSSSSSSS", at_once=at_once)
    (late,) = [
        entry.notification
        for entry in told(database)
        if isinstance(entry.notification, Notification) and entry.notification.alert.series == BANK_LAW
    ]
    assert (late.alert.state, late.alert.fired_at) == (AlertState.FIRING, START + HOUR)
    assert late.alert.latest.tick == START + 8 * HOUR
    assert late.why == "It goes on, although the alert of its company is over."


def test_one_whom_the_notice_of_the_company_did_not_reach_hears_of_a_topic_that_outlasts_it(
    database: Database,
) -> None:
    stepped = worker(database)
    play(database, stepped, "S", ".", at_once=False)
    write_stream(database, [surge(series=BANK_LAW, at=START + HOUR)], START + HOUR)
    stepped.step()  # the notice of the company is still on its way
    with database.write() as connection:
        (refused,) = claim_due(connection, "dispatcher", NOW, MINUTE, 10)
        mark_dead(connection, refused.notification.id, "dispatcher", "HTTP 404")
    write_stream(database, [surge(Reason.ORDINARY, series=BANK, at=START + 2 * HOUR)], START + 8 * HOUR)
    stepped.step()
    assert [(series_of(entry), entry.status) for entry in told(database) if series_of(entry) == BANK_LAW] == [
        (BANK_LAW, "pending")
    ]


def test_the_end_is_kept_for_those_whom_the_beginning_did_not_reach(database: Database) -> None:
    stepped = worker(database)
    write_stream(database, [surge()], START)
    stepped.step()
    with database.write() as connection:
        (refused,) = claim_due(connection, "dispatcher", NOW, MINUTE, 10)
        mark_dead(connection, refused.notification.id, "dispatcher", "HTTP 404")
    write_stream(database, [surge(Reason.ORDINARY, at=START + HOUR)], START + 24 * HOUR)
    stepped.step()
    assert [(entry.notification.kind, entry.status) for entry in told(database)] == [
        ("firing", "dead"),
        ("resolved", "pending"),
    ]


def series_of(entry: OutboxEntry) -> Series:
    assert isinstance(entry.notification, Notification)
    return entry.notification.alert.series


def test_an_alert_that_calms_while_pending_is_told_to_nobody(database: Database) -> None:
    write_stream(database, over(), START + 24 * HOUR)
    AlertsWorker(database, LifecycleRules(pending_for=2 * HOUR), (), (ME,), lambda: NOW).step()
    assert told(database) == []
    assert len(tables(database)["transitions"]) == 2


def test_notifications_carry_the_stories_known_at_the_time(database: Database) -> None:
    stories = [
        ("Bank fails", 0.99, 5, "negative"),
        ("Bank wobbles", 0.8, 9, "negative"),
        ("Bank gains", 0.1, 7, "positive"),
    ]
    articles = [counted(title, negative, minutes, sentiment, START) for title, negative, minutes, sentiment in stories]
    late = counted("Bank ruined", 1.0, 6, "negative", START + 10 * MINUTE)
    with database.write() as connection:
        write_articles(connection, [*articles, late])
    write_stream(database, [surge()], START + 10 * MINUTE)
    worker(database).step()
    notification = told(database)[0].notification
    assert isinstance(notification, Notification)
    assert [story.title for story in notification.evidence.stories] == ["Bank fails", "Bank wobbles"]


def counted(title: str, negative: float, minutes: int, sentiment: str, entered_at: datetime) -> CountedArticle:
    seen = START - minutes * MINUTE
    article = Article(id=title, source="wire", position=title, title=title, first_seen_at=seen, published_at=seen)
    scored = ScoredArticle(
        article=article,
        topic="Financials",
        topic_probabilities={"Financials": 1.0},
        sentiment=sentiment,
        negative=negative,
        neutral=0.0,
        positive=1 - negative,
        model_version="test",
    )
    return CountedArticle(item=scored, entered_at=entered_at, late=False, story_id=title, novelty=1)


@contextmanager
def watching(see: Callable[[str], None]) -> Iterator[None]:
    """Shows every statement before it is executed, whatever store it is for."""

    def look(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        see(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", look)


def test_others_may_write_while_the_stories_of_an_alert_are_looked_for(database: Database) -> None:
    write_stream(database, [surge()], START)
    begun: list[str] = []
    looked: list[str] = []

    def see(statement: str) -> None:
        if statement.startswith("BEGIN"):
            begun.append(statement)
        elif "FROM articles" in statement:
            looked.append(begun[-1])

    with watching(see):
        worker(database).step()
    assert len(told(database)) == 1
    assert looked, "they were looked for"
    assert set(looked) == {"BEGIN"}


def test_a_worker_whose_round_another_one_was_quicker_to_write_writes_nothing(
    tmp_path: Path, database: Database, store_url: str
) -> None:
    write_stream(database, over(), START + 7 * HOUR)
    with Database.open(f"sqlite:///{tmp_path / 'one.db'}") as alone, Database.open(store_url) as other:
        write_stream(alone, over(), START + 7 * HOUR)
        worker(alone).step()
        quicker = [worker(other)]

        def see(statement: str) -> None:
            if statement == "BEGIN IMMEDIATE" and quicker:
                quicker.pop().step()

        slower = worker(database)
        with watching(see):
            assert slower.step() == 0
        assert not quicker
        assert slower.step() == 0
        assert tables(database) == tables(alone)


def test_an_alert_that_moved_to_another_series_meanwhile_is_not_moved_back(database: Database, store_url: str) -> None:
    stepped = worker(database)
    write_stream(database, [surge(series=BANK)], START)
    stepped.step()
    write_stream(database, [surge(Reason.ORDINARY, series=BANK, at=START + HOUR)], START + HOUR)
    merged = Series(entity="bigger bank")
    with Database.open(store_url) as other:
        merges = [merged]

        def see(statement: str) -> None:
            if statement == "BEGIN IMMEDIATE" and merges:
                into = merges.pop()
                with other.read() as connection:
                    (alert,) = read_open_alerts(connection).values()
                with other.write() as connection:
                    write_alerts(connection, [msgspec.structs.replace(alert, series=into)])

        with watching(see):
            stepped.step()
    with database.read() as connection:
        assert list(read_open_alerts(connection)) == [merged]


def test_a_verdict_that_moved_to_another_series_meanwhile_opens_no_alert_of_its_old_name(
    database: Database, store_url: str
) -> None:
    stepped = worker(database)
    write_stream(database, [surge(series=BANK)], START)
    merged = Series(entity="bigger bank")
    with Database.open(store_url) as other:
        merges = [merged]

        def see(statement: str) -> None:
            if statement == "BEGIN IMMEDIATE" and merges:
                into = merges.pop()
                with other.write() as connection:
                    connection.execute(update(schema.surges).values(series=into.key))

        with watching(see):
            assert stepped.step() == 0
    assert not merges
    stepped.step()
    with database.read() as connection:
        assert list(read_open_alerts(connection)) == [merged]


def test_a_step_without_news_writes_nothing(database: Database, store_url: str) -> None:
    stepped = worker(database)
    assert stepped.step() == 0
    write_stream(database, [surge()], START)
    stepped.step()
    with Database.open(store_url) as other:
        before = written(other)
        assert stepped.step() == 0
        assert written(other) == before
        write_stream(database, [], START + MINUTE)  # time passes: one commit, and no other
        moved = written(other)
        assert moved != before
        assert stepped.step() == 0
        assert written(other) == moved


def test_the_end_of_the_stream_is_told_when_all_that_fell_due_is_written(database: Database) -> None:
    write_stream(database, over(), START + 24 * HOUR, final=True)
    with database.read() as connection:
        assert not alerts_are_settled(connection)
    worker(database).step()
    with database.read() as connection:
        assert alerts_are_settled(connection)
    assert len(told(database)) == 2


def test_routes_that_name_no_receiver_are_refused_before_anything_is_read(database: Database) -> None:
    with pytest.raises(SettingsError, match="names nobody"):
        worker(database, ME, routes=(Route(receivers=("nobody",)),))


@pytest.mark.parametrize("watched", [TOPICS, COMPANIES], ids=["topics", "companies"])
def test_the_rhythm_of_polling_and_restarts_do_not_change_the_tables(tmp_path: Path, watched: list[Series]) -> None:
    stream = busy_stream(seed=7, ticks=300, watched=watched)
    end = stream[-1][0].tick + 24 * HOUR
    with Database.open(f"sqlite:///{tmp_path / 'at-once.db'}") as at_once:
        write_stream(at_once, [each for tick in stream for each in tick], end)
        stepped = AlertsWorker(at_once, RULES, (), RECEIVERS, lambda: NOW)
        while stepped.step():
            pass
        expected = tables(at_once)
    assert len(expected["outbox"]) > 20
    chance = random.Random(1)
    with Database.open(f"sqlite:///{tmp_path / 'bit-by-bit.db'}") as bit_by_bit:
        stepped = AlertsWorker(bit_by_bit, RULES, (), RECEIVERS, lambda: NOW + timedelta(days=1))
        for tick in stream:
            write_stream(bit_by_bit, tick, tick[0].tick)
            if chance.random() < 0.1:
                stepped = AlertsWorker(bit_by_bit, RULES, (), RECEIVERS, lambda: NOW)
            if chance.random() < 0.5:
                stepped.step()
        write_stream(bit_by_bit, [], end)
        stepped.step()
        assert tables(bit_by_bit) == expected


def test_two_workers_at_one_store_make_the_same_tables_as_one(tmp_path: Path, database: Database) -> None:
    stream = busy_stream(seed=3, ticks=100)
    with Database.open(f"sqlite:///{tmp_path / 'one.db'}") as alone:
        one = AlertsWorker(alone, RULES, (), RECEIVERS, lambda: NOW)
        pair = [AlertsWorker(database, RULES, (), RECEIVERS, lambda: NOW) for _ in range(2)]
        for number, tick in enumerate(stream):
            for store in (alone, database):
                write_stream(store, tick, tick[0].tick)
            one.step()
            pair[number // 3 % 2].step()
        end = stream[-1][0].tick + 24 * HOUR
        for store in (alone, database):
            write_stream(store, [], end)
        one.step()
        for each in pair:
            each.step()
        assert tables(database) == tables(alone)


def test_a_worker_killed_again_and_again_makes_the_tables_of_an_undisturbed_one(
    tmp_path: Path, database: Database, store_url: str
) -> None:
    surges = [each for tick in busy_stream(seed=11, ticks=1500) for each in tick]
    end = surges[-1].tick + 24 * HOUR
    write_stream(database, surges, end)
    with Database.open(f"sqlite:///{tmp_path / 'undisturbed.db'}") as undisturbed:
        write_stream(undisturbed, surges, end)
        stepped = AlertsWorker(undisturbed, RULES, (), RECEIVERS, lambda: NOW)
        while stepped.step():
            pass
        expected = tables(undisturbed)
    kills = 0
    command = [sys.executable, "-m", "tests.alerts.step_worker", store_url]
    while True:
        # Killed right after it said that a step is done, so in the middle of the next one.
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            if not process.stdout.readline():
                assert process.wait() == 0
                break
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
    assert kills > 3
    assert tables(database) == expected
