"""A followed file behind the protocol of sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.ingest.items import ColumnMap, Item
from monitor.ingest.sources.file_source import FollowedFile
from monitor.ingest.sources.files import read_items
from monitor.ingest.sources.source import FailureReason, Source, SourceError, SourceState
from tests.ingest.rows import SEEN, write_csv, write_jsonl

COLUMNS = ColumnMap()


def test_batch_after_batch_gives_what_the_file_holds_as_it_grows(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"title": f"Mill {number} closes"} for number in range(5)])
    source = FollowedFile("desk", path, "jsonl", COLUMNS)
    first = source.fetch(SourceState(), SEEN)
    assert (len(first.items), first.more) == (5, True)
    empty = source.fetch(first.state, SEEN)
    assert (empty.items, empty.more, empty.state) == ((), False, first.state)
    with path.open("ab") as stream:
        stream.write(b'{"title": "Mill 6 closes"}\n')
    assert [item.fields for item in source.fetch(first.state, SEEN).items] == [{"title": "Mill 6 closes"}]


def test_a_long_file_comes_in_pieces_without_loss(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"title": f"Mill {number}", "source": "x" * 300} for number in range(21_000)])
    source, state = FollowedFile("desk", path, "csv", COLUMNS), SourceState()
    items: list[Item] = []
    pieces = 0
    while (batch := source.fetch(state, SEEN)).items:
        items += batch.items
        state = batch.state
        pieces += 1
    assert [item.fields for item in items] == [item.fields for item in read_items(path, "csv", COLUMNS)]
    assert pieces > 1


def test_the_place_in_another_file_means_nothing(tmp_path: Path) -> None:
    one, other = (write_jsonl(tmp_path / name, [{"title": name}]) for name in ("a.jsonl", "b.jsonl"))
    state = FollowedFile("desk", one, "jsonl", COLUMNS).fetch(SourceState(), SEEN).state
    assert len(FollowedFile("desk", other, "jsonl", COLUMNS).fetch(state, SEEN).items) == 1


def test_a_file_that_cannot_be_used_is_a_failure_and_an_absent_one_is_not_yet_there(tmp_path: Path) -> None:
    source = FollowedFile("desk", tmp_path / "a.csv", "csv", COLUMNS)
    assert source.fetch(SourceState(), SEEN).items == ()
    (tmp_path / "a.csv").write_bytes(b"headline\nx\n")
    with pytest.raises(SourceError, match="no column 'title'") as caught:
        source.fetch(SourceState(), SEEN)
    assert caught.value.reason is FailureReason.FILE
    assert isinstance(source, Source)
