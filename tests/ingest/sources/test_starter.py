"""The feeds that ship."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.ingest.sources.starter import starter_feeds
from monitor.ingest.urls import canonical_url


def test_there_are_about_forty_in_two_languages_of_every_kind_of_house() -> None:
    feeds = starter_feeds()
    assert 36 <= len(feeds) <= 50
    languages = Counter(feed.language for feed in feeds)
    assert set(languages) == {"en", "zh"}
    assert languages["zh"] >= 10
    assert {"central bank", "regulator", "exchange", "wire", "press"} <= {feed.publisher for feed in feeds}


def test_names_and_addresses_are_unique_and_whole() -> None:
    feeds = starter_feeds()
    assert len({feed.name for feed in feeds}) == len({canonical_url(feed.url) for feed in feeds}) == len(feeds)
    for feed in feeds:
        assert urlsplit(feed.url).scheme in ("http", "https")
        assert (urlsplit(feed.url).hostname or "").count(".") >= 1
        assert ZoneInfo(feed.time_zone)
        assert feed.name.replace("-", "").isalnum()


def test_a_language_can_be_chosen() -> None:
    assert {feed.language for feed in starter_feeds(frozenset({"zh"}))} == {"zh"}
    assert starter_feeds(frozenset()) == ()
