"""Polls by the scheduler, and the whole stage over real HTTP and Kafka: killed, it loses and repeats nothing."""

from __future__ import annotations

import io
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from benchmarks.feed_server import Feeds, address, serving
from monitor.broker.client import Connection, KafkaClient
from monitor.broker.memory import MemorySender
from monitor.broker.names import TopicNames
from monitor.clock import EPOCH
from monitor.ingest.intake.accounts import Accounts
from monitor.ingest.intake.polling import Finished
from monitor.ingest.intake.publisher import Publisher
from monitor.ingest.intake.spool import Spool
from monitor.ingest.intake.taking import Intake
from monitor.ingest.sources.source import Batch, SourceState
from monitor.settings import Settings, load_settings
from monitor.store import sources
from monitor.store.database import Database
from pipelines.polling import ScheduledPoller, StoredLedger, ingesting
from pipelines.pushing import push_endpoint
from pipelines.sources import all_sources, polled_sources
from tests.brokers import Broker
from tests.ingest.lines import Line

DEADLINE_SECONDS = 90.0
KILLS = 6
NOTHING = Batch(items=(), state=SourceState())
TOKEN = "a-token-for-this-test"


def await_true(condition: Callable[[], bool]) -> None:
    resting, deadline = threading.Event(), time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not come"
        resting.wait(0.02)


def collect(poller: ScheduledPoller, count: int) -> list[Finished]:
    found: list[Finished] = []

    def enough() -> bool:
        found.extend(poller.finished())
        return len(found) >= count

    await_true(enough)
    return found


def now() -> datetime:
    return datetime.now(UTC)


def test_a_slow_source_holds_no_other_up() -> None:
    answered = threading.Event()
    with ScheduledPoller(threads=2) as poller:
        poller.plan("slow", now(), lambda: NOTHING if answered.wait(DEADLINE_SECONDS) else None)
        poller.plan("quick", now(), lambda: NOTHING)
        assert [one.name for one in collect(poller, 1)] == ["quick"]
        answered.set()
        assert collect(poller, 1) == [Finished("slow", NOTHING)]


def test_a_source_that_is_planned_as_soon_as_it_answered_is_asked_each_time() -> None:
    with ScheduledPoller(threads=4) as poller:
        for _ in range(200):
            poller.plan("busy", EPOCH, lambda: NOTHING)
            assert len(collect(poller, 1)) == 1
        assert poller.finished() == []


def test_it_may_be_closed_at_any_moment_of_a_poll() -> None:
    for _ in range(40):
        with ScheduledPoller(threads=1) as poller:
            poller.plan("due", EPOCH, lambda: NOTHING)
            assert collect(poller, 1) == [Finished("due", NOTHING)]


def test_a_poll_waits_until_it_is_due() -> None:
    due_at = now() + timedelta(seconds=0.3)
    asked_at: list[datetime] = []
    with ScheduledPoller(threads=1) as poller:
        poller.plan("later", due_at, lambda: asked_at.append(now()))
        collect(poller, 1)
    assert asked_at[0] >= due_at


def test_what_is_planned_can_be_planned_anew() -> None:
    tomorrow = now() + timedelta(days=1)
    with ScheduledPoller(threads=1) as poller:
        for name in ("one", "other"):
            poller.plan(name, tomorrow, lambda: NOTHING)
        poller.plan_anew(lambda name: now() if name == "one" else tomorrow)
        assert collect(poller, 1) == [Finished("one", NOTHING)]
        assert poller.finished() == []


def test_every_kind_of_source_can_be_set() -> None:
    settings = load_settings(
        sources=[
            {"name": "desk", "path": "desk.csv"},
            {"name": "feed", "kind": "feed", "url": "https://example.org/feed"},
            {"name": "site", "kind": "page", "url": "https://example.org/sitemap.xml", "include": "/news/"},
            {"name": "sec", "kind": "filings"},
            {"name": "talk", "kind": "comments", "path": "talk.jsonl"},
        ],
        ingest={"user_agent": "test someone@example.org"},
    )
    polled = polled_sources(settings)
    assert [one.source.kind for one in polled] == ["file", "feed", "page", "filings", "comments"]
    assert [one.listing for one in polled] == [False, True, False, False, True]
    assert [one.reader.horizon for one in polled] == [None, *[timedelta(days=30)] * 4]
    assert all_sources(settings) == settings.sources


def test_a_source_may_say_which_number_of_a_date_is_the_day() -> None:
    kinds = [
        {"kind": "file", "path": "desk.csv"},
        {"kind": "feed", "url": "https://example.org/feed"},
        {"kind": "page", "url": "https://example.org/"},
        {"kind": "comments", "path": "talk.jsonl"},
    ]
    given = [{"name": f"{kind['kind']} {said}", "day_first": said, **kind} for kind in kinds for said in (True, False)]
    silent = [{"name": "silent", "kind": "feed", "url": "https://example.org/feed"}, {"name": "sec", "kind": "filings"}]
    settings = load_settings(sources=[*given, *silent], ingest={"user_agent": "test someone@example.org"})
    assert [one.reader.day_first for one in polled_sources(settings)] == [*[True, False] * 4, None, False]


def test_the_feeds_that_ship_are_added_where_they_are_asked_for() -> None:
    [first, *others] = all_sources(load_settings(ingest={"starter_feeds": True}))
    assert len(others) >= 30
    mine = {"name": first.name, "kind": "feed", "url": "https://example.org/mine"}
    configured = all_sources(load_settings(sources=[mine], ingest={"starter_feeds": True}))
    assert len(configured) == 1 + len(others)
    assert len(polled_sources(load_settings(ingest={"starter_feeds": True}))) == 1 + len(others)


def test_a_stage_that_is_built_anew_goes_on_with_the_lines_that_were_read_ahead() -> None:
    stream = io.BytesIO(b"".join(b"Headline %d\n" % number for number in range(5_000)))
    found: list[object] = []
    state = SourceState()

    def take_until(wanted: int) -> None:
        source = polled_sources(load_settings(), stream)[-1].source

        def enough() -> bool:
            nonlocal state
            batch = source.fetch(state, EPOCH)
            state = batch.state
            found.extend((item.fields or {})["title"] for item in batch.items)
            return len(found) >= wanted

        await_true(enough)

    take_until(1)
    take_until(5_000)
    assert found == [f"Headline {number}" for number in range(5_000)]


def feed_settings(folder: Path, port: int, feeds: int) -> Settings:
    configured = [{"name": f"feed-{n}", "kind": "feed", "url": address(n, port)} for n in range(feeds)]
    ingest = {"allowed_addresses": ["127.0.0.0/8"], "shortest_poll_minutes": 0.02, "longest_poll_minutes": 0.02}
    return load_settings(data_dir=folder / "var", sources=configured, ingest=ingest)


def test_feeds_are_polled_taken_in_and_published(tmp_path: Path) -> None:
    line = Line(None, tmp_path)  # type: ignore[arg-type]
    publisher = Publisher(MemorySender(line.topics), TopicNames(), 2)
    with serving(Feeds(items=6)) as port, Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database:
        settings = feed_settings(tmp_path, port, feeds=3)
        with ingesting(settings, database, lambda: nullcontext(publisher)) as worker:
            await_true(lambda: bool(worker.step()) and len(line.records()) >= 18)
        with database.read() as connection:
            found = sources.read_accounts(connection)
    assert len(line.titles()) == len(set(line.titles())) == 18
    assert sum((each.accounts for each in found), Accounts()).new == 18


def test_what_is_posted_goes_the_same_way_and_is_told_item_by_item(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, ingest={"push": {"tokens": [SecretStr(TOKEN)], "port": 0}}, sources=[])
    items = [{"title": "Harrow Bank opens a branch"}, {"title": ""}, {"title": "Old", "published": "2001-01-01"}]
    with (
        Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database,
        Spool(tmp_path / "spool", 1_000_000) as spool,
    ):
        intake = Intake(spool, StoredLedger(database), now, lambda: str(time.monotonic_ns()))
        with push_endpoint(settings, intake, database) as url:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            answers = [httpx.post(f"{url}/v1/articles", json=items, headers=headers, timeout=30) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        outcomes = [[result["outcome"] for result in answer.json()["results"]] for answer in answers]
        assert outcomes == [["new", "refused", "too_old"], ["duplicate", "refused", "too_old"]]
        assert len(spool) == 1
        with database.read() as connection:
            [own] = sources.read_accounts(connection)
    assert own.accounts == Accounts(fetched=6, new=1, duplicate=1, refused=2, too_old=2)


def test_a_repeat_after_a_restart_gets_the_same_answer(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, ingest={"push": {"tokens": [SecretStr(TOKEN)], "port": 0}}, sources=[])
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "the-first"}
    answers = []
    for _ in range(2):
        with (
            Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as database,
            Spool(tmp_path / "spool", 1_000_000) as spool,
        ):
            intake = Intake(spool, StoredLedger(database), now, lambda: str(time.monotonic_ns()))
            with push_endpoint(settings, intake, database) as url:
                news = {"title": "Harrow Bank opens a branch"}
                answers.append(httpx.post(f"{url}/v1/articles", json=news, headers=headers, timeout=30))
            with database.read() as connection:
                [own] = sources.read_accounts(connection)
    first, again = answers

    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.json()["results"][0]["outcome"] == "new"
    assert again.headers["Idempotency-Replayed"] == "true"
    assert own.accounts == Accounts(fetched=1, new=1)


def test_without_a_token_nothing_listens(tmp_path: Path) -> None:
    with push_endpoint(load_settings(data_dir=tmp_path), None, None) as url:  # type: ignore[arg-type]
        assert url == ""


@pytest.mark.slow
def test_killed_during_polling_nothing_is_lost_and_nothing_repeated(broker: Broker, tmp_path: Path) -> None:
    names, draw, feeds, items = TopicNames(f"kill-{tmp_path.name}-"), random.Random(3), 6, 8
    server = Feeds(items)
    with serving(server) as port:
        settings = feed_settings(tmp_path, port, feeds)
        environment = {
            "PATH": "/usr/bin:/bin",
            "MONITOR_DATA_DIR": str(settings.data_dir),
            "MONITOR_KAFKA__BOOTSTRAP": broker.bootstrap,
            "MONITOR_KAFKA__TOPIC_PREFIX": names.prefix,
            "MONITOR_KAFKA__PARTITIONS": "2",
            "MONITOR_SOURCES": json.dumps([source.model_dump(mode="json") for source in settings.sources]),
            "MONITOR_INGEST": settings.ingest.model_dump_json(exclude={"push"}),
        }
        with Database.open(settings.store_url) as database:
            for _ in range(KILLS):
                with running_stage(environment):
                    await_more_polls(database)
                    threading.Event().wait(draw.random() * 0.5)
            with running_stage(environment):
                await_true(lambda: new(database) >= feeds * items)
                await_true(lambda: not list((settings.data_dir / "spool").glob("*.spool")))
                # A step publishes, then marks the time, and only then is the next poll taken in.
                await_more_polls(database)
            assert new(database) == sum(server.given.values()) == feeds * items
    line = Line(None, tmp_path)  # type: ignore[arg-type]
    for partition, record in published(broker, names):
        line.topics.append(TopicNames().articles, partition, record)
    assert line.counted() == ["new"] * (feeds * items)
    assert len(set(line.titles())) == feeds * items


@contextmanager
def running_stage(environment: dict[str, str]) -> Iterator[None]:
    """The ingest stage as a process of its own, which is killed at the end of the block."""
    with subprocess.Popen([sys.executable, "-m", "monitor", "stage", "ingest"], env=environment) as stage:
        try:
            yield
            assert stage.poll() is None, "the stage ended by itself"
        finally:
            stage.send_signal(signal.SIGKILL)


def await_more_polls(database: Database) -> None:
    before = polls(database)
    await_true(lambda: polls(database) > before)


def polls(database: Database) -> int:
    with database.read() as connection:
        return sum(each.polls for each in sources.read_accounts(connection))


def new(database: Database) -> int:
    with database.read() as connection:
        return sum((each.accounts for each in sources.read_accounts(connection)), Accounts()).new


def published(broker: Broker, names: TopicNames) -> list[tuple[int, bytes]]:
    with KafkaClient(Connection(bootstrap=broker.bootstrap)) as client, client.reader([names.articles]) as reader:
        ends = reader.end_offsets()
        found: list[tuple[int, bytes]] = []

        def at_the_end() -> bool:
            found.extend((record.partition, record.value) for record in reader.poll(500, 0.2))
            return reader.positions() == ends

        await_true(at_the_end)
        return found
