"""Onto which topic and partition records go."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article, article_id
from monitor.broker.codec import decode_article, decode_dead_letter
from monitor.broker.memory import MemorySender, MemoryTopics
from monitor.broker.names import TopicNames
from monitor.ingest.intake.publisher import MAX_ARTICLE_BYTES, Publisher
from monitor.records import DeadLetter, Watermark

NAMES = TopicNames("t-")
SEEN = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)


def publisher(partitions: int = 4) -> tuple[Publisher, MemoryTopics]:
    topics = MemoryTopics(NAMES.layout(partitions))
    return Publisher(MemorySender(topics), NAMES, partitions), topics


def article(name: str, body: str = "") -> Article:
    return Article(id=article_id(name), source="wire", position=name, title="a", body=body, first_seen_at=SEEN)


@given(st.lists(st.text("abc", max_size=3), max_size=20), st.integers(1, 5))
def test_equal_articles_share_a_partition_and_every_one_has_its_place(names: list[str], partitions: int) -> None:
    to, topics = publisher(partitions)
    for name in names:
        to.publish(article(name))
    to.flush()
    found: dict[str, set[int]] = {}
    count = 0
    for _, number in topics.partitions(NAMES.articles):
        for value in topics.values(NAMES.articles, number):
            record = decode_article(value)
            assert isinstance(record, Article)
            found.setdefault(record.id, set()).add(number)
            count += 1
    assert count == len(names)
    assert all(len(numbers) == 1 for numbers in found.values())


def test_a_watermark_stands_in_every_partition_behind_what_came_before_it() -> None:
    to, topics = publisher()
    to.publish(article("a"))
    to.mark(SEEN, final=True)
    to.flush()
    for _, number in topics.partitions(NAMES.articles):
        assert decode_article(topics.values(NAMES.articles, number)[-1]) == Watermark(time=SEEN, final=True)


def test_a_dead_letter_stands_in_the_stream_and_on_its_own_topic() -> None:
    to, topics = publisher(1)
    letter = DeadLetter(stage="ingest", reason="r.", source="wire", position="é#1", seen_at=SEEN, original=b"\xff")
    to.publish(letter)
    to.flush()
    assert decode_article(topics.values(NAMES.articles)[0]) == letter
    assert decode_dead_letter(topics.values(NAMES.dead_letters)[0]) == letter


def test_an_article_too_large_to_travel_becomes_a_dead_letter_that_travels() -> None:
    to, topics = publisher(1)
    to.publish(article("a", body="\x01" * 200_000))
    to.flush()
    value = topics.values(NAMES.articles)[0]
    letter = decode_article(value)
    assert isinstance(letter, DeadLetter)
    assert len(value) < MAX_ARTICLE_BYTES
    assert letter.reason == "a: as a message it has 1,200,309 bytes, more than 900,000."
    assert len(letter.original) == 65_536


def test_articles_too_large_to_travel_that_stood_at_the_same_place_are_letters_of_their_own() -> None:
    to, topics = publisher(1)
    for name in ("one", "two"):
        # A file that was rotated: other articles, from the same byte on.
        to.publish(msgspec.structs.replace(article(name, body="\x01" * 200_000), position="a.jsonl@0"))
    to.flush()
    keys = [record.key for record in topics.logs[NAMES.dead_letters, 0]]
    letters = [decode_dead_letter(value) for value in topics.values(NAMES.dead_letters)]
    assert len(set(keys)) == 2
    assert all(letter.position.startswith("a.jsonl@0") for letter in letters)


def test_a_dead_letter_too_large_to_travel_is_cut_and_keeps_stage_original_and_what_was_wrong() -> None:
    to, topics = publisher(1)
    place = "https://site.example/" + "é" * 500_000
    letter = DeadLetter(
        stage="ingest",
        reason=f"{place}: the address is too long.",
        source="site",
        position=place,
        seen_at=SEEN,
        original=b"\xff" * 65_536,
    )
    to.publish(letter)
    to.flush()
    record = topics.logs[NAMES.dead_letters, 0][0]
    assert len(record.value) + len(record.key or b"") < MAX_ARTICLE_BYTES
    cut = decode_dead_letter(record.value)
    assert (cut.stage, cut.source, cut.seen_at, cut.original) == ("ingest", "site", SEEN, letter.original)
    assert cut.reason.startswith("https://site.example/")
    assert cut.reason.endswith(": the address is too long.")
    assert decode_article(topics.values(NAMES.articles)[0]) == cut
