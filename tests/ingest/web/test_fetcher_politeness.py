"""When the fetcher asks, asks again, waits and leaves alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.ingest.web.fetcher import FetchFailure, FetchLimits
from tests.ingest.hostile import Hostile, serving
from tests.ingest.hostile.acts import PAGE, answers, good
from tests.ingest.hostile.lines import Line, Request
from tests.ingest.web.fetching import Time, failure, fetcher_for


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

    def test_a_failure_is_told_though_the_host_s_turn_for_another_attempt_comes_too_late(self) -> None:
        with serving({}) as server:
            url = server.add("slow_and_ill", answers(500), robots=b"User-agent: *\nCrawl-delay: 10\n")
            told = failure(fetcher_for(server, FetchLimits(retries=1), Time()), url)

            assert (told.reason, told.held_back) == (FetchFailure.SERVER_ERROR, False)
            assert len(server.asked("slow_and_ill")) == 1

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
