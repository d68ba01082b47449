"""The marks of a text by which it is told from others, and how much each tells: words, directions, kinds of things.

What two texts share is the sum of the weights of the marks in both, in nats: an invented name tells more than "profit",
and "sinks" and "tumbles", which have no letter in common, tell a little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from monitor.surges import common_words
from monitor.surges.common_words import STEM_LETTERS
from monitor.surges.opposites import RIVALS, SIDES
from monitor.surges.synonyms import SYNONYMS

NAT: Final = 100
"""Weights are whole hundredths of a nat, so that sums of them are exact."""
FULL_WEIGHT: Final = round(NAT * common_words.FULL_WEIGHT)
"""Of a word that is not common."""
SIDE_WEIGHT: Final = 140
"""In hundredths of a nat: of the same side of a pair of opposites, or of words that say nearly the same."""
RIVAL_WEIGHT: Final = 250
"""In hundredths of a nat: of the same of a kind, such as a country by whatever name."""

RECENT_TEXTS: Final = 64
"""A text is looked up and then kept: its marks are read once."""

_WORD: Final = re.compile(r"[^\W_]{2,}|\d")
_SHORT: Final = 2
_PRONOUN: Final = "us"


def _meanings() -> dict[str, dict[str, int]]:
    """By word, the marks of what it stands for."""
    found: dict[str, dict[str, int]] = {}
    for word, places in SIDES.items():
        found.setdefault(word, {}).update({f"={number}-{side}": SIDE_WEIGHT for number, side in places})
    for word, groups in SYNONYMS.items():
        found.setdefault(word, {}).update({f"=~{group}": SIDE_WEIGHT for group in groups})
    for word, (kind, which) in RIVALS.items():
        if word != _PRONOUN:
            found.setdefault(word, {})[f"={kind}-{which}"] = RIVAL_WEIGHT
    return found


_MEANINGS: Final = _meanings()
_WEIGHTS: Final = {stem: round(NAT * weight) for stem, weight in common_words.WEIGHTS.items()}


def stems_of(text: str) -> frozenset[str]:
    """The beginnings of a text's words of three letters or more, and its numbers.

    >>> sorted(stems_of("Restructuring of 12 banks"))
    ['12', 'banks', 'restru']
    """
    return frozenset(_stems(_WORD.findall(text.lower())))


@lru_cache(maxsize=RECENT_TEXTS)
def marks_of(text: str) -> Mapping[str, int]:
    """What tells a text from others, and how much, in hundredths of a nat: its stems, and what its words stand for.

    >>> "=sovereign-0" in marks_of("The Fed") and "=sovereign-0" in marks_of("in America")
    True
    """
    words = _WORD.findall(text.lower())
    marks = {stem: _WEIGHTS.get(stem, FULL_WEIGHT) for stem in _stems(words)}
    for word in words:
        if word in _MEANINGS:
            marks.update(_MEANINGS[word])
    return marks


def _stems(words: list[str]) -> list[str]:
    return [word[:STEM_LETTERS] for word in words if len(word) > _SHORT or word[0].isdigit()]
