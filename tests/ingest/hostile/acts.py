"""What a misbehaving server can do with a request, and the noun for one way to misbehave."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from typing import Literal

import msgspec

from monitor.ingest.web.fetcher import FetchFailure
from tests.ingest.hostile.bodies import RSS, rss
from tests.ingest.hostile.lines import Line, Request

Verdict = FetchFailure | Literal["new", "not_modified"]
PAGE = rss().encode()
PACKED = gzip.compress(PAGE, mtime=0)
ETAG = '"edition-7"'
OK = f"HTTP/1.1 200 OK\r\nContent-Type: {RSS}\r\n"
CHUNKED = OK + "Transfer-Encoding: chunked\r\n\r\n"


class Behaviour(msgspec.Struct, frozen=True):
    """What the server does, and what the fetcher should make of it.

    Attributes:
        wrong: In words.
        verdict: "new", "not_modified" or why there is nothing.
        act: Answers a request for a page.
        scheme: Of its URL.
        robots: Answers a request for robots.txt; by default there is none.
    """

    wrong: str
    verdict: Verdict
    act: Callable[[Line, Request], None]
    scheme: Literal["http", "https"] = "http"
    robots: Callable[[Line, Request], None] = lambda line, _: line.answer(404)


def sends(data: str | bytes) -> Callable[[Line, Request], None]:
    return lambda line, _: line.send(data)


def answers(status: int | str, body: bytes = b"", **headers: str) -> Callable[[Line, Request], None]:
    return lambda line, _: line.answer(status, body, **headers)


def redirects(location: str, status: int = 302) -> Callable[[Line, Request], None]:
    return answers(status, Location=location)


def packed(body: bytes, coding: str = "gzip") -> Callable[[Line, Request], None]:
    return answers(200, body, Content_Encoding=coding, Content_Type=RSS)


good = answers(200, PAGE, Content_Type=RSS)


def then_flood(head: str, data: bytes) -> Callable[[Line, Request], None]:
    def act(line: Line, _: Request) -> None:
        line.send(head)
        line.flood(data)

    return act


def then_drip(head: str, data: bytes) -> Callable[[Line, Request], None]:
    def act(line: Line, _: Request) -> None:
        line.send(head)
        line.drip(data)

    return act


def then_reset(head: str) -> Callable[[Line, Request], None]:
    def act(line: Line, _: Request) -> None:
        line.send(head)
        line.reset()

    return act


def bomb(window: int) -> bytes:
    """A hundred megabytes of nothing in a hundred kilobytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return b"".join([packer.compress(bytes(1_000_000)) for _ in range(100)] + [packer.flush()])


_raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
RAW_DEFLATE = _raw.compress(PAGE) + _raw.flush()


def counts_up(line: Line, request: Request) -> None:
    line.answer(302, Location=f"/{int(request.path.strip('/') or 0) + 1}" if request.path != "/feed" else "/1")


def swaps(line: Line, request: Request) -> None:
    line.answer(302, Location="/feed" if request.path == "/other" else "/other")


def moved(*statuses: int) -> Callable[[Line, Request], None]:
    """Redirects so often, and then has it."""

    def act(line: Line, request: Request) -> None:
        hop = 0 if request.path == "/feed" else int(request.path.rpartition("-")[2])
        if hop < len(statuses):
            line.answer(statuses[hop], Location=f"/hop-{hop + 1}")
        else:
            good(line, request)

    return act


def conditional(line: Line, request: Request) -> None:
    if request.headers.get("if-none-match") == ETAG:
        line.answer(304, ETag=ETAG, Content_Length="")
    else:
        line.answer(200, PAGE, Content_Type=RSS, ETag=ETAG, Last_Modified="Mon, 06 May 2024 09:30:00 GMT")


def wants_cookie(line: Line, request: Request) -> None:
    line.answer(200, PAGE, Content_Type=RSS, Set_Cookie="visitor=7; Path=/; Max-Age=99999")
