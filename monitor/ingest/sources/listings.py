"""Which article pages a site names: in a sitemap, in an index of sitemaps, or as links on a page."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

import lxml.etree
import msgspec

from monitor.ingest.sources.charsets import decode
from monitor.ingest.sources.markup import parse_html, plain_text
from monitor.ingest.sources.xml_texts import MAX_TAGS, root_of, safe_xml
from monitor.ingest.times import parse_published

MAX_LINKS: Final = 2_000
_MAX_UNPACKED: Final = 10_000_000
_GZIP: Final = b"\x1f\x8b"
_NOT_PAGES = re.compile(
    r"\.(?:jpe?g|png|gif|svg|webp|ico|css|js|mp[34]|avi|mov|zip|gz|exe|xlsx?|docx?|pptx?|csv|rss|atom)$", re.IGNORECASE
)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A page that a listing names.

    Attributes:
        url: Absolute.
        changed_at: UTC-aware; what the listing says of its last change or publication, None where it says nothing.
        title: As a news sitemap gives it, possibly empty.
    """

    url: str
    changed_at: datetime | None = None
    title: str = ""


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a listing names.

    Attributes:
        links: Pages, the latest first where the listing has times, else in its order; at most `MAX_LINKS`.
        sitemaps: Further listings, the latest first; without times, by turns from the beginning and the end, since the
            latest stands at one of them.
        kind: "sitemap", "sitemapindex" or "list".
    """

    links: tuple[Link, ...]
    sitemaps: tuple[str, ...] = ()
    kind: str


def read_listing(
    content: bytes, url: str, charset: str = "", *, include: re.Pattern[str] | None = None
) -> Listing | None:
    """The listing in an answer; None where it is neither a sitemap nor an HTML page.

    Args:
        content: As it came; a sitemap may be a gzip file.
        url: Where it was found in the end.
        charset: As the HTTP header declares it.
        include: Only addresses in which this is found; None takes all. On an HTML page, only those of the same site.
    """
    text = safe_xml(_unpacked(content), charset)
    root = root_of(text)
    if text.count("<") > MAX_TAGS:
        return None
    if root == "urlset":
        pages = (link for link in _sitemap_links(text) if _is_page(link.url))
        return Listing(
            links=_sorted(link for link in pages if include is None or include.search(link.url)), kind="sitemap"
        )
    if root == "sitemapindex":
        latest = _sorted(_sitemap_links(text))
        timed = any(link.changed_at for link in latest)
        sitemaps = tuple(link.url for link in (latest if timed else _from_both_ends(latest)))
        return Listing(links=(), sitemaps=sitemaps, kind="sitemapindex")
    if root in ("html", "head", "body"):
        return Listing(links=tuple(_page_links(decode(content, charset), url, include))[:MAX_LINKS], kind="list")
    return None


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(_GZIP):
        return content
    try:
        return zlib.decompressobj(wbits=31).decompress(content, _MAX_UNPACKED)
    except zlib.error:
        return b""


def _sitemap_links(text: str) -> Iterator[Link]:
    """What a sitemap or an index names: pages and files of all kinds, packed sitemaps among them."""
    parser = lxml.etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    tree = lxml.etree.fromstring(text.encode(), parser=parser)
    for entry in tree if tree is not None else ():
        fields: dict[str, str] = {}
        for element in entry.iter():
            if isinstance(element.tag, str) and element.text:
                fields.setdefault(element.tag.rpartition("}")[2].lower(), element.text.strip())
        url = fields.get("loc", "")
        if _is_web(url):
            said = parse_published(fields.get("publication_date") or fields.get("lastmod"), UTC)
            yield Link(url=url, changed_at=said[0] if said else None, title=plain_text(fields.get("title", "")))


def _sorted(links: Iterable[Link]) -> tuple[Link, ...]:
    earliest = datetime.min.replace(tzinfo=UTC)
    latest_first = sorted(links, key=lambda link: link.changed_at or earliest, reverse=True)
    return tuple(latest_first[:MAX_LINKS])


def _from_both_ends(links: Sequence[Link]) -> list[Link]:
    by_turns = [link for pair in zip(links, reversed(links), strict=True) for link in pair]
    return by_turns[: len(links)]


def _page_links(text: str, url: str, include: re.Pattern[str] | None) -> Iterator[Link]:
    tree = parse_html(text)
    site, known = _site(url), {url.partition("#")[0]}
    for anchor in tree.iter("a") if tree is not None else ():
        try:
            target = urljoin(url, str(anchor.get("href") or "").strip()).partition("#")[0]
        except ValueError:
            continue
        if target in known or not _is_page(target) or _site(target) != site:
            continue
        known.add(target)
        if include is None or include.search(target):
            yield Link(url=target)


def _is_page(url: str) -> bool:
    return _is_web(url) and not _NOT_PAGES.search(urlsplit(url).path)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")
