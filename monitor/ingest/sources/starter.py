"""The feeds that ship with the monitor, off until they are asked for."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final, Literal

import msgspec

_FILE: Final = "starter_feeds.toml"

Publisher = Literal["central bank", "regulator", "statistics", "exchange", "wire", "press"]


class StarterFeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public feed.

    Attributes:
        name: Unique; a source's name.
        url: Where it is.
        language: ISO 639-1; what it mostly writes.
        region: ISO 3166 code of its country, "EU" or "world".
        publisher: What kind of house publishes it.
        kind: The kind of source that reads it.
        time_zone: IANA zone of its times that name none.
    """

    name: str
    url: str
    language: str
    region: str
    publisher: Publisher
    kind: Literal["feed", "page"] = "feed"
    time_zone: str = "UTC"


def starter_feeds(languages: frozenset[str] | None = None) -> tuple[StarterFeed, ...]:
    """The feeds, in the order of the file; of the given languages alone where some are given."""
    text = files("monitor.ingest.sources").joinpath(_FILE).read_text(encoding="utf-8")
    feeds = msgspec.convert(tomllib.loads(text)["feeds"], tuple[StarterFeed, ...])
    return tuple(feed for feed in feeds if languages is None or feed.language in languages)
