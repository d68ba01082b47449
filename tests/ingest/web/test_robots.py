"""robots.txt: what a site asks, for how long it is believed, and what it costs to hear it."""

from __future__ import annotations

import time
import tracemalloc
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import EPOCH
from monitor.ingest.web.robots import (
    LONGEST_DELAY,
    MAX_KEPT_BYTES,
    MAX_SITES,
    STALE_FOR,
    TRY_AGAIN_AFTER,
    RobotsCache,
    agent_token,
    read_rules,
)

AGENT, DAY, SITE = "sentiment-monitor", timedelta(days=1), "https://paper.example"
FORBID, ALLOW = b"User-agent: *\nDisallow: /", b"User-agent: *\nAllow: /"


class Site:
    """A site and its visitor, who keeps what it asks in a cache."""

    def __init__(self, content: bytes | None, cache: RobotsCache | None = None, name: str = SITE) -> None:
        self.content = content
        self.cache = cache or RobotsCache(AGENT, DAY)
        self.name = name
        self.asked = 0

    def allows(self, after: timedelta = timedelta(0)) -> bool:
        rules = self.cache.known(self.name, EPOCH + after)
        if rules is None:
            self.asked += 1
            rules = self.cache.learn(self.name, self.content, EPOCH + after)
        return rules.allow(f"{self.name}/feed")


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: /private", "/private/a", False),
        ("User-agent: *\nDisallow: /private", "/public", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Sentiment-Monitor\nDisallow:", "/feed", True),
        ("User-agent: sentiment-monitor\nDisallow: /\n\nUser-agent: *\nAllow: /", "/feed", False),
        ("User-agent: other\nUser-agent: sentiment-monitor\nDisallow: /feed", "/feed", False),
        ("User-agent: otherbot\nDisallow: /", "/feed", True),
        ("User-agent: *\nDisallow: /*.xml$", "/a/feed.xml", False),
        ("User-agent: *\nDisallow: /*.xml$", "/a/feed.xml?x=1", True),
        ("User-agent: *\nDisallow: /\nAllow: /feed", "/feed", True),
        ("Disallow: /", "/feed", True),
        ("\ufeffUser-agent: *\nDisallow: /", "/feed", False),
        ("", "/feed", True),
    ],
)
def test_the_group_for_us_counts_and_in_it_the_longest_rule(text: str, path: str, allowed: bool) -> None:
    assert read_rules(text.encode(), AGENT).allow(SITE + path) is allowed


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("Crawl-delay: 2.5", 2.5),
        ("Request-rate: 1/10", 10.0),
        ("Crawl-delay: 2\nRequest-rate: 1/5", 5.0),
        ("Crawl-delay: 86400", LONGEST_DELAY),
        ("Crawl-delay: inf", 0.0),
        ("Crawl-delay: -3", 0.0),
        ("Disallow: /x", 0.0),
    ],
)
def test_a_delay_is_kept_within_reason(text: str, delay: float) -> None:
    assert read_rules(f"User-agent: *\n{text}".encode(), AGENT).delay_seconds() == delay


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: b"User-agent: *\n" + text.encode("utf-8")))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    rules = read_rules(content, AGENT)
    rules.allow(f"{SITE}/feed?x=1")

    assert 0 <= rules.delay_seconds() <= LONGEST_DELAY


@pytest.mark.parametrize("spelling", ["User-agent: r{}", "\u00a0useragent r{}", "USER AGENT:r{}", "user\tagent r{}*"])
def test_thousands_of_groups_for_others_cost_no_memory(spelling: str) -> None:
    groups = "\n".join(spelling.format(number) for number in range(3_000))
    text = groups + "\n" + "\n".join(f"Disallow: /{number}" for number in range(3_000))
    tracemalloc.start()
    try:
        assert read_rules(text.encode(), AGENT).allow(f"{SITE}/1")
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_patterns_made_to_be_slow_are_not() -> None:
    rules = read_rules(b"User-agent: *\nDisallow: /" + b"*a" * 5_000 + b"b$", AGENT)
    started = time.process_time()

    assert rules.allow(f"{SITE}/" + "a" * 3_000)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [("sentiment-monitor/1.0 (+mailto:a@b.example)", "sentiment-monitor"), ("My_Bot", "My_Bot"), ("1", "*"), ("", "*")],
)
def test_our_name_is_the_product_of_the_user_agent(user_agent: str, token: str) -> None:
    assert agent_token(user_agent) == token


class TestCache:
    def test_a_file_is_believed_for_its_lifetime(self) -> None:
        site = Site(FORBID)

        assert not any(site.allows(timedelta(hours=hours)) for hours in (0, 1, 23, 24, 25))
        assert site.asked == 2

    def test_a_site_without_a_file_asks_nothing(self) -> None:
        assert Site(b"").allows()

    def test_a_file_that_cannot_be_had_forbids_until_it_can(self) -> None:
        site = Site(None)
        assert not site.allows()

        site.content = ALLOW
        assert not site.allows(TRY_AGAIN_AFTER / 2)
        assert site.allows(TRY_AGAIN_AFTER)
        assert site.asked == 2

    def test_the_last_file_goes_on_to_hold_while_there_is_none_but_not_for_ever(self) -> None:
        site = Site(ALLOW)
        site.allows()
        site.content = None

        assert site.allows(DAY)
        assert not site.allows(STALE_FOR)

    def test_sites_know_nothing_of_one_another(self) -> None:
        cache = RobotsCache(AGENT, DAY)

        assert not Site(FORBID, cache, "https://a.example").allows()
        assert Site(ALLOW, cache, "https://b.example").allows()
        assert cache.known("http://a.example", EPOCH) is None

    def test_the_cache_is_bounded_in_sites_and_in_bytes(self) -> None:
        first = Site(ALLOW)
        first.allows()
        for number in range(MAX_SITES):
            Site(b"", first.cache, f"https://{number}.example").allows()
        first.allows()
        assert first.asked == 2  # the one that was asked for longest ago was forgotten

        large = FORBID + b"\n" + b"#" * 500_000
        for number in range(MAX_KEPT_BYTES // len(large) + 1):
            Site(large, first.cache, f"https://large-{number}.example").allows()
        first.allows()
        assert first.asked == 3
