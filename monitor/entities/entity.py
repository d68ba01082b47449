"""What articles are about: a company, or something else that has a name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from monitor.entities.names import PROVISIONAL


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One company, or another thing that news names.

    Attributes:
        id: Stable and readable, such as `boeing`; with `~` first where no list knows it.
        name: As people write it.
        aliases: Other names that mean it.
        tickers: As on exchanges; with a suffix after a dot, as Yahoo has it, where it is not listed in New York.
        isins: International securities identification numbers.
        country: Of its seat, in English.
        industry: Words on what it does, by commas.
        description: A sentence or two, to compare texts with.
        kind: "company", or a word of one's own, such as "currency".
        prominence: 0 for a small company, which a common word seldom means, 1, or 2 for one of the largest.
        ambiguous: Its names are also common words or names of something else, beyond those that are known to be.
    """

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    tickers: tuple[str, ...] = ()
    isins: tuple[str, ...] = ()
    country: str = ""
    industry: str = ""
    description: str = ""
    kind: str = "company"
    prominence: Literal[0, 1, 2] = 1
    ambiguous: bool = False

    @property
    def provisional(self) -> bool:
        """Whether no list knows it."""
        return self.id.startswith(PROVISIONAL)


def joined(one: Entity, other: Entity) -> Entity:
    """One entity with the names, tickers and ISINs of another as well."""
    return msgspec.structs.replace(
        one,
        aliases=distinct((*one.aliases, other.name, *other.aliases)),
        tickers=distinct((*one.tickers, *other.tickers)),
        isins=distinct((*one.isins, *other.isins)),
    )


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Each value once, where it stands first."""
    return tuple(dict.fromkeys(values))
