"""What became of everything that was fetched: each item stands in exactly one column, and the columns add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Self

import msgspec

from monitor.articles import Article, TimeCase
from monitor.records import DeadLetter

if TYPE_CHECKING:
    from monitor.ingest.items import Item


class Fate(StrEnum):
    """What became of one item: the columns of the ledger."""

    NEW = "new"
    """An article that was never seen before; it goes on, whatever its language."""
    DUPLICATE = "duplicate"
    """An article that was seen before: fetched again, published again, or edited. It keeps its first time."""
    TOO_OLD = "too_old"
    """An article that was never seen, but is older than live news may be; it does not go on."""
    NOT_PARSED = "not_parsed"
    """It could not be read as an item at all."""
    TOO_LARGE = "too_large"
    """It is larger than an item may be."""
    REFUSED = "refused"
    """It was read, and is no article: no text, a number for a title, an endless name."""


FATES = tuple(Fate)


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many items of a fetch, a day or a source had which fate.

    Attributes:
        fetched: All of them.

    >>> Accounts.of([Fate.NEW, Fate.DUPLICATE]) + Accounts(fetched=1, refused=1)
    Accounts(fetched=3, new=1, duplicate=1, too_old=0, not_parsed=0, too_large=0, refused=1)
    """

    fetched: int = 0
    new: int = 0
    duplicate: int = 0
    too_old: int = 0
    not_parsed: int = 0
    too_large: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        """Refuses columns that do not add up: such a ledger would hide a lost item.

        Raises:
            ValueError: They do not, or one is negative.
        """
        columns = [self.of_fate(fate) for fate in FATES]
        if min(columns) < 0 or sum(columns) != self.fetched:
            raise ValueError(f"{self.fetched} items were fetched, but the columns say {columns}")

    def of_fate(self, fate: Fate) -> int:
        """How many had this fate."""
        count: int = getattr(self, fate.value)
        return count

    @classmethod
    def of(cls, fates: Iterable[Fate]) -> Self:
        """The accounts of some items."""
        counts = Counter(fate.value for fate in fates)
        return cls(fetched=counts.total(), **counts)

    def __add__(self, other: Accounts) -> Accounts:
        """Both together."""
        mine, others = msgspec.structs.asdict(self), msgspec.structs.asdict(other)
        return Accounts(**{column: mine[column] + others[column] for column in mine})

    @property
    def odd(self) -> int:
        """Items that were no articles."""
        return self.not_parsed + self.too_large + self.refused

    @property
    def recognised(self) -> int:
        """Items that were articles, new or not."""
        return self.new + self.duplicate + self.too_old


def fate_of(item: Item, record: Article | DeadLetter, *, known: bool, too_large: bool) -> Fate:
    """The one column in which an item stands.

    Args:
        item: As fetched.
        record: What was made of it, as it would travel: an article too large for a message is a dead letter.
        known: Whether the article was seen before; a dead letter stands in its own column every time.
        too_large: Whether the item, or the message that it would be, has more bytes than may be.
    """
    if isinstance(record, Article):
        if known:
            return Fate.DUPLICATE
        return Fate.TOO_OLD if record.time_case is TimeCase.TOO_OLD else Fate.NEW
    if item.fields is None:
        return Fate.NOT_PARSED
    return Fate.TOO_LARGE if too_large else Fate.REFUSED
