"""robots.txt (RFC 9309): what a site asks crawlers to leave alone, believed for a while."""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

import msgspec
from protego import Protego

MAX_ROBOTS_BYTES: Final = 512_000
"""The standard asks for at least 500 KiB; more is not read."""
MAX_KEPT_BYTES: Final = 4_000_000
"""Of all files together; read, they take some thirty times as much memory."""
MAX_SITES: Final = 2_000
TRY_AGAIN_AFTER: Final = timedelta(minutes=10)
"""How soon a robots.txt that could not be read is asked for anew."""
STALE_FOR: Final = timedelta(days=7)
"""So long the last one that could be read goes on to hold while the site gives none."""
LONGEST_DELAY: Final = 60.0
_AGENT_LINE: Final = re.compile(r"(?i)\s*user[\s-]*agent\s*:?\s*([^#]*)")
_SOMEBODY_ELSE: Final = "User-agent: somebody-else"


class SiteRules(msgspec.Struct, frozen=True):
    """What one site asks of one agent.

    Attributes:
        rules: None where it asks nothing.
        agent: Our name, as such files call us.
        readable: Whether there was anything to read; a site whose robots.txt fails (HTTP 5xx) asks to be left alone.
    """

    rules: Protego | None
    agent: str
    readable: bool = True

    def allow(self, url: str) -> bool:
        """Whether the URL may be fetched."""
        return self.readable and (self.rules is None or self.rules.can_fetch(url, self.agent))

    def delay_seconds(self) -> float:
        """How far apart requests are to be (`Crawl-delay`, `Request-rate`), within reason."""
        if self.rules is None:
            return 0.0
        rate = self.rules.request_rate(self.agent)
        asked = max(self.rules.crawl_delay(self.agent) or 0.0, rate.seconds / rate.requests if rate else 0.0)
        return min(asked, LONGEST_DELAY)


def agent_token(user_agent: str) -> str:
    """The name that a robots.txt would call an agent by.

    >>> agent_token("sentiment-monitor/1.0 (+mailto:desk@example.org)")
    'sentiment-monitor'
    """
    found = re.match(r"[A-Za-z_-]+", user_agent)
    return found[0] if found else "*"


def read_rules(content: bytes, agent: str) -> SiteRules:
    r"""What a robots.txt asks of an agent; bytes that are no text ask nothing.

    >>> read_rules(b"User-agent: *\nDisallow: /private", "us").allow("https://example.org/private/a")
    False
    """
    text = content[:MAX_ROBOTS_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    # Thousands of groups for other agents, all sharing thousands of rules, would fill the memory: they become one.
    lines = (_others_merged(line, agent.lower()) for line in text.splitlines())
    return SiteRules(Protego.parse("\n".join(lines)), agent)


def _others_merged(line: str, agent: str) -> str:
    found = _AGENT_LINE.match(line)
    if not found:
        return line
    name = found[1].strip().lower().replace("*", "")
    return line if not name or name in agent else _SOMEBODY_ELSE


class _Kept(msgspec.Struct, frozen=True):
    rules: SiteRules
    size: int
    read_at: datetime
    good_until: datetime


class RobotsCache:
    """The rules of sites, each fetched once in a while; those last asked for, as many as there is room for.

    Whoever shares it among threads lets one in at a time.
    """

    def __init__(self, agent: str, lifetime: timedelta) -> None:
        self._agent = agent
        self._lifetime = lifetime
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._kept_bytes = 0

    def known(self, site: str, now: datetime) -> SiteRules | None:
        """The rules of a site; None where its robots.txt is to be fetched.

        Args:
            site: Scheme, host and port.
            now: UTC-aware.
        """
        kept = self._kept.get(site)
        if kept is None or now >= kept.good_until:
            return None
        self._kept.move_to_end(site)
        return kept.rules

    def learn(self, site: str, content: bytes | None, now: datetime) -> SiteRules:
        """The rules of a site by the robots.txt that was just fetched.

        Args:
            site: Scheme, host and port.
            content: Empty where it has none, None where it has one that cannot be had (HTTP 5xx).
            now: UTC-aware.
        """
        renewed = self._renewed(self._kept.get(site), content, now)
        self._keep(site, renewed)
        return renewed.rules

    def _keep(self, site: str, kept: _Kept) -> None:
        replaced = self._kept.pop(site, None)
        self._kept[site] = kept
        self._kept_bytes += kept.size - (replaced.size if replaced else 0)
        while len(self._kept) > MAX_SITES or self._kept_bytes > MAX_KEPT_BYTES:
            self._kept_bytes -= self._kept.popitem(last=False)[1].size

    def _renewed(self, kept: _Kept | None, content: bytes | None, now: datetime) -> _Kept:
        if content is not None:
            rules = read_rules(content, self._agent) if content else SiteRules(None, self._agent)
            return _Kept(rules, len(content), now, now + self._lifetime)
        if kept and kept.rules.readable and now - kept.read_at < STALE_FOR:
            return _Kept(kept.rules, kept.size, kept.read_at, now + TRY_AGAIN_AFTER)
        return _Kept(SiteRules(None, self._agent, readable=False), 0, now, now + TRY_AGAIN_AFTER)
