"""The push endpoint: programs post articles, and hear of each whether it is safe.

`POST /v1/articles` takes one article or an array, under a bearer token. 202 comes only when what it accepts is on disk.
A request can be repeated without harm: ids are deterministic, and under an `Idempotency-Key` the very same answer comes
again. What cannot be taken now (429, 503) says when to come back. The OpenAPI document is at `/v1/openapi.json`; there
is no page that shows it, since that would load scripts from elsewhere.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from fastapi import FastAPI, Header, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from monitor.clock import Clock
from monitor.errors import InputError, MonitorError
from monitor.ingest.intake.accounts import Fate
from monitor.ingest.intake.taking import Taken
from monitor.ingest.items import Item
from monitor.ingest.push.answers_stored import AnswersStored
from monitor.ingest.push.posted import read_pushed
from monitor.ingest.push.schemas import ItemResult, Problem, PushAnswer, request_body, responses
from monitor.ingest.push.token_bucket import TokenBucket
from monitor.ingest.web.content_coding import BadCodingError, ContentDecoder, TooLargeError

PATH: Final = "/v1/articles"
_SAFE: Final = frozenset({Fate.NEW, Fate.DUPLICATE})
_TOO_OLD: Final = "it is older than live news may be"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_COME_BACK: Final = timedelta(seconds=5)
_bearer: Final = HTTPBearer(auto_error=False, description="One of `ingest.push.tokens`.")

Accept = Callable[[Sequence[Item]], Taken]
"""Takes items in and returns once what it took is on disk; raises MonitorError where it cannot now, having kept
nothing that it would not know again. It may be called from several threads at once."""


class PushLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one client may send.

    Attributes:
        max_bytes: Of a body, unpacked.
        max_articles: In one request.
        articles_per_second: Over time, under one token.
        burst_articles: At once, under one token; at least `max_articles`, or a full batch could never be sent.
        body_seconds: In which a body must have come.
    """

    max_bytes: int = 5_000_000
    max_articles: int = 1_000
    articles_per_second: float = 200.0
    burst_articles: int = 5_000
    body_seconds: float = 30.0


class _Refusal(HTTPException):
    def __init__(self, status: HTTPStatus, detail: str, *, retry_after: timedelta | None = None) -> None:
        headers = {}
        if retry_after is not None:
            headers["Retry-After"] = str(max(1, math.ceil(retry_after.total_seconds())))
        if status is HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        super().__init__(status, detail, headers)


class _Push:
    """What the endpoint does, apart from how FastAPI calls it."""

    def __init__(
        self, accept: Accept, tokens: Sequence[str], limits: PushLimits, clock: Clock, answers: AnswersStored
    ) -> None:
        self._accept = accept
        self._limits = limits
        self._clock = clock
        self._answers = answers
        # Digests have one length, so that comparing them tells nothing, not even how long a token is.
        self._buckets: Mapping[bytes, TokenBucket] = {
            hashlib.sha256(token.encode()).digest(): TokenBucket(
                per_second=limits.articles_per_second, burst=max(limits.burst_articles, limits.max_articles)
            )
            for token in tokens
        }

    def client(self, credentials: HTTPAuthorizationCredentials | None) -> bytes:
        """Who posts."""
        given = hashlib.sha256((credentials.credentials if credentials else "").encode()).digest()
        # All are compared, so that the time tells not even which one it was.
        found = [known for known in self._buckets if hmac.compare_digest(known, given)]
        if not found or credentials is None:
            raise _Refusal(HTTPStatus.UNAUTHORIZED, "Send `Authorization: Bearer` with a token that is known here.")
        return found[0]

    async def post(self, request: Request, client: bytes, key: str | None) -> Response:
        """Takes a request in, or answers as it was answered before."""
        if key is not None and not _KEY.fullmatch(key):
            raise _Refusal(HTTPStatus.BAD_REQUEST, "An Idempotency-Key is 1 to 255 visible ASCII characters.")
        body = await self._body(request)
        if key is None:
            return await self._take(client, body)
        own_key = f"{client.hex()}:{key}"
        if kept := self._before(own_key, body):
            return kept
        try:
            answer = await self._take(client, body)
        except BaseException:  # whatever it was: nothing was answered, so the key is free to be used again
            self._answers.release(own_key)
            raise
        await run_in_threadpool(self._answers.keep, own_key, answer.status_code, bytes(answer.body))
        return answer

    def _before(self, key: str, body: bytes) -> Response | None:
        fingerprint = hashlib.blake2b(body, digest_size=16).hexdigest()
        kept = self._answers.claim(key, fingerprint, self._clock())
        if kept is None:
            return None
        if kept.fingerprint != fingerprint:
            raise _Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "This Idempotency-Key was used for another body.")
        if kept.under_way:
            detail = "The first request with this Idempotency-Key is still being worked on."
            raise _Refusal(HTTPStatus.CONFLICT, detail, retry_after=timedelta(seconds=1))
        return _json(kept.status, kept.body, {"Idempotency-Replayed": "true"})

    async def _take(self, client: bytes, body: bytes) -> Response:
        items = self._items(body)
        if wait := self._buckets[client].take(len(items), self._clock()):
            raise _Refusal(HTTPStatus.TOO_MANY_REQUESTS, "Too many articles under this token.", retry_after=wait)
        try:
            taken = await run_in_threadpool(self._accept, items)
        except MonitorError as error:
            detail = "Nothing can be taken at the moment."
            raise _Refusal(HTTPStatus.SERVICE_UNAVAILABLE, detail, retry_after=_COME_BACK) from error
        answer = answer_to(taken)
        status = HTTPStatus.ACCEPTED if answer.accepted else HTTPStatus.UNPROCESSABLE_ENTITY
        return _json(status, answer.model_dump_json().encode())

    def _items(self, body: bytes) -> Sequence[Item]:
        try:
            items = read_pushed(body)
        except InputError as error:
            raise _Refusal(HTTPStatus.BAD_REQUEST, str(error)) from error
        if not items:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "The array is empty.")
        if len(items) > self._limits.max_articles:
            most = self._limits.max_articles
            raise _Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"{len(items):,} articles; at most {most:,} in one request."
            )
        return items

    async def _body(self, request: Request) -> bytes:
        media_type = request.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
        body = bytearray()
        most = self._limits.max_bytes
        try:
            decoder = ContentDecoder(request.headers.get("Content-Encoding", ""), most)
            length = request.headers.get("Content-Length", "0")
            decoder.announce(int(length) if length.isdecimal() else 0)
            async with asyncio.timeout(self._limits.body_seconds):
                async for piece in request.stream():
                    body += decoder.decode(piece)
            body += decoder.finish()
        except TooLargeError as error:
            raise _Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {most:,} bytes.") from error
        except BadCodingError as error:
            raise _Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The body cannot be unpacked: {error}.") from error
        except ClientDisconnect as error:
            raise _Refusal(HTTPStatus.BAD_REQUEST, "The body broke off.") from error
        except TimeoutError as error:
            raise _Refusal(HTTPStatus.REQUEST_TIMEOUT, "The body did not come in time.") from error
        return bytes(body)


def push_app(
    accept: Accept,
    *,
    tokens: Sequence[str],
    clock: Clock,
    limits: PushLimits | None = None,
    answers: AnswersStored | None = None,
) -> FastAPI:
    """The endpoint as an ASGI application.

    Args:
        accept: Takes the items in.
        tokens: Who knows one may post; each has a rate of its own.
        clock: For rates and for how long answers are kept.
        limits: How much one client may send; by default the defaults.
        answers: Where answers under an `Idempotency-Key` are kept; by default in memory alone.
    """
    limits = limits or PushLimits()
    push = _Push(accept, tokens, limits, clock, answers or AnswersStored(None, clock()))
    app = FastAPI(
        title="Sentiment Monitor: push",
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        exception_handlers={HTTPException: _problem, Exception: _fault},
    )

    @app.post(
        PATH,
        status_code=HTTPStatus.ACCEPTED,
        responses=responses(),
        openapi_extra=request_body(limits.max_articles),
        summary="Post one article or a batch",
        operation_id="push_articles",
    )
    async def post_articles(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
        idempotency_key: Annotated[
            str | None, Header(description="The same key gets the same answer for a day, and does nothing twice.")
        ] = None,
    ) -> Response:
        return await push.post(request, push.client(credentials), idempotency_key)

    return app


def answer_to(taken: Taken) -> PushAnswer:
    """What a client is told of what became of its articles."""
    results = [
        ItemResult(
            index=index,
            outcome=fate,
            accepted=fate in _SAFE,
            reason=_TOO_OLD if fate is Fate.TOO_OLD else reason,
        )
        for index, (fate, reason) in enumerate(zip(taken.fates, taken.reasons, strict=True))
    ]
    accepted = sum(result.accepted for result in results)
    return PushAnswer(accepted=accepted, refused=len(results) - accepted, results=results)


def _json(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, dict(headers or {}), "application/json")


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    status = HTTPStatus(error.status_code)
    problem = Problem(title=status.phrase, status=status, detail=str(error.detail))
    headers = {**(error.headers or {}), "Connection": "close"} if status == 413 else error.headers
    return Response(problem.model_dump_json(), status, headers, "application/problem+json")


async def _fault(_: Request, error: Exception) -> Response:
    problem = Problem(
        title="Internal Server Error", status=500, detail=f"This is a fault of ours: {type(error).__name__}."
    )
    # The server closes the connection behind a fault; told so, a client does not send its next request into it.
    return Response(problem.model_dump_json(), 500, {"Connection": "close"}, "application/problem+json")
