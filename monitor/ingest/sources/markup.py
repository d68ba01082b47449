"""HTML as plain text, and what a page that is no news looks like."""

from __future__ import annotations

import html
import re
import sys
from typing import Final, Literal
from urllib.parse import urljoin

import lxml.etree
import lxml.html

from monitor.ingest.sources.xml_texts import without_prolog

_TAG = re.compile(r"<[/!]?[A-Za-z-][^<>]*>|<!--")
_SCRIPT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_SPACES = re.compile(r"\s+")
_FORBIDDEN = re.compile("[^\\t\\n\\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""By XML: a parser of HTML lets it pass, and then no element of the tree takes the text as its own."""
_REFERENCE = re.compile(r"&#(?:0*(\d{1,7})|[xX]0*([0-9A-Fa-f]{1,6}));?")
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "figcaption", "figure",
        "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "option", "p",
        "pre", "section", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul"
    }
)  # fmt: skip
_UNSEEN: Final = ("script", "style", "noscript", "template", "iframe", "svg", "object", "head")
_HEAD: Final = 200_000
_PASSWORD = re.compile(r"""<input[^>]{0,300}type\s*=\s*["']?password""", re.IGNORECASE)
_SIGN_IN = re.compile(
    r"<title[^>]{0,300}>[^<]{0,80}(?:log ?in|sign ?in|single sign.on|subscribe to|登录|登入|登陆|用户登录)",
    re.IGNORECASE,
)
_SIGN_IN_PATH = re.compile(r"/(?:log-?in|sign-?in|sso|auth|passport|accounts?/login)(?:[/.?]|$)", re.IGNORECASE)
_CHALLENGE = re.compile(
    r"<title[^>]{0,300}>\s*(?:just a moment|attention required|access denied|are you a robot|security check|"
    r"verify you are|pardon our interruption|请求验证|安全验证|访问验证)|cf-chl-|_Incapsula_",
    re.IGNORECASE,
)
_FEED_TYPES: Final = ("application/rss+xml", "application/atom+xml", "application/feed+json")


def plain_text(markup: str) -> str:
    """The words of a text that may be HTML, in one line; a text that only looks a little like it keeps its signs.

    >>> plain_text("<p>Profits <b>fall</b></p><p>at Acme&nbsp;&amp;amp; Sons</p><script>x()</script>")
    'Profits fall at Acme & Sons'
    >>> plain_text("Margin < 5% and AT&T > 2")
    'Margin < 5% and AT&T > 2'
    """
    text = _text_of(markup) if _TAG.search(markup) else markup
    for _ in range(2):
        # Many feeds escape what was escaped before.
        text = html.unescape(text) if _ENTITY.search(text) else text
    return _SPACES.sub(" ", _FORBIDDEN.sub(_allowed, text)).strip()


def parse_html(markup: str) -> lxml.html.HtmlElement | None:
    """The tree of an HTML page or fragment; None where there is nothing in it. Nothing is fetched, nothing is run.

    What XML forbids is left out, also where the markup only refers to it.
    """
    markup = _REFERENCE.sub(_allowed_reference, _FORBIDDEN.sub(_allowed, markup))
    # A declared encoding in a text that is decoded already would be an error; a fresh parser keeps threads apart.
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False)
    try:
        tree = lxml.html.document_fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (lxml.etree.LxmlError, ValueError):
        return None
    return tree


def _text_of(markup: str) -> str:
    tree = parse_html(f"<body>{markup}</body>")
    if tree is None:
        return ""
    lxml.etree.strip_elements(tree, *_UNSEEN, with_tail=False)
    for element in tree.iter():
        if element.tag in _BLOCKS:
            element.text = f" {element.text or ''}"
            element.tail = f" {element.tail or ''}"
    # A parser gives up in the depth; then the tags alone are taken away.
    return str(tree.text_content()).strip() or _TAG.sub(" ", _SCRIPT.sub(" ", markup))


def _allowed(found: re.Match[str]) -> str:
    """In place of a forbidden character: nothing, but words that it parts stay parted."""
    return " " if found[0].isspace() else ""


def _allowed_reference(found: re.Match[str]) -> str:
    code = int(found[1]) if found[1] else int(found[2], 16)
    if code > sys.maxunicode:
        return ""
    forbidden = _FORBIDDEN.match(chr(code))
    return _allowed(forbidden) if forbidden else found[0]


PageFault = Literal["login", "challenge", "page"]


def page_fault(text: str, url: str) -> PageFault | None:
    """What stands where news should be; None where it is no HTML page.

    Args:
        text: What came.
        url: Where it was found in the end.

    Returns:
        "login" for a page that asks who one is, "challenge" for one that asks whether one is human, "page" for another.
    """
    head = text[:_HEAD]
    start = without_prolog(head.removeprefix("\ufeff"))[:100].lower()
    if not start.startswith(("<!doctype html", "<html", "<head", "<body", "<script", "<meta")):
        return None
    if _CHALLENGE.search(head):
        return "challenge"
    return "login" if _PASSWORD.search(head) or _SIGN_IN.search(head) or _SIGN_IN_PATH.search(url) else "page"


def feed_link(text: str, url: str) -> str:
    """The address of the feed that an HTML page names; empty where it names none."""
    tree = parse_html(text[:_HEAD])
    for link in tree.iter("link") if tree is not None else ():
        kind, href = str(link.get("type") or "").lower(), str(link.get("href") or "").strip()
        if href and kind in _FEED_TYPES and "alternate" in str(link.get("rel") or "").lower():
            try:
                return urljoin(url, href)
            except ValueError:
                return ""
    return ""
