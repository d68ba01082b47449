"""The push endpoint over real HTTP: what is taken, what is refused, and how much at once."""

from __future__ import annotations

import gzip
import json
import socket
from datetime import timedelta

import httpx
import pytest

from monitor.errors import StoreError
from monitor.ingest.intake.spool import SpoolFullError
from monitor.ingest.push.app import PATH, PushLimits
from tests.ingest.push.desk import NEWS, OTHER, TOKEN, Desk, Stage, bearer, problem_of

NO_ARTICLES = (
    b"",
    b"news",
    b"[]",
    b"7",
    b"null",
    b"{",
    b'{"title": "a"',
    b"[" * 15_000,
    b'{"a":' * 3_000,
    b"\xff\xfe[]",
    b"[1,]",
)


class TestTaking:
    def test_one_article_is_taken(self, client: httpx.Client, desk: Desk) -> None:
        response = client.post(PATH, json=NEWS)

        assert response.status_code == 202
        assert response.json() == {
            "accepted": 1,
            "refused": 0,
            "results": [{"index": 0, "outcome": "new", "accepted": True, "reason": ""}],
        }
        assert [article.title for article in desk.articles] == ["Ore mill burns down"]

    def test_a_batch_is_answered_article_by_article(self, client: httpx.Client, desk: Desk) -> None:
        old = {"title": "Ore mill opens", "published": "1996-05-06"}
        response = client.post(PATH, json=[NEWS, NEWS, {"title": ""}, "Ore!", old, {"title": "Mill was insured"}])
        answer = response.json()

        assert response.status_code == 202
        assert (answer["accepted"], answer["refused"]) == (3, 3)
        outcomes = ["new", "duplicate", "refused", "not_parsed", "too_old", "new"]
        assert [result["outcome"] for result in answer["results"]] == outcomes
        assert [result["index"] for result in answer["results"]] == list(range(6))
        assert all(bool(result["reason"]) != result["accepted"] for result in answer["results"])
        assert len(desk.articles) == 2

    def test_a_request_of_which_nothing_is_accepted_says_so_in_its_status(self, client: httpx.Client) -> None:
        response = client.post(PATH, json={"title": 7})

        assert response.status_code == 422
        assert "not text" in response.json()["results"][0]["reason"]

    def test_a_packed_body_is_unpacked(self, client: httpx.Client, desk: Desk) -> None:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        response = client.post(PATH, content=gzip.compress(json.dumps(NEWS).encode()), headers=headers)

        assert response.status_code == 202
        assert len(desk.articles) == 1


class TestRefusing:
    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer wrong-token-0123456789", f"Basic {TOKEN}", f"Bearer {TOKEN}x"]
    )
    def test_without_a_known_token_nothing_is_read(self, client: httpx.Client, desk: Desk, header: str) -> None:
        response = client.post(PATH, json=NEWS, headers={"Authorization": header})

        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert problem_of(response)
        assert not desk.entered.is_set()

    def test_with_no_tokens_nobody_may_post(self, desk: Desk, stage: Stage) -> None:
        with stage.client(desk, tokens=()) as client:
            assert client.post(PATH, json=NEWS).status_code == 401

    @pytest.mark.parametrize("body", NO_ARTICLES)
    def test_what_is_no_article_is_named(self, client: httpx.Client, body: bytes) -> None:
        response = client.post(PATH, content=body, headers={"Content-Type": "application/json"})

        assert response.status_code == 400
        assert problem_of(response)

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Content-Type": "text/plain"}, 415),
            ({"Content-Type": "application/json", "Content-Encoding": "br"}, 415),
            ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
            ({"Content-Type": "application/json", "Idempotency-Key": "two words"}, 400),
            ({"Content-Type": "application/json", "Idempotency-Key": "k" * 256}, 400),
        ],
    )
    def test_what_cannot_be_read_is_refused_by_its_headers(
        self, client: httpx.Client, headers: dict[str, str], status: int
    ) -> None:
        response = client.post(PATH, content=json.dumps(NEWS).encode(), headers=headers)

        assert response.status_code == status
        assert problem_of(response)

    def test_a_body_that_is_too_large_is_not_read_to_its_end(self, client: httpx.Client, desk: Desk) -> None:
        announced = client.post(PATH, content=b" " * 20_001, headers={"Content-Type": "application/json"})
        streamed = client.post(PATH, content=iter([b" " * 10_000] * 3), headers={"Content-Type": "application/json"})
        packed = client.post(
            PATH,
            content=gzip.compress(b" " * 1_000_000),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )

        assert [response.status_code for response in (announced, streamed, packed)] == [413, 413, 413]
        assert not desk.entered.is_set()

    def test_a_batch_that_is_too_large_is_refused_whole(self, client: httpx.Client, desk: Desk) -> None:
        assert client.post(PATH, json=[NEWS] * 11).status_code == 413
        assert not desk.articles

    def test_a_body_that_does_not_come_in_time_is_given_up(self, desk: Desk, stage: Stage) -> None:
        limits = PushLimits(body_seconds=0.1)
        with stage.client(desk, limits), socket.create_connection(("127.0.0.1", stage.port)) as line:
            line.settimeout(20)
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 99\r\n\r\n{{"
            line.sendall(head.encode())

            assert line.recv(1_000).startswith(b"HTTP/1.1 408")

    def test_a_client_that_breaks_off_harms_nobody(self, client: httpx.Client, desk: Desk, stage: Stage) -> None:
        with socket.create_connection(("127.0.0.1", stage.port)) as line:
            head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 99\r\n\r\n{{"
            line.sendall(head.encode())

        assert client.post(PATH, json=NEWS).status_code == 202
        assert desk.batches == 1

    @pytest.mark.parametrize(
        ("method", "path", "status"), [("GET", PATH, 405), ("POST", "/", 404), ("GET", "/docs", 404)]
    )
    def test_there_is_nothing_else(self, client: httpx.Client, method: str, path: str, status: int) -> None:
        response = client.request(method, path)

        assert response.status_code == status
        assert problem_of(response)

    @pytest.mark.parametrize("trouble", [SpoolFullError("The spool is full."), StoreError("The store is away.")])
    def test_what_cannot_be_kept_now_is_to_come_back(
        self, client: httpx.Client, desk: Desk, trouble: StoreError | SpoolFullError
    ) -> None:
        desk.trouble = trouble
        response = client.post(PATH, json=NEWS)

        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0

    def test_a_fault_of_ours_says_so_and_no_more(self, client: httpx.Client, desk: Desk) -> None:
        desk.trouble = RuntimeError("secret of the house")
        response = client.post(PATH, json=NEWS)

        assert response.status_code == 500
        assert "secret" not in response.text
        assert response.headers["Connection"] == "close"  # which the server does; a client must not use it again


class TestRates:
    def test_who_posts_too_much_is_told_when_to_come_back_and_may_then(self, client: httpx.Client, desk: Desk) -> None:
        statuses = [client.post(PATH, json=[NEWS] * 10).status_code for _ in range(3)]
        refused = client.post(PATH, json=[NEWS] * 10)
        assert statuses == [202, 202, 202]
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
        assert desk.batches == 3

        desk.now += timedelta(seconds=10)
        assert client.post(PATH, json=[NEWS] * 10).status_code == 202

    def test_each_token_has_its_own_rate(self, client: httpx.Client) -> None:
        while client.post(PATH, json=[NEWS] * 10).status_code == 202:
            pass
        headers = bearer(OTHER)

        assert client.post(PATH, json=[NEWS] * 10, headers=headers).status_code == 202
