"""Sites without a feed: new pages of a sitemap or a list, a bounded number at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from monitor.articles import article_id
from monitor.errors import InputError
from monitor.ingest.items import Item
from monitor.ingest.sources.article_pages import read_article_page
from monitor.ingest.sources.asking import Getter, ask, ask_again, state_after
from monitor.ingest.sources.listings import Link, Listing, read_listing
from monitor.ingest.sources.markup import page_fault
from monitor.ingest.sources.source import MAX_SEEN, Batch, FailureReason, SourceError, SourceState
from monitor.ingest.urls import canonical_url
from monitor.ingest.web.fetched import Fetched

ACCEPT: Final = "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.1"
_SITEMAPS_AT_ONCE: Final = 3
_LASTING: Final = frozenset(
    {FailureReason.GONE, FailureReason.NOT_FOUND, FailureReason.FORBIDDEN, FailureReason.CLIENT_ERROR,
     FailureReason.ROBOTS, FailureReason.TOO_LARGE, FailureReason.BAD_ENCODING, FailureReason.BAD_URL,
     FailureReason.REFUSED_ADDRESS, FailureReason.BAD_REDIRECT, FailureReason.TOO_MANY_REDIRECTS,
     FailureReason.EMPTY_ANSWER}
)  # fmt: skip
"""Failures of a page that will be the same next time: it is accounted for and not asked for again."""

_ENOUGH: Final = frozenset({FailureReason.RATE_LIMITED, FailureReason.UNAVAILABLE})
_FAILURES_AT_ONCE: Final = 5
_GOOD_FOR: Final = timedelta(minutes=10)
"""So long a listing is worked through at a site that lets us have one page now and then; after that it is read anew."""


class PageSource:
    """A site that names its article pages in a sitemap or on a list page."""

    kind: Final = "page"

    def __init__(
        self,
        name: str,
        url: str,
        getter: Getter,
        *,
        include: str = "",
        pages_at_once: int = 20,
        horizon: timedelta = timedelta(days=30),
        language: str = "",
    ) -> None:
        """Sets the source up.

        Args:
            name: Unique among the sources.
            url: Of the sitemap or the list page.
            getter: The guarded HTTP client.
            include: Regular expression; only addresses in which it is found are article pages. Empty takes all of the
                site.
            pages_at_once: So many pages are fetched at a time, the latest first; the rest comes with the next fetch.
                Of a listing without times, at first only so many are taken: the rest is the site's past.
            horizon: Pages that the sitemap calls older are not fetched.
            language: A hint for the pages' language.

        Raises:
            InputError: `include` is no regular expression.
        """
        self.name: Final = name
        self._url = url
        self._getter = getter
        self._include = _compiled(name, include)
        self._pages_at_once = pages_at_once
        self._horizon = horizon
        self._language = language
        self._held: _Round | None = None

    def fetch(self, state: SourceState, now: datetime) -> Batch:
        """The articles on pages not fetched before; see `Source.fetch`.

        Where the host's next turn comes too late to be waited for (a long `Crawl-delay`), what was had so far is given,
        and the next fetch goes on from there with the same listing: to read it anew would take that turn again.
        """
        state = state.of(self._url)
        held, self._held = self._held, None
        if held is None or now - held.begun_at >= _GOOD_FOR:
            # Without condition while pages of the last listing wait: an unchanged listing still has news for us.
            known = state if not state.cursor else msgspec.structs.replace(state, etag="", last_modified="")
            fetched = ask_again(self._getter, known, accept=ACCEPT)
            if fetched.status == "not_modified":
                return Batch(items=(), state=state, not_modified=True, moved_to=state.moved_to, wait=fetched.max_age)
            current = _Round(now, msgspec.structs.replace(fetched, content=b""), self._listing(fetched))
        else:
            current = held
        links = [link for link in self._links(current) if not self._too_old(link, now)][:MAX_SEEN]
        new = [link for link in links if _key(link) not in state.seen]
        past: list[Link] = []
        if not state.seen and not any(link.changed_at for link in links):
            new, past = new[: self._pages_at_once], new[self._pages_at_once :]
        visited = self._visit(new, current, now)
        if visited.held_back is not None and current is held and not visited.items:
            raise visited.held_back
        waiting = len(visited.keys) < len(new)
        done = {*state.seen, *visited.keys, *map(_key, past)}
        before = state.seen if current.listing.kind == "sitemapindex" else ()
        after = msgspec.structs.replace(
            # An index may stay as it is while the sitemaps that it names get new pages: it is asked without condition.
            state_after(state, current.fetched, complete=current.listing.kind != "sitemapindex"),
            cursor="waiting" if waiting else "",
            # Of a sitemap that cannot be had now, or is not among the latest, pages are known when it comes back.
            seen=tuple(dict.fromkeys([*(key for link in links if (key := _key(link)) in done), *before]))[:MAX_SEEN],
        )
        return Batch(
            items=tuple(visited.items),
            state=after,
            moved_to=after.moved_to,
            retry_after=visited.retry_after,
            shape=current.listing.kind,
            more=visited.held_back is not None or (waiting and not current.failed),
        )

    def _listing(self, fetched: Fetched) -> Listing:
        listing = read_listing(fetched.content, fetched.url, fetched.charset, include=self._include)
        if listing is None:
            raise SourceError(FailureReason.NOT_PARSED, f"{fetched.url} is neither a sitemap nor a page.")
        if listing.kind == "list":
            self._refuse_doors(fetched, listing)
        return listing

    def _links(self, current: _Round) -> list[Link]:
        """The pages that the listing names, those of its latest sitemaps among them.

        Raises:
            SourceError: None of these sitemaps can be had, or one of them not for now.
        """
        latest = current.listing.sitemaps[:_SITEMAPS_AT_ONCE]
        gone: list[SourceError] = []
        for sitemap in latest:
            if sitemap not in current.parts:
                try:
                    part = self._ask(sitemap, current)
                except SourceError as error:
                    if error.reason not in _LASTING:
                        raise
                    gone.append(error)
                    current.parts[sitemap] = ()
                    continue
                inner = read_listing(part.content, part.url, part.charset, include=self._include)
                current.parts[sitemap] = inner.links if inner else ()
        if gone and len(gone) == len(latest):
            raise gone[0]
        if not latest:
            return [*current.listing.links]
        links = _even_shares([current.parts[sitemap] for sitemap in latest])
        earliest = datetime.min.replace(tzinfo=UTC)
        return sorted(links, key=lambda link: link.changed_at or earliest, reverse=True)

    def _ask(self, url: str, current: _Round) -> Fetched:
        try:
            return ask(self._getter, url, accept=ACCEPT)
        except SourceError as error:
            if error.held_back:
                self._held = current
            raise

    def _refuse_doors(self, fetched: Fetched, listing: Listing) -> None:
        fault = None if listing.links else page_fault(fetched.content.decode("latin-1"), fetched.url)
        if fault == "challenge":
            raise SourceError(FailureReason.FORBIDDEN, f"{fetched.url} asks for proof of a human.")
        if fault == "login":
            raise SourceError(FailureReason.LOGIN_PAGE, f"{fetched.url} asks to log in.")

    def _too_old(self, link: Link, now: datetime) -> bool:
        return link.changed_at is not None and now - link.changed_at > self._horizon

    def _visit(self, links: Sequence[Link], current: _Round, now: datetime) -> _Visited:
        """Fetches pages until enough are had, the site does not answer, or its next turn comes too late."""
        visited = _Visited()
        for link in links:
            if len(visited.items) >= self._pages_at_once or len(current.failed) >= _FAILURES_AT_ONCE:
                break
            key = _key(link)
            if key in current.failed:
                continue
            try:
                page = self._ask(link.url, current)
                item = read_article_page(page, now, url=link.url, title=link.title, language=self._language)
            except SourceError as error:
                if error.held_back:
                    visited.held_back = error
                    break
                if error.reason not in _LASTING:
                    current.failed.add(key)
                    visited.retry_after = error.retry_after or visited.retry_after
                    if error.reason in _ENOUGH:
                        break
                    continue
                item = Item(link.url, None, b"", error.what.rstrip("."))
            visited.items.append(item)
            visited.keys.append(key)
        return visited


class _Round:
    """A listing that is worked through: in one fetch or, where the host wants a long time between requests, in several.

    Attributes:
        begun_at: When it was read.
        fetched: The answer that it was in, without its content.
        listing: What it names.
        parts: Of its sitemaps, those that were read, and their pages.
        failed: Keys of pages that failed for now: they wait for the next round.
    """

    def __init__(self, begun_at: datetime, fetched: Fetched, listing: Listing) -> None:
        self.begun_at = begun_at
        self.fetched = fetched
        self.listing = listing
        self.parts: dict[str, tuple[Link, ...]] = {}
        self.failed: set[str] = set()


class _Visited:
    """What became of the new pages: their items and keys, what the site asks for, and why the rest has to wait."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.keys: list[str] = []
        self.retry_after: timedelta | None = None
        self.held_back: SourceError | None = None


def _even_shares(parts: Sequence[Sequence[Link]]) -> list[Link]:
    """Of several sitemaps so many pages as are remembered: what a short one leaves goes to the others."""
    share, room = MAX_SEEN, MAX_SEEN
    for done, size in enumerate(sorted(map(len, parts))):
        share = room // (len(parts) - done)
        room -= min(size, share)
    return [link for part in parts for link in part[:share]]


def _key(link: Link) -> str:
    return article_id(canonical_url(link.url))[:12]


def _compiled(name: str, include: str) -> re.Pattern[str] | None:
    if not include:
        return None
    try:
        return re.compile(include)
    except re.error as error:
        raise InputError(
            f"Source {name}: {include!r} is no regular expression ({error}).", "Correct `include`."
        ) from error
