"""The fetcher against the misbehaving server, over real HTTP on the loopback interface."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.ingest.web.fetcher import Fetched, Fetcher, FetchError, FetchFailure
from tests.ingest.hostile import BEHAVIOURS, FEEDS, Hostile, contacts, serving
from tests.ingest.hostile.acts import ETAG, PAGE, good, moved
from tests.ingest.hostile.redirects import INSIDE
from tests.ingest.web.fetching import HASTY, LIMITS, REFUSED, Time, failure, fetcher_for, verdict_on


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_misbehaviour_gets_its_verdict_and_nothing_else_is_contacted(hostile: Hostile, name: str) -> None:
    expected = BEHAVIOURS[name].verdict
    fetcher = fetcher_for(hostile, HASTY if expected == "timeout" else LIMITS)

    with contacts() as contacted:
        verdict = verdict_on(fetcher, hostile.url(name), etag=ETAG if expected == "not_modified" else "")

    assert verdict == expected
    assert set(contacted) <= {("127.0.0.1", hostile.port), ("127.0.0.1", hostile.tls_port)}


def test_the_server_misbehaves_in_more_than_forty_ways_and_every_failure_is_among_them() -> None:
    provoked = {behaviour.verdict for behaviour in BEHAVIOURS.values()}
    bad_url = {FetchFailure.BAD_URL}  # an address of ours, not an answer of theirs

    assert len(BEHAVIOURS) - len(FEEDS) > 100
    assert provoked == {*FetchFailure, *get_args(Fetched.__annotations__["status"]), "new", "not_modified"} - bad_url


@pytest.mark.parametrize("name", FEEDS)
def test_bodies_come_as_they_were_sent(hostile: Hostile, name: str) -> None:
    fetched = fetcher_for(hostile).get(hostile.url(name))

    assert fetched.content == FEEDS[name].content
    assert fetched.media_type == FEEDS[name].content_type.partition(";")[0]


@pytest.mark.parametrize("name", ["padded_gzip", "gzip_in_parts", "raw_deflate", "foreign_header"])
def test_odd_but_whole_answers_are_read_to_the_end(hostile: Hostile, name: str) -> None:
    assert fetcher_for(hostile).get(hostile.url(name)).content == PAGE


@pytest.mark.parametrize("url", INSIDE.values())
def test_addresses_inside_are_refused_when_configured_too(hostile: Hostile, url: str) -> None:
    with contacts() as contacted:
        assert failure(fetcher_for(hostile), url).reason == REFUSED

    assert not contacted


NO_WEB_ADDRESSES = (
    "",
    "feed.xml",
    "ftp://paper.example/",
    "file:///etc/passwd",
    "http://",
    "http:///feed",
    "http://[::1",
    "http://a b/",
    "http://a\nb/",
    "http://paper.example:0/",
    "http://paper.example:70000/",
    "http://paper..example/",
    "http://paper.example/" + "x" * 9_000,
    "http://xn--/",
    "http://0177.0.0.1/",
    "http://127.0.0.1%00.paper.example/",
    "http://①②⑦.⓪.⓪.①/",
)


@pytest.mark.parametrize("url", NO_WEB_ADDRESSES)
def test_what_is_no_web_address_is_refused_before_anything_is_looked_up(hostile: Hostile, url: str) -> None:
    before = len(hostile.looked_up)

    assert failure(fetcher_for(hostile), url).reason == FetchFailure.BAD_URL
    assert len(hostile.looked_up) == before


class TestNames:
    def test_a_name_is_looked_up_once_for_a_connection_and_that_very_address_is_contacted(self) -> None:
        with serving({}) as hostile, contacts() as contacted:
            url = hostile.add("rebinding", good)
            fetcher = fetcher_for(hostile)

            assert fetcher.get(url, robots=False).content == PAGE  # answered with the allowed address, once
            assert hostile.looked_up == ["rebinding.hostile.test"]
            assert failure(fetcher, url).reason == REFUSED  # from then on with one inside
            assert contacted == [("127.0.0.1", hostile.port)]

    def test_a_redirect_to_the_same_name_is_checked_anew(self) -> None:
        with serving({}) as hostile:
            url = hostile.add("rebinding", moved(302))

            with pytest.raises(FetchError) as caught:
                fetcher_for(hostile).get(url, robots=False)

            assert caught.value.reason == REFUSED
            assert len(hostile.asked("rebinding")) == 1

    def test_the_host_and_tls_carry_the_name_though_the_address_is_pinned(self, hostile: Hostile) -> None:
        fetcher_for(hostile).get(hostile.url("tls_good"))
        request = hostile.asked("tls_good")[-1]

        assert request.headers["host"] == f"tls-good.hostile.test:{hostile.tls_port}"
        assert request.server_name == "tls-good.hostile.test"

    def test_an_unknown_authority_is_not_trusted(self, hostile: Hostile) -> None:
        fetcher = fetcher_for(hostile, tls=ssl.create_default_context())

        assert failure(fetcher, hostile.url("tls_good")).reason == FetchFailure.TLS

    def test_tls_toward_a_plain_port_fails_as_tls(self, hostile: Hostile) -> None:
        url = f"https://good.hostile.test:{hostile.port}/feed"

        assert failure(fetcher_for(hostile), url).reason == FetchFailure.TLS

    def test_a_port_where_nobody_listens_fails_to_connect(self, hostile: Hostile) -> None:
        with serving({}) as closed:
            gone = closed.port
        fetcher = Fetcher(
            user_agent="m", limits=LIMITS, clock=Time(), allow=[f"127.0.0.1:{gone}"], resolver=hostile.resolver
        )

        assert failure(fetcher, f"http://good.hostile.test:{gone}/").reason == FetchFailure.CONNECT


FRAGMENTS = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 302 Found\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Location: ",
    b"Retry-After: ",
    b"http://",
    b"0\r\n\r\n",
    b"5\r\n",
    b"\r\n",
)


def test_whatever_a_server_sends_is_an_answer_or_a_named_failure() -> None:
    with serving({}) as hostile:

        @given(st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=20), max_size=12).map(b"".join))
        @example(b"HTTP/1.1 302 Found\r\nLocation: \xc3\xbc\xff?\x80\r\n\r\n")
        def check(sent: bytes) -> None:
            url = hostile.add("any_bytes", lambda line, _: line.send(sent))

            assert verdict_on(fetcher_for(hostile), url) in {*FetchFailure, "new"}

        check()


def test_many_threads_may_fetch_at_once(hostile: Hostile) -> None:
    names = ["good", "gzip_in_parts", "circle_of_one", "gzip_bomb", "tls_good", "resets", "not_found", "moved"] * 3
    with fetcher_for(hostile) as fetcher, ThreadPoolExecutor(8) as pool:
        verdicts = pool.map(lambda name: verdict_on(fetcher, hostile.url(name)), names)

        assert list(verdicts) == [BEHAVIOURS[name].verdict for name in names]


def test_the_environment_cannot_redirect_the_fetcher(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")

    assert fetcher_for(hostile).get(hostile.url("good")).content == PAGE
