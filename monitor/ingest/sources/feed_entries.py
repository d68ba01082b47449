"""What the entries of any kind of feed have in common, and how they become items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from monitor.articles import article_id
from monitor.ingest.items import Item
from monitor.ingest.sources.markup import plain_text
from monitor.ingest.sources.source import MAX_SEEN
from monitor.ingest.urls import canonical_url

_ANYWHERE: Final = "https://feed.invalid/"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a feed as delivered, its texts possibly HTML; `fault` says why there is none."""

    guid: str = ""
    url: str = ""
    title: str = ""
    body: str = ""
    published: str = ""
    updated: str = ""
    author: str = ""
    language: str = ""
    fault: str = ""


class FeedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A feed that was read.

    Attributes:
        items: One an entry, in the order of the feed.
        shape: Its kind and which fields its entries have.
        complete: Whether it was whole; the last entry of one that was cut is left out.
        wait: How long the feed asks to be left alone (`ttl`); None where it does not say.
        shared: Fingerprints of the names that several different entries share, or once did, the latest first.
    """

    items: tuple[Item, ...]
    shape: str
    complete: bool = True
    wait: timedelta | None = None
    shared: tuple[str, ...] = ()


def items_of(
    entries: Sequence[Entry], base: str, known_shared: Collection[str] = ()
) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """The entries as items, and the fingerprints of names that are shared.

    What names an entry does not depend on where its feed was found, so that it is the same at every mirror.
    A guid or a link that several different entries share names none of them: their ids then hold the title too, from
    then on also where only one of them is left. The same entry twice is left twice, to be counted as a duplicate.

    Args:
        entries: In the order of the feed.
        base: The feed's address, by which relative links are completed.
        known_shared: Fingerprints of names that were shared before, the latest first.
    """
    plain = [_plain(entry, base) for entry in entries]
    titles: Counter[str] = Counter()
    titles.update(name for name, _ in {(_name(entry), entry.title) for entry in plain} if name)
    # A dictionary for its order.
    shared = dict.fromkeys([_fingerprint(name) for name, count in titles.items() if count > 1])
    shared |= dict.fromkeys(known_shared)
    items = tuple(_item(entry, base, shared=_fingerprint(_name(entry)) in shared) for entry in plain)
    return items, tuple(shared)[:MAX_SEEN]


def shape_of(kind: str, entries: Sequence[Entry]) -> str:
    """The kind of a feed and the fields that most of its entries have."""
    readable = [entry for entry in entries if not entry.fault]
    fields = [
        name
        for name in ("guid", "url", "title", "body", "published", "updated")
        if 2 * sum(bool(getattr(entry, name)) for entry in readable) > len(readable)
    ]
    return " ".join([kind, *fields])


def _plain(entry: Entry, base: str) -> Entry:
    if entry.fault:
        return entry
    return msgspec.structs.replace(
        entry,
        title=plain_text(entry.title),
        body=plain_text(entry.body),
        author=plain_text(entry.author),
        url=entry.url.strip() if _is_relative(entry.url) else _absolute(entry.url, base),
        guid=entry.guid.strip(),
    )


def _is_relative(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    return not (parts.scheme or parts.netloc)


def _absolute(url: str, base: str) -> str:
    """The link with a host; empty where it leads to no web page (a script, a mail address)."""
    try:
        link = urljoin(base, url.strip()) if url.strip() else ""
        return link if urlsplit(link).scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _own_name(entry: Entry) -> str:
    """What names an entry wherever its feed was found; empty where it has no name.

    A path is read as one below a host that no feed has, so that an edit's fragment and tracking marks make no other.
    """
    name = entry.guid or entry.url
    if not name or not _is_relative(name) or not (name.startswith("/") or not entry.guid):
        return name
    return canonical_url(urljoin(_ANYWHERE, name)).removeprefix(_ANYWHERE.rstrip("/")) or name


def _name(entry: Entry) -> str:
    return canonical_url(_own_name(entry))


def _fingerprint(name: str) -> str:
    return article_id(name)[:12]


def _item(entry: Entry, base: str, *, shared: bool) -> Item:
    original = msgspec.json.encode(entry)
    own = _own_name(entry)
    name = own or article_id(entry.title, entry.body, entry.published)
    if shared:
        name = f"{name} {article_id(entry.url, entry.title)}"
    if entry.fault:
        return Item(name, None, original, entry.fault)
    fields = {
        "id": name if shared else own,
        "url": _absolute(entry.url, base),
        "title": entry.title,
        "description": entry.body,
        "published": entry.published,
        "updated": entry.updated,
        "author": entry.author,
        "language": entry.language,
    }
    return Item(name, {column: value for column, value in fields.items() if value}, original)
