"""The feed source against the misbehaving server: each wrong feed has its verdict, and nothing crashes or leaks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from monitor.articles import Article, TimeCase
from monitor.ingest.items import ColumnMap, ItemReader, time_zone
from monitor.ingest.sources.feeds import FeedSource
from monitor.ingest.sources.source import Batch, FailureReason, SourceError, SourceState
from monitor.records import DeadLetter
from tests.ingest.hostile import FEEDS, Hostile, contacts, serving
from tests.ingest.hostile.bodies import DATES, ENTRY_COUNT, SECRET_FILE_MARK
from tests.ingest.paper_server import NOW, fetcher_for

READER = ItemReader(name="paper", columns=ColumnMap(), zone=time_zone("Asia/Shanghai"), horizon=timedelta(days=30))

REFUSED: Mapping[str, FailureReason] = {
    "deep_nesting": FailureReason.TOO_LARGE,
    "broken_json": FailureReason.NOT_PARSED,
    "deep_json": FailureReason.NOT_PARSED,
    "huge_json_number": FailureReason.NOT_PARSED,
    "json_that_is_no_feed": FailureReason.NOT_A_FEED,
    "login_page": FailureReason.LOGIN_PAGE,
    "login_page_as_rss": FailureReason.LOGIN_PAGE,
    "challenge_page": FailureReason.FORBIDDEN,
    "empty_body": FailureReason.EMPTY_ANSWER,
    "only_white_space": FailureReason.EMPTY_ANSWER,
    "image": FailureReason.NOT_A_FEED,
    "plain_error": FailureReason.NOT_A_FEED,
}
COUNTS: Mapping[str, tuple[int, int]] = {
    "broken_xml": (ENTRY_COUNT - 1, 1),
    "truncated_xml": (ENTRY_COUNT - 1, 0),
    "entity_expansion": (1, 0),
    "quadratic_expansion": (1, 0),
    "ten_dates": (len(DATES), 0),
    "no_entries": (0, 0),
    "huge_title": (2, 1),
    "many_entries": (2_000, 0),
    "odd_json_types": (1, 2),
}
"""Articles and dead letters, where they are not `ENTRY_COUNT` and none."""


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with serving() as server:
        yield server


def fetched(hostile: Hostile, name: str) -> Batch:
    with fetcher_for(hostile) as fetcher:
        return FeedSource("paper", hostile.url(name), fetcher).fetch(SourceState(), NOW)


def read(batch: Batch) -> tuple[list[Article], list[DeadLetter]]:
    records = [READER.read(item, NOW) for item in batch.items]
    articles = [record for record in records if isinstance(record, Article)]
    return articles, [record for record in records if isinstance(record, DeadLetter)]


def articles_of(hostile: Hostile, name: str) -> list[Article]:
    return read(fetched(hostile, name))[0]


@pytest.mark.parametrize("name", FEEDS)
def test_every_wrong_feed_has_its_verdict_in_little_time_and_nothing_else_is_contacted(
    hostile: Hostile, name: str
) -> None:
    started = time.process_time()
    with contacts() as contacted:
        if reason := REFUSED.get(name):
            with pytest.raises(SourceError) as caught:
                fetched(hostile, name)
            assert caught.value.reason is reason
            assert caught.value.remedy
        else:
            articles, dead = read(fetched(hostile, name))
            assert (len(articles), len(dead)) == COUNTS.get(name, (ENTRY_COUNT, 0))
            assert len({article.id for article in articles}) == len(articles)
            assert all(SECRET_FILE_MARK not in article.title + article.body for article in articles)
            assert all(len(article.title) < 500_000 for article in articles)
            assert all(not article.url or article.url.startswith("http") for article in articles)
    assert {(host, port) for host, port in contacted} <= {("127.0.0.1", hostile.port)}
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("wrong_charset", "港口银行亏损扩大"),
        ("wrong_declaration", "Убыток портового банка вырос"),
        ("mixed_charsets", "Harbour bank posts perte après impôts number 1"),
        ("html_entities", "Harbour bank posts loss — number 1"),
        ("control_characters", "Harbour bank posts loss number 1"),
        ("script_in_title", "Harbour bank posts number 1"),
        ("utf16_without_mark", "Harbour bank posts loss number 1"),
    ],
)
def test_what_can_be_read_is_read_as_it_was_meant(hostile: Hostile, name: str, title: str) -> None:
    assert articles_of(hostile, name)[0].title == title


def test_ten_forms_of_a_morning_are_one_moment_or_its_day(hostile: Hostile) -> None:
    found = {str(article.published_at) for article in articles_of(hostile, "ten_dates")}
    morning, in_shanghai, day = "2024-05-06 09:30:00+00:00", "2024-05-06 01:30:00+00:00", "2024-05-05 16:00:00+00:00"
    # Two forms name no zone: 9:30 of the source's own.
    assert found == {morning, in_shanghai, day}


@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("good_feed", TimeCase.PUBLISHED),
        ("wrong_dates", TimeCase.UNREADABLE),
        ("future_dates", TimeCase.FUTURE),
        ("ancient_dates", TimeCase.TOO_OLD),
        ("atom_without_ids", TimeCase.MISSING),
    ],
)
def test_the_case_of_each_time_is_visible(hostile: Hostile, name: str, case: TimeCase) -> None:
    assert {article.time_case for article in articles_of(hostile, name)} == {case}


@pytest.mark.parametrize("name", ["duplicate_guids", "missing_guids", "empty_guids", "atom_without_ids", "good_feed"])
def test_ids_are_the_same_in_every_fetch(hostile: Hostile, name: str) -> None:
    assert [one.id for one in articles_of(hostile, name)] == [one.id for one in articles_of(hostile, name)]


def test_a_feed_that_was_cut_is_asked_for_again_without_condition(hostile: Hostile) -> None:
    url = hostile.add("cut", lambda line, _: line.answer(200, FEEDS["truncated_xml"].content, ETag='"1"'))
    with fetcher_for(hostile) as fetcher:
        batch = FeedSource("paper", url, fetcher).fetch(SourceState(), NOW)
    assert len(batch.items) == ENTRY_COUNT - 1
    assert batch.state.etag == ""
