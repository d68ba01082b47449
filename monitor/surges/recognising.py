"""Companies that no list knows, where the classifier is unsure of a name that has been told surely before."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle
from monitor.surges.settling import Counted


def unsure_of(items: Iterable[Counted]) -> set[str]:
    """The entities of which some article is unsure."""
    return {one.entity for item in items for one in _mentions(item) if one.unsure}


def recognised(items: Iterable[Counted], known: set[str]) -> list[Counted]:
    """Articles whose unsure mentions are settled: each is sure, or of no entity.

    Args:
        items: In the order in which they were first seen: what one names surely, the later ones know.
        known: Ids of the entities that are known; gets those that the articles name surely.
    """
    found = []
    for item in items:
        known.update(one.entity for one in _mentions(item) if one.entity and not one.unsure)
        found.append(_recognised(item, known))
    return found


def _mentions(item: Counted) -> tuple[Mention, ...]:
    return item.mentions if isinstance(item, ScoredArticle) else ()


def _recognised(item: Counted, known: set[str]) -> Counted:
    if not any(one.unsure for one in _mentions(item)):
        return item
    mentions = tuple(_settled(one, known) if one.unsure else one for one in _mentions(item))
    return msgspec.structs.replace(item, mentions=mentions)


def _settled(mention: Mention, known: set[str]) -> Mention:
    if mention.entity in known:
        return msgspec.structs.replace(mention, unsure=False)
    return msgspec.structs.replace(mention, entity="", relevance=0, unsure=False)
