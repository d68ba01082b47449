"""Settles what becomes of each delivered item, exactly once: new, a repeat of a known article, or a redelivery."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from monitor.classify.scored import ScoredArticle, UnscoredArticle
from monitor.records import DeadLetter
from monitor.store.rows import Duplicate

Counted = ScoredArticle | UnscoredArticle
ItemKey = tuple[str, str]
"""(source, position): names a delivered item."""


class Fates(msgspec.Struct, frozen=True):
    """What the store knows of a batch.

    Attributes:
        articles: By article id, the item that brought it first.
        duplicates: Items that are recorded as repeats already.
    """

    articles: Mapping[str, ItemKey]
    duplicates: frozenset[ItemKey]


class Settled(msgspec.Struct, frozen=True):
    """A batch with every item's fate settled; redeliveries are gone.

    Attributes:
        new: First items of their articles, in order.
        duplicates: Items whose article another item brought before.
        dead_letters: What a stage refused.
    """

    new: list[Counted]
    duplicates: list[Duplicate]
    dead_letters: list[DeadLetter]


def settle(records: Sequence[object], load_fates: Callable[[Sequence[Counted]], Fates]) -> Settled:
    """Settles a batch, in an order that does not depend on how it was read.

    Args:
        records: Articles and dead letters, in any order.
        load_fates: Asks the store about these items.
    """
    items = sorted((record for record in records if isinstance(record, ScoredArticle | UnscoredArticle)), key=_order)
    fates = load_fates(items)
    first = dict(fates.articles)
    repeats = set(fates.duplicates)
    new: list[Counted] = []
    duplicates: list[Duplicate] = []
    for item in items:
        article = item.article
        key = (article.source, article.position)
        holder = first.get(article.id)
        if holder is None:
            first[article.id] = key
            new.append(item)
        elif holder != key and key not in repeats:
            repeats.add(key)
            duplicates.append(
                Duplicate(source=key[0], position=key[1], article_id=article.id, first_seen_at=article.first_seen_at)
            )
    refused = sorted((record for record in records if isinstance(record, DeadLetter)), key=_order_of_letters)
    letters: dict[tuple[str, str, str], DeadLetter] = {}
    for letter in refused:
        letters.setdefault((letter.source, letter.position, letter.stage), letter)
    return Settled(new, duplicates, [letters[key] for key in sorted(letters)])


def _order(item: Counted) -> tuple[datetime, datetime, str, str, str]:
    article = item.article
    return article.first_seen_at, article.event_time, article.id, article.source, article.position


def _order_of_letters(letter: DeadLetter) -> tuple[datetime, str, bytes]:
    return letter.seen_at, letter.reason, letter.original
