"""What the fetcher sends, follows and keeps: validators, redirects, logins and cookies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.ingest.hostile import Hostile, serving
from tests.ingest.hostile.acts import ETAG, PAGE, answers, good
from tests.ingest.web.fetching import NOW, failure, fetcher_for


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
