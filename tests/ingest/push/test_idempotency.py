"""A request that is repeated does nothing twice, and gets the same answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import httpx

from monitor.ingest.intake.spool import SpoolFullError
from monitor.ingest.push.app import PATH
from tests.ingest.push.desk import NEWS, OTHER, TOKEN, Desk, bearer, problem_of


class TestIdempotency:
    def test_the_same_key_gets_the_same_answer_and_does_nothing_twice(self, client: httpx.Client, desk: Desk) -> None:
        first, second = (client.post(PATH, json=NEWS, headers={"Idempotency-Key": "k1"}) for _ in range(2))

        assert (first.status_code, first.content) == (second.status_code, second.content)
        assert "Idempotency-Replayed" not in first.headers
        assert second.headers["Idempotency-Replayed"] == "true"
        assert desk.batches == 1

    def test_without_a_key_a_repeat_is_told_as_one(self, client: httpx.Client) -> None:
        outcomes = [client.post(PATH, json=NEWS).json()["results"][0]["outcome"] for _ in range(2)]

        assert outcomes == ["new", "duplicate"]

    def test_a_key_that_was_used_for_another_body_is_refused(self, client: httpx.Client, desk: Desk) -> None:
        client.post(PATH, json=NEWS, headers={"Idempotency-Key": "k1"})
        response = client.post(PATH, json={"title": "Other"}, headers={"Idempotency-Key": "k1"})

        assert response.status_code == 422
        assert "another body" in problem_of(response)
        assert len(desk.articles) == 1

    def test_a_key_belongs_to_its_client(self, client: httpx.Client, desk: Desk) -> None:
        for token in (TOKEN, OTHER):
            headers = {"Idempotency-Key": "k1", **bearer(token)}
            client.post(PATH, json={"title": token}, headers=headers)

        assert len(desk.articles) == 2

    def test_a_key_is_free_again_after_a_day(self, client: httpx.Client, desk: Desk) -> None:
        client.post(PATH, json=NEWS, headers={"Idempotency-Key": "k1"})
        desk.now += timedelta(days=1)

        assert client.post(PATH, json={"title": "Other"}, headers={"Idempotency-Key": "k1"}).status_code == 202

    def test_a_request_that_came_to_nothing_may_be_tried_again_under_its_key(
        self, client: httpx.Client, desk: Desk
    ) -> None:
        for trouble, status in ((SpoolFullError("Full."), 503), (RuntimeError("Ours."), 500), (None, 202)):
            desk.trouble = trouble

            assert client.post(PATH, json=NEWS, headers={"Idempotency-Key": "k1"}).status_code == status
        assert desk.batches == 1

    def test_a_second_request_while_the_first_is_under_way_is_to_wait(self, client: httpx.Client, desk: Desk) -> None:
        desk.gate = Event()
        headers = {"Idempotency-Key": "k1"}
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(client.post, PATH, json=NEWS, headers=headers)
            assert desk.entered.wait(30)
            second = client.post(PATH, json=NEWS, headers=headers)
            desk.gate.set()

            assert (second.status_code, first.result(30).status_code) == (409, 202)
        assert second.headers["Retry-After"] == "1"
        assert desk.batches == 1
