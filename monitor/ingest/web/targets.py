"""Web addresses as the fetcher takes them: http or https, a plain host, no more than what will be sent."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final

import httpx

from monitor.ingest.urls import MAX_CHARACTERS
from monitor.ingest.web.fetched import FetchError, FetchFailure
from monitor.ingest.web.resolving import literal_address

_NAME: Final = re.compile(r"(?=.{1,254}$)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?")


def parse_target(text: str) -> httpx.URL:
    """Reads a URL.

    Raises:
        FetchError: `bad_url`.
    """
    if len(text) > MAX_CHARACTERS:
        raise FetchError(FetchFailure.BAD_URL, f"The address has more than {MAX_CHARACTERS:,} characters.")
    try:
        url = httpx.URL(text.strip())
        host, port = url.raw_host.decode("ascii"), url.port
        named = bool(url.host)  # decodes an international name, which can fail
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(FetchFailure.BAD_URL, "The address cannot be read.") from error
    if url.scheme not in ("http", "https") or not named:
        raise FetchError(FetchFailure.BAD_URL, "The address is not an http or https one.")
    if not literal_address(host) and not _NAME.fullmatch(host):
        raise FetchError(FetchFailure.BAD_URL, "The address names a host that cannot be one.")
    if port is not None and not 0 < port < 65_536:
        raise FetchError(FetchFailure.BAD_URL, f"The address names port {port}, which cannot be.")
    return url


def bare(url: httpx.URL) -> httpx.URL:
    """The URL without login and fragment, which are not part of what is asked for."""
    return url.copy_with(userinfo=b"", fragment=None)


def redirected(url: httpx.URL, location: str) -> httpx.URL:
    """Where a redirect leads.

    Raises:
        FetchError: `bad_redirect`: nowhere, to what is no web address, or from https to http.
    """
    location = location.strip()
    if not location:
        raise FetchError(FetchFailure.BAD_REDIRECT, f"{url.host} redirects to nowhere.")
    try:
        target = parse_target(str(url.join(location)) if len(location) <= MAX_CHARACTERS else location)
    except (FetchError, httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(FetchFailure.BAD_REDIRECT, f"{url.host} redirects to what is no web address.") from error
    if url.scheme == "https" and target.scheme == "http":
        raise FetchError(FetchFailure.BAD_REDIRECT, f"{url.host} redirects from https to http.")
    return bare(target)


def port_of(url: httpx.URL) -> int:
    """The port that a URL means."""
    return url.port or (443 if url.scheme == "https" else 80)


def site_of(url: httpx.URL) -> str:
    """Scheme, host and port: what a login and a robots.txt are for.

    >>> site_of(httpx.URL("https://example.org/feed"))
    'https://example.org:443'
    """
    return f"{url.scheme}://{url.raw_host.decode('ascii')}:{port_of(url)}"


def login_of(url: httpx.URL) -> str:
    """The `Authorization` header for the user name and password in a URL; empty where there are none."""
    if not url.userinfo:
        return ""
    return f"Basic {b64encode(f'{url.username}:{url.password}'.encode()).decode('ascii')}"
