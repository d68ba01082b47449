"""HTML as plain text, and pages that stand where news should be."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.sources.markup import feed_link, page_fault, parse_html, plain_text

PIECES = st.sampled_from(
    ["<p>", "</p>", "<b>", "</b", "<", ">", "&", "&amp;", "&amp;amp;", "&#0;", "&#xD800;", "&nbsp;", "<!--", "-->",
     "<script>", "</script>", "<![CDATA[", "]]>", "fall", " ", "\x00", "<a href='x", "<svg/onload=x>", "&notit;",
     "&#11;", "&#8;", "&#xFFFE;", "\x08", "\x1f", "\ufffe"]
)  # fmt: skip
URL = "https://paper.example/feed"


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=60))
def test_any_markup_becomes_one_line_and_words_outside_tags_stay(markup: str) -> None:
    text = plain_text(markup)
    assert text == " ".join(text.split())
    assert "fall" not in plain_text(f"<script>{markup.replace('script', '')}</script><p>x</p>") or "-->" in markup


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Bank fails", "Bank fails"),
        ("<p>Bank</p><p>fails</p>", "Bank fails"),
        ("Bank<br>fails<br/>again", "Bank fails again"),
        ("<b>Ba</b>nk fails", "Bank fails"),
        ("Profit &lt; 5% &amp; falling", "Profit < 5% & falling"),
        ("Margin <5% and >2%", "Margin <5% and >2%"),
        ("R&D at AT&T", "R&D at AT&T"),
        ("Caf&amp;eacute; chain&amp;nbsp;sold", "Café chain sold"),
        ("<style>p{}</style>Bank<!-- x --> fails<script>alert(1)</script>", "Bank fails"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("<p>央行下调<strong>贷款</strong>利率</p>", "央行下调贷款利率"),
        ("<p>Bank <a href='x>fails</a>", "Bank"),
        ("<p>Bank&#11;fails</p>", "Bank fails"),
        ("<p>Ba&#8;nk</p>\ufffefails", "Bank fails"),
        ("Ba\x08nk\x1ffa\ufffeils", "Bank fails"),
        ("Ba&amp;#8;nk fails", "Bank fails"),
        ("", ""),
    ],
)
def test_words_are_kept_and_signs_that_are_no_markup(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_deep_and_huge_markup_is_read_in_bounds() -> None:
    assert "x" in plain_text("<div>" * 20_000 + "x")
    assert plain_text("<p>" + "word " * 100_000).endswith("word")


@pytest.mark.parametrize(
    ("text", "url", "fault"),
    [
        ("<rss version='2.0'/>", URL, None),
        ("plain words", URL, None),
        ("<!DOCTYPE html><title>Paper</title>", URL, "page"),
        ("\ufeff\n<html><body>Hello", URL, "page"),
        ("<!doctype html><title>Sign in - Paper</title>", URL, "login"),
        ("<!doctype html><title>用户登录</title>", URL, "login"),
        ("<html><form><input name=p type='password'></form>", URL, "login"),
        ("<html><title>Paper</title>", "https://paper.example/login?next=/feed", "login"),
        ("<html><title>Login outage hits bank</title>", "https://paper.example/story/login-outage", "login"),
        ("<!DOCTYPE html><html><head><title>Just a moment...</title>", URL, "challenge"),
        ("<html><title>Access Denied</title>", URL, "challenge"),
        ("<!-- made by hand --><rss/>", URL, None),
        ("<!-- an <html> page --><rss/>", URL, None),
        ("<?xml version='1.0'?><rss><![CDATA[<html>]]></rss>", URL, None),
        ("<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0'><html><title>Log in", URL, "login"),
        ("<!-- " + "made by hand " * 200 + "--><html><title>Paper</title>", URL, "page"),
        ("<!DOCTYPE html><style>a{b:url('data:,<?xml version=\"1.0\"?><svg/>')}</style><title>Sign in", URL, "login"),
    ],
)
def test_what_stands_where_news_should_be_is_told(text: str, url: str, fault: str | None) -> None:
    assert page_fault(text, url) == fault


def test_a_page_names_its_feed() -> None:
    page = '<html><link rel="stylesheet" href="x.css"><link rel="alternate" type="application/rss+xml" href="/f.xml">'
    assert feed_link(page, "https://paper.example/money/") == "https://paper.example/f.xml"
    assert feed_link("<html>", URL) == ""


@pytest.mark.parametrize(
    "sign", ["\x08", "\ufffe", "&#8;", "&#x0008;", "&#8", "&#xFFFE;", "&#xD800;", "&#0;", "&#9999999;"]
)
def test_what_xml_forbids_comes_into_no_tree(sign: str) -> None:
    tree = parse_html(f"<p title='ba{sign} nk'>Ba{sign} nk</p>")
    assert tree is not None
    paragraph = tree.find(".//p")
    assert paragraph is not None
    assert (paragraph.text, paragraph.get("title")) == ("Ba nk", "ba nk")


def test_a_page_without_anything_has_no_tree() -> None:
    assert parse_html("") is None


def test_a_page_of_open_titles_is_looked_at_in_bounds() -> None:
    before = process_time()
    assert page_fault("<html>" + "<title" * 40_000, URL) == "page"
    assert process_time() - before < 2, "with the square of its length it would take six seconds and more"
