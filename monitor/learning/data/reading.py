"""Rows of a user's file, whole or refused: CSV, JSON lines or Parquet; a fault names file, row and remedy."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from monitor.errors import InputError
from monitor.ingest.items import Item
from monitor.ingest.sources.files import (
    MAX_LINE_BYTES,
    FileFormat,
    csv_header,
    csv_item,
    csv_records,
    faults_named,
    file_format,
    jsonl_item,
    open_file,
    read_lines,
)

Record = tuple[int, dict[str, Any]]
"""Row number (1 is the first data row; of JSON lines, the line's) and the wanted columns."""

MAX_CELL_CHARACTERS = MAX_LINE_BYTES
"""Of a Parquet cell; a model reads the first few hundred words of a text."""

_PARQUET_ROWS = 512
_UNICODE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_ENCODING = "Save the file as UTF-8."


def read_records(path: Path, columns: Sequence[str]) -> Iterator[Record]:
    """Yield every row of a file; memory is bounded by its longest allowed line, not by the file.

    Args:
        path: A .csv, .jsonl, .ndjson or .parquet file; the text formats may be gzipped (.gz).
        columns: Names of the wanted columns, all of which must be there.

    Raises:
        InputError: The file is missing, empty, of another format or encoding, has a line longer than
            `MAX_LINE_BYTES`, or lacks a column; or a row cannot be read.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.", "Check the path.")
    kind = _kind(path)
    reader = {"csv": _csv_items, "jsonl": _json_items, "parquet": _parquet_items}[kind]
    count = 0
    with faults_named(path, kind):
        if kind != "parquet":
            _require_utf8(path)
        for number, item in reader(path, columns):
            if item.fields is None:
                raise _refused(path, number, item)
            _require_columns(f"{path}, row {number}", tuple(item.fields), columns)
            count += 1
            yield number, {column: item.fields[column] for column in columns}
    if not count:
        raise InputError(f"{path}: no rows.", "Give a file with at least one row below its header.")


def _kind(path: Path) -> FileFormat:
    try:
        return file_format(path)
    except InputError as error:
        raise InputError(f"{path}: unknown format {path.suffix!r}.", "Give a .csv, .jsonl or .parquet file.") from error


def _require_utf8(path: Path) -> None:
    """Refuse what is plainly UTF-16 or UTF-32: it would be read as one column of another name."""
    with open_file(path) as stream:
        begin = stream.read(1_000)
    if begin.startswith(_UNICODE_MARKS) or begin.count(0) > len(begin) // 4:
        raise InputError(f"{path}: it is UTF-16 or UTF-32 text, or no text at all, not UTF-8.", _ENCODING)


def _refused(path: Path, number: int, item: Item) -> InputError:
    remedy = "Mend or remove the row."
    if "UTF-8" in item.fault or "utf-8" in item.fault or "surrogate" in item.fault:
        return InputError(f"{path}, row {number}: it is not UTF-8: {item.fault}.", _ENCODING)
    if "longer than" in item.fault:
        remedy = f"Write one row a line, of at most {MAX_LINE_BYTES:,} bytes."
    elif "a quote is opened" in item.fault:
        remedy = "Mend the quoting of that row."
    elif "JSON" in item.fault:
        remedy = "Write one JSON object a line."
    return InputError(f"{path}, row {number}: {item.fault}.", remedy)


def _csv_items(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Item]]:
    with open_file(path) as stream:
        records = csv_records(read_lines(stream))
        header = csv_header(path, next(records, None))
        if not header:
            raise InputError(f"{path}: it is empty.", "Give a file with a header and at least one row.")
        repeated = {name for name in header if header.count(name) > 1} & set(columns)
        if repeated:
            raise InputError(f"{path}: the column {min(repeated)!r} is there twice.", "Rename one of the two.")
        _require_columns(str(path), header, columns)
        for number, record in enumerate(records, 1):
            if item := csv_item(str(number), header, record):
                yield number, item


def _json_items(path: Path, _columns: Sequence[str]) -> Iterator[tuple[int, Item]]:
    with open_file(path) as stream:
        for number, line in enumerate(read_lines(stream), 1):
            if item := jsonl_item(str(number), line):
                yield number, item


def _parquet_items(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Item]]:
    with pyarrow.parquet.ParquetFile(path) as file:
        _require_columns(str(path), file.schema_arrow.names, columns)
        number = 0
        for batch in file.iter_batches(batch_size=_PARQUET_ROWS, columns=list(dict.fromkeys(columns))):
            for item in _parquet_rows(batch):
                number += 1
                yield number, item


def _parquet_rows(batch: pyarrow.RecordBatch) -> Iterator[Item]:
    try:
        rows = batch.to_pylist()
    except (ValueError, OverflowError) as error:  # text that is not UTF-8, a year 30,000: found row by row
        if batch.num_rows == 1:
            yield Item("", None, b"", f"it cannot be read ({error})")
            return
        for place in range(batch.num_rows):
            yield from _parquet_rows(batch.slice(place, 1))
        return
    for fields in rows:
        long = next((name for name, value in fields.items() if _is_long(value)), None)
        fault = f"its {long} is longer than {MAX_CELL_CHARACTERS:,} characters" if long else ""
        yield Item("", None if long else fields, b"", fault)


def _is_long(value: object) -> bool:
    return isinstance(value, str | bytes) and len(value) > MAX_CELL_CHARACTERS


def _require_columns(where: str, found: Sequence[str], needed: Sequence[str]) -> None:
    for column in needed:
        if column not in found:
            listed = ", ".join(f"{name!r}" for name in islice(map(str, found), 30))
            raise InputError(f"{where}: no column {column!r}.", f"Name one of: {listed}.")
