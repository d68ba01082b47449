"""Follows a text file of articles as it grows; what is compressed or columnar is read whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from monitor.ingest.items import ColumnMap, Item
from monitor.ingest.sources.files import (
    FileFormat,
    csv_header,
    csv_item,
    csv_records,
    faults_named,
    jsonl_item,
    read_items,
    read_lines,
    require_text_column,
)

AT_ONCE_BYTES = 4_000_000
"""After so much of a file the other sources have their turn, and the place is saved."""


class Followed(msgspec.Struct, frozen=True):
    """An item and where to go on after it.

    Attributes:
        item: Its position is `file@byte` of a followed file, `file#row` of one that is read once. None, and first of
            all, where the file has become shorter than the cursor: what follows, if anything, is from its start.
        cursor: What `fetch_new` takes to go on after it: bytes, or rows.
    """

    item: Item | None
    cursor: int


_WRITTEN_ANEW: Final = Followed(None, 0)


def is_read_whole(path: Path, kind: FileFormat) -> bool:
    """Whether what came after a cursor can only be had by reading all that is before it."""
    return kind == "parquet" or path.suffix == ".gz"


def fetch_new(
    path: Path, kind: FileFormat, columns: ColumnMap, cursor: int, *, stands_still: bool = False
) -> Iterator[Followed]:
    """Yields what came after the cursor, whole records only.

    A file that has become shorter than the cursor, in bytes or in rows, was written anew, and is read from its start.
    (One that was written anew and is longer already cannot be told from one that grew.)

    Args:
        path: The file.
        kind: Its format.
        columns: Which column holds what.
        cursor: 0 at first, then the last one that was yielded.
        stands_still: Whether nobody has written for so long that a last line without a line feed will get none; then
            it counts where it can be whole. (JSON shows whether it is; a row of CSV has all of its columns.) Then
            nobody will close an open quote either.

    Raises:
        InputError: It is absent, cannot be read, is no such file, or lacks the text column.
    """
    if is_read_whole(path, kind):
        row = 0
        for row, counted in enumerate(read_items(path, kind, columns), 1):
            if row > cursor:
                yield Followed(counted, row)
        if row < cursor:
            yield _WRITTEN_ANEW
            yield from fetch_new(path, kind, columns, 0)
        return
    follow = _follow_csv if kind == "csv" else _follow_jsonl
    with faults_named(path, kind), path.open("rb") as stream:
        if cursor > path.stat().st_size:
            yield _WRITTEN_ANEW
            cursor = 0
        taken = 0
        for begin, size, item in follow(path, columns, stream, cursor, stands_still):
            taken += size
            if item is not None:
                yield Followed(item, begin + size)
                if taken >= AT_ONCE_BYTES:
                    return


Entry = tuple[int, int, Item | None]
"""Where it begins, how many bytes it has, and what it holds; None for a blank line."""


def _follow_jsonl(
    path: Path, _columns: ColumnMap, stream: IO[bytes], start: int, stands_still: bool
) -> Iterator[Entry]:
    stream.seek(start)
    for line in read_lines(stream):
        item = jsonl_item(f"{path.name}@{start}", line)
        # A whole array is no article, but what is wrong with the file: it must not wait for an end in silence.
        can_be_whole = item is not None and (item.fields is not None or item.original.rstrip().endswith(b"]"))
        if not line.ended and not (stands_still and can_be_whole):
            return
        yield start, line.size, item
        start += line.size


def _follow_csv(path: Path, columns: ColumnMap, stream: IO[bytes], start: int, stands_still: bool) -> Iterator[Entry]:
    first = next(csv_records(read_lines(stream)), None)
    if first is None or not first.whole:
        return
    header = csv_header(path, first)
    require_text_column(path, columns, header)
    start = max(start, first.size)
    stream.seek(start)
    for record in csv_records(read_lines(stream), len(header), at_rest=stands_still):
        item = csv_item(f"{path.name}@{start}", header, record)
        if not record.whole and not (stands_still and item is not None and item.fields is not None):
            return
        yield start, record.size, item
        start += record.size
