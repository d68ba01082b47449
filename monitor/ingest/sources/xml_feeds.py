"""RSS 0.9 to 2.0, RDF and Atom by feedparser, from text that was made harmless before."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, Final

import feedparser

from monitor.ingest.sources.feed_entries import Entry, FeedDocument, items_of, shape_of
from monitor.ingest.sources.source import FailureReason, SourceError
from monitor.ingest.sources.xml_texts import MAX_TAGS, ends_well, root_of, safe_xml

_ROOTS: Final = frozenset({"rss", "rdf", "feed", "channel"})
_SITEMAPS: Final = frozenset({"urlset", "sitemapindex"})
_LONGEST_WAIT: Final = timedelta(days=1)


def read_xml_feed(
    content: bytes, url: str, charset: str = "", language: str = "", known_shared: Collection[str] = ()
) -> FeedDocument:
    """Reads a feed, as much of it as can be read.

    Args:
        content: As it came.
        url: Where it was found, by which relative links are completed.
        charset: As the HTTP header declares it.
        language: A hint where neither the feed nor the entry names one.
        known_shared: See `items_of`.

    Raises:
        SourceError: It is no feed, or a feed of which nothing can be read.
    """
    text = safe_xml(content, charset)
    root = root_of(text)
    if root not in _ROOTS:
        raise _not_a_feed(url, root)
    if (tags := text.count("<")) > MAX_TAGS:
        raise SourceError(FailureReason.TOO_LARGE, f"{url} has {tags:,} tags.", "Look for a shorter feed.")
    parsed = _parse(text, url)
    complete = ends_well(text)
    if not parsed.entries and not complete:
        raise SourceError(
            FailureReason.NOT_PARSED, f"{url} breaks off before its first entry.", "Look again later; tell its owner."
        )
    found = parsed.entries if complete else parsed.entries[:-1]
    kind = str(parsed.version or root)
    own = str(parsed.feed.get("language") or "")
    entries = [_entry(entry, own or language, kind) for entry in found]
    items, shared = items_of(entries, url, known_shared)
    return FeedDocument(
        items=items, shape=shape_of(kind, entries), complete=complete, wait=_ttl(parsed.feed), shared=shared
    )


def _not_a_feed(url: str, root: str) -> SourceError:
    if root in _SITEMAPS:
        return SourceError(FailureReason.NOT_A_FEED, f"{url} is a sitemap.", "Use the kind `page` for it.")
    what = f"XML of another kind ({root})" if root else "neither XML nor JSON"
    return SourceError(FailureReason.NOT_A_FEED, f"{url} is {what}, not a feed.", "Check the address with a browser.")


def _parse(text: str, url: str) -> Any:
    # Bytes in a stream: of a string, the library would ask whether it is the address of something to fetch. It is not
    # told where the feed was found, by which it would complete ids too: an entry is the same at every mirror.
    try:
        return feedparser.parse(
            io.BytesIO(text.encode()),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            sanitize_html=False,
            resolve_relative_uris=False,
        )
    except Exception as error:
        # The library promises never to raise; where it does, one feed is unreadable and the others go on.
        raise SourceError(
            FailureReason.NOT_PARSED, f"{url} cannot be read ({error!r}).", "Look again later; tell its owner."
        ) from error


def _entry(entry: dict[str, Any], language: str, kind: str) -> Entry:
    # The mapping's own `get` answers one field with another (`updated` with `published`), which would blur the times.
    published, updated = _own(entry, "published"), _own(entry, "updated")
    if kind.startswith("rss") and not published:
        # Dublin Core's date, which RSS uses for publication and the library calls an update; or a name of one's own.
        published, updated = _own(entry, "pubtime") or updated, ""
    contents = dict.get(entry, "content") or []
    full = next((str(part.get("value") or "") for part in contents), "")
    detail = dict.get(entry, "title_detail") or {}
    return Entry(
        guid=_own(entry, "id"),
        url=_own(entry, "link"),
        title=_own(entry, "title"),
        body=_own(entry, "summary") or full,
        published=published,
        updated=updated,
        author=_own(entry, "author"),
        language=str(detail.get("language") or language or ""),
    )


def _own(entry: dict[str, Any], name: str) -> str:
    value = dict.get(entry, name)
    return value if isinstance(value, str) else ""


def _ttl(feed: Mapping[str, Any]) -> timedelta | None:
    said = str(feed.get("ttl") or "").strip()
    minutes = int(said) if said.isascii() and said.isdigit() and len(said) < 7 else 0
    return min(timedelta(minutes=minutes), _LONGEST_WAIT) if minutes else None
