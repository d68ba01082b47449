"""From what a source delivers to an article, or to a dead letter that says what was wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from monitor.articles import Article, Precision, article_id
from monitor.errors import InputError
from monitor.ingest.language import detect_language
from monitor.ingest.times import parse_published
from monitor.records import MAX_ORIGINAL_BYTES, DeadLetter

MAX_SOURCE_CHARACTERS = 200
"""A source's name is part of keys, which a database limits."""
_WHITESPACE = re.compile(r"[\s\x00]+")
"""NUL too: PostgreSQL cannot keep it, and a name with one would not be found again."""


class Item(msgspec.Struct, frozen=True):
    """One delivered row or entry, before anyone looked at what it says.

    Attributes:
        position: Where it stands in its source; with the source's name it tells a redelivery from a repeat.
        fields: By column name; None where not even that could be read.
        original: The bytes as they came.
        fault: One sentence on why `fields` is None; empty otherwise.
    """

    position: str
    fields: Mapping[str, object] | None
    original: bytes
    fault: str = ""


class ColumnMap(msgspec.Struct, frozen=True, kw_only=True):
    """Which column holds what. Only `text` must exist; an empty name means that there is no such column."""

    text: str = "title"
    body: str = "description"
    time: str = "published"
    seen: str = ""
    source: str = "source"
    id: str = "id"
    url: str = "url"


class ItemReader(msgspec.Struct, frozen=True, kw_only=True):
    """Turns the items of one source into articles.

    Attributes:
        name: Name of the source where the items name none.
        columns: Which column holds what.
        zone: Zone of times that name none.
        max_item_bytes: A larger item is refused.
    """

    name: str
    columns: ColumnMap
    zone: tzinfo
    max_item_bytes: int = 1_000_000

    def published(self, item: Item) -> tuple[datetime, Precision] | None:
        """When the item says that it was published; None where it does not, or nothing that can be read."""
        return parse_published((item.fields or {}).get(self.columns.time), self.zone)

    def seen(self, item: Item) -> datetime | None:
        """When the item says that it was first seen (a recording's own column); None where it does not."""
        found = parse_published((item.fields or {}).get(self.columns.seen), self.zone) if self.columns.seen else None
        return found[0] if found else None

    def read(self, item: Item, first_seen_at: datetime) -> Article | DeadLetter:
        """The article that an item holds; a dead letter, with its reason, where it holds none.

        The id comes from the item's own id, else its URL, else its title and publication time, each with its source.
        """
        fields, columns = item.fields, self.columns
        if fields is None:
            return self._refuse(item, item.fault, first_seen_at)
        if len(item.original) > self.max_item_bytes:
            return self._refuse(item, f"it is larger than {self.max_item_bytes:,} bytes", first_seen_at)
        texts: dict[str, str] = {}
        for column in (columns.text, columns.body, columns.source, columns.id, columns.url):
            value = fields.get(column) if column else None
            if (value is not None and not isinstance(value, str | int)) or (
                value is not None and column == columns.text and not isinstance(value, str)
            ):
                return self._refuse(item, f"{column!r} is a {type(value).__name__}, not text", first_seen_at)
            texts[column] = _WHITESPACE.sub(" ", str(value)).strip() if value is not None else ""
        title, body = texts[columns.text], texts.get(columns.body, "")
        if not title and not body:
            return self._refuse(item, f"neither {columns.text!r} nor {columns.body!r} holds text", first_seen_at)
        source = texts.get(columns.source) or self.name
        if len(source) > MAX_SOURCE_CHARACTERS:
            return self._refuse(
                item, f"{columns.source!r} has more than {MAX_SOURCE_CHARACTERS} characters", first_seen_at
            )
        url = texts.get(columns.url, "")
        published = self.published(item)
        own_id = texts.get(columns.id) or url
        raw_time = str(fields.get(columns.time) or "")
        return Article(
            id=article_id(source, own_id) if own_id else article_id(source, title, body, raw_time),
            source=source,
            position=item.position,
            title=title,
            body=body,
            url=url,
            language=detect_language(f"{title} {body}"),
            published_at=published[0] if published else None,
            published_precision=published[1] if published else None,
            first_seen_at=first_seen_at,
        )

    def _refuse(self, item: Item, reason: str, seen_at: datetime) -> DeadLetter:
        return DeadLetter(
            stage="ingest",
            reason=f"{item.position}: {reason}.",
            source=self.name,
            position=item.position,
            seen_at=seen_at,
            original=item.original[:MAX_ORIGINAL_BYTES],
        )


def time_zone(name: str) -> tzinfo:
    """An IANA time zone by name.

    Raises:
        InputError: There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InputError(
            f"There is no time zone {name!r}.", "Give an IANA name such as UTC or America/New_York."
        ) from error
