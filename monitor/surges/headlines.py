"""What copies of a headline have in common: a normal form, its fingerprint, and the lead of near-copies."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from monitor.classify.text import prepare_text

LEAD_CHARACTERS: Final = 400
"""Of a headline and its body, what is compared: copies share their lead, and differ in how much follows it."""

_LINK = re.compile(r"https?://\S+|www\.\S+|\bpic\.twitter\.com/\S+", re.IGNORECASE)
_RETWEET = re.compile(r"^(?:\s*(?:rt|via)\s+@\w+\s*:?\s*)+", re.IGNORECASE)
_TICKERS = re.compile(r"^(?:\s*\$[A-Za-z][A-Za-z.]{0,6}\b[\s,;:&|/-]*)+")
_WIRE = re.compile(
    r"^\s*(?:(?:update|wrapup|refile|rpt|corrected|correction|brief|exclusive|breaking|urgent|factbox|analysis|focus)"
    r"(?:\s+\d+)?\s*[-:\u2013\u2014]\s*)+",
    re.IGNORECASE,
)
# Between words there must be a space: what may be split in many ways takes hours to fail on one long word.
_CREDIT = re.compile(r"(?:\s+[-|\u2013\u2014]\s+|\s*\|\s*)((?:[A-Z][\w.&'\u2019]*\s+){0,2}[A-Z][\w.&'\u2019]*\s*)$")
_AGENCY = re.compile(
    r"\s*[(\[](?:reuters|ap|afp|bloomberg|dow jones|cnbc)[)\]]\s*(?:[-\u2013\u2014]\s*)?", re.IGNORECASE
)
_APOSTROPHE = re.compile(r"['\u2019\u2018`]")
_MINUS = re.compile(r"(?<![\w.])[-\u2212](?=[$\u00a3\u20ac]?\d)")
_WORD = re.compile(r"\w+")

_DATELINE = re.compile(
    r"^(?:[A-Z][A-Z.' ]{2,30}(?:, [A-Z][\w. ]{2,20})?|[A-Z][a-z]+(?: [A-Z][a-z]+)?, [A-Z][a-z]{2,8}\.?(?: \d{1,2})?)"
    r"\s*(?:\([A-Za-z ]{2,20}\)\s*)?[-\u2013\u2014]+\s+"
)
_NOTICE = re.compile(r"\s(?:\(?read more|click here)\b[^.]*$|\s*(?:\[?\.\.\.\]?|\u2026)\s*$", re.IGNORECASE)

_ATTRIBUTED = re.compile(r"\s*[:-]\s(?:[\w.&'\u2019]+ ){0,2}[\w.&'\u2019]+ ?$")

_MARKS = {
    _RETWEET: "@",
    _WIRE: "-:\u2013\u2014",
    _DATELINE: "-\u2013\u2014",
    _AGENCY: "([",
}
"""By pattern, characters of which each of its finds holds one: most texts hold none, and to look is cheaper."""

_WORDS_BEFORE_CREDIT = 5
_WORDS_AFTER_TICKER = 8


def normalised(title: str) -> str:
    """What copies of a headline share: lower-case words without links, retweet and wire marks, tickers and credits.

    A leading ticker goes only where eight words or more follow, as "$X: Bank cuts to hold" and "$Y: Bank cuts to hold"
    are two stories; a trailing capitalised name after a dash or bar goes only where five words or more remain.

    >>> normalised("RT @desk: Acme's profit falls 3.5% after recall of \u2018smart\u2019 ovens - Daily Planet https://t.co/x")
    'acmes profit falls 3 5 after recall of smart ovens'
    >>> normalised("UPDATE 2-Acme recalls ovens after fires") == normalised("Acme recalls ovens after fires")
    True
    >>> normalised("$ACME: Bank cuts to hold") == normalised("$EMCA: Bank cuts to hold")
    False
    """
    # Most headlines hold none of what the patterns look for; the cheap tests before them save half of the time.
    text = (title if title.isascii() else unicodedata.normalize("NFKC", title)).strip()
    if "//" in text or "." in text:
        text = _LINK.sub(" ", text).strip()
    if "@" in text:
        text = _RETWEET.sub("", text).strip()
    if "-" in text or ":" in text or not text.isascii():
        text = _WIRE.sub("", text)
    if "(" in text or "[" in text:
        text = _AGENCY.sub(" ", text).strip()
    credit = _CREDIT.search(text) if "-" in text or "|" in text or not text.isascii() else None
    if credit and len(_WORD.findall(text[: credit.start()])) >= _WORDS_BEFORE_CREDIT:
        text = text[: credit.start()]
    if text.startswith("$"):
        tail = _TICKERS.sub("", text)
        text = tail if len(_WORD.findall(tail)) >= _WORDS_AFTER_TICKER else text
    if "-" in text or "\u2212" in text:
        text = _MINUS.sub(" minus ", text)
    if "'" in text or "`" in text or not text.isascii():
        text = _APOSTROPHE.sub("", text)
    return " ".join(_WORD.findall(text.casefold()))


def headline_key(title: str) -> str:
    """Fingerprint of a normalised headline, 32 hexadecimal digits; empty (matching nothing) where nothing is left.

    >>> headline_key("ACME recalls ovens!") == headline_key("Acme Recalls Ovens")
    True
    >>> headline_key("https://example.org/only-a-link")
    ''
    """
    text = normalised(title)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() if text else ""


def lead_of(title: str, body: str = "") -> str:
    """What of an article is compared with others: headline and beginning of the body, without wire marks and datelines.

    >>> lead_of("UPDATE 2-Acme recalls ovens", "NEW YORK, Monday (Reuters) - Acme said so.")
    'Acme recalls ovens. Acme said so.'
    """
    headline = _without_wire_marks(title)
    start = _without(_AGENCY, " ", _without(_DATELINE, "", body[: 2 * LEAD_CHARACTERS].replace("\x00", " ").strip()))
    text = prepare_text(headline, start)[:LEAD_CHARACTERS]
    # The pattern is slow to fail; other letters than ASCII's can stand for some of it.
    lowered = text.lower()
    notice = not text.isascii() or "..." in text or "read more" in lowered or "click here" in lowered
    return _NOTICE.sub("", text) if notice else text


def _without_wire_marks(title: str) -> str:
    headline = _without(_RETWEET, "", title.replace("\x00", " ")).strip()
    credit = _ATTRIBUTED.search(headline) if ":" in headline or "-" in headline else None
    if credit and len(_WORD.findall(headline[: credit.start()])) >= _WORDS_BEFORE_CREDIT:
        headline = headline[: credit.start()]
    headline = _without(_AGENCY, " ", headline).strip()
    return _without(_DATELINE, "", _without(_WIRE, "", headline))


def _without(pattern: re.Pattern[str], instead: str, text: str) -> str:
    """A text without what a pattern finds, which is nothing where none of the pattern's marks is there."""
    return pattern.sub(instead, text) if any(mark in text for mark in _MARKS[pattern]) else text
