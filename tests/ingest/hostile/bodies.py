"""What the misbehaving server sends as feeds: bodies that are wrong in one way each, with texts of our own.

`FEEDS` are answered whole and politely (HTTP 200); what is wrong with them is for a reader of feeds to find.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

ENTRY_COUNT = 3
"""How many entries the feeds have that are said to have some."""
RSS = "application/rss+xml"
_BASE = "http://paper.example"


class Body(msgspec.Struct, frozen=True):
    """A body, how it is declared, and in words what is wrong with it."""

    wrong: str
    content: bytes
    content_type: str = RSS


def _body(wrong: str, content: str | bytes, content_type: str = RSS) -> Body:
    return Body(wrong, content.encode() if isinstance(content, str) else content, content_type)


def entry(number: int, *, guid: str | None = "", date: str = "", title: str = "") -> str:
    """One RSS item; `guid=None` leaves it out."""
    guid = f"tag:paper.example,2024:{number}" if guid == "" else guid
    return (
        "<item>"
        f"<title>{title or f'Harbour bank posts loss number {number}'}</title>"
        f"<link>{_BASE}/story/{number}</link>"
        + (f'<guid isPermaLink="false">{guid}</guid>' if guid is not None else "")
        + f"<pubDate>{date or f'Mon, 06 May 2024 0{number % 10}:00:00 GMT'}</pubDate>"
        "<description>Deposits fell for the second quarter in a row.</description>"
        "</item>"
    )


def rss(*entries: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>', doctype: str = "") -> str:
    """A feed; by default with `ENTRY_COUNT` good entries."""
    items = "".join(entries or [entry(number) for number in range(1, ENTRY_COUNT + 1)])
    return (
        f'{head}{doctype}<rss version="2.0"><channel><title>The Harbour Paper</title><link>{_BASE}/</link>'
        f"<description>Money and ships</description>{items}</channel></rss>"
    )


DATES = (
    "Mon, 06 May 2024 09:30:00 GMT",
    "Mon, 06 May 2024 05:30:00 EDT",
    "06 May 2024 09:30 +0000",
    "2024-05-06T09:30:00Z",
    "2024-05-06T17:30:00+08:00",
    "2024-05-06 09:30:00",
    "2024-05-06",
    "May 6, 2024 9:30 AM",
    "2024年5月6日 17:30",
    "20240506T093000Z",
)
"""Ten forms of one morning."""
WRONG_DATES = ("yesterday-ish", "Mon, 32 May 2024 09:30:00 GMT", "0000-00-00T00:00:00Z")
"""Three that are none."""

_LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))
LAUGHTER = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{_LAUGHS}]>'
"""Nine levels of ten: a gigabyte of laughter from a kilobyte."""
SECRET_FILE_MARK = "root:"
"""What a reader that follows a reference to /etc/passwd would show."""


def external_reference(address: str, content: str = "&outside;") -> str:
    """A feed whose first title is what stands at another address, if a reader goes there."""
    doctype = f'<!DOCTYPE rss [<!ENTITY outside SYSTEM "{address}">]>'
    return rss(entry(1, title=content), entry(2), entry(3), doctype=doctype)


_LOGIN = """<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in to continue</h1>
<form action="/login" method="post"><input name="user"><input name="password" type="password"><button>Go</button>
</form></body></html>"""
_CHALLENGE = """<!DOCTYPE html><html><head><title>Just a moment</title></head><body>
<noscript>Enable JavaScript and cookies to continue</noscript></body></html>"""
_ATOM = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Paper</title><id>{_BASE}</id>
<updated>2024-05-06T09:00:00Z</updated>%s</feed>"""
_GOOD = rss()
_CHINESE = rss(entry(1, title="港口银行亏损扩大"), entry(2), entry(3), head="")
_RUSSIAN = rss(entry(1, title="Убыток портового банка вырос"), entry(2), entry(3), head="")


def _json_feed(**changes: object) -> bytes:
    items = [
        {"id": str(number), "url": f"{_BASE}/{number}", "title": f"Harbour bank story {number}", "content_text": "…"}
        for number in range(1, ENTRY_COUNT + 1)
    ]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Paper", "items": items}
    return json.dumps({**feed, **changes}).encode()


FEEDS: Mapping[str, Body] = {
    # The XML itself.
    "good_feed": _body("nothing", _GOOD),
    "broken_xml": _body("tags that are never closed, and a bare ampersand", _GOOD.replace("</title>", " & Co", 2)),
    "truncated_xml": _body("it ends in the middle of the last entry", _GOOD[:-90]),
    "space_before_declaration": _body("white space before the XML declaration", "\n\n  " + _GOOD),
    "control_characters": _body("characters that XML forbids", _GOOD.replace("loss", "lo\x0bss\x00")),
    "html_entities": _body("entities of HTML, which XML does not know", _GOOD.replace("loss", "loss&nbsp;&mdash;")),
    "entity_expansion": _body("entities of entities, nine levels deep", rss(entry(1, title="&l9;"), doctype=LAUGHTER)),
    "quadratic_expansion": _body(
        "one long entity, many times",
        rss(entry(1, title="&long;" * 20_000), doctype=f'<!DOCTYPE rss [<!ENTITY long "{"x" * 50_000}">]>'),
    ),
    "external_entity_file": _body("an entity from a file", external_reference("file:///etc/passwd")),
    "external_dtd": _body(
        "a document type from elsewhere", rss(doctype='<!DOCTYPE rss SYSTEM "http://169.254.169.254/rss.dtd">')
    ),
    "deep_nesting": _body("a hundred thousand elements within one another", b"<rss>" + b"<a>" * 100_000),
    "many_attributes": _body(
        "an element with fifty thousand attributes",
        _GOOD.replace("<channel>", "<channel " + " ".join(f'a{n}="1"' for n in range(50_000)) + ">"),
    ),
    "stylesheet": _body(
        "a stylesheet to be loaded", _GOOD.replace("?>", '?><?xml-stylesheet href="http://10.0.0.1/x.xsl"?>', 1)
    ),
    "xinclude": _body(
        "a part to be included from a file",
        _GOOD.replace(
            "<channel>",
            '<channel><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>',
        ),
    ),
    # Charsets.
    "wrong_charset": _body(
        "UTF-8 in the header, GB2312 in the bytes", _CHINESE.encode("gb2312"), f"{RSS}; charset=utf-8"
    ),
    "wrong_declaration": _body(
        "another charset in the declaration than in the bytes",
        b'<?xml version="1.0" encoding="utf-8"?>' + _RUSSIAN.encode("cp1251"),
    ),
    "unknown_charset": _body("a charset that nobody knows", _GOOD, f"{RSS}; charset=klingon"),
    "codec_that_is_no_charset": _body("a codec that is no charset", _GOOD, f"{RSS}; charset=zlib"),
    "undefined_charset": _body("a codec that refuses everything", _GOOD, f"{RSS}; charset=undefined"),
    "utf16_without_mark": _body(
        "UTF-16 without a byte order mark", _GOOD.replace("UTF-8", "UTF-16").encode("utf-16-le")
    ),
    "utf16_with_mark": _body(
        "UTF-16 that is called UTF-8", b"\xff\xfe" + _GOOD.encode("utf-16-le"), f"{RSS}; charset=utf-8"
    ),
    "utf32": _body("UTF-32", _GOOD.replace("UTF-8", "UTF-32").encode("utf-32")),
    "utf7": _body("UTF-7, in which tags can hide", _GOOD.replace("loss", "+ADw-b+AD4-"), f"{RSS}; charset=utf-7"),
    "lone_surrogates": _body(
        "bytes that would be half a character", _GOOD.encode().replace(b"loss", b"lo\xed\xa0\x80ss")
    ),
    "mixed_charsets": _body(
        "UTF-8 with a sentence of Latin-1 in it", _GOOD.encode().replace(b"loss", b"perte apr\xe8s imp\xf4ts")
    ),
    # Entries.
    "duplicate_guids": _body(
        "all entries have the same guid", rss(*(entry(number, guid="same") for number in (1, 2, 3)))
    ),
    "missing_guids": _body("no entry has a guid", rss(*(entry(number, guid=None) for number in (1, 2, 3)))),
    "empty_guids": _body("every guid is empty", rss(*(entry(number, guid=" ") for number in (1, 2, 3)))),
    "ten_dates": _body("ten forms of dates", rss(*(entry(n, date=date) for n, date in enumerate(DATES)))),
    "wrong_dates": _body("dates that are none", rss(*(entry(n, date=date) for n, date in enumerate(WRONG_DATES)))),
    "future_dates": _body("dates in the future", _GOOD.replace("2024", "2093")),
    "ancient_dates": _body("dates of long ago", _GOOD.replace("2024", "1996")),
    "no_titles": _body("no entry has a title", _GOOD.replace("title>", "headline>")),
    "no_entries": _body("there is no entry", rss(" ")),
    "huge_title": _body(
        "a title of two million characters", rss(entry(1, title="loss " * 400_000), entry(2), entry(3))
    ),
    "many_entries": _body("two thousand entries", rss(*map(entry, range(2_000)))),
    "script_in_title": _body("a script in a title", _GOOD.replace("loss", "&lt;script&gt;alert(1)&lt;/script&gt;")),
    "odd_links": _body(
        "links that lead nowhere good", _GOOD.replace(f"<link>{_BASE}/story/", "<link>javascript:alert(1)//")
    ),
    "relative_links": _body("links without a host", _GOOD.replace(f"<link>{_BASE}/story/", "<link>/story/")),
    "atom_without_ids": _body(
        "Atom entries without id and time",
        (_ATOM % "".join(f"<entry><title>Loss {n}</title></entry>" for n in (1, 2, 3))),
        "application/atom+xml",
    ),
    # JSON.
    "good_json_feed": _body("nothing", _json_feed(), "application/feed+json"),
    "broken_json": _body("JSON that ends early", _json_feed()[:-20], "application/feed+json"),
    "json_that_is_no_feed": _body("JSON without items", b'{"error": "try later"}', "application/json"),
    "deep_json": _body("arrays a hundred thousand deep", b"[" * 100_000, "application/feed+json"),
    "odd_json_types": _body(
        "numbers where texts should be",
        _json_feed(title=7, items=[{"id": 1, "title": 2}, 3, None]),
        "application/feed+json",
    ),
    "huge_json_number": _body(
        "a number of a million digits",
        b'{"version":"https://jsonfeed.org/version/1.1","items":[' + b"9" * 1_000_000 + b"]}",
        "application/feed+json",
    ),
    # No feeds at all.
    "login_page": _body("the feed has become a login page", _LOGIN, "text/html; charset=utf-8"),
    "login_page_as_rss": _body("a login page that is called RSS", _LOGIN, RSS),
    "challenge_page": _body("a page that wants JavaScript", _CHALLENGE, "text/html"),
    "empty_body": _body("nothing in it", b"", RSS),
    "only_white_space": _body("nothing but white space", b" \n\t" * 100, RSS),
    "image": _body("a picture that is called RSS", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, RSS),
    "no_content_type": _body("no content type", _GOOD, ""),
    "wrong_content_type": _body("a feed that is called an image", _GOOD, "image/png"),
    "plain_error": _body("an error message with status 200", b"Database error: too many connections", "text/plain"),
}
