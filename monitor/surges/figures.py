"""The figures of a sentence, whatever they are written like: "$1.2 bln" is "1,200 million dollars"."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

Figures = Mapping[str, frozenset[float]]
"""Values by kind: "percent", "money", "count"; and those that date or number: "quarter", "ordinal", "year", "span"."""

STRONG: Final = ("percent", "money", "count", "quarter")
"""Kinds that copies of a story rarely say in other terms; a year may become "16 years", a first time a record."""

_SCALES = {
    **dict.fromkeys(("thousand", "k"), 1e3),
    **dict.fromkeys(("million", "mln", "mn", "m"), 1e6),
    **dict.fromkeys(("billion", "bln", "bn", "b"), 1e9),
    **dict.fromkeys(("trillion", "trln", "tn"), 1e12),
}
_UNITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905
_SMALL = {word: number for number, word in enumerate(_UNITS)}
_SPELLED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:-(?P<after>{'|'.join(_UNITS[1:10])}))?|(?P<units>{'|'.join(_UNITS[2:])}))"
    r"(?P<hundred>[ -]hundred)?\b(?!-?fold)"
)
_FOLD = re.compile(rf"\b(?:(?P<word>{'|'.join(_UNITS[2:])})|(?P<digits>\d+))-?fold\b")
_PARTS = {"half": 50.0, "third": 100 / 3, "quarter": 25.0, "fifth": 20.0, "tenth": 10.0}
_PART = re.compile(
    # "For three quarters" is a time, "three quarters of its staff" are 75 %.
    r"\b(?P<many>a|one|two|three|four)[ -]"
    r"(?P<part>thirds?|quarter|fifths?|tenths?|(?<=by three.)quarters|(?<=three.)quarters(?="
    r" (?:of )?(?:the|all|its|their|his|her|an?)\b| of (?:staff|work|employees|jobs|share|custom)))"
    r"\b(?![ -](?:quarter|point|of a\b))|"
    r"\bby half\b"
)
_POINT = re.compile(
    r"\b(?P<part>half|three[ -]quarters?|quarter)(?: of)?(?: a)?[ -](?:percentage[ -])?points?\b|"
    r"\b(?P<whole>full|one)[ -](?:percentage[ -])?point\b"
)
_POINTS = {"half": 0.5, "quarter": 0.25}
_QUARTER = re.compile(
    r"\b(?:(?P<word>first|second|third|fourth|1st|2nd|3rd|4th)[ -]quarter|q(?P<after>[1-4])|(?P<before>[1-4])q)\b"
)
_ORDINALS = {
    word: float(value)
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),  # noqa: SIM905
        1,
    )
}
_ORDINAL = re.compile(rf"\b(?:(?P<word>{'|'.join(_ORDINALS)})|(?P<digits>\d+)(?:st|nd|rd|th))\b")
_FIGURE = re.compile(
    r"(?P<money>(?:\b(?:us|hk|a|c|nz|s))?[$\u20ac\u00a3\u00a5\u20a9\u20b9]\s?|"
    r"\b(?:eur|usd|gbp|chf|dkk|nok|sek|jpy|cny|krw|inr|rs|w)\.?\s?(?=\d))?"
    r"(?P<digits>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?P<fraction>-\d/\d)?"
    r"(?:[\s-]?(?P<scale>thousand|million|mln|mn|billion|bln|bn|trillion|trln|tn|k|m|b)\b)?"
    r"(?:[\s-]?(?P<unit>%|percent\b|pct\b|per cent\b|basis[ -]points?\b|bps?\b|(?:percentage[ -])?points?\b|"
    r"(?:u\.?s\.? )?dollars?\b|euros?\b|pounds?\b|sterling\b|stg\b|yen\b|yuan\b|won\b|francs?\b|crowns?\b|rupees?\b|"
    r"pesos?\b|rand\b|lira\b|roubles?\b|rubles?\b|reais\b|cents?\b|pence\b|"
    r"(?:straight |consecutive )?(?:years?|months?|weeks?|days?|hours?|minutes?|sessions?|quarters?|meetings?)\b))?"
)
_BEFORE = 8
"""Characters before the first digit of a figure, its currency, at most."""
_LETTERS = re.compile(r"[a-z]+")
_DIGIT = re.compile(r"\d")
_POINT_WORDS = frozenset(("point", "points"))
_PART_WORDS = frozenset(("half", *_PARTS, *(f"{part}s" for part in _PARTS)))
_ORDINAL_WORDS = frozenset((*_ORDINALS, "st", "nd", "rd", "th"))
_SPELLED_WORDS = frozenset((*_UNITS[2:], *_TENS))
_SPAN = re.compile(r"(?:year|month|week|day|hour|minute|session|quarter|meeting)s?$")
_MANTISSA = 1000.0
_EXACT = 1e-6
_LEAST_ROUNDED = 2
_CLOSE = 0.05
_PLAIN = (1e-3, 1e5)
"""Between these, figures of six digits are written without an exponent."""
_NEAR = 0.9498
"""Rounding to two digits or more, or to a close amount, moves a figure by a twentieth at most (and its sixth digit)."""


RECENT_SENTENCES: Final = 64
"""A headline is read as a whole and then as a sentence, which as a rule is the same."""


@lru_cache(maxsize=RECENT_SENTENCES)
def figures_of(sentence: str) -> Figures:
    """Read the figures off a sentence.

    Amounts and counts are kept up to a factor of a thousand, so that "58 m" may be metres or millions.

    >>> figures_of("Acme earns $1.2 bln, up a fifth") == figures_of("Acme earns 1,200 million dollars, 20% more")
    True
    """
    found: dict[str, set[float]] = {}

    def put(kind: str, value: float) -> str:
        if math.isfinite(value):  # hundreds of digits are no figure
            found.setdefault(kind, set()).add(round(value, 6))
        return " "

    text = sentence.lower()
    # Most patterns have nothing to find in most sentences, and a look at the words is cheaper than a search.
    words = frozenset(_LETTERS.findall(text))
    if "quarter" in words or "q" in words:
        text = _QUARTER.sub(lambda match: put("quarter", _quarter(match)), text)
    if words & _POINT_WORDS:
        text = _POINT.sub(lambda match: put("percent", _point(match)), text)
    if words & _PART_WORDS:
        text = _PART.sub(lambda match: put("percent", _part(match)), text)
    if "fold" in text:
        text = _FOLD.sub(lambda match: put("fold", float(match["digits"] or _SMALL[match["word"]])), text)
    if words & _ORDINAL_WORDS:
        text = _ORDINAL.sub(lambda match: put("ordinal", _ordinal(match)), text)
    if words & _SPELLED_WORDS:
        text = _SPELLED.sub(_digits, text)
    for match in _figures_in(text):
        put(*_figure(match))
    return {kind: frozenset(values) for kind, values in found.items()}


def unmatched(kind: str, mine: frozenset[float], theirs: frozenset[float]) -> bool:
    """Whether one of my figures of a kind is none of theirs, rounding allowed."""
    return any(value not in theirs and not _among(kind, value, theirs) for value in mine)


def matched(kind: str, mine: frozenset[float], theirs: frozenset[float]) -> bool:
    """Whether one of my figures of a kind is one of theirs, rounding allowed."""
    if not mine.isdisjoint(theirs):
        return True
    return any(_among(kind, value, theirs) for value in mine)


def _among(kind: str, value: float, others: frozenset[float]) -> bool:
    """Whether a figure is one of others, rounding allowed. Most are too far apart for their digits to be compared."""
    least, most = (value * _NEAR, value / _NEAR) if _PLAIN[0] <= value <= _PLAIN[1] else (0.0, math.inf)
    for other in others:
        if (least <= other <= most or not _PLAIN[0] <= other <= _PLAIN[1]) and _same(kind, value, other):
            return True
    return False


def _same(kind: str, one: float, other: float) -> bool:
    """Whether two figures are the same, or one is the other rounded: to two digits, or amounts within a twentieth."""
    if abs(one - other) <= _EXACT * max(abs(one), abs(other), 1.0):
        return True
    short, long = sorted((f"{one:.6g}", f"{other:.6g}"), key=lambda text: len(text.replace(".", "")))
    digits = len(short.replace(".", "").strip("0"))
    decimals = len(short.partition(".")[2])
    close = kind == "money" and abs(one - other) <= _CLOSE * max(one, other)
    return (digits >= _LEAST_ROUNDED or close) and f"{float(long):.{decimals}f}" == f"{float(short):.{decimals}f}"


def _figures_in(text: str) -> Iterator[re.Match[str]]:
    """All figures from left to right, looked for only where a digit is near: the pattern is slow to fail."""
    end = 0
    while (digit := _DIGIT.search(text, end)) and (match := _FIGURE.search(text, max(end, digit.start() - _BEFORE))):
        yield match
        end = match.end()


def _figure(match: re.Match[str]) -> tuple[str, float]:
    value = float(match["digits"].replace(",", ""))
    if match["fraction"]:
        above, below = match["fraction"][1:].split("/")
        value += float(above) / max(1.0, float(below))
    value *= _SCALES.get((match["scale"] or "").lower(), 1.0)
    unit = (match["unit"] or "").lower()
    if unit and _SPAN.search(unit):
        return "span", value
    if unit.startswith(("%", "per", "pct", "point")):
        return "percent", value
    if unit.startswith("b"):
        return "percent", value / 100
    if match["money"] or unit:
        return "money", _mantissa(value / 100 if unit.startswith(("cent", "pence")) else value)
    if _is_year(match):
        return "year", value
    return "count", _mantissa(value)


def _is_year(match: re.Match[str]) -> bool:
    digits = match["digits"]
    return len(digits) == len("2024") and digits[:2] in ("19", "20") and not match["scale"]


def _mantissa(value: float) -> float:
    while _MANTISSA <= value < math.inf:
        value /= _MANTISSA
    return value


def _quarter(match: re.Match[str]) -> float:
    number = match["after"] or match["before"]
    word = (match["word"] or "").lower()
    return _ORDINALS[word] if word in _ORDINALS else float(number or word[0])


def _point(match: re.Match[str]) -> float:
    if match["whole"]:
        return 1.0
    return _POINTS.get(match["part"].lower(), 0.75)


def _part(match: re.Match[str]) -> float:
    if not match["part"]:
        return _PARTS["half"]
    return _SMALL.get(match["many"].lower(), 1) * _PARTS[match["part"].lower().removesuffix("s")]


def _ordinal(match: re.Match[str]) -> float:
    return float(match["digits"]) if match["digits"] else _ORDINALS[match["word"].lower()]


def _digits(match: re.Match[str]) -> str:
    if match["tens"]:
        value = 10 * (_TENS.index(match["tens"].lower()) + 2)
        value += _SMALL[match["after"].lower()] if match["after"] else 0
    else:
        value = _SMALL[match["units"].lower()]
    return str(100 * value if match["hundred"] else value)
