"""Standard input as a source: one article a line, as a JSON object or as a bare headline."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from queue import Empty, Queue
from secrets import token_hex
from threading import Lock, Thread
from typing import IO, Final, cast

import msgspec

from monitor.ingest.items import Item
from monitor.ingest.sources.files import Line, jsonl_item, read_lines
from monitor.ingest.sources.source import Batch, SourceState

_AT_ONCE: Final = 1_000
_AHEAD: Final = 2_000
"""Items read before they are asked for; then the writer of the pipe waits."""


def line_items(stream: IO[bytes]) -> Iterator[Item]:
    """Yields the items of a stream, as they come.

    A line that begins with a brace is a JSON object, any other one a headline; blank ones are skipped. An item's
    position is its line's number and a fingerprint of the line: the same input piped again delivers the same items.
    """
    for number, line in enumerate(read_lines(cast("IO[bytes]", _Pipe(stream))), 1):
        digest = hashlib.blake2b(line.text, digest_size=8).hexdigest()
        if item := _item(f"line-{number}-{digest}", line):
            yield item


class _Pipe:
    """A stream that cannot say where it stands: at its start."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.readline = stream.readline

    def tell(self) -> int:
        return 0


def _item(position: str, line: Line) -> Item | None:
    original = line.text.strip()
    if line.oversized or not original or original.startswith(b"{"):
        return jsonl_item(position, line)
    try:
        return Item(position, {"title": original.decode("utf-8")}, original)
    except UnicodeDecodeError as error:
        return Item(position, None, original, f"it is not UTF-8 ({error.reason} at byte {error.start})")


class LineSource:
    """A stream that is read in the background, so that waiting for its next line holds nothing up.

    A pipe cannot be read twice: lines that were read and not yet taken in are lost with the process. Within a process
    none is: what was given is given again until it is asked with the state that came with it.
    """

    kind = "stdin"

    def __init__(self, stream: IO[bytes], name: str = "stdin") -> None:
        """Begins to read."""
        self.name = name
        self._items: Queue[Item | None] = Queue(_AHEAD)
        self._one_at_a_time = Lock()
        # The state of an earlier process says nothing of this one's stream.
        self._process = token_hex(8)
        self._given: tuple[Item, ...] = ()
        self._reached = 0
        self.ended = False
        """Whether the stream has ended and all of it was fetched."""
        Thread(target=self._read, args=(stream,), name=f"source-{name}", daemon=True).start()

    def fetch(self, state: SourceState, now: datetime) -> Batch:  # noqa: ARG002 - the protocol's
        """What has come since the last fetch, in order; nothing while nothing comes."""
        # A stage that is built anew may ask while the last poll of the one before is still under way.
        with self._one_at_a_time:
            if not self._given or state.cursor == self._cursor:
                self._given = self._next()
                self._reached += len(self._given)
            after = msgspec.structs.replace(state, cursor=self._cursor) if self._given else state
            return Batch(items=self._given, state=after, shape="lines", more=len(self._given) == _AT_ONCE)

    @property
    def _cursor(self) -> str:
        return f"{self._process}:{self._reached}"

    def _next(self) -> tuple[Item, ...]:
        found: list[Item] = []
        while len(found) < _AT_ONCE and not self.ended:
            try:
                item = self._items.get_nowait()
            except Empty:
                break
            if item is None:
                self.ended = True
            else:
                found.append(item)
        return tuple(found)

    def _read(self, stream: IO[bytes]) -> None:
        try:
            for item in line_items(stream):
                self._items.put(item)
        finally:
            self._items.put(None)
