"""Statuses, robots.txt, names and certificates."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.ingest.web.fetcher import FetchFailure as T
from tests.ingest.hostile.acts import OK, PAGE, Behaviour, answers, good, redirects, then_flood

STATUSES: Mapping[str, Behaviour] = {
    "unchanged_unasked": Behaviour("nothing changed, though nobody asked", T.PROTOCOL, answers(304, Content_Length="")),
    "unauthorised": Behaviour("401", T.FORBIDDEN, answers(401, WWW_Authenticate="Basic")),
    "forbidden": Behaviour("403", T.FORBIDDEN, answers(403, b"<h1>Access denied</h1>")),
    "not_found": Behaviour("404", T.NOT_FOUND, answers(404, PAGE)),
    "gone": Behaviour("410", T.GONE, answers(410)),
    "teapot": Behaviour("418", T.CLIENT_ERROR, answers(418)),
    "too_many": Behaviour("429 without a word when to come back", T.RATE_LIMITED, answers(429)),
    "too_many_for_now": Behaviour("429 for two minutes", T.RATE_LIMITED, answers(429, Retry_After="120")),
    "too_many_for_ever": Behaviour(
        "429 for three thousand years", T.RATE_LIMITED, answers(429, Retry_After="99999999999")
    ),
    "legal": Behaviour("451", T.FORBIDDEN, answers(451)),
    "error": Behaviour("500", T.SERVER_ERROR, answers(500, PAGE)),
    "bad_gateway": Behaviour("502", T.SERVER_ERROR, answers(502)),
    "unavailable": Behaviour("503", T.UNAVAILABLE, answers(503)),
    "unavailable_for_now": Behaviour("503 for five minutes", T.UNAVAILABLE, answers(503, Retry_After="300")),
    "unavailable_until": Behaviour(
        "503 until a date", T.UNAVAILABLE, answers(503, Retry_After="Mon, 06 May 2024 12:10:00 GMT")
    ),
    "unavailable_mumbling": Behaviour(
        "503 until nobody knows", T.UNAVAILABLE, answers(503, Retry_After="soon, -1; 1e9")
    ),
    "unheard_of_error": Behaviour("a status that only one network knows", T.SERVER_ERROR, answers(520)),
}

_MANY_GROUPS = "\n".join([f"User-agent: robot{n}" for n in range(5_000)] + [f"Disallow: /{n}/" for n in range(5_000)])
ROBOTS: Mapping[str, Behaviour] = {
    "robots_forbid": Behaviour(
        "robots.txt forbids it", T.ROBOTS, good, robots=answers(200, b"User-agent: *\nDisallow: /feed")
    ),
    "robots_forbid_others": Behaviour(
        "robots.txt forbids others", "new", good, robots=answers(200, b"User-agent: x\nDisallow: /")
    ),
    "robots_fail": Behaviour("robots.txt cannot be had", T.ROBOTS, good, robots=answers(503)),
    "robots_forbidden": Behaviour("robots.txt is kept from us", "new", good, robots=answers(403)),
    "robots_page": Behaviour("robots.txt is a page", "new", good, robots=answers(200, b"<html>Disallow: /</html>")),
    "robots_garbage": Behaviour("robots.txt is no text", "new", good, robots=answers(200, bytes(range(256)) * 99)),
    "robots_giant": Behaviour(
        "robots.txt without end",
        T.ROBOTS,
        good,
        robots=then_flood(OK + "\r\n", b"User-agent: *\nDisallow: /feed\n" * 99),
    ),
    "robots_bomb": Behaviour(
        "five thousand groups of five thousand rules", "new", good, robots=answers(200, _MANY_GROUPS.encode())
    ),
    "robots_in_circles": Behaviour("robots.txt redirects to itself", "new", good, robots=redirects("/robots.txt")),
    "robots_inside": Behaviour(
        "robots.txt redirects inside", T.REFUSED_ADDRESS, good, robots=redirects("http://10.0.0.1/")
    ),
    "robots_silent": Behaviour("robots.txt never comes", T.TIMEOUT, good, robots=lambda line, _: line.hang()),
}

NAMES: Mapping[str, Behaviour] = {
    "inside": Behaviour("its name is an address inside", T.REFUSED_ADDRESS, good),
    "half_inside": Behaviour("one of its addresses is inside", T.REFUSED_ADDRESS, good),
    "metadata": Behaviour("its name is the metadata service", T.REFUSED_ADDRESS, good),
    "nowhere": Behaviour("its name does not exist", T.DNS, good),
    "no_address": Behaviour("its name has no address", T.DNS, good),
    "hanging_name": Behaviour("nobody answers for its name", T.TIMEOUT, good),
    "tls_good": Behaviour("nothing", "new", good, "https"),
    "tls_expired": Behaviour("its certificate expired", T.TLS, good, "https"),
    "tls_other_host": Behaviour("its certificate is for another host", T.TLS, good, "https"),
}
