"""A bounded queue on disk between what fetches and what publishes: what was put is there after any kill.

Segments of whole records, each with its length and checksum, oldest first; a record is on the disk before `put`
returns. A record that was being written at a kill is cut off at the next opening: nobody was told that it was kept.
What was acknowledged may come once more after a kill, never what was not.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, NamedTuple, Self

from monitor.errors import InputError, MonitorError

_HEAD: Final = struct.Struct("<II")  # length and CRC-32 of the record that follows
_SUFFIX: Final = ".spool"
_PLACE: Final = "acknowledged"
SEGMENT_BYTES: Final = 8_000_000
"""A segment is closed at this size, and deleted once all of it was acknowledged."""


class SpoolFullError(MonitorError):
    """The spool has no room: what is to be put must wait until something was acknowledged."""

    retryable = True


class _Entry(NamedTuple):
    number: int
    segment: Path
    offset: int
    size: int


class Spool:
    """The queue in a folder. One process at a time; several threads may put, one may take."""

    def __init__(self, folder: Path, limit_bytes: int, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Opens the folder, or makes it, and finds what is in it.

        Args:
            folder: For the spool alone.
            limit_bytes: What may wait in it; a single record that is larger is taken while nothing else waits.
            segment_bytes: When a segment is closed.

        Raises:
            InputError: The folder cannot be used, or another process has it.
        """
        self._folder = folder
        self._limit = limit_bytes
        self._segment_bytes = segment_bytes
        self._changes = threading.Lock()
        self._entries: deque[_Entry] = deque()
        self._bytes = 0
        self._open: IO[bytes] | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._guard = _only_one(folder)
            self._acknowledged = _read_place(folder / _PLACE)
            self._next = self._acknowledged + 1
            self._find()
        except OSError as error:
            raise InputError(
                f"{folder}: the spool cannot be opened ({error}).", "Check the folder and the disk."
            ) from error

    @property
    def bytes_waiting(self) -> int:
        """What was put and not acknowledged."""
        return self._bytes

    @property
    def room(self) -> bool:
        """Whether a tenth of it is free, so that it is worth fetching more."""
        return self._bytes < 0.9 * self._limit

    def __len__(self) -> int:
        """How many records wait."""
        return len(self._entries)

    def put(self, record: bytes) -> int:
        """Keeps a record; it is on the disk when this returns.

        Returns:
            Its number; each is one larger than the one before.

        Raises:
            SpoolFullError: It does not fit, or the disk is full; nothing was kept.
        """
        with self._changes:
            if self._entries and self._bytes + len(record) > self._limit:
                raise SpoolFullError(
                    f"The spool holds {self._bytes:,} bytes and takes no more.", "Kafka must take some."
                )
            try:
                stream = self._segment()
            except OSError as error:
                raise _unwritable(error) from error
            begin = stream.tell()
            try:
                stream.write(_HEAD.pack(len(record), zlib.crc32(record)) + record)
                stream.flush()
                os.fsync(stream.fileno())
            except OSError as error:
                self._undo(stream, begin)
                raise _unwritable(error) from error
            entry = _Entry(self._next, Path(stream.name), begin + _HEAD.size, len(record))
            self._entries.append(entry)
            self._bytes += len(record)
            self._next += 1
            return entry.number

    def pending(self) -> Iterator[tuple[int, bytes]]:
        """Yields what waits, oldest first, with its number; what is put meanwhile comes at the next call."""
        with self._changes:
            entries = list(self._entries)
        for entry in entries:
            with entry.segment.open("rb") as stream:
                stream.seek(entry.offset)
                record = stream.read(entry.size)
            yield entry.number, record

    def acknowledge(self, number: int) -> None:
        """Lets go of all records up to this one."""
        with self._changes:
            left: set[Path] = set()
            while self._entries and self._entries[0].number <= number:
                entry = self._entries.popleft()
                self._bytes -= entry.size
                left.add(entry.segment)
            self._acknowledged = max(self._acknowledged, number)
            if self._entries:
                left.discard(self._entries[0].segment)
            # First of all: on a full disk this makes room for the place. Where even that is not to be written, of the
            # segment that is left what was acknowledged comes once more after a restart.
            for segment in left:
                self._drop(segment)
            with suppress(OSError):
                _write_place(self._folder / _PLACE, self._acknowledged)

    def close(self) -> None:
        """Lets another process have it."""
        if self._open is not None:
            self._open.close()
            self._open = None
        os.close(self._guard)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _find(self) -> None:
        """Reads the segments; their names are the numbers of their first records."""
        for segment in sorted(self._folder.glob(f"{'[0-9]' * 20}{_SUFFIX}")):
            number = int(segment.stem)
            whole = 0
            for offset, size in _records(segment):
                if number > self._acknowledged:
                    self._entries.append(_Entry(number, segment, offset, size))
                    self._bytes += size
                whole = offset + size
                number += 1
            if whole < segment.stat().st_size:
                os.truncate(segment, whole)
            self._next = max(self._next, number)
            if not self._entries or self._entries[-1].segment != segment:
                segment.unlink()

    def _segment(self) -> IO[bytes]:
        if self._open is not None and self._open.tell() >= self._segment_bytes:
            self._open.close()
            self._open = None
        if self._open is None:
            # Always a new one: what an earlier process wrote is read, never written again.
            self._open = (self._folder / f"{self._next:020d}{_SUFFIX}").open("xb")
            _sync_folder(self._folder)
        return self._open

    def _undo(self, stream: IO[bytes], begin: int) -> None:
        """Takes back a record that was written in part."""
        self._open = None
        with suppress(OSError):
            stream.close()
        with suppress(OSError):
            os.truncate(stream.name, begin)
            if begin == 0:
                Path(stream.name).unlink()

    def _drop(self, segment: Path) -> None:
        if self._open is not None and segment == Path(self._open.name):
            self._open.close()
            self._open = None
        segment.unlink(missing_ok=True)


def _unwritable(error: OSError) -> SpoolFullError:
    return SpoolFullError(f"The spool cannot be written ({error.strerror}).", "Free some disk.")


def _records(segment: Path) -> Iterator[tuple[int, int]]:
    """Where the whole records of a segment stand; ends before the first that is cut off or damaged."""
    with segment.open("rb") as stream:
        while len(head := stream.read(_HEAD.size)) == _HEAD.size:
            size, checksum = _HEAD.unpack(head)
            offset = stream.tell()
            record = stream.read(size)
            if len(record) < size or zlib.crc32(record) != checksum:
                return
            yield offset, size


def _only_one(folder: Path) -> int:
    import fcntl

    guard = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(guard)
        raise InputError(
            f"{folder}: another ingest has this spool.", "Stop it, or give this one another data_dir."
        ) from error
    return guard


def _read_place(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return 0


def _write_place(path: Path, number: int) -> None:
    # Not waited for: if it is lost, what was acknowledged comes once more.
    beside = path.with_suffix(".new")
    beside.write_text(str(number), encoding="ascii")
    beside.replace(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
