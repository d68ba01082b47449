"""XML from strangers, made harmless and as well-formed as can be before any parser sees it."""

from __future__ import annotations

import html.entities
import re
from typing import Final

from monitor.ingest.sources.charsets import decode

MAX_TAGS: Final = 100_000
"""A parser's time goes with the tags: so many take it seconds, and hardly a feed has a tenth of them."""

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_START = re.compile(r"<\?xml\s+version", re.IGNORECASE)
_PAGE = re.compile(r"\s*(?:<!DOCTYPE\s+html|<html)\b", re.IGNORECASE)
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE\b", re.IGNORECASE)
_TOKEN = re.compile(r"""<!--.*?(?:-->|\Z)|"[^"]*"|'[^']*'|[\[\]<>]""", re.DOTALL)
_LONGEST_DOCTYPE: Final = 100_000
_ENTRY = re.compile(r"<(?:\w+:)?(?:item|entry)\b")
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]{0,60})")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_LONG_TAG = re.compile(r"(<[A-Za-z][\w.:-]{0,60})[^<>]{20000,}")
"""A parser takes the square of its attributes' number; what is long and harmless is a picture in the text."""
_BARE = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!#\d{1,7};|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z_][\w.:-]{0,60};)", re.DOTALL
)
"""An ampersand that begins no reference, outside of what is told to be no markup."""
_XML_NAMES: Final = frozenset({"lt", "gt", "amp", "quot", "apos"})
MAX_JUNK: Final = 2_000
"""So many characters may stand before a document."""


def safe_xml(content: bytes, charset: str = "") -> str:
    """A document as text without declaration, document type, forbidden characters, endless tags, bare ampersands.

    HTML's entities are the characters that they name. With the document type go all entities that it declares and all
    that it refers to: what names them later names nothing.

    Args:
        content: As it came.
        charset: As the HTTP header declares it.
    """
    text = _ILLEGAL.sub("", decode(content, charset))
    # Something printed before the document (a warning, a blank line) is the commonest fault of all. In a page of HTML
    # a declaration is that of a picture.
    start = None if _PAGE.match(text) else _START.search(text, 0, MAX_JUNK)
    text = without_prolog(text[start.start() :] if start else text)
    if found := _DOCTYPE.match(text):
        text = text[_end(_PROLOG, text, _doctype_end(text, found.end())) :]
    text = _NAMED.sub(_character, _LONG_TAG.sub(r"\1", text))
    return _BARE.sub(lambda found: "&amp;" if found[0] == "&" else found[0], text)


def without_prolog(text: str) -> str:
    """A document of XML or HTML from its document type on, or its first element: without declaration and comments."""
    return text[_end(_PROLOG, text, 0) :]


def root_of(text: str) -> str:
    """The name of a safe document's first element, without prefix, in lower case; empty where there is none."""
    found = _ROOT.match(text)
    return found[1].rpartition(":")[2].lower() if found else ""


def ends_well(text: str) -> bool:
    """Whether a safe document's first element is closed at its end: one that is not was cut on its way."""
    found = _ROOT.match(text)
    if found is None:
        return False
    _, closed, after = text.lower().rpartition(f"</{found[1].lower()}")
    if closed:
        # Whatever was printed after it; where an entry follows, it was a word of a text.
        return _ENTRY.search(after) is None
    return text.rstrip().endswith("/>") and text.count("<") == 1


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _doctype_end(text: str, start: int) -> int:
    """Where a document type declaration ends; that of the text where it does not, or is far too long."""
    depth = 0
    for token in _TOKEN.finditer(text, start, start + _LONGEST_DOCTYPE):
        match token[0]:
            case ">" if depth == 0:
                return token.end()
            case "[" | "<":
                depth += 1
            case "]" | ">":
                depth = max(depth - 1, 0)
    return len(text)


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if name in _XML_NAMES:
        return found[0]
    code = html.entities.name2codepoint.get(name)
    return chr(code) if code else found[0]
