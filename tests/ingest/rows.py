"""Readers, rows and files for the tests of this room."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from monitor.ingest.items import ColumnMap, Item, ItemReader

SEEN = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
READER = ItemReader(name="wire", columns=ColumnMap(seen="seen"), zone=UTC)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=5,
)


def item(position: str = "1", **fields: object) -> Item:
    return Item(position, fields, json.dumps(fields, default=str).encode())


def write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    import csv

    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode())
    return path


def write_jsonl(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    return path
