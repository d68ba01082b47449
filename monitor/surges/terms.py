"""The words that set some headlines apart from others: what a surge is about, in a few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import exp, log
from typing import Final

from scipy import special

from monitor.surges.common_words import FULL_WEIGHT, NO_WEIGHT, STEM_LETTERS, WEIGHTS

_WORD: Final = re.compile(r"[^\W\d_][\w&]*(?:['’.-][\w&]+)*")
_POSSESSIVE: Final = re.compile(r"['’]s$")
_SHORTEST: Final = 3
_TOLD_TWICE: Final = 2
_TELLING: Final = 1.0
"""Weight in nats from which a word tells anything: below stand "and", "shares", "new"."""
_CLEAR: Final = log(0.01)
"""Logarithm of the chance below which so many headlines hold a word not by chance."""
_PRIOR: Final = 50.0
"""What is known of financial news at large counts as so many headlines of those compared with."""


def distinctive(here: Sequence[str], usual: Sequence[str], most: int) -> tuple[str, ...]:
    """Words that headlines hold more often than others do, the clearest first.

    A word is as clear as it is improbable that so many headlines hold it at the rate of the others: a binomial tail,
    the rate being shrunk toward that of financial news at large (an informative prior, as for the log-odds of Monroe,
    Colaresi & Quinn 2008, Political Analysis 16:372, whose normal error fails with a word in two headlines of three).

    Args:
        here: The headlines to tell of.
        usual: What they are compared with.
        most: So many words at most; fewer where fewer stand out, or stand in two headlines.

    Returns:
        Each as it is written most often.

    >>> distinctive(["Lakemoor halts trading", "Run on Lakemoor deposits"], ["Oil rises", "Gold falls", "Oil dips"], 3)
    ('Lakemoor',)
    """
    written: dict[str, Counter[str]] = {}
    counts = _count(here, written)
    others = _count(usual, {})
    found = [
        (chance, word)
        for word, count in counts.items()
        if count >= min(_TOLD_TWICE, len(here))
        and (chance := _log_chance(word, count, len(here), others[word], len(usual))) <= _CLEAR
    ]
    found.sort()
    return tuple(_as_written(written[word]) for _, word in found[:most])


def _count(headlines: Sequence[str], written: dict[str, Counter[str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for headline in headlines:
        words = {word: _POSSESSIVE.sub("", word) for word in _WORD.findall(headline)}
        distinct = {plain.lower(): plain for plain in words.values() if _tells(plain.lower())}
        counts.update(distinct.keys())
        for word, form in distinct.items():
            written.setdefault(word, Counter())[form] += 1
    return counts


def _tells(word: str) -> bool:
    return len(word) >= _SHORTEST and _weight(word) >= _TELLING


def _weight(word: str) -> float:
    return WEIGHTS.get(word[:STEM_LETTERS], FULL_WEIGHT)


def _log_chance(word: str, count: int, of: int, other: int, other_of: int) -> float:
    at_large = exp(-NO_WEIGHT - _weight(word))
    rate = (other + _PRIOR * at_large) / (other_of + _PRIOR)
    return log(max(float(special.bdtrc(count - 1, of, rate)), 5e-324))


def _as_written(forms: Counter[str]) -> str:
    """A name is written with capitals wherever it stands, another word only where a sentence begins."""
    return min(forms, key=lambda form: (-forms[form], not form.islower(), form))
