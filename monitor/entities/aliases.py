"""The names under which an entity stands in texts, made of its name by rules, and how far each can be trusted."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.names import fold
from monitor.entities.vocabulary import DESCRIPTIVE, LEGAL_FORMS


class Trust(StrEnum):
    """What it takes for an alias to be believed.

    SURE: it means nothing else. ACRONYM: written exactly so. SHORT: a part of a name that a rule cut out; NAME: also a
    person's, a place's; WORD: also a common word; these three need evidence in the text.
    """

    SURE = "sure"
    ACRONYM = "acronym"
    SHORT = "short"
    NAME = "name"
    WORD = "word"


class Sense(msgspec.Struct, frozen=True, kw_only=True, rename={"for_": "for"}):
    """How to tell the company from another meaning of an alias.

    Attributes:
        for_: Folded words that are found near the company.
        against: Folded words that are found near the other meaning.
        otherwise: A sentence on the other meaning; empty where there is none.
        prior: How much more than other names of its trust it means the company in the news, as weight.
    """

    for_: frozenset[str] = frozenset()
    against: frozenset[str] = frozenset()
    otherwise: str = ""
    prior: float = 0.0


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A name of an entity.

    Attributes:
        text: As it is written.
        entity: Id.
        trust: What it takes to believe it.
        derived: A rule made it; one that was given goes before it.
    """

    text: str
    entity: str
    trust: Trust
    derived: bool


class Ambiguity(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of names that mean something else as well; all folded.

    Attributes:
        words: Also common words.
        names: Also people's or places'.
        acronyms: Also short for something else.
        sure: Shortened names that mean nothing else.
        never: Shortened names that mean no company, or several.
        ticker_words: Tickers that are words, and are no names on their own.
        phrases: Stretches that hold a company's name and mean none.
        senses: By alias.
    """

    words: frozenset[str]
    names: frozenset[str]
    acronyms: frozenset[str]
    sure: frozenset[str]
    never: frozenset[str]
    ticker_words: frozenset[str]
    phrases: tuple[str, ...]
    senses: Mapping[str, Sense]


_TAIL: Final = re.compile(r"[\s,]+(?:&\s+)?([\w.&’'/]+)$")
_GROUPS: Final = frozenset(("group", "groupe", "holding", "holdings", "reit", "trust"))
_ACRONYM: Final = re.compile(r"[A-Z][A-Z0-9&]{1,4}")
_CONNECTED: Final = re.compile(r"\s+(?:&|and)\s+")
_INITIALS: Final = re.compile(r"\b[A-Z]\.(?:\s?[A-Z]\.)*(?=\s)")
_SPELT_FORMS: Final = {
    form: spellings
    for spellings in (("Company", "Co", "Cos"), ("Corporation", "Corp"), ("Incorporated", "Inc"), ("Limited", "Ltd"))
    for form in spellings
}
_FORM: Final = re.compile(rf"(?<= )({'|'.join(_SPELT_FORMS)})(?=\.?$)")
_LETTER: Final = re.compile(r"[A-Z]")
_LAST_DOT: Final = re.compile(r"\.(?=\s)")


@cache
def known_ambiguity() -> Ambiguity:
    """What ships with this package."""
    data = tomllib.loads((resources.files("monitor.entities") / "data" / "ambiguous.toml").read_text(encoding="utf-8"))
    return Ambiguity(
        words=frozenset(data["words"].split()) | _lines(data["phrases_of_words"]),
        names=frozenset(data["names"].split()),
        acronyms=frozenset(data["acronyms"].split()),
        sure=frozenset(data["sure"].split()) | _lines(data["sure_phrases"]),
        never=frozenset(data["never"].split()),
        ticker_words=frozenset(data["ticker_words"].split()),
        phrases=tuple(sorted(_lines(data["phrases"]))),
        senses=msgspec.convert(data["sense"], dict[str, Sense]),
    )


def aliases_of(entity: Entity, ambiguity: Ambiguity, without: Iterable[str] = ()) -> list[Alias]:
    """Every name under which an entity is looked for.

    Args:
        entity: Whose.
        ambiguity: What names mean beside.
        without: What the rules would find and is not wanted.
    """
    unwanted = frozenset(map(fold, without))
    given = [entity.name, *entity.aliases]
    plain = [short for name in given for short in _without_legal_form(name)]
    cut = [short for name in dict.fromkeys([entity.name, *plain]) for short in _without_descriptive_word(name)]
    found: dict[str, Alias] = {}
    for derived, texts in ((False, given), (False, plain), (True, cut)):
        for text in (spelling for name in texts for spelling in _spellings(name)):
            if fold(text) in unwanted or not any(map(str.isalnum, text)):
                continue
            if text in entity.aliases or _is_usable(text, ambiguity, derived):
                trust = trust_of(text, ambiguity, derived=derived, ambiguous=entity.ambiguous)
                found.setdefault(fold(text), Alias(text=text, entity=entity.id, trust=trust, derived=derived))
    return list(found.values())


def _is_usable(text: str, ambiguity: Ambiguity, derived: bool) -> bool:
    folded = " ".join(fold(text).split())
    return folded not in ambiguity.never and (not derived or " " not in folded or folded in ambiguity.sure)


def trust_of(text: str, ambiguity: Ambiguity, *, derived: bool, ambiguous: bool = False) -> Trust:
    """What it takes to believe an alias.

    Args:
        text: The alias as it is written.
        ambiguity: What names mean beside.
        derived: A rule cut it out of a name.
        ambiguous: The list that it comes from says that it means something else as well.
    """
    folded = " ".join(fold(text).split()).removesuffix(" s")
    if _ACRONYM.fullmatch(text):
        return Trust.WORD if folded in ambiguity.acronyms else Trust.ACRONYM
    if folded in ambiguity.words or folded.replace(" ", "") in ambiguity.words:
        return Trust.WORD
    if folded in ambiguity.names or ambiguous:
        return Trust.NAME
    if len(folded) < 3:
        return Trust.WORD
    return Trust.SHORT if derived and folded not in ambiguity.sure else Trust.SURE


def all_aliases(gazetteer: Gazetteer, ambiguity: Ambiguity) -> list[Alias]:
    """The aliases of all entities.

    Where a given name of one is a derived name of another, only the given one; of given ones, only those of entities
    whose names go before others.
    """
    by_text: dict[str, list[Alias]] = defaultdict(list)
    for entity in gazetteer:
        for alias in aliases_of(entity, ambiguity, gazetteer.without.get(entity.id, ())):
            by_text[fold(alias.text)].append(alias)
    return [alias for same in by_text.values() for alias in _preferred(same, gazetteer.own)]


def _preferred(same: list[Alias], own: Container[str]) -> list[Alias]:
    given = [alias for alias in same if not alias.derived] or same
    return [alias for alias in given if alias.entity in own] or given


def _without_legal_form(name: str) -> list[str]:
    """The name with each legal form and group word at its end taken away in turn, and without a leading article."""
    found = []
    rest = name.removeprefix("The ")
    if rest != name:
        found.append(rest)
    while (tail := _TAIL.search(rest)) and (
        fold(tail[1]).replace(" ", "") in LEGAL_FORMS or tail[1].lower() in _GROUPS
    ):
        rest = rest[: tail.start()].rstrip(" ,&")
        found.append(rest)
    return found


def _without_descriptive_word(name: str) -> list[str]:
    rest = _without_legal_form(name)[-1:] or [name]
    tail = _TAIL.search(rest[0])
    if tail is None or fold(tail[1]).strip() not in DESCRIPTIVE:
        return []
    short = rest[0][: tail.start()].rstrip(" ,&")
    return [short] if len(short) > 2 and not short.lower().endswith((" and", " of")) else []


def _spellings(name: str) -> list[str]:
    """A name, and the same with `and` for `&`, without apostrophes, with initials and legal forms in each spelling.

    Other marks are folded anyway; but a mark that stands beside a space leaves two of them.
    """
    spellings = [name]
    if _CONNECTED.search(name):
        spellings += [_CONNECTED.sub(joint, name) for joint in (" & ", " and ")]
    if "'" in name or "’" in name:
        spellings.append(name.replace("'", "").replace("’", ""))
    if "." in name:
        spellings += [_with_initials(spelling, joint) for spelling in spellings for joint in (".", ". ", "")]
        spellings += [_LAST_DOT.sub("", spelling) for spelling in spellings]
    if form := _FORM.search(name):
        spellings += [_FORM.sub(other, spelling) for spelling in spellings for other in _SPELT_FORMS[form[1]]]
    return spellings


def _with_initials(name: str, joint: str) -> str:
    return _INITIALS.sub(lambda run: joint.join(_LETTER.findall(run[0])) + joint.rstrip(), name)


def _lines(text: str) -> frozenset[str]:
    return frozenset(line.strip() for line in text.splitlines() if line.strip())
