"""Feeds that show given items: each whole once an edition, then "not modified" until the next."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from benchmarks.feed_server import address


class Kiosk:
    """Feeds by host, each shown whole once an edition.

    Attributes:
        edition: What is not modified within one is new in the next.
        items: All that there are in one edition.
        shown: How many were shown so far, in all editions.
    """

    def __init__(self, feeds: Mapping[str, Sequence[Mapping[str, str]]]) -> None:
        """Makes the documents; a feed's rows have the columns of the data set."""
        self.edition = 1
        self.shown = 0
        self.names = tuple(feeds)
        self.items = sum(map(len, feeds.values()))
        hosts = [_host(number) for number in range(len(feeds))]
        self._documents = {
            host: (_document(name, rows), len(rows)) for host, (name, rows) in zip(hosts, feeds.items(), strict=True)
        }
        self._lock = threading.Lock()

    @property
    def etag(self) -> str:
        """The tag of every feed in this edition."""
        return f'"{self.edition}"'

    def document(self, host: str) -> bytes:
        """The feed of a host."""
        document, items = self._documents[host]
        with self._lock:
            self.shown += items
        return document


def _host(number: int) -> str:
    return address(number, 0).removeprefix("http://").partition(":")[0]


def _document(name: str, rows: Sequence[Mapping[str, str]]) -> bytes:
    rss = ET.Element("rss", version="2.0")
    channel = ET.SubElement(rss, "channel")
    ET.SubElement(channel, "title").text = name
    for row in sorted(rows, key=lambda row: row["published_utc"], reverse=True):
        item = ET.SubElement(channel, "item")
        ET.SubElement(item, "title").text = row["title"]
        ET.SubElement(item, "link").text = row["link"]
        ET.SubElement(item, "guid", isPermaLink="true").text = row["link"]
        if row["summary"]:
            ET.SubElement(item, "description").text = row["summary"]
        published = datetime.fromisoformat(row["published_utc"])
        ET.SubElement(item, "pubDate").text = format_datetime(published, usegmt=True)
    document: bytes = ET.tostring(rss, encoding="utf-8", xml_declaration=True)
    return document
