"""Which column of a user's file holds what, where the user does not say."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pyarrow.parquet

from monitor.errors import InputError
from monitor.ingest.items import ColumnMap
from monitor.ingest.sources.files import (
    FileFormat,
    csv_header,
    csv_records,
    faults_named,
    open_file,
    read_items,
    read_lines,
)

_TEXT = ("headline", "title", "text")
_TIME = ("time", "published", "published_at", "published_utc", "created_at", "date")
_BODY = ("description", "summary", "body")
_SOURCE = ("source", "publisher")
_URL = ("url", "link")
_SAMPLE_LINES = 50


def guessed_columns(
    path: Path,
    kind: FileFormat,
    *,
    text: str = "",
    body: str = "",
    time: str = "",
    source: str = "",
    id_: str = "",
    url: str = "",
    seen: str = "",
) -> ColumnMap:
    """The columns as given; those not given, by their usual names.

    Raises:
        InputError: The file cannot be read, a given column does not exist, or no column holds the headline.
    """
    names = column_names(path, kind)
    given = {"--text-column": text, "--body-column": body, "--time-column": time, "--source-column": source}
    given |= {"--id-column": id_, "--url-column": url, "--seen-column": seen}
    for option, name in given.items():
        if name and name not in names:
            raise InputError(
                f"{path}: there is no column {name!r} ({option}).", f"Its columns are: {', '.join(names)}."
            )
    headline = text or _first(_TEXT, names)
    if not headline:
        raise InputError(
            f"{path}: which column holds the headline?", f"Give --text-column; the columns are: {', '.join(names)}."
        )
    return ColumnMap(
        text=headline,
        body=body or _first(tuple(name for name in _BODY if name != headline), names),
        time=time or _first(_TIME, names),
        source=source or _first(_SOURCE, names),
        url=url or _first(_URL, names),
        id=id_,
        seen=seen,
    )


def column_names(path: Path, kind: FileFormat) -> list[str]:
    """The columns of a file, in order; of JSONL, those of its first lines.

    Raises:
        InputError: It cannot be read, or is empty.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file.", "Check the path.")
    with faults_named(path, kind):
        if kind == "parquet":
            names = list(pyarrow.parquet.read_schema(path).names)
        elif kind == "csv":
            with open_file(path) as stream:
                names = csv_header(path, next(csv_records(read_lines(stream)), None))
        else:
            sample = islice(read_items(path, kind, ColumnMap(text="")), _SAMPLE_LINES)
            names = list(dict.fromkeys(name for item in sample for name in item.fields or {}))
    if not names:
        lines = ", and that each line of it is a JSON object" if kind == "jsonl" else ""
        raise InputError(f"{path}: it has no columns.", f"Check that the file is not empty{lines}.")
    return names


def _first(wanted: Sequence[str], names: Sequence[str]) -> str:
    return next((name for name in wanted if name in names), "")
