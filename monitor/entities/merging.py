"""When two entities are the same: two that no list knows, or one of them and a listed one.

What follows from the names alone is done by itself; what only looks alike is proposed to an analyst.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from monitor.entities.aliases import Trust, aliases_of, known_ambiguity
from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.names import normalised_name
from monitor.entities.vocabulary import DESCRIPTIVE, TRADE_WORDS

_LEFT_OUT: Final = TRADE_WORDS | DESCRIPTIVE
_LEAST_LETTERS: Final = 6
"""Shorter names that differ in one letter are different names."""


class MergeReason(StrEnum):
    """Why two entities are taken for one."""

    LISTED = "listed"
    SHORTER = "shorter"
    SPELLING = "spelling"
    INITIALS = "initials"


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """One entity goes into another.

    Attributes:
        entity: Id of the one that goes; always provisional.
        into: Id of the one that stays.
        reason: Why.
        certain: Done by itself; else for an analyst to decide.
    """

    entity: str
    into: str
    reason: MergeReason
    certain: bool


class ListedNames:
    """The names of listed entities that mean nothing else, normalised."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        """Indexes them; a name of several entities is none's."""
        owners: dict[str, set[str]] = defaultdict(set)
        ambiguity = known_ambiguity()
        ambiguous = ambiguity.words | ambiguity.names | ambiguity.acronyms
        for entity in gazetteer:
            for alias in aliases_of(entity, ambiguity, gazetteer.without.get(entity.id, ())):
                name = normalised_name(alias.text)
                # `Apple Inc.` is sure, but without its legal form it is the fruit again.
                if alias.trust in (Trust.SURE, Trust.ACRONYM) and name not in ambiguous:
                    owners[name].add(entity.id)
        preferred = {name: ids & gazetteer.own or ids for name, ids in owners.items()}
        self._owner = {name: next(iter(ids)) for name, ids in preferred.items() if len(ids) == 1}

    def owner(self, name: str) -> str | None:
        """Id of the listed entity that bears a name; None where none does or several do."""
        return self._owner.get(normalised_name(name))


def merges(provisional: Iterable[Entity], listed: ListedNames) -> list[Merge]:
    """Which provisional entities are the same as a listed one or as one another.

    The result does not depend on the order of the entities; each goes into one other at most, and none into one that
    itself goes elsewhere for sure, but to where that goes.

    Args:
        provisional: Those that no list knows.
        listed: The names of those that a list knows.
    """
    names = {entity.id: normalised_name(entity.name) for entity in sorted(provisional, key=lambda entity: entity.id)}
    found: dict[str, Merge] = {}
    for identifier, name in names.items():
        if owner := listed.owner(name):
            found[identifier] = Merge(entity=identifier, into=owner, reason=MergeReason.LISTED, certain=True)
    remaining = {name: identifier for identifier, name in names.items() if identifier not in found}
    for merge in (*_longer(remaining), *_misspelt(remaining), *_initials(remaining)):
        into = merge.into
        while into in found and found[into].certain:
            into = found[into].into
        if merge.entity not in found and merge.entity != into:
            found[merge.entity] = msgspec.structs.replace(merge, into=into)
    return [found[identifier] for identifier in sorted(found)]


def _longer(names: dict[str, str]) -> Iterator[Merge]:
    """A name that is another plus words of its trade goes into the shorter one; other such words only suggest it."""
    for name, identifier in names.items():
        words, sure = name.split(), True
        for kept in range(len(words) - 1, 0, -1):
            if words[kept] not in _LEFT_OUT:
                break
            sure = sure and words[kept] in TRADE_WORDS
            short = " ".join(words[:kept])
            if short in names:
                # Of two words or more: "First" and "Delta" begin the names of many.
                yield Merge(entity=identifier, into=names[short], reason=MergeReason.SHORTER, certain=sure and kept > 1)
                break


def _misspelt(names: dict[str, str]) -> Iterator[Merge]:
    """Names that differ in one letter: the later in the alphabet goes into the earlier, if somebody agrees."""
    by_deletion: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if len(name) >= _LEAST_LETTERS and not any(letter.isdigit() for letter in name):
            for form in {name, *(name[:place] + name[place + 1 :] for place in range(len(name)))}:
                by_deletion[form].append(name)
    for alike in by_deletion.values():
        for later in alike[1:]:
            if later[0] == alike[0][0] and _differ_by_one(alike[0], later):
                yield Merge(entity=names[later], into=names[alike[0]], reason=MergeReason.SPELLING, certain=False)


def _differ_by_one(one: str, other: str) -> bool:
    """Whether one letter was left out, put in, exchanged, or two neighbours were swapped."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _initials(names: dict[str, str]) -> Iterator[Merge]:
    """An abbreviation goes into the one full name whose initials it is, if somebody agrees."""
    by_initials: dict[str, list[str]] = defaultdict(list)
    for name, identifier in names.items():
        if len(words := name.split()) > 2:
            by_initials["".join(word[0] for word in words)].append(identifier)
    for name, identifier in names.items():
        full = by_initials.get(name, [])
        if len(full) == 1:
            yield Merge(entity=identifier, into=full[0], reason=MergeReason.INITIALS, certain=False)
