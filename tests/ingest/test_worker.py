"""The live ingest stage: what it publishes, when time moves on, what a kill repeats, what it tells of its sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article, TimeCase
from monitor.ingest.intake.accounts import Accounts
from monitor.ingest.intake.health import Rhythm, Verdict
from monitor.ingest.items import ColumnMap, Item
from monitor.ingest.sources.file_source import FollowedFile
from monitor.ingest.sources.source import FailureReason, SourceError, SourceState
from monitor.ingest.worker import IngestWorker, Polled
from monitor.records import Watermark
from monitor.store import sources
from monitor.store.database import Database
from tests.ingest.lines import NAMES, START, STEADY, DyingLedger, Killed, Line, batch, reader, shown
from tests.ingest.rows import item, write_jsonl

DOWN = SourceError(FailureReason.CONNECT, "The server is down.")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path_factory.mktemp('store') / 'monitor.db'}") as opened:
        yield opened


@pytest.fixture
def line(database: Database, tmp_path: Path) -> Line:
    return Line(database, tmp_path)


def accounts(line: Line) -> Accounts:
    """Of all sources of a line together."""
    names = {one.source.name for one in line.polled}
    with line.database.read() as connection:
        found = [each.accounts for each in sources.read_accounts(connection) if each.source in names]
    return sum(found, Accounts())


def standing_of(line: Line, name: str) -> sources.SourceRow:
    with line.database.read() as connection:
        return next(row for row in sources.read_sources(connection) if row.standing.name == name)


def follow(line: Line, path: Path) -> None:
    name = f"{path.stem}-{len(line.polled)}-{path.parent.name}"
    source = FollowedFile(name, path, "jsonl", ColumnMap())
    line.polled.append(Polled(source=source, reader=reader(name), rhythm=STEADY, listing=False))


def test_news_is_published_and_a_watermark_follows_it_into_every_partition(line: Line) -> None:
    line.add(shown(*(f"headline {number}" for number in range(9))))
    with line.worker() as worker:
        assert worker.step() == 1 + 9
        assert worker.counters["articles"] == 9
    for partition in (0, 1):
        *before, last = line.log(partition)
        assert isinstance(last, Watermark)
        assert before
        assert all(isinstance(record, Article) and record.first_seen_at < last.time for record in before)


def test_time_moves_on_at_every_tick_though_nothing_is_new_and_sources_are_asked_less_often(line: Line) -> None:
    source = line.add(batch([]), shown("new"))
    with line.worker() as worker:
        worker.step()
        done = []
        for _ in range(8):
            line.clock.forward(seconds=0.7)
            done.append(worker.step())
    assert done == [0, 0, 0, 0, 0, 0, 0, 2]
    assert len(source.asked_with) == 2
    assert len(line.marks()) == 5
    assert line.marks() == sorted(set(line.marks()))


def test_a_backlog_is_worked_off_without_waiting_with_a_watermark_after_each_piece(line: Line) -> None:
    line.add(shown("one", "two", cursor="2", more=True), shown("three", cursor="3", more=True), batch([], "3"))
    with line.worker() as worker:
        assert [worker.step() for _ in range(4)] == [1 + 2, 1 + 1, 1, 0]
    assert len(line.marks()) == 2


def test_a_source_goes_on_where_it_was_left_also_after_a_start(line: Line) -> None:
    source = line.add(shown("one", cursor="1"), shown("two", cursor="2"), shown("three", cursor="3"))
    for _ in range(3):
        with line.worker() as worker:
            worker.step()
        line.clock.forward(seconds=6)
    assert [state.cursor for state in source.asked_with] == ["", "1", "2"]
    assert line.titles() == ["one", "three", "two"]


def test_a_plan_outlives_the_process_so_that_restarts_do_not_hurry_servers(line: Line) -> None:
    source = line.add(shown("one"), rhythm=Rhythm(shortest=timedelta(minutes=10), longest=timedelta(hours=1)))
    for _ in range(5):
        with line.worker() as worker:
            line.clock.forward(seconds=61)
            worker.step()
    assert len(source.asked_with) == 1


@pytest.mark.parametrize(("asked", "left_alone"), [(timedelta(hours=5), 5), (timedelta(days=9), 24)])
def test_a_site_that_refuses_one_of_its_pages_is_left_alone_as_long_as_it_asks_also_after_a_start(
    line: Line, asked: timedelta, left_alone: int
) -> None:
    refused = msgspec.structs.replace(shown("one"), retry_after=asked)
    source = line.add(refused, shown("two"), rhythm=Rhythm(shortest=timedelta(minutes=5), longest=timedelta(hours=1)))
    polls = []
    for _ in range(left_alone + 2):
        with line.worker() as worker:
            line.clock.forward(minutes=1)
            worker.step()
        polls.append(len(source.asked_with))
        line.clock.forward(minutes=59)
    assert polls[:left_alone] == [1] * left_alone
    assert polls[-1] > 1


def test_what_was_seen_is_not_published_again_and_keeps_its_first_time(line: Line) -> None:
    edited = Item("one", {"id": "one", "title": "one, corrected", "published": "2024-05-06T08:59:00Z"}, b"edited")
    line.add(shown("one", "two", published="2024-05-06T08:00:00Z"), batch([edited]), shown("two", "three"))
    for _ in range(3):
        with line.worker() as worker:
            worker.step()
        line.clock.forward(seconds=6)
    assert line.titles() == ["one", "three", "two"]
    times = {record.title: record.event_time for record in line.records() if isinstance(record, Article)}
    assert times["one"] == datetime(2024, 5, 6, 8, 0, tzinfo=UTC)
    assert accounts(line) == Accounts(fetched=5, new=3, duplicate=2)


def test_the_same_story_under_two_sources_of_one_publisher_is_published_once(line: Line) -> None:
    line.add(shown("one", source="Wire"))
    line.add(shown("one", source="Wire"))
    with line.worker() as worker:
        worker.step()
    assert line.titles() == ["one"]
    assert accounts(line) == Accounts(fetched=2, new=1, duplicate=1)


def test_every_item_stands_in_one_column(line: Line) -> None:
    items = [
        Item("new", {"title": "Harrow Bank opens a branch"}, b"1"),
        Item("foreign", {"title": "央行宣布维持利率不变"}, b"2"),
        Item("twice", {"id": "guid", "title": "first"}, b"3"),
        Item("again", {"id": "guid", "title": "second"}, b"4"),
        Item("old", {"title": "From long ago", "published": "2023-01-01T00:00:00Z"}, b"5"),
        Item("broken", None, b"<item", "it is cut off"),
        Item("large", {"title": "x"}, b"x" * 5_001),
        Item("number", {"title": 7}, b"6"),
        Item("empty", {"title": ""}, b"7"),
        Item("message", {"title": "too large as a message", "description": "\x01" * 180_000}, b"8"),
    ]
    line.add(batch(items), horizon=timedelta(days=30), max_item_bytes=5_000)
    with line.worker() as worker:
        worker.step()
        first = accounts(line)
        line.clock.forward(seconds=6)
        worker.step()
        assert worker.counters["dead_letters"] == 5
    assert first == Accounts(fetched=10, new=3, duplicate=1, too_old=1, not_parsed=1, too_large=2, refused=2)
    # Shown again, what is no article stands in its own column again, but no second dead letter is written.
    assert accounts(line) == first + Accounts(fetched=10, duplicate=4, too_old=1, not_parsed=1, too_large=2, refused=2)
    assert len(line.topics.values(NAMES.dead_letters)) == 5
    assert len(line.records()) == 3 + 5


def test_dates_in_numbers_are_read_as_their_neighbours_tell_and_else_as_news_of_the_day(line: Line) -> None:
    one, two = (item(name, title=name, published=day) for name, day in (("one", "05/06/2024"), ("two", "13/04/2024")))
    line.add(batch([one, two]))
    line.add(batch([item("three", title="three", published="06/05/2024 08:00")]))
    with line.worker() as worker:
        worker.step()
    read = {record.title: record for record in line.records() if isinstance(record, Article)}
    assert (read["one"].published_at, read["one"].time_case) == (datetime(2024, 6, 5, tzinfo=UTC), TimeCase.FUTURE)
    assert read["three"].published_at == START - timedelta(hours=1)
    assert read["three"].time_case is TimeCase.ORDER_ASSUMED


def test_a_followed_file_is_read_as_it_grows_and_faults_are_told_once(line: Line, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.jsonl.gz", tmp_path / "good.jsonl"
    bad.write_bytes(b"not gzip")
    good.write_bytes(b'{"title": "one"}\n\xff\n{"title": "two"}\n')
    follow(line, bad)
    follow(line, good)
    with line.worker() as worker:
        for number in range(3):
            worker.step()
            write_jsonl(tmp_path / "more.jsonl", [{"title": f"more {number}"}])
            with good.open("ab") as stream:
                stream.write((tmp_path / "more.jsonl").read_bytes())
            line.clock.forward(seconds=6)
    assert line.titles() == ["more 0", "more 1", "one", "two"]
    assert len([said for said in line.warnings if str(bad) in said]) == 1


def test_while_kafka_is_away_sources_are_asked_and_time_stands_still_and_then_all_of_it_arrives(line: Line) -> None:
    line.add(shown("one"), shown("one", "two"), shown("three"))
    line.broker_takes = 0
    with line.worker() as worker:
        for _ in range(3):
            worker.step()
            line.clock.forward(seconds=6)
        assert (line.records(), line.marks()) == ([], [])
        assert worker.note.startswith("3 fetches wait in the spool.")
        assert worker.counters["spool_bytes"] > 0
        line.broker_takes = None
        line.clock.forward(minutes=1)
        worker.step()
        assert worker.note == ""
    assert line.titles() == ["one", "three", "two"]
    first = min(record.first_seen_at for record in line.records() if isinstance(record, Article))
    assert first < START + timedelta(seconds=1)
    for partition in (0, 1):
        assert isinstance(line.log(partition)[-1], Watermark)


def test_a_full_spool_holds_polls_up_and_loses_nothing(database: Database, tmp_path: Path) -> None:
    line = Line(database, tmp_path, limit_bytes=4_000)
    source = line.add(*(shown(f"{number} {'x' * 1_000}") for number in range(12)))
    line.broker_takes = 0
    with line.worker() as worker:
        for _ in range(20):
            worker.step()
            line.clock.forward(seconds=6)
        held_at = len(source.asked_with)
        assert held_at < 6
        line.broker_takes = None
        for _ in range(20):
            line.clock.forward(seconds=31)
            worker.step()
    assert len(line.titles()) == len(set(line.titles())) == 12
    assert accounts(line).new == 12


def test_connections_are_tried_again_ever_more_seldom(line: Line) -> None:
    line.add(shown("one"))
    line.broker_takes = 0
    with line.worker() as worker:
        for _ in range(120):
            worker.step()
            line.clock.forward(seconds=1)
    assert 6 <= line.connections <= 10


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("store before"), st.integers(0, 3)),
            st.tuples(st.just("store after"), st.integers(0, 3)),
            st.tuples(st.just("kafka"), st.integers(0, 12)),
        ),
        max_size=4,
    ),
    st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=5), min_size=1, max_size=4),
)
def test_killed_at_any_points_it_loses_nothing_and_repeats_nothing(
    database: Database,
    tmp_path_factory: pytest.TempPathFactory,
    kills: list[tuple[str, int]],
    listings: list[list[str]],
) -> None:
    line = Line(database, tmp_path_factory.mktemp("kill"))
    # The last listing does not show what the earlier ones did: what was fetched once must not get lost.
    line.add(*(shown(*titles, cursor=str(number)) for number, titles in enumerate(listings)))
    for where, count in [*kills, ("nowhere", 0)]:
        line.broker_takes = count if where == "kafka" else None
        ledger = DyingLedger(database, count if "store" in where else None, after=where == "store after")
        with suppress(Killed), line.worker(ledger) as worker:
            for _ in range(2 if where != "nowhere" else len(listings) + 3):
                worker.step()
                line.clock.forward(seconds=60)
    wanted = sorted({title for titles in listings for title in titles})
    assert sorted(set(line.titles())) == wanted
    assert line.counted() == ["new"] * len(wanted)
    assert accounts(line).new == len(wanted)
    for number in (0, 1):
        marks = [record.time for record in line.log(number) if isinstance(record, Watermark)]
        assert marks == sorted(marks)


def test_a_verdict_that_changes_is_told_once_and_kept(line: Line) -> None:
    hourly = [shown(f"{number}") for number in range(30)]
    source = line.add(*hourly, DOWN, rhythm=Rhythm(shortest=timedelta(hours=1), longest=timedelta(hours=1)))
    with line.worker() as worker:
        for _ in range(34):
            worker.step()
            line.clock.forward(hours=1)
        row = standing_of(line, source.name)
        assert row.standing.verdict is Verdict.DEAD
        assert row.standing.history.failure == "connect"
    with line.database.read() as connection:
        changes = sources.read_changes(connection, source.name, 10)
        [own] = [each for each in sources.read_accounts(connection) if each.source == source.name]
    assert [(change.after, change.worse) for change in changes] == [(Verdict.DEAD, True), (Verdict.LATE, True)]
    assert own.failures == {"connect": 3}
    assert own.polls == 33
    assert len([said for said in line.warnings if "is dead" in said]) == 1


def test_silence_is_noticed_though_nobody_is_asked(line: Line) -> None:
    busy = SourceError(FailureReason.UNAVAILABLE, "Come back later.", retry_after=timedelta(hours=9))
    hourly = Rhythm(shortest=timedelta(hours=1), longest=timedelta(hours=1))
    source = line.add(*(shown(f"{number}") for number in range(30)), busy, rhythm=hourly)
    verdicts = []
    with line.worker() as worker:
        while len(source.asked_with) < 31:
            worker.step()
            line.clock.forward(minutes=15)
        for _ in range(9):
            verdicts.append(standing_of(line, source.name).standing.verdict)
            line.clock.forward(minutes=15)
            worker.step()
    assert len(source.asked_with) == 31
    assert list(dict.fromkeys(verdicts)) == [Verdict.LATE, Verdict.DEAD]


def test_what_goes_wrong_in_a_source_in_a_way_that_nobody_foresaw_stops_no_other(line: Line) -> None:
    class Faulty:
        kind = "feed"
        name = "faulty"

        def fetch(self, state: SourceState, now: datetime) -> None:
            raise ZeroDivisionError(str(state) + str(now))

    line.polled.append(Polled(source=Faulty(), reader=reader("faulty"), rhythm=STEADY))  # type: ignore[arg-type]
    line.add(shown("one"))
    with line.worker() as worker:
        worker.step()
    assert line.titles() == ["one"]
    assert any("ZeroDivisionError" in said for said in line.warnings)


def test_to_wait_for_one_s_turn_is_no_failure_and_to_be_sent_away_is(line: Line) -> None:
    soon = timedelta(seconds=10)
    turn = SourceError(FailureReason.RATE_LIMITED, "Its turn comes later.", retry_after=soon, held_back=True)
    sent_away = SourceError(FailureReason.RATE_LIMITED, "It answered 429.", retry_after=soon)
    polite, refused = line.add(turn, turn, shown("one")), line.add(sent_away)
    with line.worker() as worker:
        for _ in range(12):
            worker.step()
            line.clock.forward(seconds=11)
    assert line.titles() == ["one"]
    with line.database.read() as connection:
        failures = {each.source: each.failures for each in sources.read_accounts(connection)}
    assert failures[polite.name] == {}
    assert failures[refused.name] == {"rate_limited": 12}
    assert standing_of(line, refused.name).standing.verdict is Verdict.BLOCKED


@pytest.mark.parametrize("restarted", [False, True])
def test_a_clock_that_was_set_ahead_and_back_stops_neither_polls_nor_time(line: Line, restarted: bool) -> None:
    web = Rhythm(shortest=timedelta(minutes=5), longest=timedelta(hours=1))
    sources = [line.add(shown("one"), rhythm=web), line.add(DOWN, rhythm=web), line.add(shown("two"))]

    def polls_of_an_hour(worker: IngestWorker) -> list[int]:
        before, marks = [len(one.asked_with) for one in sources], len(line.marks())
        for _ in range(60):
            line.clock.forward(minutes=1)
            worker.step()
        assert len(line.marks()) >= marks + 60
        return [len(one.asked_with) - count for one, count in zip(sources, before, strict=True)]

    with line.worker() as worker:
        usual = polls_of_an_hour(worker)
        line.clock.forward(hours=10)
        worker.step()
        line.clock.forward(hours=-10)
        right = [] if restarted else polls_of_an_hour(worker)
    if restarted:
        with line.worker() as worker:
            right = polls_of_an_hour(worker)
    feed, failing, file = right
    assert (feed, file) == (usual[0], 60)
    assert failing == 1  # it is asked ever more seldom


def test_a_clock_that_was_set_back_sends_nothing_late(line: Line) -> None:
    line.add(shown("one"))
    line.broker_takes = 0
    line.clock.forward(hours=10)
    with line.worker() as worker:
        worker.step()
        line.clock.forward(hours=-10)
        line.broker_takes = None
        worker.step()
    assert line.titles() == ["one"]


def test_a_plan_that_was_made_before_the_clock_was_wrong_stands(line: Line) -> None:
    resting = SourceError(FailureReason.UNAVAILABLE, "Come back later.", retry_after=timedelta(hours=20))
    source = line.add(resting, rhythm=Rhythm())
    with line.worker() as worker:
        line.clock.forward(minutes=1)
        worker.step()
        for hours in (10, -10, 10):
            line.clock.forward(hours=hours)
            worker.step()
    assert len(source.asked_with) == 1


def test_an_idle_file_is_written_down_once_a_minute(line: Line, tmp_path: Path) -> None:
    follow(line, tmp_path / "absent.jsonl")
    with line.worker() as worker:
        for _ in range(60):
            worker.step()
            line.clock.forward(seconds=6)
    with line.database.read() as connection:
        assert 5 <= len(sources.read_polls(connection, line.polled[0].source.name, 100)) <= 7
