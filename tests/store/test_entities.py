"""What articles are about, entities that no list knows, decisions on them, and watchlists."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle
from monitor.errors import InputError
from monitor.store import entities
from monitor.store.database import Database
from monitor.store.entities import Decision
from monitor.store.fingerprint import dump, fingerprint
from monitor.store.retention import delete_older
from tests.store.builders import NOON, mention, scored, unscored

DECISION = Decision(by="ann", at=NOON, why="the same firm")


def about(number: int, *mentions: Mention) -> ScoredArticle:
    return msgspec.structs.replace(scored(number), mentions=mentions)


def toward(entity: str, text: str = "Quillon", negative: float = 0.8, relevance: int = 70) -> Mention:
    return msgspec.structs.replace(mention(text, negative), entity=entity, relevance=relevance)


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as connection:
        entities.write_mentions(
            connection,
            [
                about(1, toward("~quillon", "Quillon plc"), toward("boeing", negative=0.2)),
                unscored(2),
                about(3, toward("~quillon", negative=0.6), toward("~quillon", negative=0.2, relevance=70), toward("")),
                about(4, toward("~tarvex", "Tarvex", relevance=5)),
            ],
        )
    return database


def test_an_article_is_about_each_entity_once_with_the_mean_of_its_mentions(filled: Database) -> None:
    article = about(3).article.id
    with filled.read() as connection:
        assert entities.entities_of(connection, [article]) == {article: [("~quillon", 70)]}
    (row,) = [line for line in dump_of(filled, "article_entities") if line["article_id"] == article]
    assert (row["negative"], row["positive"]) == (0.4, 0.45)


def test_an_unknown_entity_keeps_its_first_name_and_its_last_sight(filled: Database) -> None:
    with filled.read() as connection:
        found = entities.read_entity(connection, "~quillon")
    assert found is not None
    assert (found.name, found.status, found.articles, found.merged_into) == ("Quillon plc", "provisional", 2, "")
    assert found.first_seen_at == about(1).article.first_seen_at
    assert found.last_seen_at == about(3).article.first_seen_at


def test_writing_the_same_again_changes_nothing(filled: Database) -> None:
    with filled.read() as connection:
        before = fingerprint(connection)
    with filled.write() as connection:
        entities.write_mentions(connection, [about(3, toward("~quillon", "Another spelling", relevance=1))])
        assert fingerprint(connection) == before


def test_the_most_written_about_come_first_and_can_be_searched(filled: Database) -> None:
    with filled.read() as connection:
        assert [entity.id for entity in entities.read_entities(connection)] == ["~quillon", "~tarvex"]
        assert [entity.id for entity in entities.read_entities(connection, text="TARV")] == ["~tarvex"]
        assert [entity.id for entity in entities.read_entities(connection, limit=1)] == ["~quillon"]
        assert entities.read_entities(connection, text="%") == []
        assert entities.read_entities(connection, "confirmed") == []


def test_names_are_found_whatever_the_case_of_their_letters_with_accents_too(database: Database) -> None:
    named = [
        about(n, toward(f"~e{n}", name))
        for n, name in enumerate(("\u00c9LAN Soci\u00e9t\u00e9", "Stra\u00dfe AG", "Elan"), 1)
    ]
    with database.write() as connection:
        entities.write_mentions(connection, named)
        assert [one.id for one in entities.read_entities(connection, text="\u00e9lan SOCI\u00c9T\u00c9")] == ["~e1"]
        assert [one.id for one in entities.read_entities(connection, text="STRASSE")] == ["~e2"]
        assert [one.id for one in entities.read_entities(connection, text="e", limit=2)] == ["~e1", "~e2"]


def test_articles_of_merged_entities_are_read_as_ones(filled: Database) -> None:
    with filled.write() as connection:
        entities.merge_entity(connection, "~tarvex", "~quillon", DECISION)
        entities.merge_entity(connection, "~quillon", "boeing", DECISION)
    with filled.read() as connection:
        (total,) = entities.count_articles(connection)
        assert (total.entity, total.articles, total.negative) == ("boeing", 3, 2)
        assert total.newest_at == about(4).article.event_time
        assert entities.read_merges(connection) == {"~tarvex": "boeing", "~quillon": "boeing"}
        merged = entities.read_entity(connection, "~quillon")
    assert merged is not None
    assert (merged.status, merged.merged_into, merged.why) == ("merged", "boeing", "the same firm")


def test_an_article_that_names_both_parts_of_a_merge_counts_once(filled: Database) -> None:
    with filled.write() as connection:
        entities.write_mentions(connection, [about(5, toward("~quillon"), toward("~tarvex"), toward("boeing"))])
        entities.merge_entity(connection, "~tarvex", "~quillon", DECISION)
    with filled.read() as connection:
        totals = entities.count_articles(connection)
        assert [(total.entity, total.articles, total.negative) for total in totals] == [
            ("~quillon", 4, 3),
            ("boeing", 2, 1),
        ]
        assert [total.entity for total in entities.count_articles(connection, limit=1)] == ["~quillon"]


def test_counts_can_begin_late_and_ask_for_relevance(filled: Database) -> None:
    with filled.read() as connection:
        late = entities.count_articles(connection, about(3).article.event_time)
        assert [(total.entity, total.articles) for total in late] == [("~quillon", 1), ("~tarvex", 1)]
        relevant = entities.count_articles(connection, least_relevance=50)
        assert [(total.entity, total.articles) for total in relevant] == [("~quillon", 2), ("boeing", 1)]


def test_a_decision_is_no_effect_of_the_stream(filled: Database) -> None:
    with filled.read() as connection:
        before = fingerprint(connection)
    with filled.write() as connection:
        entities.merge_entity(connection, "~tarvex", "~quillon", DECISION)
        entities.confirm_entity(connection, "~quillon", DECISION)
        assert fingerprint(connection) == before


def test_confirming_takes_back_a_merge(filled: Database) -> None:
    with filled.write() as connection:
        entities.merge_entity(connection, "~tarvex", "boeing", DECISION)
        entities.confirm_entity(connection, "~tarvex", DECISION)
        found = entities.read_entity(connection, "~tarvex")
        assert entities.read_merges(connection) == {}
    assert found is not None
    assert (found.status, found.merged_into) == ("confirmed", "")


def test_merges_make_no_circle(filled: Database) -> None:
    with filled.write() as connection:
        entities.merge_entity(connection, "~tarvex", "~quillon", DECISION)
        with pytest.raises(InputError, match="goes into ~quillon"):
            entities.merge_entity(connection, "~quillon", "~tarvex", DECISION)
        with pytest.raises(InputError, match="cannot go into"):
            entities.merge_entity(connection, "~quillon", "~quillon", DECISION)
        entities.merge_entity(connection, "~quillon", "boeing", DECISION)
        with pytest.raises(InputError, match="goes into ~quillon"):
            entities.merge_entity(connection, "~quillon", "~tarvex", DECISION)
        assert entities.read_merges(connection) == {"~tarvex": "boeing", "~quillon": "boeing"}


@pytest.mark.parametrize(("entity", "into"), [("~nobody", "boeing"), ("~quillon", "~nobody"), ("boeing", "~quillon")])
def test_what_is_not_there_cannot_be_merged(filled: Database, entity: str, into: str) -> None:
    with filled.write() as connection, pytest.raises(InputError, match="There is no entity"):
        entities.merge_entity(connection, entity, into, DECISION)


def test_each_person_has_a_watchlist(database: Database) -> None:
    with database.write() as connection:
        for entity in ("boeing", "~quillon", "boeing"):
            entities.watch(connection, "ann", entity, NOON)
        entities.watch(connection, "bob", "tesla", NOON)
        assert entities.unwatch(connection, "ann", "tesla") is False
        assert entities.unwatch(connection, "bob", "tesla") is True
    with database.read() as connection:
        assert entities.read_watchlist(connection, "ann") == ["boeing", "~quillon"]
        assert entities.read_watchlist(connection, "bob") == []


def test_what_articles_are_about_ages_out_with_them(filled: Database) -> None:
    deleted = delete_older(filled, about(3).article.event_time + timedelta(seconds=1))
    assert (deleted["article_entities"], deleted["entities"]) == (3, 1)
    with filled.read() as connection:
        assert [total.entity for total in entities.count_articles(connection)] == ["~tarvex"]
        assert [entity.id for entity in entities.read_entities(connection)] == ["~tarvex"]


@pytest.mark.parametrize("keep", ["confirmed", "watched"])
def test_an_entity_that_somebody_cares_for_is_kept(filled: Database, keep: str) -> None:
    with filled.write() as connection:
        if keep == "confirmed":
            entities.confirm_entity(connection, "~quillon", DECISION)
        else:
            entities.watch(connection, "ann", "~quillon", NOON)
    delete_older(filled, NOON + timedelta(days=400))
    with filled.read() as connection:
        assert [entity.id for entity in entities.read_entities(connection)] == ["~quillon"]


def dump_of(database: Database, table: str) -> list[dict[str, object]]:
    with database.read() as connection:
        return [msgspec.json.decode(line) for line in dump(connection, table)]
