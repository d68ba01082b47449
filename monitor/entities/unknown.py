"""The name in a mention of a company that no list knows: whole words, and no country, currency or everyday thing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from monitor.entities.names import normalised_name, provisional_id
from monitor.entities.vocabulary import CONNECTORS, NO_COMPANIES

_WORD: Final = re.compile(r"\S+")
_MOST_WORDS: Final = 6
"""A longer mention is no name."""

_RECENT_NAMES: Final = 2_048
"""The same companies are named again and again."""

Span = tuple[int, int]


def name_span(text: str, start: int, end: int) -> Span | None:
    """The stretch that a mention's name takes: its words whole, without small ones at either end.

    Taggers cut words where their tokens end, and take in what stands beside a name.

    Args:
        text: Where it stands.
        start: First character of the mention.
        end: The character after its last.

    Returns:
        None where there is no name: no capital, or too many words.

    >>> text = "House of Fraser shops may close"
    >>> [text[slice(*name_span(text, *span))] for span in ((6, 15), (9, 12), (0, 21))]
    ['House of Fraser', 'Fraser', 'House of Fraser']
    """
    while start > 0 and text[start - 1].isalnum() and text[start : start + 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end - 1 : end].isalnum():
        end += 1
    words = [(start + word.start(), start + word.end()) for word in _WORD.finditer(text[start:end])]
    if words and text[slice(*words[0])].lower() in CONNECTORS:
        before = _WORD.search(text[:start][::-1])
        if before is not None and before.start() == 1 and text[start - before.end()].isupper():
            words.insert(0, (start - before.end(), start - before.start()))
    while words and not _begins_name(text[slice(*words[0])]):
        words = words[1:]
    while words and not _begins_name(text[slice(*words[-1])]):
        words = words[:-1]
    return (words[0][0], words[-1][1]) if 0 < len(words) <= _MOST_WORDS else None


@lru_cache(maxsize=_RECENT_NAMES)
def unknown_id(name: str) -> str:
    """Provisional id of a name; empty where it is no company's.

    >>> unknown_id("Carillion's"), unknown_id("China"), unknown_id("S")
    ('~carillion', '', '')
    """
    normal = normalised_name(name)
    if sum(letter.isalpha() for letter in normal) < 2:
        return ""
    # A bank may be named after a place.
    is_bank = normal.startswith("bank of ") and len(normal.split()) > 2
    return provisional_id(name) if is_bank or any(word not in NO_COMPANIES for word in normal.split()) else ""


def _begins_name(word: str) -> bool:
    return any(letter.isupper() for letter in word)
