"""The one function that prepares text for the model, in training and in serving alike."""

from __future__ import annotations

import html
import re
from collections.abc import Set

MAX_CHARACTERS = 4000
"""Characters kept of a text. A model reads at most a few hundred tokens, so what follows could not be seen anyway."""

_MOST_READ = 64_000
"""Characters of a raw text that are looked at: markup may be most of it."""

_URL = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/|(?<![\w.])t\.co/)[^\s<>\"]*", re.IGNORECASE)
_ELEMENT = re.compile(r"</?[a-zA-Z][^<>]*>")
_OPEN_ELEMENT = re.compile(r"<[a-zA-Z/!][^<>]*\Z")
_TAG = re.compile(rf"{_ELEMENT.pattern}|<!--.*?-->")
_HIDDEN = re.compile(r"<(!--|script\b|style\b)", re.IGNORECASE)
_HIDDEN_ENDS = {
    "!--": re.compile("-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}
"""What no browser shows: how it begins, and where each ends."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_MARK = re.compile(r"[&<]|https?://|www\.|t\.co/|pic\.twitter", re.IGNORECASE)
_CURRENCY = (  # Unicode's category Sc, and the rest of its block of currency symbols
    "$\u00a2-\u00a5\u058f\u060b\u07fe\u07ff\u09f2\u09f3\u09fb\u0af1\u0bf9\u0e3f\u17db\u20a0-\u20cf\ua838\ufdfc\ufe69\uff04"
    "\uffe0\uffe1\uffe5\uffe6\U00011fdd-\U00011fe0\U0001e2ff\U0001ecb0"
)
_SIGN = re.compile(rf"(?<!\w)[-+](?=(?:[a-z]{{0,3}}[{_CURRENCY}]|[a-z]{{3}})?\.?\d)")  # -3, -$3, -US$3, -EUR3
_POINT = re.compile(r"(?<=\d)\.(?=\d)|(?<![\w.])\.(?=\d)")
_SIGNS = str.maketrans("\u2011\u2013\u2212\ufe63\uff0d\uff0b", "-----+")
_SENTENCE_ENDS = (".", "!", "?", ":", ";", "\u2026", "\u3002", "\uff01", "\uff1f")


def prepare_text(title: str, body: str = "") -> str:
    """Return the text that the model reads: headline first, body after it.

    URLs and markup are removed, HTML entities become their characters, whitespace collapses to single spaces, and a
    headline without a final stop gets one before the body. The result is a fixed point: preparing it again changes
    nothing. Its length in tokens is bounded by the tokenizer, by truncation.

    Args:
        title: The headline, or the whole text.
        body: What follows it; may be empty.

    Returns:
        At most `MAX_CHARACTERS` characters, valid in UTF-8; empty if nothing readable is left.

    >>> prepare_text("Q&amp;A with AT&amp;T  https://example.com/x")
    'Q&A with AT&T'
    >>> prepare_text("Shares fall", "<p>The bank said&nbsp;so.</p>")
    'Shares fall. The bank said so.'
    """
    headline, rest = _clean(title), _clean(body)
    if not (headline and rest):
        return headline or rest
    stop = " " if headline.endswith(_SENTENCE_ENDS) else ". "
    return _clean(headline + stop + rest)


def normalise_text(text: str) -> str:
    """Return a key under which texts that differ only in URLs, case or punctuation are the same.

    >>> normalise_text("Oil FALLS 3%! https://example.com/a") == normalise_text("oil falls 3")
    True
    """
    return _letters(prepare_text(text).casefold(), frozenset())


def statement_key(text: str) -> str:
    """Return a key under which texts that state the same are the same: `normalise_text`, and what figures depend on.

    A sign right before a figure, or before its currency, and a decimal point are kept, for up is not down, nor 3.5 35
    or 3 and 5. Texts of one key have the same `normalise_text`.

    The store keeps a hash of it with every label. So a change of what a release returned needs a migration of its own,
    which computes the hashes anew and joins the labels that meet.

    >>> statement_key("Oil FALLS 3%! https://example.com/a") == statement_key("oil falls 3")
    True
    >>> statement_key("$OIL -3.5%"), statement_key("$OIL +3 5%")
    ('oil -3.5', 'oil +3 5')
    """
    folded = prepare_text(text).casefold().translate(_SIGNS)
    return _letters(folded, {found.start() for mark in (_SIGN, _POINT) for found in mark.finditer(folded)})


def _letters(text: str, kept: Set[int]) -> str:
    """The letters and digits of a text, and what stands at the places `kept`; a single space for all between."""
    letters = (letter if letter.isalnum() or place in kept else " " for place, letter in enumerate(text))
    return " ".join("".join(letters).split())


def _clean(text: str) -> str:
    if len(text) > MAX_CHARACTERS:
        text = _without_markup(text)
    text = _SURROGATE.sub("\ufffd", text[:MAX_CHARACTERS])
    while True:
        # Each round can uncover another entity, tag or URL ('&amp;amp;'); each shortens the text, so this ends.
        cleaned = _clean_once(text) if _MARK.search(text) else text
        cleaned = " ".join(cleaned.split())
        if cleaned == text:
            return text
        text = cleaned


def _without_markup(text: str) -> str:
    """A long text without its markup, before it is cut; in time that grows with its length, whatever it holds.

    Of what is not shown only what ends is looked for, as each search for a missing end would read all that follows.
    """
    if len(text) > _MOST_READ:
        text = _OPEN_ELEMENT.sub(" ", text[:_MOST_READ])
    if "<" in text:
        text = _ELEMENT.sub(" ", _without_hidden(text))
    return " ".join(text.split())


def _without_hidden(text: str) -> str:
    """A text without what is not shown; what begins first goes first, as a script may hold what begins a comment."""
    shown, place, endless = list[str](), 0, set[str]()
    for begin in _HIDDEN.finditer(text):
        kind = begin[1].lower()
        if begin.start() < place or kind in endless:
            continue
        end = _HIDDEN_ENDS[kind].search(text, begin.end())
        if end is None:
            endless.add(kind)
        else:
            shown.append(text[place : begin.start()])
            place = end.end()
    return " ".join([*shown, text[place:]])


def _clean_once(text: str) -> str:
    return _URL.sub(" ", _TAG.sub(" ", html.unescape(text)))
