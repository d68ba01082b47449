"""Replays: watermarks that tell the truth, and a kill at any point that changes nothing."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.broker.codec import decode_article
from monitor.broker.memory import MemorySender, MemoryTopics
from monitor.broker.names import TopicNames
from monitor.classify.scored import UnscoredArticle
from monitor.clock import MINUTE, floor_to
from monitor.errors import BrokerError
from monitor.ingest.intake.publisher import Publisher
from monitor.ingest.recording import Recording
from monitor.ingest.replay import RECORDS_PER_MARK, Replay
from monitor.records import DeadLetter, Watermark
from tests.ingest.rows import READER, item
from tests.surges.ledgers import Ledger

NAMES = TopicNames()
PARTITIONS = 3
START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)


def recording(gaps: list[int]) -> Recording:
    """Items with so many seconds between them; every fifth is broken, every seventh has the text of another."""
    at, items = START, []
    for number, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        text = "" if number % 5 == 4 else f"headline {6 if number % 7 == 6 else number}"
        published = at.isoformat() if number % 3 else START.isoformat()
        items.append(item(f"f#{number}", title=text, published=published, seen=at.isoformat()))
    return Recording(items, READER)


class Run:
    """A replay that may be killed and started again: only topics and the saved place remain."""

    def __init__(self, source: Recording, steps: list[int]) -> None:
        self.source = source
        self.topics = MemoryTopics(NAMES.layout(PARTITIONS))
        self.saved: list[int] = []
        self._steps = steps

    def start(self, fails_after: int | None = None) -> Replay:
        publisher = Publisher(MemorySender(self.topics, fails_after=fails_after), NAMES, PARTITIONS)
        place = self.saved[-1] if self.saved else 0
        return Replay(self.source, publisher, self.saved.append, start=place)

    def advance(self, replay: Replay, number: int) -> None:
        began = replay.next_arrival
        if not self._steps or began is None:
            replay.advance()
        else:
            replay.advance(began + timedelta(seconds=self._steps[number % len(self._steps)]))

    def finish(self, fails_after: int | None = None) -> MemoryTopics:
        replay, number = self.start(fails_after), 0
        while not replay.done:
            self.advance(replay, number)
            number += 1
        return self.topics


def settled(topics: MemoryTopics) -> dict[tuple[str, str, str], tuple[str, str]]:
    """What the counter would make of the log: each item's fate, tick by tick through the alignment."""
    ledger = Ledger(PARTITIONS)
    for _, number in topics.partitions(NAMES.articles):
        for offset, value in enumerate(topics.values(NAMES.articles, number)):
            record = decode_article(value)
            scored = (
                record if isinstance(record, Watermark | DeadLetter) else UnscoredArticle(article=record, reason="r")
            )
            ledger.alignment.add(number, offset, scored)
    ledger.take_what_is_ready()
    return ledger.fates


GAPS = st.lists(st.integers(0, 90), max_size=25)
STEPS = st.lists(st.integers(1, 200), max_size=3)


@given(GAPS, STEPS)
def test_watermarks_stand_on_whole_minutes_and_all_before_one_was_seen_before_it(
    gaps: list[int], steps: list[int]
) -> None:
    topics = Run(recording(gaps), steps).finish()
    for _, number in topics.partitions(NAMES.articles):
        records = [decode_article(value) for value in topics.values(NAMES.articles, number)]
        seen = datetime.min.replace(tzinfo=UTC)
        marked = seen
        for record in records:
            if isinstance(record, Watermark):
                assert record.time == floor_to(record.time, MINUTE)
                assert marked < record.time
                assert seen < record.time
                marked = record.time
            else:
                at = record.seen_at if isinstance(record, DeadLetter) else record.first_seen_at
                assert at >= marked
                seen = max(seen, at)
        assert [isinstance(record, Watermark) and record.final for record in records] == [False] * (
            len(records) - 1
        ) + [True]


@settings(max_examples=200)
@given(GAPS, STEPS, st.lists(st.integers(0, 40), max_size=3))
def test_a_replay_killed_at_any_points_settles_as_an_undisturbed_one(
    gaps: list[int], steps: list[int], kills: list[int]
) -> None:
    source = recording(gaps)
    run = Run(source, steps)
    for delivered in kills:
        # Dies with so many messages delivered, a watermark to some of the partitions among them, perhaps.
        with suppress(BrokerError):
            run.finish(fails_after=delivered)
    settled_all = settled(run.finish())
    assert settled_all == settled(Run(source, []).finish())
    assert len(settled_all) == len(source)


def test_at_full_speed_a_watermark_follows_so_many_records_at_the_next_whole_minute() -> None:
    run = Run(recording([1] * (RECORDS_PER_MARK * 3)), [])
    run.finish()
    assert run.saved == [539, 1079, 1500]


def test_a_replay_that_is_run_again_after_its_end_repeats_its_last_watermark_alone() -> None:
    run = Run(recording([40] * 10), [])
    topics = run.finish()
    before = {number: topics.values(NAMES.articles, number) for _, number in topics.partitions(NAMES.articles)}
    run.finish()
    for number, values in before.items():
        assert topics.values(NAMES.articles, number) == [*values, values[-1]]


def test_an_empty_recording_ends_at_once() -> None:
    run = Run(recording([]), [])
    assert settled(run.finish()) == {}
    assert run.saved == [0]


def test_the_place_is_saved_only_after_the_broker_has_everything() -> None:
    topics = MemoryTopics(NAMES.layout(PARTITIONS))
    sender = MemorySender(topics)
    queued: list[int] = []
    replay = Replay(recording([40] * 10), Publisher(sender, NAMES, PARTITIONS), lambda _: queued.append(sender.queued))
    while not replay.done:
        replay.advance(START + timedelta(days=1))
    assert queued
    assert set(queued) == {0}


def test_nothing_is_published_before_its_time() -> None:
    replay = Run(recording([60, 60]), []).start()
    assert replay.next_arrival == START + timedelta(seconds=60)
    assert replay.advance(START + timedelta(seconds=60)) == 0
    assert replay.advance(START + timedelta(seconds=61)) == 1
    assert not replay.done
    assert replay.advance(None) == 1
    assert replay.done
