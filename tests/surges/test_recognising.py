"""A name of which the classifier is unsure counts where it has been told surely before, and makes no entity itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle
from monitor.store import entities
from monitor.store.database import Database
from monitor.store.schema import minute_counts
from monitor.surges.core import SurgeCore
from monitor.surges.recognising import recognised, unsure_of
from monitor.surges.rules import SurgeRules
from monitor.surges.settling import Counted
from monitor.surges.ticking import count_tick
from tests.store.builders import MINUTE, NOON, mention, scored, unscored

RULES = SurgeRules()


def naming(number: int, entity: str, *, unsure: bool = False) -> ScoredArticle:
    """An article, first seen so many minutes after noon, that names one company."""
    return msgspec.structs.replace(scored(number), mentions=(named(entity, unsure=unsure),))


def named(entity: str, *, unsure: bool = False) -> Mention:
    return msgspec.structs.replace(mention(), entity=entity, relevance=80, unsure=unsure)


def entities_of(items: Sequence[object]) -> list[str]:
    return [one.entity for item in items if isinstance(item, ScoredArticle) for one in item.mentions]


def test_an_unsure_name_is_known_from_an_earlier_article_and_not_from_a_later_one() -> None:
    doubted, told, doubted_again = (naming(at, "~brundle", unsure=at != 3) for at in (1, 3, 4))
    items: list[Counted] = [doubted, unscored(2), told, doubted_again]
    found = recognised(items, set())
    assert entities_of(found) == ["", "~brundle", "~brundle"]
    assert [item.article.id for item in found] == [item.article.id for item in items]
    assert unsure_of(found) == set()


def test_what_makes_no_entity_has_no_relevance() -> None:
    (found,) = recognised([naming(1, "~brundle", unsure=True)], set())
    assert isinstance(found, ScoredArticle)
    (one,) = found.mentions
    assert (one.entity, one.relevance, one.unsure, one.negative) == ("", 0, False, 0.8)


def test_an_unsure_name_is_known_where_the_same_text_names_it_surely() -> None:
    twice = msgspec.structs.replace(scored(1), mentions=(named("~brundle", unsure=True), named("~brundle")))
    assert entities_of(recognised([twice], set())) == ["~brundle", "~brundle"]


def test_two_unsure_names_do_not_make_each_other_known() -> None:
    known: set[str] = set()
    items = [naming(number, "~brundle", unsure=True) for number in (1, 2)]
    assert entities_of(recognised(items, known)) == ["", ""]
    assert known == set()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'monitor.db'}") as opened:
        yield opened


def count(database: Database, core: SurgeCore, tick: datetime, *items: ScoredArticle) -> None:
    with database.write() as connection:
        count_tick(connection, core, tick, items, RULES, None, {})


def test_what_a_tick_knows_is_what_the_store_holds_of_earlier_ones(database: Database) -> None:
    """Whatever process counts the next tick: what is known lies in the tables alone."""
    core = SurgeCore(RULES)
    count(database, core, NOON + 5 * MINUTE, naming(1, "~brundle", unsure=True), naming(2, "~tarvex"))
    count(database, core, NOON + 9 * MINUTE, naming(6, "~tarvex", unsure=True), naming(7, "~brundle", unsure=True))
    with database.read() as connection:
        (only,) = entities.read_entities(connection)
    assert (only.id, only.articles) == ("~tarvex", 2)
    assert only.last_seen_at == naming(6, "").article.first_seen_at


def test_an_unsure_name_counts_in_the_series_of_its_company(database: Database) -> None:
    core = SurgeCore(RULES)
    count(database, core, NOON + 5 * MINUTE, naming(1, "~tarvex"))
    item = naming(6, "~tarvex", unsure=True)
    with database.write() as connection:
        count_tick(connection, core, NOON + timedelta(minutes=9), [item], RULES, None, {})
        told = select(func.sum(minute_counts.c.timed_stories)).where(minute_counts.c.series == "entity=~tarvex")
        assert connection.scalar(told) == 2
