"""The article's two rules: when it counts, and what makes it the same article."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article, Precision, TimeCase, article_id, event_time
from monitor.broker.codec import decode_article

SEEN = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
MIDNIGHT = datetime(2024, 5, 6, tzinfo=UTC)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(st.characters(exclude_categories=()))


@given(st.none() | MOMENTS, st.none() | st.sampled_from(Precision), MOMENTS)
def test_no_article_counts_before_it_was_seen_whatever_its_source_says(
    published_at: datetime | None, precision: Precision | None, first_seen_at: datetime
) -> None:
    assert event_time(published_at, precision, first_seen_at) <= first_seen_at


@given(MOMENTS, st.sampled_from([Precision.SECOND, Precision.MINUTE]), MOMENTS)
def test_what_was_published_before_it_was_seen_counts_when_it_was_published(
    published_at: datetime, precision: Precision, first_seen_at: datetime
) -> None:
    assert event_time(published_at, precision, first_seen_at) == min(published_at, first_seen_at)


def test_without_a_publication_time_an_article_counts_when_it_was_seen() -> None:
    assert event_time(None, None, SEEN) == SEEN


def test_a_publication_in_the_future_counts_when_it_was_seen() -> None:
    assert event_time(SEEN + timedelta(hours=1), Precision.SECOND, SEEN) == SEEN


def test_a_date_without_a_time_counts_at_the_end_of_its_day_or_when_it_was_seen_that_day() -> None:
    assert event_time(MIDNIGHT, Precision.DAY, SEEN) == SEEN
    assert event_time(MIDNIGHT - timedelta(days=1), Precision.DAY, SEEN) == MIDNIGHT - timedelta(microseconds=1)


def test_a_date_at_the_end_of_all_time_does_not_overflow() -> None:
    last_day = datetime(9999, 12, 31, 5, 0, tzinfo=UTC)
    assert event_time(last_day, Precision.DAY, SEEN) == SEEN
    assert event_time(last_day, Precision.DAY, datetime.max.replace(tzinfo=UTC)) == datetime.max.replace(tzinfo=UTC)


def test_an_article_counts_by_the_same_rule() -> None:
    article = Article(
        id=article_id("a"), source="wire", position="1", title="Profits fall", first_seen_at=SEEN,
        published_at=MIDNIGHT, published_precision=Precision.MINUTE,
    )  # fmt: skip
    assert article.event_time == MIDNIGHT


@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=4))
def test_ids_are_equal_exactly_where_all_parts_are(one: list[str], other: list[str]) -> None:
    assert (article_id(*one) == article_id(*other)) == (one == other)
    assert len(article_id(*one)) == 32


def test_ids_are_the_same_in_every_run() -> None:
    assert article_id("reuters", "https://example.org/a") == "95b639a3807101777867f51ed87a5808"


def test_an_article_of_before_the_newer_fields_is_read_with_their_defaults() -> None:
    record = decode_article(
        b'{"type":"article","id":"a","source":"w","position":"1","title":"t","first_seen_at":"2024-05-06T12:00:00Z","v":1}'
    )
    assert isinstance(record, Article)
    assert (record.updated_at, record.author, record.parent, record.shingles) == (None, "", "", b"")
    assert record.time_case is TimeCase.PUBLISHED
