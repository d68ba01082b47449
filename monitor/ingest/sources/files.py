"""CSV, JSONL and Parquet files as items, one a row; what cannot be read as a row is an item with a fault."""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

import msgspec
import pyarrow
import pyarrow.parquet

from monitor.errors import InputError
from monitor.ingest.items import ColumnMap, Item
from monitor.ingest.json_texts import decode_json

FileFormat = Literal["csv", "jsonl", "parquet"]
MAX_LINE_BYTES = 4_000_000
"""A longer line is read past, and counted as one item with a fault."""
_TOO_LONG = f"the line is longer than {MAX_LINE_BYTES:,} bytes"
_objects = msgspec.json.Decoder(dict[str, object])
_SUFFIXES: Mapping[str, FileFormat] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}


def file_format(path: Path, given: str = "auto") -> FileFormat:
    """The format of a file: as given, or told by its name (`.gz` apart).

    Raises:
        InputError: The name does not tell.
    """
    if given != "auto":
        told: FileFormat = msgspec.convert(given, FileFormat)
        return told
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InputError(f"{path}: the format cannot be told from the name.", "Give it: csv, jsonl or parquet.")
    return _SUFFIXES[suffix]


def read_items(path: Path, kind: FileFormat, columns: ColumnMap) -> Iterator[Item]:
    """Yields every row of a file, in order.

    Raises:
        InputError: The file cannot be opened, is no such file, or lacks the text column.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.", "Check the path.")
    read = {"csv": _read_csv, "jsonl": _read_jsonl, "parquet": _read_parquet}[kind]
    with faults_named(path, kind):
        yield from read(path, columns)


@contextmanager
def faults_named(path: Path, kind: FileFormat) -> Iterator[None]:
    """Turns what goes wrong while a file is read into an error that names it.

    Raises:
        InputError: The file cannot be read, or is not what its format says.
    """
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError, pyarrow.ArrowException) as error:
        raise InputError(f"{path}: it is not a whole {kind} file ({error}).", "Fetch or write it anew.") from error
    except OSError as error:
        # Arrow tells of damaged pages with an OSError that has no number.
        fault = f"it cannot be read ({error.strerror})" if error.errno else f"it is not a whole {kind} file ({error})"
        raise InputError(f"{path}: {fault.strip()}.", "Check the file and its rights.") from error


def open_file(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked where its name ends in `.gz`."""
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


class Line(NamedTuple):
    """A line of a file.

    Attributes:
        text: Its bytes, its end among them, without a byte order mark; at most `MAX_LINE_BYTES` + 1.
        size: How many bytes it has in the file, what was dropped included.
        ended: Whether it has a line feed: the last line of a file that grows may not be whole yet.
    """

    text: bytes
    size: int
    ended: bool

    @property
    def oversized(self) -> bool:
        """Whether something of it was dropped."""
        return len(self.text) > MAX_LINE_BYTES


def read_lines(stream: IO[bytes]) -> Iterator[Line]:
    """Yields lines from where the stream stands; of one that is too long the rest is read past."""
    at_start = stream.tell() == 0
    while text := stream.readline(MAX_LINE_BYTES + 1):
        size, end = len(text), text
        while len(text) > MAX_LINE_BYTES and end and not end.endswith(b"\n"):
            end = stream.readline(MAX_LINE_BYTES + 1)
            size += len(end)
        yield Line(text.removeprefix(codecs.BOM_UTF8) if at_start else text, size, end.endswith(b"\n"))
        at_start = False


def jsonl_item(position: str, line: Line) -> Item | None:
    """One line of JSON as an item; None for a blank line."""
    original = line.text.rstrip(b"\r\n")
    if line.oversized:
        return Item(position, None, original[:MAX_LINE_BYTES], _TOO_LONG)
    if not original.strip():
        return None
    try:
        return Item(position, decode_json(original, _objects), original)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Item(position, None, original, f"it is not a JSON object ({error})")


def _read_jsonl(path: Path, columns: ColumnMap) -> Iterator[Item]:
    known = False
    with open_file(path) as stream:
        for number, line in enumerate(read_lines(stream), 1):
            if item := jsonl_item(f"{path.name}#{number}", line):
                known = known or columns.text in (item.fields or {})
                yield item
    if columns.text and not known:
        require_text_column(path, columns, ())


class CsvRecord(NamedTuple):
    """One record of a CSV file: a line, or several where a quoted field holds line ends.

    Attributes:
        row: Its fields, decoded as Latin-1, which never fails and keeps every byte; empty for a blank line.
        original: Its bytes.
        fault: Why it is no row; empty where it is one.
        size: How many bytes it has in the file.
        whole: Whether its end was there; the last record of a file that grows may go on.
    """

    row: list[str]
    original: bytes
    fault: str
    size: int
    whole: bool


_NO_ROW = "it is not a CSV row ({})"
_UNBALANCED = _NO_ROW.format("a quote is opened in it that is not closed where a field ends")
_ROWS_ENOUGH = 16
_ROWS_ENOUGH_OF_ONE_COLUMN = 64
"""Of a single column, nearly every line of a text is as wide as a row."""
_LEAST_READ_AHEAD = 1_024


def csv_records(lines: Iterator[Line], width: int = 0, *, at_rest: bool = False) -> Iterator[CsvRecord]:
    """Yields records; after one that is not CSV, reading goes on at the next line.

    A quoted field goes on over line ends until a quote that a field or a line ends after. Where another one comes
    first, or none, the quote that opened it stands there by mistake: its line alone is no row, and what was taken for
    the rest of the field is read anew, line by line.

    Args:
        lines: From the header on, or from a later record.
        width: How many columns the header has; 0 where the first record is the header.
        at_rest: Whether nobody will close a field that is open at the end.
    """
    csv.field_size_limit(MAX_LINE_BYTES)
    reader = _CsvReader(lines, width, at_rest)
    while (record := reader.next_record()) is not None:
        yield record


class _CsvReader:
    """Reads records from lines, and takes lines back that belong to none."""

    def __init__(self, lines: Iterator[Line], width: int, at_rest: bool) -> None:
        self._lines = lines
        self._width = width
        self._at_rest = at_rest
        self._back: deque[Line] = deque()
        # What is read ahead in vain is read again: no more of it in all than some times the file.
        self._ahead = MAX_LINE_BYTES

    def next_record(self) -> CsvRecord | None:
        """The next one; None at the end."""
        first = self._take()
        if first is None:
            return None
        record = self._record(first)
        self._width = self._width or len(record.row)
        self._ahead = min(self._ahead + 4 * record.size, MAX_LINE_BYTES)
        return record

    def _take(self) -> Line | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def _record(self, first: Line) -> CsvRecord:
        if first.oversized:
            return _csv_record([], [first], _TOO_LONG)
        goes_on = False

        def alone() -> Iterator[str]:
            nonlocal goes_on
            yield _latin(first)
            goes_on = True

        try:
            row, fault = next(csv.reader(alone())), ""
        except csv.Error as error:
            row, fault = [], _NO_ROW.format(error)
        return self._long_record(first) if goes_on else _csv_record(row, [first], fault)

    def _long_record(self, first: Line) -> CsvRecord:
        """The record of several lines that begins with one; that line alone, as a fault, where there is none."""
        taken, size, at_end = [first], first.size, False

        def together() -> Iterator[str]:
            nonlocal size, at_end
            yield _latin(first)
            while size <= max(self._ahead, _LEAST_READ_AHEAD):
                line = self._take()
                if line is None:
                    at_end = True
                    return
                taken.append(line)
                size += line.size
                yield _latin(line)

        try:
            return _csv_record(next(csv.reader(together(), strict=True)), taken, "")
        except csv.Error:
            self._ahead = max(self._ahead - size, 0)
            self._back.extendleft(reversed(taken[1:]))
        # At the end of a file that grows the field may still be closed, unless what follows is rows.
        return _csv_record([], [first], _UNBALANCED, whole=not at_end or self._at_rest or self._are_rows(taken[1:]))

    def _are_rows(self, lines: Sequence[Line]) -> bool:
        """Whether so many of these lines are as wide as a row, two for each that is not, that they are no text."""
        told = 0
        for line in lines:
            told = max(told + (1 if _width_of(line) == self._width else -2), 0)
        return told >= (_ROWS_ENOUGH if self._width > 1 else _ROWS_ENOUGH_OF_ONE_COLUMN)


def _csv_record(row: list[str], lines: Sequence[Line], fault: str, *, whole: bool = True) -> CsvRecord:
    original = b"".join(line.text for line in lines).rstrip(b"\r\n")[:MAX_LINE_BYTES]
    return CsvRecord(row, original, fault, sum(line.size for line in lines), whole and lines[-1].ended)


def _latin(line: Line) -> str:
    return line.text.decode("latin-1")


def _width_of(line: Line) -> int:
    """How many columns a line has by itself; 0 where it is no row."""
    try:
        return len(next(csv.reader([_latin(line)]), ()))
    except csv.Error:
        return 0


def csv_header(path: Path, record: CsvRecord | None) -> list[str]:
    """The names of a CSV file's columns; none where the file is empty.

    Raises:
        InputError: The first record is no row, or not UTF-8.
    """
    if record is None:
        return []
    if record.fault:
        raise InputError(f"{path}: the header cannot be read: {record.fault}.", "Check that it is a CSV file.")
    try:
        return [_utf8(name) for name in record.row]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: the header is not UTF-8.", "Convert the file to UTF-8.") from error


def csv_item(position: str, header: list[str], record: CsvRecord) -> Item | None:
    """One record as an item; a row that is not UTF-8 or does not fit the header has a fault; None for a blank line."""
    row, original = record.row, record.original
    if record.fault:
        return Item(position, None, original, record.fault)
    if not row:
        return None
    if len(row) != len(header):
        return Item(position, None, original, f"it has {len(row)} columns where the header has {len(header)}")
    try:
        return Item(position, {name: _utf8(value) for name, value in zip(header, row, strict=True)}, original)
    except UnicodeDecodeError as error:
        return Item(position, None, original, f"it is not UTF-8 ({error.reason} at byte {error.start})")


def _read_csv(path: Path, columns: ColumnMap) -> Iterator[Item]:
    with open_file(path) as stream:
        records = csv_records(read_lines(stream))
        header = csv_header(path, next(records, None))
        require_text_column(path, columns, header)
        for number, record in enumerate(records, 1):
            if item := csv_item(f"{path.name}#{number}", header, record):
                yield item


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("latin-1").decode("utf-8")


def _read_parquet(path: Path, columns: ColumnMap) -> Iterator[Item]:
    with pyarrow.parquet.ParquetFile(path) as file:
        require_text_column(path, columns, file.schema_arrow.names)
        number = 0
        for batch in file.iter_batches(batch_size=2_048):
            for fields in _rows(batch):
                number += 1
                position = f"{path.name}#{number}"
                if isinstance(fields, str):
                    yield Item(position, None, b"", f"it cannot be read ({fields})")
                else:
                    yield Item(position, fields, repr(fields).encode("utf-8", "replace"))


def _rows(batch: pyarrow.RecordBatch) -> Iterator[dict[str, object] | str]:
    """Rows; for one whose values Python cannot hold (text that is not UTF-8, a year 30,000), what is wrong with it."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError) as error:
        if batch.num_rows == 1:
            yield str(error)
            return
        for place in range(batch.num_rows):
            yield from _rows(batch.slice(place, 1))


def require_text_column(path: Path, columns: ColumnMap, names: Sequence[str]) -> None:
    """Checks that there is a text column.

    Raises:
        InputError: There is none; lists those that there are.
    """
    if columns.text not in names:
        listed = f" Its columns are: {', '.join(names)}." if names else ""
        raise InputError(
            f"{path}: there is no column {columns.text!r}.{listed}",
            "Name the column that holds the headline with --text-column.",
        )
