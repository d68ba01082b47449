from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event

from monitor.articles import article_id
from monitor.clock import MINUTE
from monitor.records import DeadLetter
from monitor.store import counting, reads, timelines, writes
from monitor.store.database import Database
from monitor.store.fingerprint import dump, fingerprint
from monitor.store.rows import Duplicate, Offset
from monitor.surges.lessons import BaselineState
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.stories import StoryHead
from monitor.surges.surge import Reason
from monitor.surges.windows import Window, WindowCounts
from tests.store.builders import (
    BANKS,
    HOUR,
    NOON,
    closed_window,
    counted,
    minute_count,
    scored,
    surge,
    unscored,
)

DAY = Window(NOON - 12 * HOUR, NOON + 12 * HOUR)


def dead_letter(position: str, original: bytes = b"") -> DeadLetter:
    return DeadLetter(
        stage="ingest", reason="No title.", source="wire", position=position, seen_at=NOON, original=original
    )


def head(number: int, members: int = 1) -> StoryHead:
    return StoryHead(
        story_id=article_id("story", str(number)),
        key="",
        members=members,
        novelty=100,
        topic="Banks",
        negative=True,
        dated=False,
        event_time=NOON,
        first_seen_at=NOON + timedelta(microseconds=number),
        entered_at=NOON,
        expires_at=NOON + 72 * HOUR,
    )


def baseline(series: Series = ALL, minutes: int = 60, stories: float = 0.1) -> BaselineState:
    return BaselineState(
        series=series, window_minutes=minutes, since=NOON, as_of=NOON + HOUR, stories=stories, information=1 / 3
    )


def test_an_article_comes_back_with_all_that_was_said_of_it(database: Database) -> None:
    item = scored(1, negative=0.98765, title="NUL\x00 and ‘quotes’", published_at=None, published_precision=None)
    with database.write() as connection:
        writes.write_articles(connection, [counted(item, late=True, novelty=75)])
    with database.read() as connection:
        [found] = reads.read_stories(connection, BANKS, DAY, limit=10)
        assert found.id == item.article.id
        assert found.title == "NUL\ufffd and ‘quotes’"
        assert found.event_time == item.article.first_seen_at
        assert (found.negative, found.late, found.sentiment, found.topic) == (0.98765, True, "negative", "Banks")
        [row] = dump(connection, "articles")
        assert '"topic_probabilities":"{\\"Banks\\":0.8,\\"Markets\\":0.1}"' in row
        assert '"novelty":75' in row


def test_the_first_score_of_an_article_wins(database: Database) -> None:
    for negative in (0.9, 0.6):
        with database.write() as connection:
            writes.write_articles(connection, [counted(scored(1, negative=negative)), counted(unscored(2))])
    with database.read() as connection:
        assert [story.negative for story in reads.read_stories(connection, BANKS, DAY, limit=10)] == [0.9]
        counts = reads.read_counts(connection)
        assert (counts.scored, counts.unscored, counts.articles_in) == (1, 1, 2)


def test_fates_tell_known_articles_and_recorded_repeats_of_a_large_batch(database: Database) -> None:
    items = [scored(number) for number in range(1200)]
    repeat = scored(7, source="mirror", position="7")
    with database.write() as connection:
        writes.write_articles(connection, [counted(item) for item in items[:1100]])
        writes.write_duplicates(
            connection, [Duplicate(source="mirror", position="7", article_id=repeat.article.id, first_seen_at=NOON)]
        )
    with database.read() as connection:
        fates = counting.load_fates(connection, [*items, repeat, scored(8, source="mirror", position="8")])
    assert fates.articles == {item.article.id: ("wire", item.article.position) for item in items[:1100]}
    assert fates.duplicates == {("mirror", "7")}


def test_writing_a_tick_twice_leaves_the_same_rows(database: Database) -> None:
    prints = []
    for _ in range(2):
        with database.write() as connection:
            writes.write_articles(connection, [counted(scored(1))])
            writes.write_duplicates(
                connection, [Duplicate(source="m", position="1", article_id="a", first_seen_at=NOON)]
            )
            writes.write_dead_letters(connection, [dead_letter("9", b"{")])
            writes.write_windows(connection, [closed_window(NOON, HOUR)])
            writes.write_baselines(connection, [baseline()])
            writes.write_story_heads(connection, [head(1)])
            writes.write_surges(connection, [surge(NOON)])
        with database.read() as connection:
            prints.append(fingerprint(connection))
            assert reads.read_counts(connection).articles_in == 3
    assert prints[0] == prints[1]


def test_counts_are_added_to_those_of_their_minute(database: Database) -> None:
    with database.write() as connection:
        writes.add_minute_counts(connection, [minute_count(NOON, 5, 2, dated=2)])
        writes.add_minute_counts(connection, [minute_count(NOON, 1, 1), minute_count(NOON + MINUTE, 4, 0)])
    with database.read() as connection:
        assert counting.read_minute_counts(connection, NOON) == [
            minute_count(NOON, 6, 3, dated=2),
            minute_count(NOON + MINUTE, 4, 0),
        ]


def test_the_original_of_a_dead_letter_is_kept_whichever_copy_comes_first(database: Database) -> None:
    with database.write() as connection:
        writes.write_dead_letters(connection, [dead_letter("1"), dead_letter("2", b"\x00\xff")])
        writes.write_dead_letters(connection, [dead_letter("1", b"\x00\xff"), dead_letter("2")])
    with database.read() as connection:
        assert [letter.original for letter in reads.read_dead_letters(connection, 10)] == [b"\x00\xff"] * 2
        assert counting.known_dead_letters(connection, {("wire", "1"), ("wire", "3")}) == {("wire", "1")}


def test_a_new_store_has_no_snapshot_and_no_offsets(database: Database) -> None:
    with database.read() as connection:
        assert counting.load_snapshot(connection, "surges", SurgeRules()) is None
        assert counting.load_offsets(connection, "topic-a") == {}


def test_a_start_asks_no_more_often_for_the_many_series_that_were_ever_counted(database: Database) -> None:
    def statements(companies: int) -> int:
        asked: list[str] = []
        with database.write() as connection:
            series = [Series(entity=f"~company {number}") for number in range(companies)]
            long_ago = NOON - timedelta(days=100)
            writes.add_minute_counts(connection, [minute_count(long_ago, 1, 0, each) for each in series])
            writes.write_surges(connection, [surge(long_ago, each) for each in series])
            writes.write_progress(connection, "surges", NOON + timedelta(days=companies))
        with database.read() as connection:
            event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
            snapshot = counting.load_snapshot(connection, "surges", SurgeRules())
        assert snapshot is not None
        assert len(snapshot.surges) == companies
        return len(asked)

    assert statements(2) == statements(9)


def test_a_snapshot_is_what_was_written_last(database: Database) -> None:
    rules = SurgeRules()
    tick = NOON + timedelta(seconds=30)
    long_ago = NOON - timedelta(days=400)
    with database.write() as connection:
        writes.add_minute_counts(connection, [minute_count(long_ago, 9, 9), minute_count(NOON, 2, 1, BANKS)])
        writes.write_baselines(connection, [baseline(), baseline(BANKS, 360)])
        writes.write_baselines(connection, [baseline(stories=0.7)])
        writes.write_story_heads(connection, [head(2), head(1), head(3)])
        writes.write_story_heads(connection, [head(2, members=2)])
        writes.delete_story_heads(connection, [head(3).story_id])
        writes.write_surges(connection, [surge(NOON - HOUR)])
        writes.write_surges(connection, [surge(NOON, reason=Reason.ELEVATED), surge(tick), surge(NOON - HOUR, ALL)])
        writes.write_progress(connection, "surges", NOON)
        writes.write_progress(connection, "surges", tick, final=True)
    with database.read() as connection:
        snapshot = counting.load_snapshot(connection, "surges", rules)
        progress = counting.read_progress(connection, "surges")
    assert snapshot is not None
    assert progress is not None
    assert progress.final
    assert snapshot.tick == tick
    assert snapshot.minute_counts == (minute_count(NOON, 2, 1, BANKS),)
    assert snapshot.baselines == (baseline(stories=0.7), baseline(BANKS, 360))
    assert snapshot.story_heads == (head(1), head(2, members=2))
    # Of each series the last one at or before the whole minute, and all after it.
    assert snapshot.surges == (surge(NOON - HOUR, ALL), surge(NOON, reason=Reason.ELEVATED), surge(tick))


def test_offsets_belong_to_a_topic_id_not_to_a_name(database: Database) -> None:
    with database.write() as connection:
        writes.write_offsets(connection, [Offset("id-1", "scored", 0, 10), Offset("id-1", "scored", 1, 2**40)])
        writes.write_offsets(connection, [Offset("id-1", "scored", 0, 11), Offset("id-2", "scored", 0, 3)])
    with database.read() as connection:
        assert counting.load_offsets(connection, "id-1") == {0: 11, 1: 2**40}
        assert counting.load_offsets(connection, "id-2") == {0: 3}


def test_fingerprints_differ_in_the_table_that_differs_and_ignore_when_things_were_seen(database: Database) -> None:
    with database.write() as connection:
        writes.write_articles(connection, [counted(scored(1))])
        writes.write_dead_letters(connection, [dead_letter("1")])
    with database.read() as connection:
        before = fingerprint(connection)
    with database.write() as connection:
        writes.write_articles(connection, [counted(scored(2))])
        writes.write_surges(connection, [surge(NOON)])
    with database.read() as connection:
        after = fingerprint(connection)
        assert '"seen_at"' not in dump(connection, "dead_letters")[0]
        assert '"id"' not in dump(connection, "surges")[0]
    assert {name for name in before if before[name] != after[name]} == {"articles", "surges"}


def test_closed_windows_are_kept_by_length_with_or_without_an_expectation(database: Database) -> None:
    with database.write() as connection:
        writes.write_windows(connection, [closed_window(NOON, HOUR), closed_window(NOON, 24 * HOUR, known=False)])
    with database.read() as connection:
        [unexpected] = timelines.read_windows(connection, ALL, 24 * HOUR, DAY)
        [closed] = timelines.read_windows(connection, ALL, HOUR, DAY)
    assert (unexpected.expected_share, unexpected.low, unexpected.high) == (None, None, None)
    assert (closed.window, closed.counts) == (Window(NOON, NOON + HOUR), WindowCounts(10, 4))
    assert (closed.expected_share, closed.low, closed.high) == (0.3, 0.1, 0.6)
