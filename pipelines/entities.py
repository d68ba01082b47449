"""What an analyst asks of entities, composed of the gazetteer, the model and the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from monitor.classify.choosing import open_engine
from monitor.classify.text import prepare_text
from monitor.entities.entity import Entity
from monitor.entities.gazetteer import Gazetteer
from monitor.entities.matching import Match, Matcher, Verdict
from monitor.entities.merging import ListedNames, Merge, merges
from monitor.entities.similarity import Similarity
from monitor.errors import InputError
from monitor.store.database import Connection, Database
from monitor.store.entities import Decision, StoredEntity, merge_entity, read_entities, read_entity

_MOST_PROVISIONAL = 20_000
"""Those with the most articles that merging looks at."""

AUTOMATIC = "rules"
"""Who decides what follows from the names alone."""


class Explained(msgspec.Struct, frozen=True):
    """A text as the model reads it, and what in it may name a known company, with the verdict and its reasons."""

    text: str
    matches: tuple[Match, ...]


def explain_texts(matcher: Matcher, texts: Sequence[str], model_folder: Path, threads: int = 0) -> list[Explained]:
    """Match texts; the model is loaded only if one of them leaves something open.

    Raises:
        ModelError: The model is needed and cannot be loaded.
    """
    prepared = [prepare_text(text) for text in texts]
    explained = [Explained(text, tuple(matcher.explain(text))) for text in prepared]
    waiting = [row for row, one in enumerate(explained) if any(match.verdict is Verdict.OPEN for match in one.matches)]
    if waiting:
        engine = open_engine(model_folder, threads=threads)
        similarity = Similarity(
            matcher.gazetteer, matcher.ambiguity, lambda descriptions: engine.classify(descriptions).embeddings
        )
        embeddings = engine.classify([explained[row].text for row in waiting]).embeddings
        for row, embedding in zip(waiting, embeddings, strict=True):
            decided = tuple(similarity.decide(match, embedding) for match in explained[row].matches)
            explained[row] = Explained(explained[row].text, decided)
    return explained


def propose_merges(database: Database, gazetteer: Gazetteer) -> list[Merge]:
    """Which entities that nobody decided on are the same as a listed one or as one another."""
    with database.read() as connection:
        provisional = read_entities(connection, "provisional", limit=_MOST_PROVISIONAL)
    return merges([Entity(id=entity.id, name=entity.name) for entity in provisional], ListedNames(gazetteer))


def apply_certain(database: Database, proposals: Sequence[Merge], now: datetime) -> list[Merge]:
    """Record the merges that follow from the names alone; returns those that were recorded."""
    certain = [proposal for proposal in proposals if proposal.certain]
    with database.write() as connection:
        for proposal in certain:
            decision = Decision(by=AUTOMATIC, at=now, why=proposal.reason)
            merge_entity(connection, proposal.entity, proposal.into, decision)
    return certain


def find_entity(connection: Connection, gazetteer: Gazetteer, wanted: str) -> Entity | StoredEntity:
    """The entity of an id, listed or in the store; `~` may be left out where no listed one has the id.

    Raises:
        InputError: There is none.
    """
    found = gazetteer.get(wanted) or read_entity(connection, wanted) or read_entity(connection, f"~{wanted}")
    if found is None:
        raise InputError(
            f"There is no entity {wanted!r}.", "See monitor entities list, and --listed for the companies of the list."
        )
    return found
