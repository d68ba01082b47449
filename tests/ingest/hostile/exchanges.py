"""Answers that break HTTP or its content codings, and answers that only look as if they did."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping

from monitor.ingest.web.fetcher import FetchFailure as T
from tests.ingest.hostile.acts import (
    CHUNKED,
    OK,
    PACKED,
    PAGE,
    RAW_DEFLATE,
    Behaviour,
    answers,
    bomb,
    conditional,
    good,
    packed,
    sends,
    then_drip,
    then_flood,
    then_reset,
    wants_cookie,
)
from tests.ingest.hostile.bodies import RSS

EXCHANGES: Mapping[str, Behaviour] = {
    "good": Behaviour("nothing", "new", good),
    "silence": Behaviour("takes the request and says nothing", T.TIMEOUT, lambda line, _: line.hang()),
    "slow_head": Behaviour("headers that drip", T.TIMEOUT, then_drip("HTTP/1.1 200 OK\r\nX: ", b"x")),
    "slow_body": Behaviour("a body that drips", T.TIMEOUT, then_drip(OK + "Content-Length: 9999\r\n\r\n", PAGE)),
    "slow_chunks": Behaviour("chunks that drip", T.TIMEOUT, then_drip(CHUNKED, b"1\r\n<\r\n" * 9_999)),
    "slow_open_body": Behaviour("a body of no known length that drips", T.TIMEOUT, then_drip(OK + "\r\n", b"<")),
    "closes": Behaviour("closes without an answer", T.PROTOCOL, sends(b"")),
    "resets": Behaviour("breaks off without an answer", T.CONNECT, lambda line, _: line.reset()),
    "resets_in_body": Behaviour("breaks off in the body", T.CONNECT, then_reset(OK + "Content-Length: 999\r\n\r\n<")),
    "garbage": Behaviour("bytes that are no HTTP", T.PROTOCOL, sends(bytes(range(256)) * 4)),
    "other_protocol": Behaviour("a mail server answers", T.PROTOCOL, sends("220 mail.example ESMTP ready\r\n\r\n")),
    "bare_body": Behaviour("a body without a head", T.PROTOCOL, sends(PAGE + b"\r\n\r\n")),
    "worded_status": Behaviour("a status that is no number", T.PROTOCOL, sends("HTTP/1.1 fine OK\r\n\r\n")),
    "status_999": Behaviour("a status that means nothing", T.PROTOCOL, answers(999)),
    "switches": Behaviour("another protocol from here on", T.PROTOCOL, answers(101, Upgrade="chat")),
    "endless_head": Behaviour(
        "headers without end", T.PROTOCOL, then_flood("HTTP/1.1 200 OK\r\n", b"X-More: y\r\n" * 999)
    ),
    "endless_header": Behaviour(
        "one header without end", T.PROTOCOL, then_flood("HTTP/1.1 200 OK\r\nX: ", b"y" * 9_999)
    ),
    "endless_hints": Behaviour(
        "always more to follow", T.TOO_LARGE, then_flood("", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 99)
    ),
    "broken_header": Behaviour("a header with a NUL in it", T.PROTOCOL, sends("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n")),
    "nameless_header": Behaviour("a header without a name", T.PROTOCOL, sends("HTTP/1.1 200 OK\r\n: x\r\n\r\n")),
    "foreign_header": Behaviour("a header that is not ASCII", "new", answers(200, PAGE, X_Who="B\xf6rse \xff")),
    "short_body": Behaviour("less than announced", T.PROTOCOL, sends(OK + "Content-Length: 5000\r\n\r\nshort")),
    "long_body": Behaviour("more than announced", "new", sends(OK + "Content-Length: 6\r\n\r\n<rss/>and more")),
    "two_lengths": Behaviour(
        "two lengths", T.PROTOCOL, sends(OK + "Content-Length: 5\r\nContent-Length: 9\r\n\r\nshort")
    ),
    "negative_length": Behaviour("a length below nothing", T.PROTOCOL, sends(OK + "Content-Length: -1\r\n\r\n<rss/>")),
    "endless_length": Behaviour(
        "a length of five thousand digits", T.PROTOCOL, sends(OK + f"Content-Length: {'9' * 5_000}\r\n\r\n<rss/>")
    ),
    "endless_chunk_size": Behaviour(
        "a chunk size of five thousand digits", T.PROTOCOL, sends(CHUNKED + "f" * 5_000 + "\r\n<rss/>\r\n0\r\n\r\n")
    ),
    "length_and_chunks": Behaviour(
        "a length and chunks",
        "new",
        sends(OK + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<rss/>\r\n0\r\n\r\n"),
    ),
    "bad_chunk": Behaviour("a chunk of no size", T.PROTOCOL, sends(CHUNKED + "many\r\n<rss/>\r\n0\r\n\r\n")),
    "unended_chunks": Behaviour("chunks without an end", T.PROTOCOL, sends(CHUNKED + "6\r\n<rss/>\r\n")),
    "unknown_transfer": Behaviour(
        "an unknown transfer coding", T.PROTOCOL, sends(OK + "Transfer-Encoding: pigeon\r\n\r\n")
    ),
    "endless_body": Behaviour("a body without end", T.TOO_LARGE, then_flood(OK + "\r\n", b"<item/>" * 9_999)),
    "endless_chunks": Behaviour("tiny chunks without end", T.PROTOCOL, then_flood(CHUNKED, b"1\r\n<\r\n" * 9_999)),
    "announced_giant": Behaviour(
        "a terabyte is announced", T.TOO_LARGE, then_drip(OK + "Content-Length: 1000000000000\r\n\r\n", b"<")
    ),
    "empty_answer": Behaviour("nothing, and well so", "new", answers(204, Content_Length="")),
    "partial": Behaviour(
        "a part that nobody asked for", T.PROTOCOL, answers(206, b"<rss", Content_Range="bytes 0-3/99")
    ),
    "wants_cookie": Behaviour("a cookie to be sent next time", "new", wants_cookie),
    "conditional": Behaviour("nothing: it knows editions", "new", conditional),
    "unchanged_with_body": Behaviour(
        "304 with a body", "not_modified", sends(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n" + PAGE)
    ),
    "odd_validators": Behaviour(
        "validators that cannot be sent back", "new", answers(200, PAGE, ETag="\xff" * 2_000, Last_Modified="caf\xe9")
    ),
}

CODINGS: Mapping[str, Behaviour] = {
    "gzip_bomb": Behaviour(
        "a hundred megabytes in a hundred kilobytes", T.TOO_LARGE, packed(bomb(16 + zlib.MAX_WBITS))
    ),
    "deflate_bomb": Behaviour("the same in zlib", T.TOO_LARGE, packed(bomb(zlib.MAX_WBITS), "deflate")),
    "nested_gzip": Behaviour("packed twice over", T.BAD_ENCODING, packed(gzip.compress(PACKED), "gzip, gzip")),
    "truncated_gzip": Behaviour("gzip that ends too early", T.BAD_ENCODING, packed(PACKED[:-20])),
    "corrupt_gzip": Behaviour(
        "gzip with a wrong checksum", T.BAD_ENCODING, packed(PACKED[:-8] + bytes(4) + PACKED[-4:])
    ),
    "gzip_that_is_none": Behaviour("plain text that is called gzip", T.BAD_ENCODING, packed(PAGE)),
    "plain_that_is_gzip": Behaviour("gzip that is called plain", "new", answers(200, PACKED, Content_Type=RSS)),
    "unasked_brotli": Behaviour(
        "brotli, which nobody asked for", T.BAD_ENCODING, packed(b"\x8b\x02\x80<rss/>\x03", "br")
    ),
    "unknown_coding": Behaviour("a coding that nobody knows", T.BAD_ENCODING, packed(PAGE, "rot13")),
    "padded_gzip": Behaviour("zeros after the end of gzip", "new", packed(PACKED + bytes(64))),
    "gzip_in_parts": Behaviour("gzip in two parts", "new", packed(gzip.compress(PAGE[:99]) + gzip.compress(PAGE[99:]))),
    "endless_gzip_parts": Behaviour(
        "empty parts of gzip without end",
        T.BAD_ENCODING,
        then_flood(OK + "Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 99),
    ),
    "empty_gzip": Behaviour("nothing that is called gzip", "new", packed(b"")),
    "raw_deflate": Behaviour("deflate without its header", "new", packed(RAW_DEFLATE, "deflate")),
}
