"""Addresses as configured and as redirected to: a plain web address comes out, or a named refusal."""

from __future__ import annotations

import contextlib

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.ingest.urls import MAX_CHARACTERS
from monitor.ingest.web.fetched import FetchError, FetchFailure
from monitor.ingest.web.targets import bare, login_of, parse_target, port_of, redirected, site_of

HERE = httpx.URL("https://paper.example:8443/news/feed?x=1")
PIECES = st.sampled_from(
    [
        "http",
        "https",
        "://",
        "//",
        "/",
        "@",
        ":",
        "?",
        "#",
        "..",
        "[::1]",
        "127.1",
        "paper.example",
        "xn--",
        "%00",
        "\\",
        "ü",
    ]
)
TEXTS = st.text(max_size=30) | st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join)


@given(TEXTS)
@example("http://paper.example\\@10.0.0.1/")
@example("http://xn--/")
@example("http://１２７.０.０.１/")
def test_any_text_is_a_plain_web_address_or_none(text: str) -> None:
    with contextlib.suppress(FetchError):
        url = parse_target(text)

        assert url.scheme in ("http", "https")
        assert url.host
        assert 0 < port_of(url) < 65_536
        assert not set(url.raw_host.decode("ascii")) & set("%@/\\?# ")
        assert parse_target(str(url)) == url


@given(TEXTS)
def test_a_redirect_leads_to_a_bare_address_that_is_no_less_safe(location: str) -> None:
    reason: FetchFailure | None = None
    try:
        target = redirected(HERE, location)
    except FetchError as error:
        reason = error.reason
    else:
        assert target.scheme == "https"
        assert not target.userinfo
        assert not target.fragment

    assert reason in (None, FetchFailure.BAD_REDIRECT)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("other", "https://paper.example:8443/news/other"),
        ("/other", "https://paper.example:8443/other"),
        ("?y=2", "https://paper.example:8443/news/feed?y=2"),
        ("//wire.example/a", "https://wire.example/a"),
        (" https://wire.example/a#b ", "https://wire.example/a"),
        ("https://desk:secret@wire.example/", "https://wire.example/"),
        ("/ü", "https://paper.example:8443/%C3%BC"),
    ],
)
def test_a_redirect_is_read_against_where_it_came_from(location: str, target: str) -> None:
    assert str(redirected(HERE, location)) == target


def test_a_redirect_may_go_from_http_to_https_and_not_back() -> None:
    plain = httpx.URL("http://paper.example/")

    assert redirected(plain, "https://paper.example/").scheme == "https"
    assert redirected(plain, "http://wire.example/").scheme == "http"
    with pytest.raises(FetchError, match="https to http"):
        redirected(HERE, "http://paper.example/")


def test_the_longest_address_is_taken_and_no_longer_one() -> None:
    longest = "http://paper.example/".ljust(MAX_CHARACTERS, "x")

    assert parse_target(longest)
    with pytest.raises(FetchError, match="characters"):
        parse_target(longest + "x")


def test_a_login_is_taken_out_of_the_address_and_decoded() -> None:
    url = parse_target("https://desk:p%40ss@paper.example/feed#part")

    assert login_of(url) == "Basic ZGVzazpwQHNz"
    assert login_of(bare(url)) == ""
    assert str(bare(url)) == "https://paper.example/feed"


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://Paper.example/feed", "https://paper.example:443"),
        ("http://paper.example:80/", "http://paper.example:80"),
        ("http://münchen.example/", "http://xn--mnchen-3ya.example:80"),
    ],
)
def test_a_site_is_scheme_host_and_port(url: str, site: str) -> None:
    assert site_of(parse_target(url)) == site
