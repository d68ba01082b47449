"""Feeds of every kind, fetched again and again over real HTTP."""

from __future__ import annotations

import json
import re
from datetime import UTC, timedelta

import pytest

from monitor.articles import Article, TimeCase
from monitor.ingest.items import ColumnMap, ItemReader
from monitor.ingest.sources.feeds import FeedSource
from monitor.ingest.sources.source import Batch, FailureReason, Source, SourceError, SourceState
from monitor.ingest.web.fetched import FetchFailure
from tests.ingest.hostile import serving
from tests.ingest.hostile.bodies import entry, rss
from tests.ingest.paper_server import NOW, Paper, fetcher_for, paper

READER = ItemReader(name="paper", columns=ColumnMap(), zone=UTC)

RSS_091 = """<!DOCTYPE rss PUBLIC "-//Paper//DTD RSS 0.91//EN" "http://paper.example/rss-0.91.dtd">
<rss version="0.91"><channel><title>P</title>
<item><title>Mill closes</title><link>/mill</link></item></channel></rss>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>P</title></channel>
<item rdf:about="https://paper.example/mill"><title>Mill closes</title><link>https://paper.example/mill</link>
<dc:date>2024-05-06T09:30:00Z</dc:date><dc:creator>Ada Reed</dc:creator></item></rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>P</title><id>x</id>
<entry><id>tag:paper.example,2024:mill</id><title type="html">Mill &lt;b&gt;closes&lt;/b&gt;</title>
<link rel="alternate" href="/mill"/><published>2024-05-06T09:30:00Z</published><updated>2024-05-06T10:30:00Z</updated>
<author><name>Ada Reed</name></author><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
<p>Two hundred jobs</p><p>go.</p></div></content></entry></feed>"""
JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1",
        "title": "P",
        "items": [
            {"id": 7, "url": "/mill", "title": "Mill closes", "content_html": "<p>Two hundred jobs</p><p>go.</p>",
             "date_published": "2024-05-06T09:30:00Z", "author": {"name": "Ada Reed"}}
        ],
    }
)  # fmt: skip
OWN_NAME = rss(entry(1).replace("pubDate", "pubTime"))


def fetch_once(content: str, language: str = "") -> Batch:
    with paper() as (host, fetcher):
        host.pages["/feed"] = content.encode()
        return FeedSource("paper", host.url("/feed"), fetcher, language=language).fetch(SourceState(), NOW)


def only(batch: Batch) -> Article:
    (item,) = batch.items
    record = READER.read(item, NOW)
    assert isinstance(record, Article)
    return record


UNSURE = "Aktie fällt stark"
"""Too short to be sure of; with a hint it is German."""


def spoken(kind: str, language: str) -> str:
    """A feed that says that it, or its entry, is in a language; in none where that is empty."""
    if kind == "rss":
        own = f"<language>{language}</language>" if language else ""
        return f'<rss version="2.0"><channel><title>P</title>{own}<item><title>{UNSURE}</title></item></channel></rss>'
    if kind == "json":
        own_entry = {"id": 1, "title": UNSURE} | ({"language": language} if language else {})
        return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "P", "items": [own_entry]})
    own = f'xml:lang="{language}"' if language else ""
    title = f"<title {own}>{UNSURE}</title>" if kind == "entry" else f"<title>{UNSURE}</title>"
    head = f'<feed xmlns="http://www.w3.org/2005/Atom" {own if kind == "atom" else ""}>'
    return f"{head}<title>P</title><id>x</id><entry><id>y</id>{title}</entry></feed>"


@pytest.mark.parametrize("kind", ["rss", "atom", "entry", "json"])
@pytest.mark.parametrize(
    ("said", "configured", "language"),
    [("", "", "en"), ("de-DE", "", "de"), ("", "de", "de"), ("de", "fr", "de"), ("fr", "de", "en")],
)
def test_what_a_feed_says_of_its_language_is_heard_and_else_what_the_settings_say(
    kind: str, said: str, configured: str, language: str
) -> None:
    assert only(fetch_once(spoken(kind, said), configured)).language == language


@pytest.mark.parametrize(("content", "shape"), [(RSS_091, "rss091u"), (RDF, "rss10"), (ATOM, "atom10"), (JSON, "json")])
def test_every_kind_of_feed_gives_the_same_story(content: str, shape: str) -> None:
    batch = fetch_once(content)
    article = only(batch)
    assert article.title == "Mill closes"
    assert article.url.endswith("/mill")
    assert article.url.startswith("http")
    assert batch.shape.split()[0] == shape
    if content != RSS_091:
        assert article.published_at == NOW.replace(hour=9, minute=30)
        assert article.author == "Ada Reed"


def test_atom_tells_edits_and_rdf_calls_its_only_date_the_publication() -> None:
    assert only(fetch_once(ATOM)).time_case is TimeCase.EDITED
    assert only(fetch_once(RDF)).time_case is TimeCase.PUBLISHED
    assert only(fetch_once(ATOM)).body == "Two hundred jobs go."


def test_a_date_under_a_name_of_the_feeds_own_is_found() -> None:
    assert only(fetch_once(OWN_NAME)).published_at is not None


def test_the_second_fetch_is_conditional_and_an_unchanged_feed_has_no_items() -> None:
    with paper() as (host, fetcher):
        host.pages["/feed"], host.headers = rss().encode(), {"ETag": '"1"'}
        source = FeedSource("paper", host.url("/feed"), fetcher)
        first = source.fetch(SourceState(), NOW)
        second = source.fetch(first.state, NOW)
        assert len(first.items) == 3
        assert second.not_modified
        assert (second.items, second.state) == ((), first.state)


def test_the_state_of_another_address_is_not_used() -> None:
    with paper() as (host, fetcher):
        host.pages["/feed"] = host.pages["/other"] = rss().encode()
        host.headers = {"ETag": '"1"'}
        state = FeedSource("paper", host.url("/feed"), fetcher).fetch(SourceState(), NOW).state
        assert len(FeedSource("paper", host.url("/other"), fetcher).fetch(state, NOW).items) == 3


def moved(host: Paper, old: str, new: str) -> None:
    host.pages[old] = 301
    host.headers = {"Location": host.url(new)}


def test_a_feed_that_moved_for_good_is_asked_at_its_new_address_until_that_fails() -> None:
    with paper() as (host, fetcher):
        host.pages["/new"] = rss().encode()
        moved(host, "/feed", "/new")
        source = FeedSource("paper", host.url("/feed"), fetcher)
        first = source.fetch(SourceState(), NOW)
        assert first.moved_to == host.url("/new")
        source.fetch(first.state, NOW)
        assert [path for path in host.asked if path != "/robots.txt"] == ["/feed", "/new", "/new"]
        host.pages["/new"], host.pages["/feed"] = 404, rss(entry(1)).encode()
        back = source.fetch(first.state, NOW)
        assert (len(back.items), back.moved_to) == (1, "")


def test_a_page_that_names_a_feed_is_refused_with_its_address() -> None:
    with pytest.raises(SourceError, match=r"not a feed.*/feed\.xml") as caught:
        fetch_once('<!DOCTYPE html><html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml">')
    assert caught.value.reason is FailureReason.NOT_A_FEED


def test_a_sitemap_is_no_feed_and_the_remedy_says_so() -> None:
    with pytest.raises(SourceError, match="kind `page`"):
        fetch_once('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>x</loc></url></urlset>')


def test_what_the_fetcher_says_is_passed_on_with_its_wait() -> None:
    with paper() as (host, fetcher):
        host.pages["/feed"], host.headers = 429, {"Retry-After": "120"}
        with pytest.raises(SourceError) as caught:
            FeedSource("paper", host.url("/feed"), fetcher).fetch(SourceState(), NOW)
        assert caught.value.reason is FailureReason.RATE_LIMITED
        assert caught.value.retry_after == timedelta(minutes=2)


def test_the_longest_wait_that_feed_or_server_ask_for_is_told() -> None:
    assert fetch_once(rss().replace("</description>", "</description><ttl>45</ttl>", 1)).wait == timedelta(minutes=45)
    with paper() as (host, fetcher):
        host.pages["/feed"], host.headers = rss().encode(), {"Cache-Control": "max-age=600"}
        assert FeedSource("p", host.url("/feed"), fetcher).fetch(SourceState(), NOW).wait == timedelta(minutes=10)


def test_a_feed_that_loses_its_dates_has_another_shape() -> None:
    whole, without = fetch_once(rss()), fetch_once(rss().replace("pubDate", "x"))
    assert whole.shape == "rss20 guid url title body published"
    assert without.shape == "rss20 guid url title body"


def test_the_same_guid_on_different_stories_names_neither_and_the_same_story_twice_is_one() -> None:
    twice = fetch_once(rss(entry(1), entry(1), entry(2, guid="s"), entry(3, guid="s")))
    ids = [record.id for item in twice.items if isinstance(record := READER.read(item, NOW), Article)]
    assert (len(ids), len(set(ids))) == (4, 3)


@pytest.mark.parametrize("named", ["guid", "link"])
def test_a_name_that_stories_shared_once_names_none_of_them_from_then_on(named: str) -> None:
    def listed(*titles: str) -> bytes:
        own = f"<{named}>/live</{named}>"
        stories = "".join(f"<item><title>{title}</title>{own}</item>" for title in titles)
        return f'<rss version="2.0"><channel><title>P</title>{stories}</channel></rss>'.encode()

    ids: list[dict[str, str]] = []
    state = SourceState()
    with paper() as (host, fetcher):
        source = FeedSource("paper", host.url("/feed"), fetcher)
        for titles in (["A", "B"], ["B"], ["C", "B"], ["C"], ["D"]):
            host.pages["/feed"] = listed(*titles)
            batch = source.fetch(state, NOW)
            records = [READER.read(item, NOW) for item in batch.items]
            ids.append({record.title: record.id for record in records if isinstance(record, Article)})
            state = batch.state
    assert ids[0]["B"] == ids[1]["B"] == ids[2]["B"]
    assert ids[2]["C"] == ids[3]["C"]
    assert len({name for told in ids for name in told.values()}) == 4


def test_a_guid_that_counts_its_edits_in_the_fragment_stays_one() -> None:
    one, other = (only(fetch_once(rss(entry(1, guid=f"https://paper.example/mill#{edit}")))) for edit in (0, 4))
    assert one.id == other.id


def by_relative_names(kind: str, *, named: bool) -> str:
    """A feed whose entry is named by a number, or not at all, and whose link has no host."""
    if kind == "rss":
        guid = "<guid>12345</guid>" if named else ""
        own_entry = f"<item>{guid}<title>Mill closes</title><link>/mill?n=1</link></item>"
        return f'<rss version="2.0"><channel><title>P</title>{own_entry}</channel></rss>'
    if kind == "json":
        item = {"url": "/mill?n=1", "title": "Mill closes"} | ({"id": "12345"} if named else {})
        return json.dumps({"version": "https://jsonfeed.org/version/1", "title": "P", "items": [item]})
    guid = "<id>12345</id>" if named else ""
    own_entry = f'<entry>{guid}<title>Mill closes</title><link href="/mill?n=1"/></entry>'
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>P</title><id>x</id>{own_entry}</feed>'


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("kind", ["rss", "atom", "json"])
def test_an_entry_is_the_same_at_whichever_mirror_its_feed_was_found(kind: str, named: bool) -> None:
    found = []
    with serving({}) as hostile, fetcher_for(hostile) as fetcher:
        for name in ("mirror1", "mirror2"):
            mirror = Paper(hostile, name)
            mirror.pages[f"/{name}/feed"] = by_relative_names(kind, named=named).encode()
            article = only(FeedSource("paper", mirror.url(f"/{name}/feed"), fetcher).fetch(SourceState(), NOW))
            assert article.url == mirror.url("/mill?n=1")
            found.append((article.id, article.position))
    assert found[0] == found[1]
    assert found[0][1] == ("12345" if named else "/mill?n=1")


@pytest.mark.parametrize(
    ("tag", "one", "other"),
    [
        ("link", "/a?utm_campaign=mon", "/a?utm_campaign=tue"),
        ("link", "/a#edit-1", "/a#edit-2"),
        ("link", "a;jsessionid=1", "a;jsessionid=2"),
        ("guid", "/a#edit-1", "/a#edit-2"),
    ],
)
def test_marks_on_a_link_without_a_host_make_no_other_entry(tag: str, one: str, other: str) -> None:
    ids = []
    with serving({}) as hostile, fetcher_for(hostile) as fetcher:
        paper = Paper(hostile, "paper")
        for name in (one, other, "/b"):
            entry = f"<item><{tag}>{name}</{tag}><title>Mill closes</title></item>"
            content = f'<rss version="2.0"><channel><title>P</title>{entry}</channel></rss>'
            paper.pages["/feed"] = content.encode()
            ids.append(only(FeedSource("paper", paper.url("/feed"), fetcher).fetch(SourceState(), NOW)).id)
    assert ids[0] == ids[1] != ids[2]


def test_different_stories_under_one_name_stay_the_same_at_every_mirror() -> None:
    entries = "".join(
        f"<item><guid>front</guid><title>Story {number}</title><link>/{number}</link></item>" for number in range(2)
    )
    content = f'<rss version="2.0"><channel><title>P</title>{entries}</channel></rss>'.encode()
    ids = []
    with serving({}) as hostile, fetcher_for(hostile) as fetcher:
        for name in ("mirror1", "mirror2"):
            mirror = Paper(hostile, name)
            mirror.pages["/feed"] = content
            batch = FeedSource("paper", mirror.url("/feed"), fetcher).fetch(SourceState(), NOW)
            ids += [record.id for item in batch.items if isinstance(record := READER.read(item, NOW), Article)]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_a_base_that_the_feed_names_itself_completes_links_and_ids() -> None:
    based = by_relative_names("atom", named=True).replace("<feed ", '<feed xml:base="https://wire.example/news/" ')
    article = only(fetch_once(based))
    assert (article.url, article.position) == ("https://wire.example/mill?n=1", "https://wire.example/news/12345")
    below = by_relative_names("atom", named=True).replace("<feed ", '<feed xml:base="/news/" ').replace("/mill", "mill")
    article = only(fetch_once(below))
    assert article.url.startswith("http")
    assert article.url.endswith("/news/mill?n=1")


@pytest.mark.parametrize(
    "content",
    [
        rss(entry(1).replace("Deposits fell", "&lt;p&gt;Deposits&#11;fell&lt;/p&gt;"), entry(2)),
        rss(entry(1).replace("Deposits fell", "&lt;p&gt;Deposits&amp;#11;fell&lt;/p&gt;"), entry(2)),
        JSON.replace("Two hundred", "Deposits\\u000bfell"),
    ],
)
def test_a_sign_that_no_xml_may_hold_spoils_neither_entry_nor_feed(content: str) -> None:
    first, *rest = (READER.read(item, NOW) for item in fetch_once(content).items)
    assert isinstance(first, Article)
    assert first.body.startswith("Deposits fell")
    assert all(isinstance(record, Article) for record in rest)


def test_every_failure_of_the_fetcher_is_a_reason() -> None:
    assert {failure.value for failure in FetchFailure} < {reason.value for reason in FailureReason}


def test_a_feed_is_a_source() -> None:
    with paper() as (host, fetcher):
        assert isinstance(FeedSource("paper", host.url("/feed"), fetcher), Source)


@pytest.mark.parametrize(
    "content", ["  ", "<html><title>Sign in</title>", "<opml/>", "{", '{"items": 3}', "<rss><channel>"]
)
def test_no_message_shows_the_login_or_the_query_of_an_address(content: str) -> None:
    with paper() as (host, fetcher):
        host.pages["/feed?apikey=K3y"] = content.encode()
        url = host.url("/feed?apikey=K3y").replace("://", "://desk:S3cret@")
        with pytest.raises(SourceError, match=r"http://paper[^ ]*/feed ") as caught:
            FeedSource("paper", url, fetcher).fetch(SourceState(), NOW)
    assert not re.search("S3cret|K3y", f"{caught.value} {caught.value.what}")


def test_half_a_sign_in_one_entry_of_a_json_feed_spoils_no_other() -> None:
    cut = JSON.replace('"items": [', '"items": [{"id": 6, "title": "Mill \\ud83d"}, ')
    assert [(item.fields or {})["title"] for item in fetch_once(cut).items] == ["Mill \ufffd", "Mill closes"]
