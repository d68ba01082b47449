"""Names of companies in a form in which two spellings of one name are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from monitor.entities.vocabulary import LEGAL_FORMS

PROVISIONAL: Final = "~"
"""First character of the id of an entity that no list knows."""


_GROUPS: Final = frozenset(("group", "groupe", "groep", "holding", "holdings", "the", "and", "&", "class", "reit"))
_EXTRA_BASES: Final = {
    "ß": "s",
    "ø": "o",
    "Ø": "o",
    "ł": "l",
    "Ł": "l",
    "æ": "a",
    "Æ": "a",
    "đ": "d",
    "ı": "i",
    "œ": "o",
}
_KEPT: Final = frozenset("&+")
_SMALL: Final = frozenset(("of", "and", "de", "du", "van", "von"))
_VOWELS: Final = frozenset("aeiouy")
_INITIALS_UP_TO: Final = 3
_PARENTHESIS: Final = re.compile(r"\s*\([^()]*\)")
_INITIALS: Final = re.compile(r"\b(?:\w\s+)+\w\b")
_APOSTROPHE: Final = "\u02bc"
"""Counts as a letter, and is written for ’ all the same."""
_POSSESSIVE: Final = re.compile(rf"['’{_APOSTROPHE}]s?(?!\w)|(?<=\w)['’{_APOSTROPHE}](?=s\b)")


class _Fold(dict[int, str]):
    """For `str.translate`: each character becomes one character, so that places in a text stay what they are."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


def _folded(character: str) -> str:
    if character == _APOSTROPHE or unicodedata.category(character) == "So":
        return " "  # a trade mark's sign, of which the base would be a letter
    base = _EXTRA_BASES.get(character) or unicodedata.normalize("NFKD", character)[0]
    lower = base.lower()
    return lower if len(lower) == 1 and (lower.isalnum() or lower in _KEPT) else " "


FOLD: Final = _Fold()
"""Case and accents folded, everything but letters, digits, `&` and `+` a space; lengths stay."""


def fold(text: str) -> str:
    """Fold case, accents and punctuation, character by character.

    >>> fold("Nestlé's Coca-Cola & Co.")
    'nestle s coca cola & co '
    """
    return text.translate(FOLD)


def normalised_name(name: str) -> str:
    """A name without case, accents, punctuation, legal form and group words; what is left of it at least one word.

    It is a fixed point: normalising it again changes nothing.

    >>> normalised_name("The Coca-Cola Company"), normalised_name("Nestlé S.A."), normalised_name("H&M Group AB")
    ('coca cola', 'nestle', 'h&m')
    """
    plain = _PARENTHESIS.sub("", name) or name
    words = fold(_joined_initials(_POSSESSIVE.sub("", plain))).split()
    words = [word for word in words if word != "&" or len(words) == 1] or words
    while len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and (words[-1] in LEGAL_FORMS or words[-1] in _GROUPS):
        words = words[:-1]
    joined = " ".join(words)
    return joined if joined == name else normalised_name(joined)


def _joined_initials(name: str) -> str:
    """`J.P. Morgan` and `JP Morgan`, `S.A.` and `SA` are the same: single letters in a row become one word."""
    spaced = name.replace(".", " ") if "." in name else name
    return _INITIALS.sub(lambda run: run.group().replace(" ", ""), " ".join(spaced.split()))


def slug(name: str) -> str:
    """A name as an id: its normalised form with hyphens.

    >>> slug("AT&T Inc."), slug("Johnson & Johnson"), slug("J.P. Morgan")
    ('at&t', 'johnson-johnson', 'jp-morgan')
    """
    return normalised_name(name).replace(" ", "-")


def readable(entity_id: str) -> str:
    """An id as a person reads it, where the name is not at hand: words with capitals, initials in capitals.

    >>> readable("~patisserie-valerie"), readable("pg&e"), readable("bank-of-hope"), readable("ubs"), readable("hsbc")
    ('Patisserie Valerie', 'PG&E', 'Bank of Hope', 'UBS', 'HSBC')
    """
    words = entity_id.removeprefix(PROVISIONAL).split("-")
    alone = len(words) == 1
    return " ".join(word if word in _SMALL else _capitals(word, alone=alone) for word in words)


def _capitals(word: str, *, alone: bool) -> str:
    initials = "&" in word or not _VOWELS & set(word) or (alone and len(word) <= _INITIALS_UP_TO)
    return word.upper() if initials and word.isascii() else word[:1].upper() + word[1:]


def provisional_id(mention: str) -> str:
    """Id of a company of which only a mention in a text is known; empty where the mention holds no letter.

    >>> provisional_id("Carillion Plc"), provisional_id("Carillion's"), provisional_id("12.5%")
    ('~carillion', '~carillion', '')
    """
    identifier = slug(mention)
    return PROVISIONAL + identifier if any(letter.isalpha() for letter in identifier) else ""
