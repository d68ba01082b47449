"""The one door to the web: fetches what a stranger's address points to, and lets no answer do harm.

- It contacts public addresses only, checked where the connection is made, for each redirect anew (`connection`).
- It reads so many bytes and waits so long, whatever the server does (`connection`, `content_coding`).
- It is polite: robots.txt, `Retry-After`, an interval between requests to one host, conditional requests.
- It keeps no cookies. A login (`https://user:password@host/`) is sent to the configured host only, never on redirect.
- A redirect from https to http is refused: who sits on the line could put words into the news.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import cache
from threading import Lock
from typing import Final, Self

import httpx
import msgspec

from monitor.clock import Clock
from monitor.ingest.web.addresses import AddressRule
from monitor.ingest.web.answer_headers import content_type, max_age, retry_after, validator
from monitor.ingest.web.connection import Budget, check_addresses, exchange, read_content
from monitor.ingest.web.content_coding import ACCEPT_ENCODING
from monitor.ingest.web.fetched import Fetched, FetchError, FetchFailure, FetchLimits, failure_of
from monitor.ingest.web.pacing import HostPacer
from monitor.ingest.web.resolving import Resolver, resolve, system_resolver
from monitor.ingest.web.robots import MAX_ROBOTS_BYTES, RobotsCache, SiteRules, agent_token
from monitor.ingest.web.targets import bare, login_of, parse_target, port_of, redirected, site_of

__all__ = ["FetchError", "FetchFailure", "FetchLimits", "Fetched", "Fetcher"]

ACCEPT_FEEDS: Final = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PERMANENT: Final = frozenset({301, 308})
_RETRIED: Final = frozenset({FetchFailure.CONNECT, FetchFailure.SERVER_ERROR})


class _Wish(msgspec.Struct, frozen=True):
    """What one fetch asks for, the same on every hop."""

    budget: Budget
    asked: str = ""
    etag: str = ""
    last_modified: str = ""
    accept: str = ""
    login: str = ""
    login_site: str = ""
    robots: bool = True
    max_bytes: int = 0
    whole: bool = True


class _Hop(msgspec.Struct, frozen=True):
    """An answer that was read to its end."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    content: bytes = b""


class Fetcher:
    """Fetches; from several threads at once if need be."""

    def __init__(
        self,
        *,
        user_agent: str,
        limits: FetchLimits,
        clock: Clock,
        allow: Iterable[str] = (),
        resolver: Resolver = system_resolver,
        wait: Callable[[float], None] = time.sleep,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Prepares; nothing is contacted yet.

        Args:
            user_agent: Who asks, with a way to reach them: `name/version (+https://...)`.
            limits: How much a server may ask of us, and we of it.
            clock: For lifetimes and `retrieved_at`.
            allow: Addresses and networks that may be contacted although they are not public (`addresses`).
            resolver: Looks names up.
            wait: Waits so many seconds.
            tls: Whom to trust; by default the certificates that come with the client.

        Raises:
            SettingsError: `allow` has an entry that cannot be read.
        """
        self._user_agent = user_agent
        self._limits = limits
        self._clock = clock
        self._rule = AddressRule(allow)
        self._resolver = resolver
        self._wait = wait
        self._tls = tls or _default_tls()
        self._lock = Lock()
        self._pacer = HostPacer()
        self._robots = RobotsCache(agent_token(user_agent), timedelta(seconds=limits.robots_seconds))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Connections live for one exchange each, so nothing is left to be closed."""

    def get(
        self, url: str, *, etag: str = "", last_modified: str = "", accept: str = ACCEPT_FEEDS, robots: bool = True
    ) -> Fetched:
        """Fetches a URL.

        Args:
            url: http or https.
            etag: Of the last answer; with it or `last_modified` the server may say that nothing changed.
            last_modified: Of the last answer.
            accept: Media types that are understood.
            robots: Whether robots.txt is honoured; False only where the site's own rules invite programs.

        Raises:
            FetchError: There is nothing to use; `reason` and `retry_after` say why and when to come back.
        """
        target = parse_target(url)
        wish = _Wish(
            budget=Budget(self._limits.total_seconds),
            asked=url,
            etag=validator(etag),
            last_modified=validator(last_modified),
            accept=accept,
            login=login_of(target),
            login_site=site_of(target),
            robots=robots,
            max_bytes=self._limits.max_bytes,
        )
        backoff = self._limits.backoff_seconds
        failure: FetchError | None = None
        for left in range(self._limits.retries, -1, -1):
            try:
                return self._follow(bare(target), wish)
            except FetchError as error:
                if failure is not None and error.held_back:
                    # The host was asked, and failed: that another attempt must wait for its turn does not hide it.
                    raise failure from error
                passing = error.reason in _RETRIED and error.retry_after is None
                if not left or not passing or not wish.budget.has(backoff):
                    raise
                failure = error
            self._wait(backoff)
            backoff *= 2
        raise AssertionError("The last attempt returns or raises.")

    def _follow(self, url: httpx.URL, wish: _Wish) -> Fetched:
        """Goes where redirects lead."""
        permanent, only_permanent = wish.asked, True
        host, visited = "", {url}
        for _ in range(self._limits.redirects + 1):
            # Redirects within a host are one visit to it.
            hop = self._visit(url, wish, pace=url.host != host)
            if hop.status not in _REDIRECTS:
                return self._answer(hop, permanent, wish)
            only_permanent = only_permanent and hop.status in _PERMANENT
            host, url = url.host, redirected(hop.url, hop.headers.get("Location", ""))
            if url in visited:
                raise FetchError(FetchFailure.TOO_MANY_REDIRECTS, f"{url.host} redirects in a circle.")
            visited.add(url)
            permanent = str(url) if only_permanent else permanent
        raise FetchError(
            FetchFailure.TOO_MANY_REDIRECTS, f"{url.host}: more than {self._limits.redirects} redirects follow."
        )

    def _visit(self, url: httpx.URL, wish: _Wish, *, pace: bool) -> _Hop:
        delay = self._limits.host_seconds_of.get(url.host, self._limits.host_seconds)
        if wish.robots:
            rules = self._rules_of(url, wish)
            if not rules.allow(str(url)):
                why = "asks not to be fetched by programs" if rules.readable else "cannot be read"
                raise FetchError(FetchFailure.ROBOTS, f"{url.host}: its robots.txt {why}.")
            delay = max(delay, rules.delay_seconds())
        if pace:
            self._take_turn(url.host, delay, wish.budget)
        return self._exchange(url, wish)

    def _rules_of(self, url: httpx.URL, wish: _Wish) -> SiteRules:
        with self._lock:
            rules = self._robots.known(site_of(url), self._clock())
        if rules is None:
            content = self._robots_txt(url, wish)  # without the lock: a slow site must not hold up the others
            with self._lock:
                rules = self._robots.learn(site_of(url), content, self._clock())
        return rules

    def _take_turn(self, host: str, interval_seconds: float, budget: Budget) -> None:
        longest = min(self._limits.max_wait_seconds, budget.left_seconds(host))
        interval = timedelta(seconds=interval_seconds)
        with self._lock:
            wait = self._pacer.take_turn(host, self._clock(), interval, timedelta(seconds=longest))
        if wait.total_seconds() > longest:
            raise FetchError(
                FetchFailure.RATE_LIMITED, f"{host} is left alone for now.", retry_after=wait, held_back=True
            )
        if wait:
            self._wait(wait.total_seconds())

    def _robots_txt(self, url: httpx.URL, wish: _Wish) -> bytes | None:
        """A site's robots.txt; empty where it has none, None where it has one that cannot be had."""
        wish = _Wish(budget=wish.budget, accept="text/plain, */*;q=0.5", max_bytes=MAX_ROBOTS_BYTES, whole=False)
        url = url.copy_with(raw_path=b"/robots.txt")
        try:
            for _ in range(self._limits.redirects + 1):
                hop = self._exchange(url, wish)
                if hop.status not in _REDIRECTS:
                    return self._robots_content(hop)
                url = redirected(hop.url, hop.headers.get("Location", ""))
        except FetchError as error:
            if error.reason in (FetchFailure.TOO_LARGE, FetchFailure.BAD_ENCODING, FetchFailure.PROTOCOL):
                return None
            if error.reason is not FetchFailure.BAD_REDIRECT:
                raise
        return b""  # redirects that lead nowhere are as good as none

    def _robots_content(self, hop: _Hop) -> bytes | None:
        if hop.status >= 500 or hop.status == 429:
            return None
        return hop.content if hop.status == 200 else b""

    def _exchange(self, url: httpx.URL, wish: _Wish) -> _Hop:
        """One request and its whole answer."""
        host, port = url.host, port_of(url)
        addresses = resolve(url.raw_host.decode("ascii"), self._resolver, wish.budget.left_seconds(host))
        check_addresses(host, port, addresses, self._rule)
        with exchange(
            url,
            self._headers(url, wish),
            addresses,
            tls=self._tls,
            budget=wish.budget,
            connect_seconds=self._limits.connect_seconds,
            max_bytes=wish.max_bytes,
        ) as answer:
            content = read_content(host, answer, wish.max_bytes, whole=wish.whole) if answer.status < 300 else b""
            return _Hop(url, answer.status, answer.headers, content)

    def _headers(self, url: httpx.URL, wish: _Wish) -> dict[str, str]:
        headers = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": self._user_agent,
            "Accept": wish.accept,
            "Accept-Encoding": ACCEPT_ENCODING,
            "Connection": "close",
        }
        if wish.etag:
            headers["If-None-Match"] = wish.etag
        if wish.last_modified:
            headers["If-Modified-Since"] = wish.last_modified
        if wish.login and site_of(url) == wish.login_site:
            headers["Authorization"] = wish.login
        return headers

    def _answer(self, hop: _Hop, permanent: str, wish: _Wish) -> Fetched:
        """What the last answer of a chain comes to."""
        unchanged = hop.status == 304 and bool(wish.etag or wish.last_modified)
        if not unchanged and not 200 <= hop.status < 300:
            raise self._refusal(hop)
        if hop.status == 206:
            raise FetchError(FetchFailure.PROTOCOL, f"{hop.url.host} sends a part, though the whole was asked for.")
        headers = hop.headers
        media_type, charset = content_type(headers.get("Content-Type", ""))
        return Fetched(
            status="not_modified" if unchanged else "new",
            url=str(hop.url),
            permanent_url=permanent,
            retrieved_at=self._clock(),
            content=hop.content,
            media_type=media_type,
            charset=charset,
            etag=validator(headers.get("ETag", "")) or (wish.etag if unchanged else ""),
            last_modified=validator(headers.get("Last-Modified", "")) or (wish.last_modified if unchanged else ""),
            max_age=max_age(headers.get("Cache-Control", ""), headers.get("Age", "")),
        )

    def _refusal(self, hop: _Hop) -> FetchError:
        host, status = hop.url.host, hop.status
        rest = None
        if status == 429 or status >= 500:
            now = self._clock()
            rest = retry_after(hop.headers.get("Retry-After", ""), now)
            if rest is not None:
                with self._lock:
                    rest = self._pacer.hold(host, now, rest)
        return FetchError(failure_of(status), f"{host} answered HTTP {status}.", retry_after=rest)


@cache
def _default_tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)  # reading the certificates takes some 20 ms
