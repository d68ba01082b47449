"""JSON Feed (versions 1 and 1.1): https://www.jsonfeed.org/version/1.1/."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from monitor.ingest.json_texts import ANYTHING, decode_json
from monitor.ingest.sources.charsets import decode
from monitor.ingest.sources.feed_entries import Entry, FeedDocument, items_of, shape_of
from monitor.ingest.sources.source import FailureReason, SourceError

_VERSION = "jsonfeed.org/version/"
_SUPPORTED = (str, int, float)


def read_json_feed(
    content: bytes, url: str, charset: str = "", language: str = "", known_shared: Collection[str] = ()
) -> FeedDocument:
    """Reads a JSON Feed; an entry that is none becomes an item with a fault.

    Args:
        content: As it came.
        url: Where it was found, by which relative links are completed.
        charset: As the HTTP header declares it.
        language: A hint where neither the feed nor the entry names one.
        known_shared: See `items_of`.

    Raises:
        SourceError: It is no JSON, or no JSON Feed.
    """
    try:
        feed = decode_json(decode(content, charset).encode(), ANYTHING)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise SourceError(
            FailureReason.NOT_PARSED, f"{url} is not whole JSON ({error}).", "Look again later; tell its owner."
        ) from error
    if (
        not isinstance(feed, dict)
        or not isinstance(feed.get("items"), list)
        or _VERSION not in str(feed.get("version"))
    ):
        raise SourceError(
            FailureReason.NOT_A_FEED, f"{url} is JSON, but no JSON Feed.", "Use the kind `comments` for posts in JSON."
        )
    own = _text(feed, "language")
    entries = [_entry(item, own or language) for item in feed["items"]]
    items, shared = items_of(entries, url, known_shared)
    return FeedDocument(items=items, shape=shape_of("json", entries), shared=shared)


def _entry(item: object, language: str) -> Entry:
    if not isinstance(item, dict):
        return Entry(fault="it is no JSON object", title=str(item)[:200])
    return Entry(
        guid=_text(item, "id"),
        url=_text(item, "url", "external_url"),
        title=_text(item, "title"),
        body=_text(item, "summary", "content_text", "content_html"),
        published=_text(item, "date_published"),
        updated=_text(item, "date_modified"),
        author=_author(item),
        language=_text(item, "language") or language,
    )


def _author(item: Mapping[str, object]) -> str:
    authors = item.get("authors")
    listed = authors if isinstance(authors, list) else [item.get("author")]
    return ", ".join(name for author in listed if isinstance(author, dict) and (name := _text(author, "name")))


def _text(fields: Mapping[str, object], *names: str) -> str:
    """The first of these fields that says something; ids may be numbers."""
    values = (fields.get(name) for name in names)
    return next((text for value in values if isinstance(value, _SUPPORTED) and (text := str(value).strip())), "")
