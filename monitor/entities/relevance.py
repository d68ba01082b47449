"""How much an article is about an entity that it names, from 0 to 100."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

TITLE: Final = 40
FIRST: Final = 25
OFTEN: Final = 25
FEW: Final = 10
"""What each counts for at most: the headline, an early place, repetition, and few other companies."""

_SATURATED: Final = 5
"""Mentions from which on more add nothing."""


def relevance(starts: Sequence[int], length: int, title_length: int, others: int) -> int:
    """How much a text is about an entity.

    A headline that names one company alone gives 85 to 100 where the body speaks of it too; one passing mention late
    in a long text that names many others gives 10 or so.

    Args:
        starts: First characters of its mentions.
        length: Of the text, in characters.
        title_length: Of its headline, with which it begins; 0 if it has none.
        others: How many other entities the text names.

    Returns:
        0 if there is no mention, else 1 to 100.

    >>> relevance([0, 120, 300], length=400, title_length=60, others=0)
    94
    >>> relevance([900], length=1000, title_length=60, others=9)
    13
    """
    if not starts:
        return 0
    # A headline on its own is the whole text: what it says need not be said again.
    count = _SATURATED if length <= title_length else len(starts)
    score = FIRST * (1 - min(min(starts) / max(length, 1), 1.0))
    score += TITLE if min(starts) < title_length else 0
    score += OFTEN * min(1.0, math.log1p(count) / math.log1p(_SATURATED))
    score += FEW / (1 + others)
    return max(1, min(100, round(score)))
