"""The fetcher against the misbehaving server, over real HTTP on the loopback interface."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.ingest.fetcher import Fetched, Fetcher, FetchError, FetchFailure, FetchLimits
from tests.ingest.hostile import BEHAVIOURS, FEEDS, Hostile, contacts, serving, trusted_by_tests
from tests.ingest.hostile.acts import ETAG, PAGE, answers, good, moved
from tests.ingest.hostile.lines import Line, Request
from tests.ingest.hostile.redirects import INSIDE

NOW = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
LIMITS = FetchLimits(max_bytes=3_000_000, total_seconds=20, host_seconds=0, retries=0)
HASTY = FetchLimits(total_seconds=0.3, host_seconds=0, retries=0)
REFUSED = FetchFailure.REFUSED_ADDRESS


class Time:
    """A clock that stands until somebody waits."""

    def __init__(self) -> None:
        self.now = NOW
        self.waits: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def hostile() -> Iterator[Hostile]:
    with serving() as server:
        yield server


def fetcher_for(
    hostile: Hostile, limits: FetchLimits = LIMITS, time: Time | None = None, tls: ssl.SSLContext | None = None
) -> Fetcher:
    time = time or Time()
    return Fetcher(
        user_agent="sentiment-monitor/1.0 (+mailto:desk@paper.example)",
        limits=limits,
        clock=time,
        allow=hostile.allow,
        resolver=hostile.resolver,
        wait=time.wait,
        tls=tls or trusted_by_tests(),
    )


def failure(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        fetcher.get(url)
    return caught.value


def verdict_on(fetcher: Fetcher, url: str, etag: str = "") -> str:
    try:
        return fetcher.get(url, etag=etag).status
    except FetchError as error:
        return error.reason


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


class TestConditions:
    def test_validators_are_sent_back_and_kept_where_nothing_changed(self, hostile: Hostile) -> None:
        fetcher, url = fetcher_for(hostile), hostile.url("conditional")
        first = fetcher.get(url)
        second = fetcher.get(url, etag=first.etag, last_modified=first.last_modified)
        request = hostile.asked("conditional")[-1]

        assert (first.status, first.etag, second.status, second.etag) == ("new", ETAG, "not_modified", ETAG)
        assert second.content == b""
        assert second.last_modified == "Mon, 06 May 2024 09:30:00 GMT"
        assert request.headers["if-modified-since"] == second.last_modified

    def test_validators_that_would_break_a_request_are_neither_kept_nor_sent(self, hostile: Hostile) -> None:
        fetched = fetcher_for(hostile).get(hostile.url("odd_validators"), etag='"a"\r\nX-Evil: 1', last_modified="é")

        assert (fetched.etag, fetched.last_modified) == ("", "")
        assert not {"if-none-match", "if-modified-since", "x-evil"} & hostile.asked("odd_validators")[-1].headers.keys()

    def test_what_headers_say_of_the_answer(self) -> None:
        headers = {"Content_Type": 'Text/XML; Charset="GB2312"', "Cache_Control": "public, max-age=900", "Age": "300"}
        with serving({}) as hostile:
            fetched = fetcher_for(hostile).get(hostile.add("said", answers(200, PAGE, **headers)))

        assert (fetched.media_type, fetched.charset) == ("text/xml", "gb2312")
        assert fetched.max_age == timedelta(minutes=10)
        assert fetched.retrieved_at == NOW


class TestRedirects:
    @pytest.mark.parametrize(
        ("name", "found", "permanent"),
        [
            ("good", "/feed", "/feed"),
            ("moved", "/hop-2", "/hop-2"),
            ("moved_then_lent", "/hop-2", "/hop-1"),
            ("lent_then_moved", "/hop-2", "/feed"),
        ],
    )
    def test_only_what_was_said_to_be_for_good_is_kept(
        self, hostile: Hostile, name: str, found: str, permanent: str
    ) -> None:
        fetched = fetcher_for(hostile).get(hostile.url(name))

        assert fetched.url == hostile.url(name, found)
        assert fetched.permanent_url == hostile.url(name, permanent)

    def test_what_did_not_move_keeps_its_address_to_the_letter(self, hostile: Hostile) -> None:
        asked = hostile.url("good").replace("http://good", "HTTP://Good") + "#part"
        fetched = fetcher_for(hostile).get(asked)

        assert (fetched.url, fetched.permanent_url) == (hostile.url("good"), asked)

    def test_a_login_goes_to_its_own_host_alone(self) -> None:
        with serving({}) as hostile:
            there = hostile.add("there", good).replace("http://", "http://mallory:evil@")
            url = hostile.add("login", answers(302, Location=there)).replace("http://", "http://desk:s3cret@")
            fetched = fetcher_for(hostile).get(url)
            (first,), (second,) = hostile.asked("login"), hostile.asked("there")

        assert first.headers["authorization"] == "Basic ZGVzazpzM2NyZXQ="
        assert "authorization" not in second.headers
        assert "@" not in fetched.url

    def test_no_message_shows_a_login_or_a_query(self, hostile: Hostile) -> None:
        url = hostile.url("not_found", "/feed?key=s3cret").replace("http://", "http://desk:s3cret@")

        assert "s3cret" not in str(failure(fetcher_for(hostile), url))

    def test_cookies_are_not_kept(self, hostile: Hostile) -> None:
        fetcher = fetcher_for(hostile)
        for _ in range(2):
            fetcher.get(hostile.url("wants_cookie"))

        assert all("cookie" not in request.headers for request in hostile.asked("wants_cookie"))


class TestRetries:
    @pytest.mark.parametrize("trouble", ["error", "bad_gateway", "resets"])
    def test_what_may_pass_is_tried_again_after_a_pause(self, hostile: Hostile, trouble: str) -> None:
        time, before = Time(), len(hostile.asked(trouble))
        limits = FetchLimits(host_seconds=0, retries=2, backoff_seconds=0.5)
        failure(fetcher_for(hostile, limits, time), hostile.url(trouble))

        assert time.waits == [0.5, 1.0]
        assert len(hostile.asked(trouble)) - before == 3

    def test_the_second_attempt_may_succeed(self) -> None:
        def act(line: Line, request: Request) -> None:
            line.answer(502) if len(server.asked("shaky")) == 1 else good(line, request)

        with serving({}) as server:
            url = server.add("shaky", act)

            assert fetcher_for(server, FetchLimits(host_seconds=0)).get(url).content == PAGE

    @pytest.mark.parametrize("trouble", ["forbidden", "not_found", "too_many", "unavailable_for_now", "truncated_gzip"])
    def test_a_refusal_is_not_tried_again(self, hostile: Hostile, trouble: str) -> None:
        time, before = Time(), len(hostile.asked(trouble))
        failure(fetcher_for(hostile, FetchLimits(host_seconds=0, retries=2), time), hostile.url(trouble))

        assert time.waits == []
        assert len(hostile.asked(trouble)) - before == 1

    def test_no_pause_goes_beyond_the_time_that_is_left(self, hostile: Hostile) -> None:
        time = Time()
        limits = FetchLimits(host_seconds=0, retries=2, backoff_seconds=60, total_seconds=30)

        assert failure(fetcher_for(hostile, limits, time), hostile.url("error")).reason == FetchFailure.SERVER_ERROR
        assert time.waits == []


class TestPoliteness:
    @pytest.mark.parametrize(
        ("name", "rest"),
        [
            ("too_many", None),
            ("too_many_for_now", timedelta(minutes=2)),
            ("too_many_for_ever", timedelta(days=1)),
            ("unavailable_for_now", timedelta(minutes=5)),
            ("unavailable_until", timedelta(minutes=10)),
            ("unavailable_mumbling", None),
        ],
    )
    def test_the_wait_that_a_server_asks_for_is_told(self, hostile: Hostile, name: str, rest: timedelta | None) -> None:
        told = failure(fetcher_for(hostile), hostile.url(name))

        assert told.retry_after == rest
        assert not told.held_back

    def test_a_host_that_asked_for_rest_is_not_asked_again_until_then(self, hostile: Hostile) -> None:
        time, url = Time(), hostile.url("unavailable_for_now")
        fetcher = fetcher_for(hostile, time=time)
        failure(fetcher, url)
        before = len(hostile.asked("unavailable_for_now"))
        time.now += timedelta(minutes=2)
        held = failure(fetcher, url)
        assert (held.reason, held.retry_after) == (FetchFailure.RATE_LIMITED, timedelta(minutes=3))
        assert held.held_back
        assert len(hostile.asked("unavailable_for_now")) == before

        time.now += timedelta(minutes=3)
        assert failure(fetcher, url).reason == FetchFailure.UNAVAILABLE

    def test_requests_to_a_host_are_apart_and_those_to_another_are_not_held_up(self, hostile: Hostile) -> None:
        time = Time()
        fetcher = fetcher_for(hostile, FetchLimits(host_seconds=2), time)
        for name in ("good", "conditional", "good", "moved"):
            fetcher.get(hostile.url(name))

        assert time.waits == [2.0]

    def test_a_host_may_have_an_interval_of_its_own(self, hostile: Hostile) -> None:
        time = Time()
        limits = FetchLimits(host_seconds=2, host_seconds_of={"good.hostile.test": 0.5})
        fetcher = fetcher_for(hostile, limits, time)
        for _ in range(3):
            fetcher.get(hostile.url("good"))

        assert time.waits == [0.5, 0.5]

    def test_a_long_queue_is_told_instead_of_waited_for(self, hostile: Hostile) -> None:
        fetcher = fetcher_for(hostile, FetchLimits(host_seconds=60, max_wait_seconds=5))
        fetcher.get(hostile.url("good"))
        told = failure(fetcher, hostile.url("good"))

        assert (told.reason, told.retry_after) == (FetchFailure.RATE_LIMITED, timedelta(seconds=60))

    def test_a_crawl_delay_is_kept(self) -> None:
        time = Time()
        with serving({}) as hostile:
            url = hostile.add("slowly", good, robots=b"User-agent: sentiment-monitor\nCrawl-delay: 3\n")
            fetcher = fetcher_for(hostile, time=time)
            fetcher.get(url)
            fetcher.get(url)

        assert time.waits == [3.0]

    def test_a_site_whose_rules_invite_programs_can_be_fetched_past_its_robots_txt(self, hostile: Hostile) -> None:
        assert fetcher_for(hostile).get(hostile.url("robots_forbid"), robots=False).content == PAGE

    def test_robots_txt_of_where_a_redirect_leads_counts(self) -> None:
        with serving({}) as hostile:
            there = hostile.add("there", good, robots=b"User-agent: *\nDisallow: /")

            assert failure(fetcher_for(hostile), hostile.add("here", answers(302, Location=there))).reason == "robots"
            assert not hostile.asked("there")

    def test_the_agent_says_who_asks_and_what_it_can_unpack(self, hostile: Hostile) -> None:
        fetcher_for(hostile).get(hostile.url("good"))
        headers = hostile.asked("good")[-1].headers

        assert headers["user-agent"] == "sentiment-monitor/1.0 (+mailto:desk@paper.example)"
        assert headers["accept-encoding"] == "gzip, deflate"


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
