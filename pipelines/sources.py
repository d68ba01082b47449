"""The sources of the settings, ready to be asked."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import IO, TYPE_CHECKING

from monitor.clock import system_clock
from monitor.ingest.intake.health import Rhythm
from monitor.ingest.items import ColumnMap, ItemReader, time_zone
from monitor.ingest.sources.file_source import FollowedFile
from monitor.ingest.sources.files import file_format
from monitor.ingest.sources.source import Source
from monitor.ingest.worker import Polled
from monitor.settings import Settings
from monitor.settings_sources import (
    AnySource,
    CommentsSettings,
    FeedSettings,
    FileSettings,
    FilingsSettings,
    PageSettings,
)

if TYPE_CHECKING:
    from monitor.ingest.sources.stdin import LineSource
    from monitor.ingest.web.fetcher import Fetcher

_LINES_EVERY = timedelta(seconds=0.2)
LISTINGS = frozenset({"feed", "comments"})
"""Kinds that show their latest items at each poll; the others give only what is new."""


def polled_sources(settings: Settings, lines: IO[bytes] | None = None) -> list[Polled]:
    """All sources of the settings; nothing is asked yet.

    Args:
        settings: All of them.
        lines: A stream whose lines are articles, beside these.

    Raises:
        InputError: One cannot be set up.
        SettingsError: `ingest.allowed_addresses` cannot be read.
    """
    configured = all_sources(settings)
    remote = any(not isinstance(source, FileSettings) for source in configured)
    fetcher = open_fetcher(settings) if remote else None
    polled = [_polled(source, settings, fetcher) for source in configured]
    return polled if lines is None else [*polled, _lines(lines, settings)]


def all_sources(settings: Settings) -> tuple[AnySource, ...]:
    """The sources of the settings, and those that ship with the monitor where these are asked for."""
    if not settings.ingest.starter_feeds:
        return settings.sources
    from monitor.ingest.sources.starter import starter_feeds

    names = {source.name for source in settings.sources}
    return settings.sources + tuple(
        FeedSettings(name=feed.name, kind="feed", url=feed.url, time_zone=feed.time_zone, language=feed.language)
        for feed in starter_feeds()
        if feed.name not in names and feed.kind == "feed"
    )


@cache
def _line_source(stream: IO[bytes]) -> LineSource:
    """The one reader of a stream: a stage that is built anew goes on with what that has read ahead."""
    from monitor.ingest.sources.stdin import LineSource

    return LineSource(stream)


def _lines(stream: IO[bytes], settings: Settings) -> Polled:
    source = _line_source(stream)
    reader = _reader(source.name, ColumnMap(), "UTC", settings, any_age=True)
    return Polled(source=source, reader=reader, rhythm=Rhythm(shortest=_LINES_EVERY, steady=True), listing=False)


def open_fetcher(settings: Settings) -> Fetcher:
    """The guarded HTTP client, as the settings want it.

    Raises:
        SettingsError: `ingest.allowed_addresses` cannot be read.
    """
    from monitor.ingest.sources.filings import HOST_SECONDS
    from monitor.ingest.web.fetcher import Fetcher, FetchLimits

    options = settings.ingest
    return Fetcher(
        user_agent=options.user_agent,
        limits=FetchLimits(host_seconds_of=HOST_SECONDS),
        clock=system_clock,
        allow=options.allowed_addresses,
    )


def pushed_reader(settings: Settings, name: str = "push") -> ItemReader:
    """Reads what programs post."""
    return _reader(name, ColumnMap(), "UTC", settings)


def _polled(source: AnySource, settings: Settings, fetcher: Fetcher | None) -> Polled:
    options = settings.ingest
    if isinstance(source, FileSettings):
        columns = _columns(source)
        followed = FollowedFile(source.name, source.path, file_format(source.path, source.format), columns)
        # A user's own file may hold news of any age.
        reader = _reader(source.name, columns, source.time_zone, settings, any_age=True, day_first=source.day_first)
        every = timedelta(seconds=options.poll_seconds)
        return Polled(source=followed, reader=reader, rhythm=Rhythm(shortest=every, steady=True), listing=False)
    assert fetcher is not None  # noqa: S101 - there is one where a source needs it
    shortest = timedelta(minutes=options.shortest_poll_minutes)
    longest = max(shortest, timedelta(minutes=options.longest_poll_minutes))
    zone, day_first = (
        ("America/New_York", False) if isinstance(source, FilingsSettings) else (source.time_zone, source.day_first)
    )
    return Polled(
        source=_remote(source, settings, fetcher),
        reader=_reader(source.name, ColumnMap(), zone, settings, day_first=day_first),
        rhythm=Rhythm(shortest=shortest, longest=longest),
        listing=source.kind in LISTINGS,
    )


def _remote(source: AnySource, settings: Settings, fetcher: Fetcher) -> Source:
    options = settings.ingest
    match source:
        case FeedSettings():
            from monitor.ingest.sources.feeds import FeedSource

            return FeedSource(source.name, source.url, fetcher, language=source.language)
        case PageSettings():
            from monitor.ingest.sources.pages import PageSource

            return PageSource(
                source.name,
                source.url,
                fetcher,
                include=source.include,
                pages_at_once=source.pages_at_once,
                horizon=timedelta(days=options.horizon_days),
                language=source.language,
            )
        case FilingsSettings():
            from monitor.ingest.sources.filings import FilingsSource

            return FilingsSource(source.name, fetcher, user_agent=options.user_agent, forms=source.forms)
        case CommentsSettings():
            return _comments(source, fetcher)
        case _:
            raise AssertionError(source.kind)


def _comments(source: CommentsSettings, fetcher: Fetcher) -> Source:
    from monitor.ingest.sources.comments import CommentColumns, CommentsSource

    columns = CommentColumns(
        posts=source.posts,
        text=source.text_column,
        title=source.title_column,
        author=source.author_column,
        time=source.time_column,
        id=source.id_column,
        parent=source.parent_column,
        url=source.url_column,
    )
    return CommentsSource(source.name, source.path or source.url, fetcher, columns)


def _columns(source: FileSettings) -> ColumnMap:
    return ColumnMap(
        text=source.text_column,
        body=source.body_column,
        time=source.time_column,
        source=source.source_column,
        id=source.id_column,
        url=source.url_column,
    )


def _reader(
    name: str,
    columns: ColumnMap,
    zone: str,
    settings: Settings,
    *,
    any_age: bool = False,
    day_first: bool | None = None,
) -> ItemReader:
    options = settings.ingest
    return ItemReader(
        name=name,
        columns=columns,
        zone=time_zone(zone),
        max_item_bytes=options.max_item_bytes,
        horizon=None if any_age else timedelta(days=options.horizon_days),
        day_first=day_first,
    )
