"""Unpacking: the same bytes whatever the pieces, never more than the limit, and a name for every fault."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.web.content_coding import BadCodingError, ContentDecoder, TooLargeError, unpack_gzip

CONTENT = st.binary(max_size=3_000) | st.integers(0, 200_000).map(bytes)


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


Pack = Callable[[bytes], bytes]
gzipped: Pack = gzip.compress
zipped: Pack = zlib.compress
CODED: dict[str, Pack] = {
    "": bytes,
    "identity": bytes,
    "GZIP": gzipped,
    "x-gzip": gzipped,
    "deflate": zipped,
    " deflate , identity": raw_deflate,
}


def decoded(coding: str, data: bytes, cuts: list[int], max_bytes: int = 1_000_000) -> bytes:
    decoder = ContentDecoder(coding, max_bytes)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return b"".join(decoder.decode(data[a:b]) for a, b in itertools.pairwise(edges)) + decoder.finish()


@given(CONTENT, st.sampled_from(list(CODED)), st.lists(st.integers(0, 10**6), max_size=8))
def test_content_comes_back_whole_wherever_it_was_cut(content: bytes, coding: str, cuts: list[int]) -> None:
    assert decoded(coding, CODED[coding](content), cuts) == content


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_parts_of_gzip_follow_one_another_and_padding_is_skipped(one: bytes, two: bytes) -> None:
    parts = gzip.compress(one) + gzip.compress(two)

    assert decoded("gzip", parts + bytes(50), []) == one + two
    assert unpack_gzip(parts, 1_000) == one + two


@given(st.binary(min_size=1, max_size=2_000), st.integers(1, 10**6))
def test_gzip_without_its_end_is_never_taken_for_whole(content: bytes, missing: int) -> None:
    packed = gzip.compress(content)
    with pytest.raises(BadCodingError, match="too early"):
        decoded("gzip", packed[: -1 - missing % (len(packed) - 1)], [])


@given(st.binary(max_size=500), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_are_content_or_a_named_fault(data: bytes, coding: str) -> None:
    with contextlib.suppress(BadCodingError, TooLargeError):
        assert len(decoded(coding, data, [7], 1_000)) <= 1_000


@given(st.integers(1, 3_000), st.sampled_from(list(CODED)))
def test_the_limit_is_a_limit_to_the_byte(size: int, coding: str) -> None:
    packed = CODED[coding](bytes(size))
    limit = max(size, len(packed))

    assert len(decoded(coding, packed, [], limit)) == size
    with pytest.raises(TooLargeError):
        decoded(coding, packed, [], limit - 1)


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    bomb = b"".join([packer.compress(bytes(1_000_000)) for _ in range(50)] + [packer.flush()])

    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpack_gzip(bomb, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_many_empty_parts_are_no_way_to_keep_us_busy() -> None:
    with pytest.raises(BadCodingError, match="parts"):
        unpack_gzip(gzip.compress(b"") * 100_000, 10_000_000)


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip,deflate", "\xe9", "x" * 10_000])
def test_a_coding_that_was_not_offered_is_refused(coding: str) -> None:
    with pytest.raises(BadCodingError):
        ContentDecoder(coding, 100)
