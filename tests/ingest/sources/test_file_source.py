"""A followed file behind the protocol of sources."""

from __future__ import annotations

import gzip
import os
from datetime import timedelta
from pathlib import Path, PosixPath
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from monitor.ingest.items import ColumnMap, Item
from monitor.ingest.sources.file_source import FollowedFile
from monitor.ingest.sources.files import file_format, read_items
from monitor.ingest.sources.following import AT_ONCE_BYTES
from monitor.ingest.sources.source import Batch, FailureReason, Source, SourceError, SourceState
from tests.ingest.rows import SEEN, write_csv, write_jsonl

COLUMNS = ColumnMap()


def titles(batch: Batch) -> list[object]:
    return [(item.fields or {}).get("title") for item in batch.items]


def write_titles(path: Path, told: list[str]) -> None:
    if path.suffix == ".parquet":
        parquet.write_table(pyarrow.table({"title": pyarrow.array(told, pyarrow.string())}), path)
        return
    write = write_csv if ".csv" in path.suffixes else write_jsonl
    plain = write(path.with_suffix(""), [{"title": title} for title in told])
    path.write_bytes(gzip.compress(plain.read_bytes()))


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


@pytest.mark.parametrize(
    ("name", "header", "row", "emptied"),
    [
        ("a.jsonl", b"", b'{"title": "%s"}\n', b""),
        ("a.jsonl", b"", b'{"title": "%s"}\n', b"\n"),
        ("a.csv", b"title\n", b"%s\n", b""),
        ("a.csv", b"title\n", b"%s\n", b"title\n"),
    ],
)
def test_a_file_that_was_seen_while_it_held_nothing_yet_is_read_from_its_start(
    tmp_path: Path, name: str, header: bytes, row: bytes, emptied: bytes
) -> None:
    path = tmp_path / name
    source = FollowedFile("desk", path, file_format(path), COLUMNS)
    path.write_bytes(header + row % b"Monday 1" + row % b"Monday 2")
    before = source.fetch(SourceState(), SEEN)
    path.write_bytes(emptied)
    between = source.fetch(before.state, SEEN)
    assert (between.items, between.more) == ((), False)
    path.write_bytes(header + b"".join(row % b"Tuesday %d" % number for number in range(3)))
    assert titles(source.fetch(between.state, SEEN)) == ["Tuesday 0", "Tuesday 1", "Tuesday 2"]


@pytest.mark.parametrize("name", ["a.parquet", "a.csv.gz", "a.jsonl.gz"])
def test_a_file_of_which_rows_are_counted_is_read_from_its_start_where_it_has_fewer(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    source = FollowedFile("desk", path, file_format(path), COLUMNS)
    write_titles(path, ["Monday 1", "Monday 2", "Monday 3"])
    state = source.fetch(SourceState(), SEEN).state
    write_titles(path, ["Tuesday 1", "Tuesday 2"])
    shorter = source.fetch(state, SEEN)
    assert titles(shorter) == ["Tuesday 1", "Tuesday 2"]
    write_titles(path, ["Tuesday 1", "Tuesday 2", "Tuesday 3"])
    assert titles(source.fetch(shorter.state, SEEN)) == ["Tuesday 3"]


def test_a_parquet_file_that_was_seen_without_a_row_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    source, state = FollowedFile("desk", path, "parquet", COLUMNS), SourceState()
    for rows in (["Monday 1", "Monday 2"], [], ["Tuesday 1", "Tuesday 2", "Tuesday 3"]):
        write_titles(path, rows)
        batch = source.fetch(state, SEEN)
        assert titles(batch) == rows
        state = batch.state


def test_the_place_in_another_file_means_nothing(tmp_path: Path) -> None:
    one, other = (write_jsonl(tmp_path / name, [{"title": name}]) for name in ("a.jsonl", "b.jsonl"))
    state = FollowedFile("desk", one, "jsonl", COLUMNS).fetch(SourceState(), SEEN).state
    assert len(FollowedFile("desk", other, "jsonl", COLUMNS).fetch(state, SEEN).items) == 1


def test_a_file_that_cannot_be_used_is_a_failure_and_so_is_an_absent_one(tmp_path: Path) -> None:
    source = FollowedFile("desk", tmp_path / "a.csv", "csv", COLUMNS)
    with pytest.raises(SourceError, match="No such file") as caught:
        source.fetch(SourceState(), SEEN)
    assert caught.value.reason is FailureReason.FILE
    (tmp_path / "a.csv").write_bytes(b"headline\nx\n")
    with pytest.raises(SourceError, match="no column 'title'") as caught:
        source.fetch(SourceState(), SEEN)
    assert caught.value.reason is FailureReason.FILE
    assert isinstance(source, Source)


def test_a_last_line_without_an_end_is_read_ten_minutes_after_the_last_write(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"title": "one"}\n{"title": "two"}')
    os.utime(path, (SEEN.timestamp(), SEEN.timestamp()))
    source, ten = FollowedFile("desk", path, "jsonl", COLUMNS), timedelta(minutes=10)
    assert titles(source.fetch(SourceState(), SEEN + ten - timedelta(seconds=1))) == ["one"]
    assert titles(source.fetch(SourceState(), SEEN + ten)) == ["one", "two"]


class GoesOnWhenOpened(PosixPath):
    """A file that stood still, in which another program begins a row just as it is opened to be read."""

    def open(self, *args: Any, **options: Any) -> Any:
        plain = Path(self)
        if plain.read_bytes().endswith(b"\n"):
            with plain.open("ab") as stream:
                stream.write(b"2,Acme prof")
        return plain.open(*args, **options)


def test_a_row_that_is_begun_while_the_file_is_read_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,title\n1,Mill closes\n")
    long_ago = (SEEN - timedelta(hours=1)).timestamp()
    os.utime(path, (long_ago, long_ago))
    first = FollowedFile("desk", GoesOnWhenOpened(path), "csv", COLUMNS).fetch(SourceState(), SEEN)
    assert titles(first) == ["Mill closes"]
    with path.open("ab") as stream:
        stream.write(b"its fall\n")
    assert titles(FollowedFile("desk", path, "csv", COLUMNS).fetch(first.state, SEEN)) == ["Acme profits fall"]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.jsonl.gz", "a.parquet"])
def test_a_pipe_is_no_file_to_follow_and_is_not_waited_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    # Open at this end, so that one who opens it all the same fails here instead of waiting.
    own = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        with pytest.raises(SourceError, match="it is no file") as caught:
            FollowedFile("desk", path, file_format(path), COLUMNS).fetch(SourceState(), SEEN)
    finally:
        os.close(own)
    assert caught.value.reason is FailureReason.FILE


@pytest.mark.parametrize("name", ["a.parquet", "a.csv.gz", "a.jsonl.gz"])
def test_what_is_read_whole_is_read_once_until_it_is_another(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_titles(path, [f"{number} " + "x" * 3_000 for number in range(3_000)])
    source, state = FollowedFile("desk", path, file_format(path), COLUMNS), SourceState()
    sizes, before = [], read_bytes()
    while (batch := source.fetch(state, SEEN)).items:
        sizes.append(sum(len(item.original) for item in batch.items))
        state = batch.state
    read = read_bytes() - before
    assert sum(sizes) > 9_000_000
    assert max(sizes) < AT_ONCE_BYTES + 10_000
    for _ in range(20):
        assert source.fetch(state, SEEN).items == ()
    assert read_bytes() - before - read < path.stat().st_size
    write_titles(path, ["another"])
    assert titles(source.fetch(state, SEEN)) == ["another"]


def test_a_batch_that_was_not_taken_in_is_given_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    write_titles(path, [f"{number} " + "x" * 3_000 for number in range(3_000)])
    source = FollowedFile("desk", path, "csv", COLUMNS)
    first = source.fetch(SourceState(), SEEN)
    assert titles(source.fetch(SourceState(), SEEN)) == titles(first)
    assert titles(source.fetch(first.state, SEEN))[0] != titles(first)[0]
    assert titles(source.fetch(first.state, SEEN))[0] == f"{len(first.items)} " + "x" * 3_000


def read_bytes() -> int:
    """What this process has read so far, by every way."""
    return int(Path("/proc/self/io").read_text(encoding="ascii").split()[1])
