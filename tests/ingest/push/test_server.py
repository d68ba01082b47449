"""The push endpoint as a server: what it documents, how it ends, and many clients at once."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Timer

import httpx
import pytest
from jsonschema import Draft202012Validator

from monitor.errors import InputError
from monitor.ingest.push.app import PATH, PushLimits, push_app
from monitor.ingest.push.server import MAX_CONNECTIONS, serving_push
from tests.ingest.push.desk import NEWS, TOKEN, Desk, Stage, bearer


class TestServing:
    def test_the_document_describes_what_is_answered(self, client: httpx.Client) -> None:
        document = client.get("/v1/openapi.json").json()
        post = document["paths"][PATH]["post"]
        body = post["requestBody"]["content"]["application/json"]
        answer = {**document["components"]["schemas"]["PushAnswer"], "components": document["components"]}

        for example in body["examples"].values():
            Draft202012Validator(body["schema"]).validate(example["value"])
            response = client.post(PATH, json=example["value"])
            Draft202012Validator(answer).validate(response.json())
        assert set(post["responses"]) == {"202", "400", "401", "408", "409", "413", "415", "422", "429", "503"}
        assert post["security"] == [{"HTTPBearer": []}]
        assert "Idempotency-Key" in {parameter["name"].title() for parameter in post["parameters"]}

    def test_the_documents_examples_are_taken_whenever_they_are_tried(self, client: httpx.Client, desk: Desk) -> None:
        desk.now += timedelta(days=3653)
        post = client.get("/v1/openapi.json").json()["paths"][PATH]["post"]
        for example in post["requestBody"]["content"]["application/json"]["examples"].values():
            response = client.post(PATH, json=example["value"])
            assert response.json()["refused"] == 0, response.text

    def test_requests_under_way_are_answered_at_the_end(self, desk: Desk) -> None:
        desk.gate = Event()
        with ThreadPoolExecutor(1) as pool:
            app = push_app(desk.accept, tokens=[TOKEN], clock=desk.clock)
            with serving_push(app, "127.0.0.1", 0) as port:
                url = f"http://127.0.0.1:{port}{PATH}"
                answer = pool.submit(httpx.post, url, json=NEWS, headers=bearer(TOKEN), trust_env=False)
                assert desk.entered.wait(30)
                Timer(0.2, desk.gate.set).start()  # while the server is already ending

            assert answer.result(30).status_code == 202

    def test_an_address_that_is_taken_is_named(self, desk: Desk) -> None:
        app = push_app(desk.accept, tokens=[TOKEN], clock=desk.clock)
        with (
            serving_push(app, "127.0.0.1", 0) as port,
            pytest.raises(InputError, match=f"127.0.0.1:{port}"),
            serving_push(app, "127.0.0.1", port),
        ):
            pass

    def test_many_may_post_at_once(self, desk: Desk, stage: Stage) -> None:
        with stage.client(desk, PushLimits()) as client, ThreadPoolExecutor(8) as pool:
            posts = [{"title": f"Headline number {number}"} for number in range(40)]
            statuses = list(pool.map(lambda post: client.post(PATH, json=post).status_code, posts))

        assert statuses == [202] * 40
        assert len(desk.articles) == 40


class TestIdleConnections:
    def test_silent_connections_shut_nobody_out_for_long(self, patient: int) -> None:
        with contextlib.ExitStack() as stack:
            silent = [stack.enter_context(connect(patient)) for _ in range(MAX_CONNECTIONS)]
            assert [connection.recv(1) for connection in silent] == [b""] * MAX_CONNECTIONS
            response = httpx.get(f"http://127.0.0.1:{patient}/v1/openapi.json", trust_env=False)
        assert response.status_code == 200

    @pytest.mark.parametrize(
        "before",
        [
            pytest.param(b"", id="as the first"),
            pytest.param(b"GET /v1/openapi.json HTTP/1.1\r\nHost: desk\r\n\r\n", id="after an answer"),
            pytest.param(
                b"POST /v1/articles HTTP/1.1\r\nHost: desk\r\nContent-Length: 1000000\r\n\r\n",
                id="after a refusal, as a body that nobody reads",
            ),
        ],
    )
    def test_a_request_that_trickles_in_holds_no_connection(self, patient: int, before: bytes) -> None:
        with connect(patient) as connection:
            connection.sendall(before + b"GET /v1/openapi.json HTTP/1.1\r\nX-Long: ")
            assert is_closed_while_it_trickles(connection)

    def test_a_request_under_way_has_the_time_that_it_needs(self, desk: Desk) -> None:
        desk.gate = Event()
        app = push_app(desk.accept, tokens=[TOKEN], clock=desk.clock)
        with serving_push(app, "127.0.0.1", 0, idle_seconds=1) as port, ThreadPoolExecutor(1) as pool:
            url = f"http://127.0.0.1:{port}{PATH}"
            answer = pool.submit(httpx.post, url, json=NEWS, headers=bearer(TOKEN), trust_env=False, timeout=30)
            assert desk.entered.wait(30)
            with connect(port) as later:
                assert later.recv(1) == b""  # so the time is over for the request as well
            desk.gate.set()
            assert answer.result(30).status_code == 202


@pytest.fixture
def patient(desk: Desk) -> Iterator[int]:
    """The port of a server that waits a second for a request."""
    app = push_app(desk.accept, tokens=[TOKEN], clock=desk.clock)
    with serving_push(app, "127.0.0.1", 0, idle_seconds=1) as port:
        yield port


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def is_closed_while_it_trickles(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    for _ in range(100):
        try:
            connection.sendall(b"x")
            if not connection.recv(100_000):
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False
