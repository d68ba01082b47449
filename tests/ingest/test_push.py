"""The push endpoint over real HTTP: what is taken, what is refused, and that nothing is done twice."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event, Timer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.articles import Article
from monitor.errors import InputError, StoreError
from monitor.ingest.accounts import Fate
from monitor.ingest.intake import Taken
from monitor.ingest.items import ColumnMap, Item, ItemReader
from monitor.ingest.push import PATH, PushLimits, push_app
from monitor.ingest.push_server import serving_push
from monitor.ingest.pushed import read_pushed
from monitor.ingest.spool import SpoolFullError

NOW = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
TOKEN, OTHER = "desk-token-0123456789", "mill-token-0123456789"
LIMITS = PushLimits(max_bytes=20_000, max_articles=10, articles_per_second=1, burst_articles=30, body_seconds=20)
READER = ItemReader(name="push", columns=ColumnMap(), zone=UTC)
NEWS = {"id": "a1", "title": "Ore mill burns down", "published": "2024-05-06T11:00:00Z"}


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


class Desk:
    """Takes items in as the line would: reads them, and knows which it had before."""

    def __init__(self) -> None:
        self.now = NOW
        self.articles: list[Article] = []
        self.batches = 0
        self.trouble: Exception | None = None
        self.gate: Event | None = None
        self.entered = Event()

    def clock(self) -> datetime:
        return self.now

    def accept(self, items: Sequence[Item]) -> Taken:
        self.entered.set()
        if self.gate:
            self.gate.wait(30)
        if self.trouble:
            raise self.trouble
        self.batches += 1
        told = [self._take(item) for item in items]
        return Taken(tuple(fate for fate, _ in told), tuple(reason for _, reason in told))

    def _take(self, item: Item) -> tuple[Fate, str]:
        read = READER.read(item, self.now)
        if not isinstance(read, Article):
            return (Fate.REFUSED if item.fields else Fate.NOT_PARSED), read.reason
        if any(read.id == known.id for known in self.articles):
            return Fate.DUPLICATE, ""
        if read.published_at and self.now - read.published_at > timedelta(days=30):
            return Fate.TOO_OLD, ""
        self.articles.append(read)
        return Fate.NEW, ""


@pytest.fixture
def desk() -> Desk:
    return Desk()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class Stage:
    """One server for all tests, and an endpoint of its own for each."""

    def __init__(self) -> None:
        self.app: ASGIApp
        self.port = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def client(self, desk: Desk, limits: PushLimits = LIMITS, tokens: Sequence[str] = (TOKEN, OTHER)) -> httpx.Client:
        self.app = push_app(desk.accept, tokens=tokens, clock=desk.clock, limits=limits)
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers=bearer(TOKEN), trust_env=False, timeout=30
        )


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    stage = Stage()
    with serving_push(stage, "127.0.0.1", 0) as stage.port:
        yield stage


@pytest.fixture
def client(desk: Desk, stage: Stage) -> Iterator[httpx.Client]:
    with stage.client(desk) as client:
        yield client


def problem_of(response: httpx.Response) -> str:
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    return str(problem["detail"])


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

    def test_what_is_sent_again_has_the_same_position(self) -> None:
        (one,), (again,) = read_pushed(b'{"title": "Rates rise"}'), read_pushed(b' [ {"title": "Rates rise"}]')

        assert one == again
        assert read_pushed(b'{"title": "Rates fall"}')[0].position != one.position
        assert read_pushed(b'{"id": "r7"}')[0].position == "r7"


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


JSON_FIELDS = st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=9) | st.integers(), max_size=4)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_body_is_items_or_a_named_fault(body: bytes) -> None:
    with contextlib.suppress(InputError):
        for item in read_pushed(body):
            assert item.position
            assert (item.fields is None) == bool(item.fault)


@given(st.lists(JSON_FIELDS, max_size=5))
def test_every_article_of_a_batch_is_an_item_with_its_own_bytes(articles: list[dict[str, object]]) -> None:
    items = read_pushed(json.dumps(articles).encode())

    assert [item.fields for item in items] == articles
    assert [json.loads(item.original) for item in items] == articles
