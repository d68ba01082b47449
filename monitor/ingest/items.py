"""From what a source delivers to an article, or to a dead letter that says what was wrong with it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from monitor.articles import Article, Precision, article_id
from monitor.errors import InputError
from monitor.ingest.language import detect_language
from monitor.ingest.shingles import shingles_of
from monitor.ingest.times import Reading, read_time, told_order
from monitor.ingest.timing import timing_of
from monitor.ingest.urls import canonical_url
from monitor.records import MAX_ORIGINAL_BYTES, DeadLetter, short_reason

MAX_SOURCE_CHARACTERS = 200
"""A source's name is part of keys, which a database limits."""
MAX_POSITION_CHARACTERS = 300
"""So is a position; a longer one has a fingerprint in its place."""
_WHITESPACE = re.compile(r"[\s\x00]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
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
    updated: str = "updated"
    author: str = "author"
    parent: str = "parent"
    language: str = "language"


class ItemTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What an item says, as plain text in one line each; the attributes are the names in `ColumnMap`."""

    text: str
    body: str
    source: str
    id: str
    url: str
    author: str
    parent: str
    language: str


class ItemReader(msgspec.Struct, frozen=True, kw_only=True):
    """Turns the items of one source into articles.

    Attributes:
        name: Name of the source where the items name none.
        columns: Which column holds what.
        zone: Zone of times that name none.
        max_item_bytes: A larger item is refused.
        horizon: What counts longer ago than this before first sight has the case `too_old`; None where nothing has.
        day_first: Whether 5/6/2024 is the fifth of June; None where the settings do not say.
        orders: The same of each publisher whose other dates tell it.
    """

    name: str
    columns: ColumnMap
    zone: tzinfo
    max_item_bytes: int = 1_000_000
    horizon: timedelta | None = None
    day_first: bool | None = None
    orders: Mapping[str, bool] = {}

    def taught_by(self, items: Iterable[Item]) -> ItemReader:
        """This reader, with what the dates of these items, such as 13/6/2024, tell of the order of all of them.

        A publisher whose dates contradict each other tells nothing.
        """
        if self.day_first is not None:
            return self
        told: dict[str, set[bool]] = {}
        for fields in (item.fields for item in items if item.fields):
            for column in (self.columns.time, self.columns.updated):
                if (order := told_order(fields.get(column))) is not None:
                    told.setdefault(self._publisher(fields), set()).add(order)
        orders = {publisher: True in found for publisher, found in told.items() if len(found) == 1}
        return msgspec.structs.replace(self, orders=orders) if orders else self

    def published(self, item: Item) -> tuple[datetime, Precision] | None:
        """When the item says that it was published; None where it does not, or nothing that can be read."""
        found = self._time(item.fields or {}, self.columns.time)
        return found[:2] if found else None

    def seen(self, item: Item) -> datetime | None:
        """When the item says that it was first seen (a recording's own column); None where it does not."""
        found = self._time(item.fields or {}, self.columns.seen)
        return found.at if found else None

    def read(self, item: Item, first_seen_at: datetime) -> Article | DeadLetter:
        """The article that an item holds; a dead letter, with its reason, where it holds none.

        The id comes from the item's own id, else its address, else its title and publication time, each with its
        source. Ids that are web addresses are compared as such (`canonical_url`): feeds mark an edit in the fragment.
        """
        if item.fields is None:
            return self._refuse(item, item.fault, first_seen_at)
        if len(item.original) > self.max_item_bytes:
            return self._refuse(item, f"it is larger than {self.max_item_bytes:,} bytes", first_seen_at)
        try:
            return self._article(item, item.fields, self._texts(item.fields), first_seen_at)
        except InputError as error:
            return self._refuse(item, error.what, first_seen_at)
        except Exception as error:  # noqa: BLE001 - an item that nobody foresaw must not stop the others
            fault = f"it cannot be read, by a fault of ours ({type(error).__name__}: {error})"
            return self._refuse(item, fault, first_seen_at)

    def _time(self, fields: Mapping[str, object], column: str) -> Reading | None:
        return read_time(fields.get(column), self.zone, self._order(fields)) if column else None

    def _order(self, fields: Mapping[str, object]) -> bool | None:
        return self.day_first if self.day_first is not None else self.orders.get(self._publisher(fields))

    def _publisher(self, fields: Mapping[str, object]) -> str:
        return _text(fields, self.columns.source, strict=False) or self.name

    def _texts(self, fields: Mapping[str, object]) -> ItemTexts:
        """Raises InputError with the fault, a part of a sentence, where these are not texts of an article."""
        columns = self.columns
        read = {name: _text(fields, getattr(columns, name)) for name in ("text", "body", "source", "url")}
        read["id"] = _text(_with_whole_number(fields, columns.id), columns.id)
        # What is nice to know is no reason to refuse news.
        read |= {name: _text(fields, getattr(columns, name), strict=False) for name in ("author", "parent", "language")}
        if columns.text and isinstance(fields.get(columns.text), int):
            raise InputError(f"{columns.text!r} is a {type(fields[columns.text]).__name__}, not text")
        if not read["text"] and not read["body"]:
            raise InputError(f"neither {columns.text!r} nor {columns.body!r} holds text")
        if len(read["source"]) > MAX_SOURCE_CHARACTERS:
            raise InputError(f"{columns.source!r} has more than {MAX_SOURCE_CHARACTERS} characters")
        # One letter has one form, however a source writes its accents: names are compared, and copies.
        read |= {name: unicodedata.normalize("NFC", read[name]) for name in ("text", "body")}
        return ItemTexts(**read)

    def _article(self, item: Item, fields: Mapping[str, object], texts: ItemTexts, first_seen_at: datetime) -> Article:
        columns, source = self.columns, texts.source or self.name
        raw_time = fields.get(columns.time) if columns.time else None
        own_id = canonical_url(texts.id or texts.url)
        timing = timing_of(
            raw_time,
            fields.get(columns.updated) if columns.updated else None,
            zone=self.zone,
            first_seen_at=first_seen_at,
            horizon=self.horizon,
            day_first=self._order(fields),
        )
        return Article(
            id=article_id(source, own_id)
            if own_id
            else article_id(source, texts.text, texts.body, str(raw_time or "")),
            source=source,
            position=short_position(item.position),
            title=texts.text,
            body=texts.body,
            url=texts.url,
            author=texts.author,
            parent=texts.parent,
            language=detect_language(f"{texts.text} {texts.body}", texts.language),
            published_at=timing.published_at,
            published_precision=timing.published_precision,
            updated_at=timing.updated_at,
            time_case=timing.time_case,
            first_seen_at=first_seen_at,
            shingles=shingles_of(texts.text, texts.body),
        )

    def _refuse(self, item: Item, reason: str, seen_at: datetime) -> DeadLetter:
        # A file that begins anew has other bytes at the same place.
        digest = hashlib.blake2b(item.original, digest_size=8).hexdigest()
        return DeadLetter(
            stage="ingest",
            reason=f"{short_position(item.position)}: {short_reason(reason)}.",
            source=self.name,
            position=short_position(f"{item.position}-{digest}"),
            seen_at=seen_at,
            original=item.original[:MAX_ORIGINAL_BYTES],
        )


def short_position(position: str) -> str:
    """A position that fits into keys: itself, or its fingerprint where it is too long."""
    position = position.replace("\x00", "\ufffd")
    return position if len(position) <= MAX_POSITION_CHARACTERS else article_id(position)


def _text(fields: Mapping[str, object], column: str, *, strict: bool = True) -> str:
    value = fields.get(column) if column else None
    if value is None or not (strict or isinstance(value, str | int)):
        return ""
    if not isinstance(value, str | int):
        raise InputError(f"{column!r} is a {type(value).__name__}, not text")
    # A half of a surrogate pair is no character, and no encoder would take it.
    return _WHITESPACE.sub(" ", _SURROGATES.sub("\ufffd", str(value))).strip()


def _with_whole_number(fields: Mapping[str, object], column: str) -> Mapping[str, object]:
    """A column of numbers with gaps is one of fractions to many a program: 7.0 is the number 7."""
    value = fields.get(column)
    return {column: int(value)} if isinstance(value, float) and value.is_integer() else fields


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
