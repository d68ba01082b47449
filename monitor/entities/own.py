"""Which listed company one of one's own is, and what it keeps of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set
from typing import Final

import msgspec

from monitor.entities.entity import Entity, joined
from monitor.entities.names import normalised_name

_KEPT: Final = ("country", "industry", "description", "kind", "prominence", "ambiguous")


class Listed:
    """Finds listed companies by their ids, names, ISINs and tickers."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        """Indexes them: some hundredths of a second."""
        self._by_id = {entity.id: entity for entity in entities}
        self._by_code: dict[str, set[str]] = defaultdict(set)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_alias: dict[str, set[str]] = defaultdict(set)
        self._by_first_word: dict[str, set[str]] = defaultdict(set)
        for entity in self._by_id.values():
            for code in (*entity.isins, *entity.tickers):
                self._by_code[code.upper()].add(entity.id)
            name, *aliases = map(normalised_name, (entity.name, *entity.aliases))
            self._by_name[name].add(entity.id)
            for alias in aliases:
                self._by_alias[alias].add(entity.id)
            for one in (name, *aliases):
                self._by_first_word[_first_word(one)].add(entity.id)

    def names(self, own: Entity) -> bool:
        """Whether a listed company has the name of one of one's own."""
        return normalised_name(own.name) in self._by_name

    def find(self, own: Entity) -> Entity | None:
        """The listed company that one of one's own is; None where there is none, or it is not plain which.

        It is the one of its id, or of its name without the legal form. Of several with that name, or of one that bears
        it as another name or begins with the same word, it is the one with one of its ISINs or tickers. These alone say
        nothing: BA is Boeing in New York and BAE Systems in London, and the list holds errors.
        """
        if own.id in self._by_id:
            return self._by_id[own.id]
        name = normalised_name(own.name)
        named, aliased = self._by_name.get(name, set()), self._by_alias.get(name, set())
        coded = {entity for code in (*own.isins, *own.tickers) for entity in self._by_code.get(code.upper(), ())}
        for found in (
            coded & (named or aliased),
            {other for other in named if self._by_id[other].name.casefold() == own.name.casefold()},
            {other for other in named if _may_be(own, self._by_id[other])},
            set() if own.isins or own.tickers else aliased,
            coded & self._by_first_word.get(_first_word(name), set()),
        ):
            if len(found) == 1:
                return self._by_id[next(iter(found))]
        return None


def _may_be(own: Entity, listed: Entity) -> bool:
    """Whether no ISINs contradict it: Siemens Limited of Mumbai is not Siemens AG."""
    return not (own.isins and listed.isins) or not set(own.isins).isdisjoint(listed.isins)


def _first_word(name: str) -> str:
    return name.partition(" ")[0]


def completed(own: Entity, listed: Entity, given: Set[str]) -> Entity:
    """One of one's own with what it does not say itself from the listed company that it is; names and codes of both.

    Args:
        own: It.
        listed: What it is.
        given: Which attributes the file gives. Without an id it has that of the listed company.
    """
    kept = {attribute: getattr(listed, attribute) for attribute in _KEPT if attribute not in given}
    return msgspec.structs.replace(joined(own, listed), id=own.id if "id" in given else listed.id, **kept)
