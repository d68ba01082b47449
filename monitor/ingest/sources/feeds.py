"""Feeds: RSS, RDF, Atom and JSON Feed behind one address, whatever the server calls them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import msgspec

from monitor.ingest.sources.asking import Getter, ask_again, state_after
from monitor.ingest.sources.charsets import decode
from monitor.ingest.sources.feed_entries import FeedDocument
from monitor.ingest.sources.json_feeds import read_json_feed
from monitor.ingest.sources.markup import feed_link, page_fault
from monitor.ingest.sources.source import Batch, FailureReason, SourceError, SourceState
from monitor.ingest.sources.xml_feeds import read_xml_feed
from monitor.ingest.web.fetched import Fetched

ACCEPT: Final = (
    "application/rss+xml, application/atom+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9,"
    " text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)


class FeedSource:
    """A feed at an address."""

    kind: Final = "feed"

    def __init__(self, name: str, url: str, getter: Getter, *, language: str = "") -> None:
        """Nothing is asked yet.

        Args:
            name: Of the source.
            url: Of the feed.
            getter: Asks for it.
            language: A hint for entries of a feed that names no language itself.
        """
        self.name: Final = name
        self._url = url
        self._getter = getter
        self._language = language

    def fetch(self, state: SourceState, now: datetime) -> Batch:  # noqa: ARG002 - the protocol's
        """What the feed lists now; see `Source.fetch`.

        A feed that moved for good is asked at its new address once it was read there.
        """
        state = state.of(self._url)
        fetched = ask_again(self._getter, state, accept=ACCEPT)
        if fetched.status == "not_modified":
            return Batch(items=(), state=state, not_modified=True, moved_to=state.moved_to, wait=fetched.max_age)
        document = read_feed(fetched, self._language, state.seen)
        after = msgspec.structs.replace(state_after(state, fetched, complete=document.complete), seen=document.shared)
        waits = [wait for wait in (document.wait, fetched.max_age) if wait is not None]
        return Batch(
            items=document.items,
            state=after,
            moved_to=after.moved_to,
            wait=max(waits, default=None),
            shape=document.shape,
        )


def read_feed(fetched: Fetched, language: str = "", known_shared: Collection[str] = ()) -> FeedDocument:
    """The feed in an answer. What the content begins with decides, not the declared media type: that is often wrong.

    Args:
        fetched: The answer.
        language: A hint for entries of a feed that names no language itself.
        known_shared: See `items_of`.

    Raises:
        SourceError: There is none, or nothing of it can be read.
    """
    start = fetched.content[:200].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
    if start.startswith((b"{", b"[")):
        return read_json_feed(fetched.content, fetched.url, fetched.charset, language, known_shared)
    text = decode(fetched.content[:400_000], fetched.charset)
    if fault := page_fault(text, fetched.url):
        raise _page_error(fault, text, fetched.url)
    return read_xml_feed(fetched.content, fetched.url, fetched.charset, language, known_shared)


def _page_error(fault: str, text: str, url: str) -> SourceError:
    if fault == "login":
        return SourceError(FailureReason.LOGIN_PAGE, f"{url} asks to log in.", "Look for a feed that is public.")
    if fault == "challenge":
        return SourceError(
            FailureReason.FORBIDDEN,
            f"{url} asks for proof of a human.",
            "Ask its owner for access, or remove the source.",
        )
    named = feed_link(text, url)
    remedy = f"Use the feed that it names: {named}." if named else "Check the address with a browser."
    return SourceError(FailureReason.NOT_A_FEED, f"{url} is a web page, not a feed.", remedy)
