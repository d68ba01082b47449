"""An article's page as an item: text by trafilatura, times by what the page says to machines."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import lxml.html
import trafilatura

from monitor.ingest.items import Item
from monitor.ingest.sources.charsets import decode
from monitor.ingest.sources.markup import PageFault, page_fault, parse_html
from monitor.ingest.sources.xml_texts import MAX_JUNK, MAX_TAGS
from monitor.ingest.web.fetched import Fetched

# It reports each page that it can do nothing with; the item's fault says it where it is counted.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
logging.getLogger("htmldate").setLevel(logging.CRITICAL)

_MAX_ORIGINAL: Final = 65_536
_PUBLISHED: Final = (
    "article:published_time", "og:article:published_time", "datepublished", "publishdate", "pubdate",
    "publication_date", "dc.date.issued", "dcterms.issued", "parsely-pub-date", "sailthru.date",
    "weibo: article:create_at", "apub:time",
)  # fmt: skip
_UPDATED: Final = (
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "lastmod",
    "dcterms.modified",
    "last-modified",
)
_NO_ARTICLE: Final[Mapping[PageFault | None, str]] = {
    "login": "the page asks to log in",
    "challenge": "the page asks for proof of a human",
    "page": "no article was found on the page",
}
_START = re.compile(r"<!doctype html\b|<html\b", re.IGNORECASE)
_LD_TEXT = re.compile(r'"(datePublished|dateModified)"\s*:\s*"([^"]{4,60})"')


def read_article_page(fetched: Fetched, now: datetime, *, url: str, title: str = "", language: str = "") -> Item:
    """The article on a page; an item with a fault where there is none.

    Args:
        fetched: The page.
        now: UTC-aware; a date after it is not taken for the article's.
        url: By which the listing names it: the item's position and address.
        title: As the listing gives it; used where the page gives none.
        language: A hint.
    """
    text = decode(fetched.content, fetched.charset)
    original = fetched.content[:_MAX_ORIGINAL]
    # A site's own program may have printed a warning before the page.
    start = _START.search(text, 0, MAX_JUNK)
    fault = page_fault(text[start.start() :] if start else text, fetched.url)
    tree = parse_html(text) if fault and text.count("<") <= MAX_TAGS else None
    if tree is None:
        return Item(url, None, original, "it is no HTML page that can be read")
    times = _times(tree)
    document = _extracted(tree, fetched.url, now)
    if document is None or not document.text:
        # Only now: many an article has a form to log in beside it.
        return Item(url, None, original, _NO_ARTICLE[fault])
    fields = {
        "url": url,
        "title": str(document.title or title or ""),
        "description": str(document.text or ""),
        "published": times.get("published") or str(document.date or ""),
        "updated": times.get("updated", ""),
        "author": str(document.author or ""),
        "language": str(tree.get("lang") or language),
    }
    return Item(url, {name: value for name, value in fields.items() if value}, original)


def _extracted(tree: lxml.html.HtmlElement, url: str, now: datetime) -> Any:
    try:
        return trafilatura.bare_extraction(
            tree,
            url=url,
            include_comments=False,
            include_tables=False,
            with_metadata=True,
            date_extraction_params={
                "original_date": True,
                "extensive_search": False,
                "max_date": f"{now:%Y-%m-%d}",
                "url": url,
            },
        )
    except Exception:  # noqa: BLE001 - whatever a stranger's page does to a large library, it is one page without text
        return None


def _times(tree: lxml.html.HtmlElement) -> Mapping[str, str]:
    """What the page says to machines, to the second: JSON-LD before meta elements before `<time>`."""
    found: dict[str, str] = {}
    for name, value in (*_linked_data(tree), *_metas(tree), *_time_elements(tree)):
        found.setdefault(name, value)
    return found


def _linked_data(tree: lxml.html.HtmlElement) -> Iterator[tuple[str, str]]:
    for script in tree.iter("script"):
        if "ld+json" in str(script.get("type") or ""):
            # By pattern: much of it is not JSON, and where the object stands differs from site to site.
            for name, value in _LD_TEXT.findall(script.text or ""):
                yield "published" if name == "datePublished" else "updated", value


def _metas(tree: lxml.html.HtmlElement) -> Iterator[tuple[str, str]]:
    for meta in tree.iter("meta"):
        name = str(meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        content = str(meta.get("content") or "").strip()
        if content and name in _PUBLISHED:
            yield "published", content
        elif content and name in _UPDATED:
            yield "updated", content


def _time_elements(tree: lxml.html.HtmlElement) -> Iterator[tuple[str, str]]:
    for element in tree.iter("time"):
        value = str(element.get("datetime") or "").strip()
        marked = element.get("pubdate") is not None or element.get("itemprop") == "datePublished"
        if value and (marked or element.getparent().tag in ("article", "header")):
            yield "published", value
