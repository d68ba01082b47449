"""Records to bytes and back, and what is no record."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article, Precision
from monitor.broker.codec import (
    TOPIC_TYPES,
    DecodeError,
    decode_article,
    decode_dead_letter,
    decode_scored,
    encode,
    json_schema,
    unreadable,
)
from monitor.broker.names import TopicNames, partition_of
from monitor.broker.seams import Record
from monitor.records import MAX_REASON_CHARACTERS, Watermark
from tests.broker.records import ARTICLES_RECORDS, DEAD_LETTERS, SCORED_RECORDS

START = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)


@given(ARTICLES_RECORDS)
def test_what_stands_on_the_articles_topic_is_read_back(record: object) -> None:
    assert decode_article(encode(record)) == record  # type: ignore[arg-type]  # the strategy makes them


@given(SCORED_RECORDS)
def test_what_stands_on_the_scored_topic_is_read_back(record: object) -> None:
    assert decode_scored(encode(record)) == record  # type: ignore[arg-type]  # as above


def test_the_reason_of_a_message_that_cannot_be_read_is_short_however_long_what_it_quotes() -> None:
    value = encode(Watermark(time=START)).replace(b'"watermark"', b'"' + 900_000 * b"x" + b'"')
    with pytest.raises(DecodeError) as caught:
        decode_article(value)
    record = Record("articles", 0, 7, None, value, 0)
    letter = unreadable("classify", record, "article", caught.value, START)
    assert letter.reason.startswith("Message 7 of articles/0 is no article: ")
    assert len(letter.reason) < MAX_REASON_CHARACTERS + 100 < len(str(caught.value))


@given(DEAD_LETTERS)
def test_dead_letters_keep_any_bytes(record: object) -> None:
    assert decode_dead_letter(encode(record)) == record  # type: ignore[arg-type]  # as above


@given(st.binary(max_size=300))
@pytest.mark.parametrize("decode", [decode_article, decode_scored, decode_dead_letter])
def test_any_bytes_that_are_no_record_raise_one_error(decode: Callable[[bytes], object], value: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(value)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b'{"type":"dead_letter","stage":"ingest","reason":"\xff","source":"","position":"","seen_at":"2024-05-06T09:00:00Z"}',
        b'{"unknown":' + b"[" * 100_000,
        b'{"type":"watermark","time":"2024-05-06T09:00:00"}',
        b'{"type":"watermark","time":"2024-05-06T09:00:00Z","v":2}',
        b'{"type":"watermark","time":1714986000}',
        b'{"type":"scored"}',
        b'{"type":"watermark","time":"2024-05-06T09:00:00Z"} trailing',
    ],
    ids=["nothing", "not utf-8", "deep", "no zone", "other version", "a number", "other kind", "trailing"],
)
def test_near_misses_are_refused(value: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_article(value)


def test_fields_that_a_later_version_adds_are_passed_over() -> None:
    value = b'{"type":"watermark","time":"2024-05-06T11:00:00+02:00","new":[1],"v":1}'
    assert decode_article(value) == Watermark(time=START)


def test_a_record_is_one_line_of_json_with_its_kind_and_version() -> None:
    article = Article(
        id="0" * 32, source="w", position="1", title="é\n", first_seen_at=START, published_at=START,
        published_precision=Precision.DAY,
    )  # fmt: skip
    value = encode(article)
    assert value.startswith(b'{"type":"article",')
    assert value.endswith(b'"v":1}')
    assert b"\n" not in value
    assert b'"published_precision":"day"' in value


def test_every_topic_has_a_schema() -> None:
    for topic in TOPIC_TYPES:
        schema = json_schema(topic)
        assert schema["title"] == f"Messages of the {topic} topic"
        assert "2020-12" in schema["$schema"]


def test_names_bear_the_prefix_and_articles_and_scored_have_equally_many_partitions() -> None:
    names = TopicNames("t-")
    assert names.layout(7) == {"t-articles": 7, "t-scored": 7, "t-dead-letters": 1}
    assert names.classifiers == "t-classifiers"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 1000))
def test_a_partition_is_one_of_those_that_there_are(identity: str, partitions: int) -> None:
    assert 0 <= partition_of(identity, partitions) < partitions
