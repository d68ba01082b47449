"""One address for one page: what differs between copies of a link and means nothing is taken away."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

MAX_CHARACTERS: Final = 4_000
"""Of an address: a longer one is not asked for."""

_SPACES = re.compile(r"[\t\r\n]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_SAFE: Final = "%/:@!$&'()*+,;=~-._[]"
_QUERY_SAFE: Final = _PATH_SAFE + "?|"
_PORTS: Final = {"http": 80, "https": 443}

_TRACKING_PREFIXES: Final = ("utm_", "at_", "mtm_", "matomo_", "pk_", "piwik_", "hsa_", "_hs", "mc_", "oly_", "vero_",
                             "trk_", "wt.", "xtor", "__twitter", "guce_")  # fmt: skip
_TRACKING: Final = frozenset(
    {
        "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "li_fat_id",
        "igshid", "igsh", "srsltid", "epik", "s_cid", "s_kwcid", "ncid", "cmpid", "cid_source", "icid", "ito",
        "ocid", "smid", "smtyp", "sr_share", "ref_src", "ref_url", "partner_source", "rss_source", "share_source",
        "spm", "spm_id_from", "scm", "from_source", "share_token", "isappinstalled", "wfr", "nsukey",
        "mbid", "mkt_tok", "wickedid", "_ga", "_gl", "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee",
        "feedtype", "feedname", "sref", "reflink_source", "taid", "soc_src", "soc_trk", "tsrc", "campaign_id",
        "guccounter",
    }
)  # fmt: skip
"""Only names that never choose the content: `id`, `p`, `source`, `from` and their kind stay."""
_TRACKING_VALUES: Final = frozenset(
    {
        ("f", "rss"), ("source", "rss"), ("from", "rss"), ("ref", "rss"), ("cmp", "rss"), ("mod", "rss"),
        ("output", "amp"), ("outputtype", "amp"), ("amp", "1"), ("amp", ""), ("for", "pc"),
    }
)  # fmt: skip
_MOBILE = re.compile(r"^(?:m|mobile|amp|www)\.")
_AMP_CACHE = re.compile(r"^[a-z0-9-]+\.cdn\.ampproject\.org$")
_AMP_WRAPPED = re.compile(r"^/(?:amp/|[cv]/)(?P<secure>s/)?(?P<page>[^/]+\.[^/]+(?:/.*)?)$")
_AMP_END = re.compile(r"(?:/amp/?|/amp\.html|\.amp)$", re.IGNORECASE)
_AMP_HTML = re.compile(r"\.amp(\.html?)$", re.IGNORECASE)
_AMP_START = re.compile(r"^(?:/amp)+(?=/.)", re.IGNORECASE)
_SESSION = re.compile(r";jsessionid=[^/]*", re.IGNORECASE)
_ROUTE = ("!", "/")
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_LONGEST_ENDING: Final = 20


@lru_cache(maxsize=8_192)
def canonical_url(url: str) -> str:
    """The address by which copies of a link are one; what is no web address comes back as it is, without outer spaces.

    Taken away: the scheme's difference (all are `https`), user names, default ports, `www.` and mobile hosts, AMP
    caches and AMP paths, tracking parameters and session ids, fragments (but not those by which a page chooses its
    content, `#/` and `#!`), a trailing slash, an index page's name, needless percent-encoding; the rest of the query
    is sorted. It names a page and is not meant to be fetched.

    >>> canonical_url("http://m.example.org:80/news/rates/?utm_source=feed&id=7#top")
    'https://example.org/news/rates?id=7'
    >>> canonical_url("https://www.example.org/b%C3%B6rse/amp/")
    'https://example.org/b%C3%B6rse'
    >>> canonical_url("tag:example.org,2024:7")
    'tag:example.org,2024:7'
    """
    text = _SPACES.sub("", url).strip()
    if ":" not in text or len(text) > MAX_CHARACTERS:
        return text  # No scheme: a number, as many sources' ids are. And nobody asks for what is so long.
    while (shorter := _once(text)) != text:
        # An AMP ending before an index page's name, an AMP cache of a mobile page: each step only ever takes away.
        text = shorter
    return text


def _once(text: str) -> str:
    parts = _web_parts(text)
    if parts is None:
        return text
    host, port = _host(parts.hostname or ""), parts.port
    wrapped = _AMP_WRAPPED.match(parts.path)
    if wrapped and (_AMP_CACHE.match(host) or (host == "google.com" and parts.path.startswith("/amp/"))):
        query = f"?{parts.query}" if parts.query else ""
        return f"https://{wrapped['page']}{query}"
    netloc = host if port is None or port == _PORTS[parts.scheme] else f"{host}:{port}"
    fragment = _escaped(parts.fragment, _QUERY_SAFE) if parts.fragment.startswith(_ROUTE) else ""
    return urlunsplit(("https", netloc, _path(parts.path), _query(parts.query), fragment))


def _web_parts(text: str) -> SplitResult | None:
    """The parts of an HTTP address with a host; None for anything else."""
    try:
        parts = urlsplit(text)
        _ = parts.port
        host = parts.hostname or ""
        host.encode("idna") if not host.isascii() else None
    except (ValueError, UnicodeError):
        return None
    return parts if parts.scheme in _PORTS and host.strip(".") else None


def _host(host: str) -> str:
    name = host.rstrip(".")
    if not name.isascii():
        name = name.encode("idna").decode()
    while (rest := _MOBILE.sub("", name)) != name and "." in rest:
        name = rest
    return f"[{name}]" if ":" in name else name


def _path(path: str) -> str:
    path = _SESSION.sub("", _escaped(path, _PATH_SAFE))
    if "/." in path or "//" in path:
        path = posixpath.normpath(re.sub("/{2,}", "/", path))
    path = _AMP_START.sub("", path)
    while (shorter := _without_ending(path)) != path:
        path = shorter
    return path


def _without_ending(path: str) -> str:
    # The end alone is looked at: one who writes a thousand endings must not have the whole read a thousand times.
    rest, end = path[:-_LONGEST_ENDING], path[-_LONGEST_ENDING:]
    end = _AMP_HTML.sub(r"\1", _AMP_END.sub("", end))
    return rest + _INDEX.sub("/", end).rstrip("/")


def _query(query: str) -> str:
    kept = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        lowered = name.lower().removeprefix("amp;")
        if not pair or lowered in _TRACKING or lowered.startswith(_TRACKING_PREFIXES):
            continue
        if (lowered, value.lower()) in _TRACKING_VALUES:
            continue
        kept.append(_escaped(f"{name.removeprefix('amp;')}{equals}{value}", _QUERY_SAFE))
    return "&".join(sorted(kept))


def _escaped(text: str, safe: str) -> str:
    """Percent-encodes what must be, decodes what need not be, and writes what stays in capitals."""
    text = _ESCAPE.sub(_normal_escape, text)
    return quote(re.sub(r"%(?![0-9A-F]{2})", "%25", text), safe=safe, errors="replace")


def _normal_escape(found: re.Match[str]) -> str:
    byte = int(found[0][1:], 16)
    return chr(byte) if byte in _UNRESERVED else found[0].upper()
