"""Standard input: lines as items, from a real pipe."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Sequence
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import EPOCH
from monitor.ingest.items import Item
from monitor.ingest.sources.files import MAX_LINE_BYTES
from monitor.ingest.sources.source import Source, SourceState
from monitor.ingest.sources.stdin import LineSource, line_items

STATE = SourceState()


def items_of(content: bytes) -> list[Item]:
    return list(line_items(io.BytesIO(content)))


def test_objects_and_headlines_may_stand_side_by_side() -> None:
    items = items_of(b'\xef\xbb\xbfOre prices rise\r\n\n  {"title": "Mill burns", "id": "m1"}\n   \nLast line')

    assert [item.fields for item in items] == [
        {"title": "Ore prices rise"},
        {"title": "Mill burns", "id": "m1"},
        {"title": "Last line"},
    ]
    assert [item.position.rpartition("-")[0] for item in items] == ["line-1", "line-3", "line-5"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"title": "cut', "not a JSON object"),
        (b"caf\xe9 chain fails", "not UTF-8"),
        (b"x" * (MAX_LINE_BYTES + 1), "longer than"),
    ],
)
def test_a_line_that_cannot_be_read_is_an_item_with_a_fault(line: bytes, fault: str) -> None:
    first, second = items_of(line + b"\nGood line\n")

    assert first.fields is None
    assert fault in first.fault
    assert second.fields == {"title": "Good line"}


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_and_the_same_input_gives_the_same_items(content: bytes) -> None:
    items = items_of(content)

    assert items == items_of(content)
    assert len({item.position for item in items}) == len(items)
    assert all((item.fields is None) == bool(item.fault) for item in items)


class Asked:
    """A source that is asked as the stage does it: with the state that came with what was taken in last."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.source = LineSource(stream)
        self.state = STATE

    def fetch(self) -> Sequence[Item]:
        batch = self.source.fetch(self.state, EPOCH)
        self.state = batch.state
        return batch.items

    def until(self, done: Callable[[list[Item]], bool]) -> list[Item]:
        found: list[Item] = []
        deadline = time.monotonic() + 30
        while not done(found):
            assert time.monotonic() < deadline, f"only {len(found)} items came"
            found.extend(self.fetch())
        return found

    def until_count(self, count: int) -> list[Item]:
        return self.until(lambda found: len(found) >= count)

    def until_end(self) -> list[Item]:
        return self.until(lambda _: self.source.ended)


def test_a_pipe_is_followed_without_waiting_for_its_next_line() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as pipe:
        asked = Asked(stream)
        assert isinstance(asked.source, Source)
        assert asked.fetch() == ()

        pipe.write(b"First line\n")
        assert [item.fields for item in asked.until_count(1)] == [{"title": "First line"}]
        assert not asked.source.ended

        pipe.write(b"Second line\n")
        pipe.close()
        assert [item.fields for item in asked.until_count(1)] == [{"title": "Second line"}]
        assert asked.until_end() == []


def test_a_long_stream_comes_whole_in_order_and_in_pieces() -> None:
    lines = [f"Headline number {number}" for number in range(7_000)]
    asked = Asked(io.BytesIO("\n".join(lines).encode()))
    items = asked.until_count(len(lines))

    assert [(item.fields or {})["title"] for item in items] == lines
    assert asked.until_end() == []


def test_what_was_given_and_not_taken_in_is_given_again() -> None:
    asked = Asked(io.BytesIO(b"".join(b"Headline %d\n" % number for number in range(3_000))))
    before = SourceState(cursor="of an earlier process")
    asked.state = before
    first = asked.until_count(1)
    asked.state = before
    assert list(asked.fetch()) == first
    rest = asked.until_end()
    assert [(item.fields or {})["title"] for item in first + rest] == [f"Headline {number}" for number in range(3_000)]
