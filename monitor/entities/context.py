"""What a text says for and against an alias meaning the company: neighbours, case, words of its trade.

The weights add up to a score; from `ACCEPT` on the company is meant, below `REJECT` it is not, and what lies between is
open: the encoder decides, where there is one. They were set by hand on the tune half of the sentences in
`benchmarks/entity_sentences`.
"""

from __future__ import annotations

import re
from collections.abc import Set
from enum import StrEnum
from typing import Final

import msgspec

from monitor.entities.aliases import Alias, Sense, Trust
from monitor.entities.names import fold
from monitor.entities.vocabulary import (
    ACTS,
    AMBIGUOUS_PLACES,
    BUSINESS,
    DEEDS,
    DETERMINERS,
    FINANCE,
    GIVEN,
    HEADS,
    HOLDINGS,
    INTENTS,
    LEGAL_FORMS,
    LINKS,
    PLACES,
    TITLES,
    WEAK_ACTS,
)

ACCEPT: Final = 1.5
REJECT: Final = 0.5

_PRIOR: Final = {Trust.SURE: 2.0, Trust.ACRONYM: 2.0, Trust.SHORT: 1.0, Trust.NAME: 0.0, Trust.WORD: 0.0}


_PART: Final = "part of a longer name with"
_STOP: Final = re.compile(r"[.!?:;|…]['\"”’)]*$|^[-–—•]$")
_LETTERS: Final = re.compile(r"[^\W\d_]{3,}")
_ENDS: Final = re.compile(r"[.!?;]\s|\s[|•]\s")
_WINDOW: Final = 70
"""Characters on either side that neighbours are looked for in."""


class Casing(StrEnum):
    """How a sentence uses capitals."""

    SENTENCE = "sentence"
    TITLE = "title"
    UPPER = "upper"
    LOWER = "lower"


class Weight(msgspec.Struct, frozen=True):
    """One reason, and how much it counts for (above 0) or against (below)."""

    reason: str
    weight: float


class Evidence(msgspec.Struct, frozen=True):
    """All reasons, and their sum; the first is the kind of alias, whatever it counts for."""

    weights: tuple[Weight, ...]

    @property
    def score(self) -> float:
        """The sum."""
        return sum(weight.weight for weight in self.weights)


def casing_of(text: str, start: int, end: int) -> Casing:
    """How the sentence around a stretch uses capitals, the stretch itself left aside."""
    before = text[max(0, start - 2 * _WINDOW) : start]
    for stop in _ENDS.finditer(before):
        before_start = stop.end()
        before = " " * before_start + before[before_start:]
    after = text[end : end + 2 * _WINDOW]
    stop_after = _ENDS.search(after)
    words = _LETTERS.findall(before) + _LETTERS.findall(after[: stop_after.start()] if stop_after else after)
    long = [word for word in words if len(word) > 3] or words
    capital = sum(word[0].isupper() for word in long)
    if long and sum(word.isupper() for word in long) > 0.7 * len(long) and text[start:end].isupper():
        return Casing.UPPER
    if len(long) < 2 or capital >= 0.6 * len(long):
        return Casing.TITLE
    return Casing.SENTENCE if capital or not text[start:end].islower() else Casing.LOWER


def weigh(
    alias: Alias,
    text: str,
    span: tuple[int, int],
    *,
    words: Set[str],
    trade: Set[str],
    sense: Sense,
    bracketed: str | None,
    prominence: int = 1,
) -> Evidence:
    """Weigh what stands around an alias.

    Args:
        alias: What was found.
        text: In which.
        span: Where.
        words: All folded words of the text.
        trade: Folded words of the entity's trade.
        sense: What tells this alias from its other meaning.
        bracketed: What `Tickers.after` says of the place behind it.
        prominence: Of the entity.
    """
    start, end = span
    before = text[max(0, start - _WINDOW) : start].split()[-4:]
    after = text[end : end + _WINDOW].split()[:4]
    found = [Weight(f"{alias.trust} alias", _PRIOR[alias.trust]), Weight("usually the company", sense.prior)]
    found += _weigh_prominence(alias, prominence)
    found += _weigh_ticker(alias, bracketed)
    found += _weigh_words(words, trade, sense)
    casing = casing_of(text, start, end)
    tight = text[end : end + 1]
    behind = _weigh_after(alias, casing, after, tight, own=trade | sense.for_)
    ahead = _weigh_case(alias, casing, before) + _weigh_before(alias, casing, before, text[start - 1 : start])
    if any(weight.reason.startswith(_PART) and weight.weight for weight in behind):
        # A capital, or the word "supplier" before it, says that a name begins here, not that it ends with the alias.
        ahead = [weight for weight in ahead if weight.weight < 0]
    found += ahead + behind
    kind, *around = found
    return Evidence((kind, *(weight for weight in around if weight.weight)))


def is_before_place(text: str, start: int, end: int) -> bool:
    """Whether the next word makes a place, a prize or a foundation of the name before it."""
    if not text[end + 1 : end + 2].isupper() or text[end] != " ":
        return False
    following = fold(text[end + 1 : end + 16].split(maxsplit=1)[0]).strip()
    return following in PLACES and _makes_place(following, casing_of(text, start, end))


def _makes_place(word: str, casing: Casing) -> bool:
    """Whether a word with a capital stands for a place; where all words have one, it may be a verb as well."""
    return word in PLACES and (casing is Casing.SENTENCE or word not in AMBIGUOUS_PLACES)


def _weigh_prominence(alias: Alias, prominence: int) -> list[Weight]:
    if alias.trust in (Trust.SURE, Trust.ACRONYM):
        return []
    # A name that is spelt as a possessive, such as Wendy's, is less often a person's.
    found = [Weight("spelt as a possessive", 1.25)] if alias.text.endswith(("'s", "’s")) else []
    return [*found, Weight(("small company", "", "large company")[prominence], (-1.0, 0.0, 0.5)[prominence])]


def _weigh_ticker(alias: Alias, bracketed: str | None) -> list[Weight]:
    if bracketed is None:
        return []
    if bracketed == alias.entity:
        return [Weight("its ticker follows", 4.0)]
    return [Weight("another ticker follows", -4.0)] if bracketed else []


def _weigh_words(words: Set[str], trade: Set[str], sense: Sense) -> list[Weight]:
    found = []
    if near := words & sense.for_:
        found.append(Weight(f"near {_some(near)}", 1.5 if len(near) == 1 else 2.25))
    if own := (words & trade) - sense.for_:
        found.append(Weight(f"its trade: {_some(own)}", 1.0 if len(own) == 1 else 1.5))
    if far := words & sense.against:
        found.append(Weight(f"near {_some(far)}", -1.5 if len(far) == 1 else -2.75))
    if business := words & FINANCE:
        found.append(Weight(f"business: {_some(business)}", 0.5))
    return found


def _weigh_case(alias: Alias, casing: Casing, before: list[str]) -> list[Weight]:
    if alias.trust in (Trust.SURE, Trust.ACRONYM):
        return [Weight("all in capitals", -1.0)] if casing is Casing.UPPER and alias.trust is Trust.ACRONYM else []
    if casing is Casing.LOWER:
        return [Weight("all in small letters", -1.0)]
    if casing is not Casing.SENTENCE or not before or _STOP.search(before[-1]) or alias.text.isupper():
        return []
    return [Weight("capital in mid-sentence", 1.5 if alias.trust is Trust.WORD else 0.75)]


def _weigh_after(alias: Alias, casing: Casing, after: list[str], tight: str, own: Set[str]) -> list[Weight]:
    folded = [fold(word).split() for word in after]
    if tight == "-" and after and after[0][1:2].islower():
        return [Weight("part of a compound", -1.0 if alias.trust is Trust.WORD else 0.0)]
    possessive = tight in ("'", "’") and bool(folded) and folded[0] in (["s"], [])
    if possessive:
        after, folded = after[1:], folded[1:]
    if not after or not folded[0] or (tight and tight not in " '’"):
        return [Weight("possessive", 0.5)] if possessive else []
    first, close = folded[0][0], {word for words in folded[: 3 if possessive else 1] for word in words}
    found = [Weight("possessive", 0.5)] if possessive else []
    if first in LEGAL_FORMS and after[0][0].isupper() and not possessive:
        found.append(Weight(f"legal form {after[0]}", 4.0))
    elif after[0][0].isupper() and _makes_place(first, casing):
        found.append(Weight(f"before {after[0]}", -4.0))
    elif business := close & BUSINESS:
        found.append(Weight(f"before {_some(business)}", 2.0))
    elif (act := _weight_of_act(alias, folded)) and not possessive:
        found.append(Weight(f"before {' '.join(word for words in folded[:2] for word in words[:1])}", act))
    elif (
        casing is Casing.SENTENCE
        and after[0][0].isupper()
        and first not in own  # Ford Mustang, Hilton Hotels
        and not possessive
        and not alias.text.endswith(("'s", "’s"))
    ):
        found.append(Weight(f"{_PART} {after[0]}", _LONGER[alias.trust]))
    return found


def _weight_of_act(alias: Alias, after: list[list[str]]) -> float:
    """What the verb behind an alias counts for; 0 where there is none."""
    first = after[0][0]
    if first in ACTS:
        return 1.5
    if first in DEEDS:
        return 0.75 if alias.trust is Trust.NAME else 1.5
    if first == "to":
        following = after[1][0] if len(after) > 1 and after[1] else ""
        return 1.5 if following in INTENTS else 0.5
    return 0.5 if first in WEAK_ACTS else 0.0


def _weigh_before(alias: Alias, casing: Casing, before: list[str], tight: str) -> list[Weight]:
    if not before or _STOP.search(before[-1]):
        return []
    if tight == "-":
        return [Weight("part of a compound", -1.5)]
    last = (fold(before[-1]).split() or [""])[-1]
    second = fold(before[-2]).strip() if len(before) > 1 else ""
    if last in ("of", "in") and second in HOLDINGS:
        return [Weight(f"after {second} {last}", 2.0)]
    if weight := _weight_of_word_before(alias, last, before[-1]):
        return [Weight(f"after {before[-1]}", weight)]
    begins = len(before) == 1 or _STOP.search(before[-2])
    proper = before[-1][0].isupper() and before[-1][-1].isalnum() and not begins
    if casing is Casing.SENTENCE and proper and last not in ACTS | DEEDS | BUSINESS:
        return [Weight(f"{_PART} {before[-1]}", _LONGER[alias.trust])]
    return []


def _weight_of_word_before(alias: Alias, last: str, written: str) -> float:
    """What the word in front of an alias counts for; 0 where it says nothing."""
    is_word, is_name = alias.trust is Trust.WORD, alias.trust is Trust.NAME
    capital = written[0].isupper() and written[-1].isalpha()
    for words, weight in (
        (HEADS, 2.0),
        (GIVEN if capital else (), -4.0 if is_name else -2.0),
        (TITLES if written[0].isupper() else (), -4.0 if is_name else -1.0),
        (_PERSONAL, -2.0),
        (DETERMINERS, -2.0 if is_word else 0.0),
        (("the",), -1.0 if is_word else 0.0),
        (LINKS, 0.5),
    ):
        if last in words:
            return weight
    return -2.0 if is_word and last[:1].isdigit() else 0.0


_PERSONAL: Final = ("his", "her", "my", "your")

_LONGER: Final = {Trust.SURE: 0.0, Trust.ACRONYM: 0.0, Trust.SHORT: -1.5, Trust.NAME: -2.5, Trust.WORD: -1.5}


def _some(words: Set[str]) -> str:
    return ", ".join(sorted(words)[:3])
