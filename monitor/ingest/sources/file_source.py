"""A followed file behind the protocol of sources."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from monitor.errors import InputError
from monitor.ingest.items import ColumnMap
from monitor.ingest.sources.files import FileFormat
from monitor.ingest.sources.following import fetch_new
from monitor.ingest.sources.source import Batch, FailureReason, SourceError, SourceState

_AT_ONCE: Final = 20_000
"""Items; a columnar or compressed file is read anew for each batch, so that a batch is better large."""


class FollowedFile:
    """A CSV, JSONL or Parquet file whose new rows are items."""

    kind: Final = "file"

    def __init__(self, name: str, path: Path, form: FileFormat, columns: ColumnMap) -> None:
        self.name: Final = name
        self._path = path
        self._format = form
        self._columns = columns

    def fetch(self, state: SourceState, now: datetime) -> Batch:  # noqa: ARG002 - the protocol's
        """What came after the cursor, in pieces; see `Source.fetch`. Nothing while the file is absent."""
        state = state.of(str(self._path))
        start = int(state.cursor) if state.cursor.isdigit() else 0
        try:
            found = list(islice(fetch_new(self._path, self._format, self._columns, start), _AT_ONCE))
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
