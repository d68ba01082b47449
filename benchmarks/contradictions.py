"""Whether two alike texts say different things: other figures, another direction, or another name in the same sentence.

Likeness of words or of meaning cannot tell a bank's second quarter from its third. What can is what a careful reader
compares: the figures, whether things went up or down, and who it was.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SAME_SENTENCE = 0.5
"""Jaccard similarity of words from which two texts are the same sentence with parts exchanged."""

_SCALES = {
    **dict.fromkeys(("thousand", "k"), 1e3),
    **dict.fromkeys(("million", "mln", "mn", "m"), 1e6),
    **dict.fromkeys(("billion", "bln", "bn", "b"), 1e9),
    **dict.fromkeys(("trillion", "trln", "tn"), 1e12),
}
_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"),
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_SPELLED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:-(?P<after>{'|'.join(_UNITS[1:10])}))?|(?P<units>{'|'.join(_UNITS[2:])}))"
    r"(?P<hundred>[ -]hundred)?\b",
    re.IGNORECASE,
)
_ORDINALS = {
    word: float(value)
    for value, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)  # noqa: SIM905
}
_FIGURE = re.compile(
    r"(?P<money>[$\u20ac\u00a3]|\b(?:eur|usd|gbp|chf|dkk|nok)\s?)?(?P<digits>\d[\d,]*(?:\.\d+)?)(?P<fraction>-\d/\d)?"
    r"[\s-]?(?P<scale>(?:thousand|million|mln|mn|billion|bln|bn|trillion|trln|tn|k|m|b)\b)?"
    r"[\s-]?(?P<unit>%|percent\b|pct\b|per cent\b|basis points?\b|bps\b|percentage.points?\b|"
    r"dollars?\b|euros?\b|pounds?\b|cents?\b)?",
    re.IGNORECASE,
)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
]
_TITLED_SHARE = 0.8
_WORD = re.compile(r"[^\W\d_]+(?:[&'\u2019][^\W\d_]+)*")

_PAIRS = (
    ("rise rises rose up gain gains jump jumps surge surges soar soars climb climbs rally rallies higher grow grows "
     "rebound rebounds surged climbed rallied above doubles double triples",
     "fall falls fell down drop drops slump slumps plunge plunges sink sinks slide slides tumble tumbles lower shrink "
     "shrinks lose loses slumped dropped halves below"),
    ("beat beats top tops topping", "miss misses"),
    ("raise raises raised hike hikes hiked lift lifts lifted upgrade upgrades",
     "cut cuts slash slashes trim trims downgrade downgrades lowered lowers"),
    ("buy buys acquire acquires", "sell sells"),
    ("widens widen", "narrows narrow"),
    ("inflows", "outflows"),
    ("resume resumes restart restarts reopen reopens end ends ended lifts restores redeems",
     "halt halts suspend suspends pause pauses begin begins declares freezes scraps stops"),
    ("strong stronger", "weak weaker"),
    ("highest", "lowest"),
)  # fmt: skip
_SIDES: Mapping[str, tuple[int, int]] = {
    word: (number, side) for number, pair in enumerate(_PAIRS) for side in (0, 1) for word in pair[side].split()
}


@dataclass(frozen=True)
class Facts:
    """What is compared of a text.

    Attributes:
        figures: Values by unit ("percent", "money", "count", "ordinal").
        sides: Sides taken of each pair of opposites.
        words: Lower-case words.
        names: Those of them that are capitalised, and names of months and days.
    """

    figures: Mapping[str, frozenset[float]]
    sides: Mapping[int, frozenset[int]]
    words: frozenset[str]
    names: frozenset[str]


def facts(text: str) -> Facts:
    """Read the facts off a text.

    >>> facts("Acme earns $1.2 bln, up 3 pct").figures == facts("Acme earns 1,200 million dollars, 3% more").figures
    True
    """
    figures: dict[str, set[float]] = defaultdict(set)
    text = text.replace("\u2019", "'").replace("U.S.", "US").replace("U.K.", "UK").replace("US$", "$")
    for match in _FIGURE.finditer(_SPELLED.sub(_digits, text)):
        unit, value = _figure(match)
        figures[unit].add(value)
    written = _WORD.findall(text)
    titled = _is_titled(written)
    sides: dict[int, set[int]] = defaultdict(set)
    for word in map(str.lower, written):
        if word in _ORDINALS:
            figures["ordinal"].add(_ORDINALS[word])
        if word in _SIDES:
            sides[_SIDES[word][0]].add(_SIDES[word][1])
    return Facts(
        figures={unit: frozenset(values) for unit, values in figures.items()},
        sides={number: frozenset(taken) for number, taken in sides.items()},
        words=frozenset(map(_stem, written)),
        names=frozenset(
            _stem(word) for word in written if (word[0].isupper() and not titled) or word.lower() in _MONTHS
        ),
    )


def contradict(one: Facts, other: Facts) -> str | None:
    """Say in what two texts contradict each other: "figures", "direction" or "names"; None where they do not.

    Figures do where, of one unit, each text has one that the other lacks; directions where the texts take opposite
    sides of a pair; names only where the texts are otherwise the same sentence, and each has one that the other lacks.
    """
    for unit in one.figures.keys() & other.figures.keys():
        if one.figures[unit] - other.figures[unit] and other.figures[unit] - one.figures[unit]:
            return "figures"
    shared = len(one.words & other.words) / max(1, len(one.words | other.words))
    for number in one.sides.keys() & other.sides.keys():
        if not one.sides[number] & other.sides[number]:
            return "direction"
    if shared >= SAME_SENTENCE:
        mine, theirs = one.names - other.words, other.names - one.words
        if mine and theirs:
            return "names"
    return None


def _figure(match: re.Match[str]) -> tuple[str, float]:
    value = float(match["digits"].replace(",", "").rstrip("."))
    if match["fraction"]:
        above, below = match["fraction"][1:].split("/")
        value += float(above) / max(1.0, float(below))
    value *= _SCALES.get((match["scale"] or "").lower(), 1.0)
    unit = (match["unit"] or "").lower()
    if unit.startswith(("%", "p")) and not unit.startswith("pound"):
        return "percent", round(value, 6)
    if unit.startswith(("b",)):
        return "percent", round(value / 100, 6)
    return ("money" if match["money"] or unit else "count"), round(value / 100 if "cent" in unit else value, 6)


def _digits(match: re.Match[str]) -> str:
    if match["tens"]:
        value = 10 * (_TENS.index(match["tens"].lower()) + 2)
        value += _UNITS.index(match["after"].lower()) if match["after"] else 0
    else:
        value = _UNITS.index(match["units"].lower())
    return str(100 * value if match["hundred"] else value)


def _is_titled(words: Sequence[str]) -> bool:
    """Whether words are capitalised whatever they are, as in some headlines."""
    long = [word for word in words if len(word) > 3]
    return sum(word[0].isupper() for word in long) > _TITLED_SHARE * len(long)


def _stem(word: str) -> str:
    return word.lower().removesuffix("'s").rstrip("'")
