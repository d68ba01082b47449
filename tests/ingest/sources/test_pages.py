"""Sites without a feed, over real HTTP: new pages once, a bounded number at a time."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.articles import Article, TimeCase
from monitor.errors import InputError
from monitor.ingest.items import ColumnMap, Item, ItemReader
from monitor.ingest.sources.article_pages import read_article_page
from monitor.ingest.sources.listings import read_listing
from monitor.ingest.sources.pages import PageSource
from monitor.ingest.sources.source import MAX_SEEN, Batch, FailureReason, Source, SourceError, SourceState
from monitor.ingest.web.fetched import Fetched
from monitor.ingest.web.fetcher import Fetcher
from tests.ingest.hostile import serving
from tests.ingest.paper_server import NOW, Paper, paper
from tests.ingest.web.fetching import Time, fetcher_for

READER = ItemReader(name="paper", columns=ColumnMap(), zone=UTC, horizon=timedelta(days=30))
BODY = (
    "The harbour bank lost money for the second quarter in a row, its board said on Monday. Depositors had taken out a"
    " third of what they held there in spring. The regulator said that it watches the bank closely and sees no danger."
)


def article_page(title: str, head: str = "", body: str = BODY) -> bytes:
    return (
        f"<!DOCTYPE html><html lang='en'><head><title>{title}</title>{head}</head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>{title}</h1><p>{body}</p><p>{body}</p></article>"
        "<footer>All rights reserved</footer></body></html>"
    ).encode()


def sitemap(host: Paper, *entries: tuple[str, str]) -> bytes:
    urls = "".join(
        f"<url><loc>{host.url(path)}</loc>{f'<lastmod>{at}</lastmod>' if at else ''}</url>" for path, at in entries
    )
    return f'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()


def index(host: Paper, *paths: str) -> bytes:
    named = "".join(f"<sitemap><loc>{host.url(path)}</loc></sitemap>" for path in paths)
    return f"<sitemapindex>{named}</sitemapindex>".encode()


def articles(batch: Batch) -> list[Article]:
    records = [READER.read(item, NOW) for item in batch.items]
    return [record for record in records if isinstance(record, Article)]


@contextmanager
def slow_paper() -> Iterator[tuple[Paper, Fetcher, Time]]:
    """A site that wants ten seconds between two requests, which is longer than a fetch waits."""
    time = Time()
    with serving({}) as hostile:
        yield Paper(hostile, "slow", b"User-agent: *\nCrawl-delay: 10\n"), fetcher_for(hostile, time=time), time


def polled(source: PageSource, time: Time) -> Iterator[Batch]:
    """What polls give, each made when it is due, until there is nothing more to be had at once."""
    state = SourceState()
    for _ in range(500):
        try:
            batch = source.fetch(state, time())
        except SourceError as error:
            if not error.held_back or error.retry_after is None:
                raise
            time.wait(error.retry_after.total_seconds())
            continue
        yield batch
        if not batch.more:
            return
        state = batch.state
    raise AssertionError("It never comes to an end.")


def read_page(content: bytes) -> Item:
    fetched = Fetched(status="new", url="https://p.example/a", permanent_url="", retrieved_at=NOW, content=content)
    return read_article_page(fetched, NOW, url="https://p.example/a")


def test_pages_of_a_sitemap_are_fetched_once_the_latest_first_and_old_ones_never() -> None:
    with paper() as (host, fetcher):
        host.pages["/sitemap.xml"] = sitemap(
            host, ("/old", "2024-01-01"), ("/b", "2024-05-05"), ("/c", "2024-05-06T08:00:00Z"), ("/x.jpg", "2024-05-06")
        )
        host.pages |= {path: article_page(f"Story {path}") for path in ("/old", "/b", "/c")}
        source = PageSource("paper", host.url("/sitemap.xml"), fetcher)
        first = source.fetch(SourceState(), NOW)
        assert [article.title for article in articles(first)] == ["Story /c", "Story /b"]
        assert BODY in articles(first)[0].body
        assert "All rights" not in articles(first)[0].body
        assert (first.shape, first.more) == ("sitemap", False)
        host.pages["/sitemap.xml"] = sitemap(host, ("/d", "2024-05-06"), ("/b", "2024-05-06"), ("/c", "2024-05-06"))
        host.pages["/d"] = article_page("Story /d")
        assert [article.title for article in articles(source.fetch(first.state, NOW))] == ["Story /d"]


def test_a_bounded_number_is_fetched_at_a_time_and_the_rest_comes_though_the_listing_is_unchanged() -> None:
    with paper() as (host, fetcher):
        paths = [f"/s{number}" for number in range(7)]
        host.pages["/sitemap.xml"] = sitemap(host, *((path, "2024-05-06") for path in paths))
        host.pages |= {path: article_page(f"Story {path}") for path in paths}
        host.headers = {"ETag": '"1"'}
        source = PageSource("paper", host.url("/sitemap.xml"), fetcher, pages_at_once=3)
        state, counts, more = SourceState(), [], []
        for _ in range(4):
            batch = source.fetch(state, NOW)
            counts.append(len(batch.items))
            more.append(batch.more)
            state = batch.state
        assert (counts, more) == ([3, 3, 1, 0], [True, True, False, False])
        assert batch.not_modified


def test_of_a_list_without_times_only_the_first_are_news_at_first() -> None:
    with paper() as (host, fetcher):
        links = "".join(f"<a href='/news/{number}'>x</a>" for number in range(30))
        host.pages["/"] = f"<!DOCTYPE html><html><body>{links}<a href='http://10.0.0.1/news/1'>y</a>".encode()
        host.pages |= {f"/news/{number}": article_page(f"Story {number}") for number in range(31)}
        source = PageSource("paper", host.url("/"), fetcher, include=r"/news/\d+$", pages_at_once=5)
        first = source.fetch(SourceState(), NOW)
        assert (len(first.items), first.more, first.shape) == (5, False, "list")
        assert source.fetch(first.state, NOW).items == ()
        host.pages["/"] = f"<!DOCTYPE html><html><body><a href='/news/30#top'>new</a>{links}".encode()
        assert [item.position for item in source.fetch(first.state, NOW).items] == [host.url("/news/30")]
        assert host.asked.count("/news/5") == 0


def test_an_index_of_sitemaps_is_followed_to_its_latest_and_gzip_is_unpacked() -> None:
    with paper() as (host, fetcher):
        parts = "".join(
            f"<sitemap><loc>{host.url(f'/part{number}.xml')}</loc><lastmod>2024-05-0{number}</lastmod></sitemap>"
            for number in range(1, 6)
        )
        host.pages["/sitemap.xml"] = f"<sitemapindex>{parts}</sitemapindex>".encode()
        for number in range(1, 6):
            host.pages[f"/part{number}.xml"] = gzip.compress(sitemap(host, (f"/s{number}", "2024-05-06")))
            host.pages[f"/s{number}"] = article_page(f"Story {number}")
        batch = PageSource("paper", host.url("/sitemap.xml"), fetcher).fetch(SourceState(), NOW)
        assert sorted(article.title for article in articles(batch)) == ["Story 3", "Story 4", "Story 5"]
        assert batch.shape == "sitemapindex"


def test_new_pages_come_though_the_index_of_their_sitemap_is_unchanged() -> None:
    with paper() as (host, fetcher):
        host.pages["/sitemap.xml"] = index(host, "/news.xml")
        host.pages["/news.xml"] = sitemap(host, ("/a", "2024-05-06"))
        host.pages |= {path: article_page(f"Story {path}") for path in ("/a", "/b")}
        host.headers = {"ETag": '"1"'}
        source = PageSource("paper", host.url("/sitemap.xml"), fetcher)
        first = source.fetch(SourceState(), NOW)
        host.pages["/news.xml"] = sitemap(host, ("/b", "2024-05-06"), ("/a", "2024-05-06"))
        assert [article.title for article in articles(source.fetch(first.state, NOW))] == ["Story /b"]


def test_packed_sitemaps_of_an_index_are_followed_and_packed_files_are_no_pages() -> None:
    with paper() as (host, fetcher):
        host.pages["/sitemap.xml"] = index(host, "/sitemap1.xml.gz")
        host.pages["/sitemap1.xml.gz"] = gzip.compress(sitemap(host, ("/a", ""), ("/archive.gz", "")))
        host.pages["/a"] = article_page("Story")
        batch = PageSource("paper", host.url("/sitemap.xml"), fetcher).fetch(SourceState(), NOW)
        assert [article.title for article in articles(batch)] == ["Story"]
        assert "/archive.gz" not in host.asked


def test_a_page_that_is_gone_is_accounted_for_once_and_one_that_fails_for_now_comes_later() -> None:
    with paper() as (host, fetcher):
        host.pages["/sitemap.xml"] = sitemap(
            host, ("/gone", "2024-05-06"), ("/ill", "2024-05-06"), ("/ok", "2024-05-06")
        )
        host.pages |= {"/gone": 404, "/ill": 500, "/ok": article_page("Story")}
        source = PageSource("paper", host.url("/sitemap.xml"), fetcher)
        first = source.fetch(SourceState(), NOW)
        assert [bool(item.fault) for item in first.items] == [True, False]
        assert not first.more
        host.pages["/ill"] = article_page("Late story")
        second = source.fetch(first.state, NOW)
        assert [article.title for article in articles(second)] == ["Late story"]
        assert len(second.items) == 1


def test_a_site_that_asks_to_wait_is_left_alone() -> None:
    with paper() as (host, fetcher):
        paths = [f"/s{number}" for number in range(5)]
        host.pages["/sitemap.xml"] = sitemap(host, *((path, "2024-05-06") for path in paths))
        host.pages |= dict.fromkeys(paths, 429)
        host.headers = {"Retry-After": "300"}
        batch = PageSource("paper", host.url("/sitemap.xml"), fetcher).fetch(SourceState(), NOW)
        assert (batch.items, batch.more, batch.retry_after) == ((), False, timedelta(minutes=5))
        assert sum(path in paths for path in host.asked) == 1


def test_of_a_site_that_wants_a_long_time_between_requests_each_poll_brings_a_page() -> None:
    with slow_paper() as (host, fetcher, time):
        host.pages["/sitemap.xml"] = index(host, "/part0.xml", "/part1.xml")
        for number in range(2):
            paths = [f"/s{number}{letter}" for letter in "abc"]
            host.pages[f"/part{number}.xml"] = sitemap(host, *((path, "2024-05-06") for path in paths))
            host.pages |= {path: article_page(f"Story {path}") for path in paths}
        host.pages["/s0a"] = 500
        batches = list(polled(PageSource("slow", host.url("/sitemap.xml"), fetcher), time))
        assert [[article.title for article in articles(batch)] for batch in batches if batch.items] == [
            ["Story /s0b"], ["Story /s0c"], ["Story /s1a"], ["Story /s1b"], ["Story /s1c"],
        ]  # fmt: skip
        assert sorted(host.asked) == sorted(host.pages)
        assert time() - NOW == timedelta(seconds=10 * (len(host.asked) - 1))
        assert batches[-1].state.cursor


def test_of_a_slow_site_with_much_to_read_the_listing_is_read_anew_now_and_then() -> None:
    with slow_paper() as (host, fetcher, time):
        paths = [f"/s{number}" for number in range(80)]
        host.pages["/sitemap.xml"] = sitemap(host, *((path, "2024-05-06") for path in paths))
        host.pages |= {path: article_page(f"Story {path}") for path in [*paths, "/breaking"]}
        for batch in polled(PageSource("slow", host.url("/sitemap.xml"), fetcher), time):
            if batch.items:
                entries = [("/breaking", "2024-05-06T11:00"), *((path, "2024-05-06") for path in paths)]
                host.pages["/sitemap.xml"] = sitemap(host, *entries)
        assert sorted(host.asked) == sorted([*host.pages, "/sitemap.xml"])
        assert host.asked.index("/breaking") == 61


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<!DOCTYPE html><html><form><input type=password></form></html>", FailureReason.LOGIN_PAGE),
        (b"<!DOCTYPE html><html><title>Just a moment...</title></html>", FailureReason.FORBIDDEN),
        (b"<rss version='2.0'/>", FailureReason.NOT_PARSED),
        (b"\x89PNG\r\n\x1a\n", FailureReason.NOT_PARSED),
    ],
)
def test_what_is_no_listing_is_refused(content: bytes, reason: FailureReason) -> None:
    with paper() as (host, fetcher):
        host.pages["/"] = content
        with pytest.raises(SourceError) as caught:
            PageSource("paper", host.url("/"), fetcher).fetch(SourceState(), NOW)
        assert caught.value.reason is reason


@pytest.mark.parametrize(
    "head",
    [
        '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2024-05-06T11:30:00+02:00",'
        '"dateModified":"2024-05-06T10:00:00Z"}</script>',
        '<meta property="article:published_time" content="2024-05-06T09:30:00Z">'
        '<meta property="article:modified_time" content="2024-05-06T10:00:00Z">',
        '<meta name="pubdate" content="2024-05-06 09:30:00 GMT"><meta name="lastmod" content="2024-05-06T10:00:00Z">',
    ],
)
def test_a_pages_times_are_read_to_the_minute(head: str) -> None:
    record = READER.read(read_page(article_page("Bank loses", head)), NOW)
    assert isinstance(record, Article)
    assert record.published_at == datetime(2024, 5, 6, 9, 30, tzinfo=UTC)
    assert (record.time_case, record.language) == (TimeCase.EDITED, "en")


def test_an_article_with_a_form_to_log_in_beside_it_is_an_article() -> None:
    form = "<form action='/login'><input type='password'></form>"
    assert not read_page(article_page("Login outage hits bank").replace(b"<nav>", f"<nav>{form}".encode())).fault


@pytest.mark.parametrize(
    "before",
    [
        b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n<?xml-stylesheet href='a.css'?>\n",
        b"<!-- " + b"all rights are ours " * 200 + b"-->\n",
        b"<br />\n<b>Warning</b>: Undefined variable $user in /www/head.php on line 3<br />\n",
        b"Notice: a session is open already\n",
    ],
)
def test_a_page_is_read_whatever_stands_before_its_document_type(before: bytes) -> None:
    record = READER.read(read_page(before + article_page("Bank loses")), NOW)
    assert isinstance(record, Article)
    assert record.title == "Bank loses"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (
            b"<!DOCTYPE html><html><title>Sign in</title><body><form><input type=password></form></body></html>",
            "log in",
        ),
        (b"<!DOCTYPE html><html><title>Just a moment...</title></html>", "human"),
        (b"<!DOCTYPE html><html><body></body></html>", "no article"),
        (b"%PDF-1.7", "no HTML"),
    ],
)
def test_a_page_without_an_article_is_an_item_with_a_fault(content: bytes, fault: str) -> None:
    item = read_page(content)
    assert item.fields is None
    assert fault in item.fault


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text("<>/=\"' abchtml!&;", max_size=80).map(lambda text: f"<html>{text}".encode()))
def test_any_bytes_are_a_page_or_a_fault_and_a_listing_or_none(content: bytes) -> None:
    item = read_page(content)
    assert (item.fields is None) == bool(item.fault)
    listing = read_listing(content, "https://p.example/")
    assert listing is None or listing.kind in ("sitemap", "sitemapindex", "list")


def test_an_include_that_is_no_expression_is_an_error_that_names_the_source() -> None:
    with paper() as (host, fetcher), pytest.raises(InputError, match="Source paper"):
        PageSource("paper", host.url("/"), fetcher, include="(")


def test_a_site_is_a_source() -> None:
    with paper() as (host, fetcher):
        assert isinstance(PageSource("paper", host.url("/"), fetcher), Source)


def test_a_sitemap_that_is_gone_hides_no_other_and_where_all_are_the_source_says_so() -> None:
    with paper() as (host, fetcher):
        host.pages["/sitemap.xml"] = index(host, "/old.xml", "/news.xml")
        host.pages["/news.xml"], host.pages["/a"] = sitemap(host, ("/a", "2024-05-06")), article_page("Story a")
        source = PageSource("paper", host.url("/sitemap.xml"), fetcher)
        assert [article.title for article in articles(source.fetch(SourceState(), NOW))] == ["Story a"]
        del host.pages["/news.xml"]
        with pytest.raises(SourceError) as caught:
            source.fetch(SourceState(), NOW)
        assert caught.value.reason is FailureReason.NOT_FOUND


def test_of_an_index_without_times_sitemaps_at_either_end_are_read() -> None:
    with paper() as (host, fetcher):
        names = [f"/part{number}.xml" for number in range(1, 6)]
        host.pages["/sitemap.xml"] = index(host, *names)
        for number in range(1, 6):
            host.pages[f"/part{number}.xml"] = sitemap(host, (f"/s{number}", "2024-05-06"))
            host.pages[f"/s{number}"] = article_page(f"Story {number}")
        batch = PageSource("paper", host.url("/sitemap.xml"), fetcher).fetch(SourceState(), NOW)
        assert {"Story 1", "Story 5"} <= {article.title for article in articles(batch)}


@pytest.mark.parametrize(
    ("dates", "titles"),
    [
        (("", "", ""), [["Old 0", "Old 1"], ["Story /b"]]),
        (("2024-05-04", "2024-05-05", "2024-05-06"), [["Story /a", "Story /m"], ["Story /b", "Old 0"]]),
    ],
)
def test_a_sitemap_of_an_index_that_names_very_many_pages_hides_no_other(
    dates: tuple[str, str, str], titles: list[list[str]]
) -> None:
    old, mid, new = dates
    with paper() as (host, fetcher):
        host.pages["/sitemap.xml"] = index(host, "/old.xml", "/mid.xml", "/new.xml")
        host.pages["/old.xml"] = sitemap(host, *((f"/o{number}", old) for number in range(2_500)))
        host.pages["/mid.xml"], host.pages["/new.xml"] = sitemap(host, ("/m", mid)), sitemap(host, ("/a", new))
        host.pages |= {f"/o{number}": article_page(f"Old {number}") for number in range(3)}
        host.pages |= {path: article_page(f"Story {path}") for path in ("/m", "/a", "/b")}
        source = PageSource("paper", host.url("/sitemap.xml"), fetcher, pages_at_once=2)
        first = source.fetch(SourceState(), NOW)
        host.pages["/new.xml"] = sitemap(host, ("/b", new), ("/a", new))
        second = source.fetch(first.state, NOW)
        assert [[article.title for article in articles(one)] for one in (first, second)] == titles
        # What the short ones leave of the memory is the long one's.
        assert old or len(first.state.seen) == MAX_SEEN


@pytest.mark.parametrize("away", ["it is gone", "others are later"])
def test_pages_of_a_sitemap_that_is_away_for_a_while_are_not_fetched_again(away: str) -> None:
    with paper() as (host, fetcher):

        def listed(*names: str) -> bytes:
            entries = (
                f"<sitemap><loc>{host.url(f'/{name}.xml')}</loc><lastmod>2024-05-0{6 - place}</lastmod></sitemap>"
                for place, name in enumerate(names)
            )
            return f"<sitemapindex>{''.join(entries)}</sitemapindex>".encode()

        host.pages["/sitemap.xml"] = before = listed("a", "b", "c", "d")
        for name in "abcd":
            host.pages[f"/{name}.xml"] = sitemap(host, *((f"/{name}{number}", "2024-05-06") for number in range(2)))
            host.pages |= {f"/{name}{number}": article_page(f"Story {name}{number}") for number in range(2)}
        source = PageSource("paper", host.url("/sitemap.xml"), fetcher)
        first = source.fetch(SourceState(), NOW)
        part = host.pages["/b.xml"]
        if away == "it is gone":
            host.pages["/b.xml"] = 404
        else:
            host.pages["/sitemap.xml"] = listed("d", "a", "c", "b")
        second = source.fetch(first.state, NOW)
        host.pages |= {"/sitemap.xml": before, "/b.xml": part}
        third = source.fetch(second.state, NOW)
        assert [len(one.items) for one in (first, second, third)] == [6, 0 if away == "it is gone" else 2, 0]


PICTURE = b"<a href='/'><?xml version='1.0' encoding='utf-8'?><svg viewBox='0 0 1 1'></svg></a>"
"""As drawing programs write it, and sites put it into their heads."""


def test_a_page_with_a_picture_in_its_head_that_declares_itself_is_a_page() -> None:
    item = read_page(article_page("Bank loses").replace(b"<nav>", b"<nav>" + PICTURE))
    assert (item.fields or {}).get("title") == "Bank loses"
    assert BODY in str((item.fields or {}).get("description"))
    listing = read_listing(b"<!DOCTYPE html><html><body>" + PICTURE + b"<a href='/a'>x</a>", "https://p.example/")
    assert listing is not None
    assert [link.url for link in listing.links][-1] == "https://p.example/a"
