"""A followed file behind the protocol of sources."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from monitor.errors import InputError
from monitor.ingest.items import ColumnMap
from monitor.ingest.sources.files import FileFormat, faults_named
from monitor.ingest.sources.following import AT_ONCE_BYTES, Followed, fetch_new, is_read_whole
from monitor.ingest.sources.source import Batch, FailureReason, SourceError, SourceState

_AT_ONCE: Final = 20_000
"""Items in one batch."""
_STANDS_STILL: Final = timedelta(minutes=10)
"""After the last write; a program that writes line by line has ended the line by then."""


class _Opened(NamedTuple):
    """A file that can only be read whole, read up to some row: the next fetch goes on there, or finds nothing more.

    Attributes:
        stamp: By which a file that was written since is told.
        cursor: Of the last row that was given.
        rest: What follows it.
    """

    stamp: tuple[int, int, int]
    cursor: int
    rest: Iterator[Followed]


class FollowedFile:
    """A CSV, JSONL or Parquet file whose new rows are items."""

    kind: Final = "file"

    def __init__(self, name: str, path: Path, form: FileFormat, columns: ColumnMap) -> None:
        self.name: Final = name
        self._path = path
        self._format = form
        self._columns = columns
        self._opened: _Opened | None = None

    def fetch(self, state: SourceState, now: datetime) -> Batch:
        """What came after the cursor, in pieces; see `Source.fetch`."""
        state = state.of(str(self._path))
        start = int(state.cursor) if state.cursor.isdigit() else 0
        try:
            found = self._piece(start, now)
        except InputError as error:
            raise SourceError(FailureReason.FILE, error.what, error.remedy) from error
        if not found:
            return Batch(items=(), state=state, shape=self._format)
        items = tuple(followed.item for followed in found if followed.item is not None)
        return Batch(
            items=items,
            state=msgspec.structs.replace(state, cursor=str(found[-1].cursor)),
            shape=self._format,
            more=bool(items),
        )

    def _piece(self, start: int, now: datetime) -> list[Followed]:
        """Raises InputError where the file cannot be read."""
        stamp = self._stamp()
        opened, self._opened = self._opened, None
        still = False
        if opened is not None and (opened.stamp, opened.cursor) == (stamp, start):
            rest = opened.rest
        else:
            still = now.timestamp() - stamp[2] / 1e9 >= _STANDS_STILL.total_seconds()
            rest = fetch_new(self._path, self._format, self._columns, start, stands_still=still)
        piece = _piece_of(rest)
        if still and not is_read_whole(self._path, self._format) and stamp != self._stamp():
            # Someone writes just now: the last line may be half of one.
            piece = _piece_of(fetch_new(self._path, self._format, self._columns, start))
        if is_read_whole(self._path, self._format):
            self._opened = _Opened(stamp, piece[-1].cursor if piece else start, rest)
        return piece

    def _stamp(self) -> tuple[int, int, int]:
        """Its number, size in bytes and time of the last write in nanoseconds.

        Raises:
            InputError: It is absent, or no file.
        """
        with faults_named(self._path, self._format):
            found = self._path.stat()
        if not stat.S_ISREG(found.st_mode):
            # To open a pipe would wait for one who writes, and hold a thread for ever.
            raise InputError(f"{self._path}: it is no file.", "Name a file: a folder or a pipe cannot be followed.")
        return found.st_ino, found.st_size, found.st_mtime_ns


def _piece_of(rest: Iterator[Followed]) -> list[Followed]:
    piece: list[Followed] = []
    size = 0
    for followed in rest:
        piece.append(followed)
        size += len(followed.item.original) if followed.item else 0
        if len(piece) >= _AT_ONCE or size >= AT_ONCE_BYTES:
            break
    return piece
