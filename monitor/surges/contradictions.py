"""Whether two alike texts say different things: other figures, another direction, another kind of thing, another name.

Likeness of words or of meaning cannot tell a bank's second quarter from its third. What can is what a careful reader
compares, sentence by sentence: the figures, whether things went up or down, what it was and who it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar

import msgspec

from monitor.surges.common_words import FULL_WEIGHT, STEM_LETTERS, WEIGHTS
from monitor.surges.figures import STRONG, Figures, figures_of, matched, unmatched
from monitor.surges.opposites import DESCRIBING, MIXED, PROPER, REVERSALS, RIVALS, SIDES
from monitor.surges.synonyms import SYNONYMS

SAME_SENTENCE: Final = 0.5
"""Jaccard similarity of words from which two sentences are the same sentence with parts exchanged."""

NEARLY_SAME: Final = 0.65
"""Likewise, where so little differs that a single word of any kind can make it another story."""

TELLING: Final = 3.5
"""In nats: what a word weighs that makes another story when another stands in its place."""

WORDS_KEPT: Final = 16_384
"""Words of which stays known what they stand for: a language uses few words most of the time."""

_SENTENCE = re.compile(r"(?<=[^\s.][.!?])\s+(?=[\"'\u201c\u2018]?[A-Z0-9])")
_DOTTED = re.compile(r"\b(?:[A-Za-z]\.){2,}")
_PARTICLE = re.compile(r"\b(?:up|down)\b(?! (?:by |about |nearly |almost )?[\d$\u20ac\u00a3]|,| as\b| on\b| after\b)")
"""Neither "dry up" nor "up to" says that something rose."""
_TWO_WORDS = re.compile(r"\b(Hong|South|North) (Kong|Africa|Korea)\b")
_FIRST_OF_TWO = ("Hong ", "South ", "North ")
_WORD = re.compile(r"[^\W\d_]+(?:[&'\u2019][^\W\d_]+)*")
_NO_RIVAL = ("", 0)
_TITLED_SHARE = 0.8
_LONG = 3
_LIKE_LETTERS = 4
_INITIALS = 4
_MEASURING = (
    "million billion trillion thousand percent percentage point points basis tonne tonnes metric dollars euros pounds "
    "twenty thirty forty fifty sixty seventy eighty ninety hundred eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen seven eight four five nine half third fifth quarter tenfold"
)
_MEASURES = frozenset(_MEASURING.split())
_NOUN_MARKS = frozenset("a an the of no any further another surprise rate price job record".split())  # noqa: SIM905


class Contradiction(StrEnum):
    """In what two texts contradict each other."""

    FIGURES = "figures"
    DIRECTION = "direction"
    KIND = "kind"
    NAMES = "names"


Key = TypeVar("Key")
Value = TypeVar("Value")

Sides = Mapping[int, frozenset[int]]
Rivals = Mapping[str, frozenset[int]]


class Sentence(msgspec.Struct, frozen=True):
    """What is compared of a sentence.

    Attributes:
        words: Lower-case words.
        names: Those that are capitalised where most are not.
        figures: Values by kind.
        sides: Sides taken, by number of the pair of opposites.
        rivals: Which of a kind are named, by kind.
        turns: Words that take a side, in their order.
        initials: By the initials of capitalised words that stand together, those words: "gm" of "General Motors".
    """

    words: frozenset[str]
    names: frozenset[str]
    figures: Figures
    sides: Sides
    rivals: Rivals
    turns: tuple[str, ...]
    initials: Mapping[str, frozenset[str]]


class Facts(msgspec.Struct, frozen=True):
    """What is compared of a text: its sentences, and what they say together.

    Attributes:
        sentences: In order.
        figures: Of all sentences, as are the next.
        sides: Sides taken.
        rivals: Which of a kind are named.
    """

    sentences: tuple[Sentence, ...]
    figures: Figures
    sides: Sides
    rivals: Rivals


def facts(text: str) -> Facts:
    """Read the facts off a text.

    >>> facts("Acme earns $1.2 bln, up 3 pct").figures == facts("Acme earns 1,200 million dollars, 3% more").figures
    True
    """
    # Most texts hold little of what the patterns look for; the cheap tests before them save a third of the time.
    plain = text.replace("\u2019", "'").replace("\u2018", "'")
    if "." in plain:
        plain = _DOTTED.sub(lambda match: match[0].replace(".", ""), plain)
    if "up" in plain or "down" in plain:
        plain = _PARTICLE.sub(" ", plain)
    plain = plain.replace("United States", "US").replace("United Kingdom", "UK")
    if any(first in plain for first in _FIRST_OF_TWO):
        plain = _TWO_WORDS.sub(lambda match: match[1] + match[2].lower(), plain)
    parts = _SENTENCE.split(plain) if any(mark in plain for mark in ".!?") else [plain]
    found = tuple(_sentence(part) for part in parts if part)
    if len(found) == 1:
        return Facts(found, found[0].figures, found[0].sides, found[0].rivals)
    return Facts(
        found,
        _union(each.figures for each in found),
        _union(each.sides for each in found),
        _union(each.rivals for each in found),
    )


def contradict(one: Facts, other: Facts) -> Contradiction | None:
    """Say in what two texts contradict each other; None where they do not.

    Sentences that are the same but for exchanged parts contradict each other in whatever each has that the other lacks.
    Of texts as a whole, more is asked: that they agree in nothing of some kind of figure, pair of opposites or kind of
    things that both speak of.
    """
    # The cheapest first: most of what is compared at all has other figures.
    if _other_figures(one.figures, other.figures):
        return Contradiction.FIGURES
    for mine in one.sentences:
        for theirs in other.sentences:
            few, many = sorted((len(mine.words), len(theirs.words)))
            if few < SAME_SENTENCE * many:
                continue  # They cannot have as many words in common.
            likeness = _likeness(mine.words, theirs.words)
            if likeness >= SAME_SENTENCE and (found := _differ(mine, theirs, nearly_same=likeness >= NEARLY_SAME)):
                return found
    for number in (one.sides.keys() & other.sides.keys()) - MIXED:
        if not one.sides[number] & other.sides[number]:
            return Contradiction.DIRECTION
    for kind in one.rivals.keys() & other.rivals.keys():
        if kind not in DESCRIBING and not one.rivals[kind] & other.rivals[kind]:
            return Contradiction.KIND
    return None


def _other_figures(one: Figures, other: Figures) -> bool:
    """Whether texts agree in no figure of a kind that both have."""
    return any(
        kind in other and kind in STRONG and not matched(kind, values, other[kind]) for kind, values in one.items()
    )


def _differ(one: Sentence, other: Sentence, *, nearly_same: bool) -> Contradiction | None:
    """In what two sentences differ that are otherwise the same."""
    for kind in one.figures.keys() & other.figures.keys():
        mine, theirs = one.figures[kind], other.figures[kind]
        if unmatched(kind, mine, theirs) and unmatched(kind, theirs, mine):
            return Contradiction.FIGURES
    for number in one.sides.keys() & other.sides.keys():
        if not one.sides[number] & other.sides[number]:
            return Contradiction.DIRECTION
    if _turned(one, other) or (nearly_same and bool(one.words & REVERSALS) != bool(other.words & REVERSALS)):
        return Contradiction.DIRECTION
    for kind in one.rivals.keys() & other.rivals.keys():
        if one.rivals[kind] - other.rivals[kind] and other.rivals[kind] - one.rivals[kind]:
            return Contradiction.KIND
    if _names_beyond(one, other) and _names_beyond(other, one):
        return Contradiction.NAMES
    if nearly_same and _exchanged(one, other) and _exchanged(other, one):
        return Contradiction.KIND
    return None


def _exchanged(one: Sentence, other: Sentence) -> bool:
    """Whether a sentence has a word that tells much, and the other nothing of the kind."""
    beyond = [
        word
        for word in one.words - other.words
        if len(word) > _LONG
        and word not in _MEASURES
        and WEIGHTS.get(word[:STEM_LETTERS], FULL_WEIGHT) >= TELLING
        and RIVALS.get(word, _NO_RIVAL)[1] not in other.rivals.get(RIVALS.get(word, _NO_RIVAL)[0], ())
        and not any(side in other.sides.get(number, ()) for number, side in SIDES.get(word, ()))
    ]
    if not beyond:
        return False
    stems = {word[:_LIKE_LETTERS] for word in other.words}
    groups = frozenset[int]().union(*[SYNONYMS[word] for word in other.words if word in SYNONYMS])
    return any(word[:_LIKE_LETTERS] not in stems and not groups & SYNONYMS.get(word, frozenset()) for word in beyond)


def _turned(one: Sentence, other: Sentence) -> bool:
    """Whether the first words in which two sentences take sides of a pair, each another word, take opposite ones."""
    mine, theirs = _first_sides(one, other), _first_sides(other, one)
    return any(mine[number] != theirs[number] for number in mine.keys() & theirs.keys())


def _first_sides(one: Sentence, other: Sentence) -> dict[int, int]:
    found: dict[int, int] = {}
    for word in one.turns:
        if word not in other.words:
            for number, side in SIDES[word]:
                found.setdefault(number, side)
    return found


def _names_beyond(one: Sentence, other: Sentence) -> bool:
    """Whether a sentence names what the other does not, under any name that is known, or its initials."""
    spelled = [words for short, words in one.initials.items() if short in other.words]
    for name in one.names - other.words:
        if name in other.initials or any(name in words for words in spelled):
            continue
        kind, which = RIVALS.get(name, _NO_RIVAL)
        if which not in other.rivals.get(kind, ()):
            return True
    return False


class _Word(msgspec.Struct, frozen=True):
    """What is known of a word as it is written."""

    stem: str
    long: bool
    capital: bool
    sides: tuple[tuple[int, int], ...]
    rival: tuple[str, int] | None


@lru_cache(maxsize=WORDS_KEPT)
def _word(written: str) -> _Word:
    stem = _stem(written)
    capital = written[0].isupper()
    rival = RIVALS.get(stem)
    if rival is not None and not capital and rival[0] in PROPER:
        rival = None
    return _Word(stem, len(written) > _LONG, capital, SIDES.get(stem, ()), rival)


def _sentence(text: str) -> Sentence:
    written = [_word(word) for word in _WORD.findall(text)]
    titled = _is_titled(written)
    sides: dict[int, set[int]] = {}
    rivals: dict[str, set[int]] = {}
    turns: list[str] = []
    before = ""
    for word in written:
        if word.sides and before not in _NOUN_MARKS:
            turns.append(word.stem)
            for number, side in word.sides:
                sides.setdefault(number, set()).add(side)
        if word.rival is not None:
            kind, which = word.rival
            rivals.setdefault(kind, set()).add(which)
        before = word.stem
    words = frozenset([word.stem for word in written])
    names = frozenset() if titled else frozenset([word.stem for word in written if word.capital])
    return Sentence(words, names, figures_of(text), _frozen(sides), _frozen(rivals), tuple(turns), _initials(written))


def _initials(words: Sequence[_Word]) -> dict[str, frozenset[str]]:
    """Of two to four capitalised words that follow one another; those of a title in capitals are as good."""
    found: dict[str, frozenset[str]] = {}
    for start, first in enumerate(words):
        if not first.capital:
            continue
        short = first.stem[0]
        for end in range(start + 1, min(start + _INITIALS, len(words))):
            if not words[end].capital:
                break
            short += words[end].stem[0]
            found.setdefault(short, frozenset(word.stem for word in words[start : end + 1]))
    return found


def _is_titled(words: Sequence[_Word]) -> bool:
    """Whether words are capitalised whatever they are, as in some headlines."""
    long = [word.capital for word in words if word.long]
    return sum(long) > _TITLED_SHARE * len(long)


def _stem(word: str) -> str:
    """A word without capitals, accents and possessive; never empty, also where no letter of it is ASCII."""
    plain = word if word.isascii() else "".join(filter(str.isascii, unicodedata.normalize("NFKD", word)))
    return _unpossessed(plain) or _unpossessed(word)


def _unpossessed(word: str) -> str:
    return word.lower().removesuffix("'s").rstrip("'")


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    common = len(one & other)
    return common / max(1, len(one) + len(other) - common)


def _union(parts: Iterable[Mapping[Key, frozenset[Value]]]) -> dict[Key, frozenset[Value]]:
    found: dict[Key, frozenset[Value]] = {}
    for part in parts:
        for key, values in part.items():
            found[key] = found.get(key, frozenset()) | values
    return found


def _frozen(sets: Mapping[Key, set[Value]]) -> dict[Key, frozenset[Value]]:
    return {key: frozenset(values) for key, values in sets.items()}
