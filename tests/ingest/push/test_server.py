"""The push endpoint as a server: what it documents, how it ends, and many clients at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Timer

import httpx
import pytest
from jsonschema import Draft202012Validator

from monitor.errors import InputError
from monitor.ingest.push.app import PATH, PushLimits, push_app
from monitor.ingest.push.server import serving_push
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
