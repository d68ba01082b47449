"""What a surge rests on, as it can be read at any later time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from monitor.articles import Precision
from monitor.classify.mentions import Mention
from monitor.classify.scored import ScoredArticle
from monitor.store import entities, reads, writes
from monitor.store.database import Database
from monitor.store.entities import Decision
from monitor.store.evidence import read_evidence
from monitor.store.rows import Shares
from monitor.surges.core import SurgeCore
from monitor.surges.rules import SurgeRules
from monitor.surges.series import ALL, Series
from monitor.surges.sightings import about
from monitor.surges.surge import Surge
from monitor.surges.ticking import count_tick
from monitor.surges.windows import Window
from tests.store.builders import BANKS, HOUR, MINUTE, NOON, article, counted, mention, scored, surge

TICK = NOON + HOUR
SHORT = Window(NOON, NOON + HOUR)


def seen(series: Series = BANKS, window: Window = SHORT) -> Surge:
    return replace(surge(TICK, series), window=window)


def toward(number: int, entity: str, negative: float, relevance: int = 80) -> ScoredArticle:
    return replace(scored(number, negative=0.1), mentions=(named(entity, negative, relevance),))


def named(entity: str, negative: float, relevance: int) -> Mention:
    return replace(mention("Quillon", negative), entity=entity, relevance=relevance)


def shown(database: Database, about: Surge, limit: int = 10) -> list[str]:
    with database.read() as connection:
        return [story.article_id for story in read_evidence(connection, about, TICK, limit).stories]


def test_stories_are_the_most_negative_first_members_known_at_the_tick(database: Database) -> None:
    first = scored(1, negative=0.80)
    rows = [
        counted(first),
        counted(scored(2, negative=0.99), story_id=first.article.id, novelty=75),
        counted(scored(3, negative=0.95)),
        counted(scored(4, negative=0.95)),
        counted(scored(5, negative=0.97, topic="Energy")),
        counted(scored(6, negative=0.2)),
        counted(scored(7, negative=0.96), tick=TICK + MINUTE),
        counted(scored(8, negative=0.98, published_at=NOON - MINUTE)),
        counted(scored(9, negative=0.98, published_at=NOON + HOUR, first_seen_at=NOON + HOUR)),
    ]
    with database.write() as connection:
        writes.write_articles(connection, rows)
    assert shown(database, seen()) == [article(number).id for number in (3, 4, 1)]
    assert shown(database, seen(ALL), limit=2) == [article(5).id, article(3).id]
    assert shown(database, seen(Series(entity="acme"))) == []
    with database.read() as connection:
        evidence = read_evidence(connection, seen(), TICK, 1)
    assert [(story.negative, story.event_time) for story in evidence.stories] == [(0.95, NOON + 3 * MINUTE)]
    assert evidence.sources == (("wire", 4),)


def test_a_story_known_by_date_only_is_evidence_for_a_day_but_not_for_an_hour(database: Database) -> None:
    dated = scored(1, published_at=NOON.replace(hour=0), published_precision=Precision.DAY)
    with database.write() as connection:
        writes.write_articles(connection, [counted(dated)])
    around = Window(dated.article.event_time - 30 * MINUTE, dated.article.event_time + 30 * MINUTE)
    day = Window(around.start, around.start + timedelta(days=1))
    assert shown(database, seen(window=around)) == []
    assert shown(database, seen(window=day)) == [dated.article.id]
    with database.read() as connection:
        assert reads.read_stories(connection, BANKS, around, 5) == []


def test_of_a_company_stories_are_as_negative_as_they_are_toward_it(database: Database) -> None:
    items = [toward(1, "acme", 0.7), toward(2, "acme", 0.8), toward(3, "acme", 0.2), toward(4, "~zenith", 0.8)]
    items.append(toward(5, "acme", 0.84, relevance=20))  # named in passing: it does not count for it
    with database.write() as connection:
        writes.write_articles(connection, [counted(item) for item in items])
        entities.write_mentions(connection, items)
    assert shown(database, seen(Series(entity="acme"))) == [article(2).id, article(1).id]
    assert shown(database, seen(Series(entity="acme", topic="Energy"))) == []
    with database.write() as connection:
        entities.merge_entity(connection, "~zenith", "acme", entities.Decision(by="ann", at=TICK))
    assert shown(database, seen(Series(entity="acme"))) == [article(number).id for number in (2, 4, 1)]
    with database.read() as connection:
        behind = reads.read_stories(connection, Series(entity="acme"), SHORT, 10)
    assert [story.id for story in behind] == [article(number).id for number in (2, 4, 1, 3)]
    assert [story.toward for story in behind] == [
        Shares(negative, 0.15, round(0.85 - negative, 5)) for negative in (0.8, 0.8, 0.7, 0.2)
    ]
    assert {story.sentiment for story in behind} == {"neutral"}


def test_toward_a_company_of_two_names_a_story_is_as_it_was_counted(database: Database) -> None:
    """Over all that is said of it where it matters, not by the worse of two names."""
    mostly_good = (*[named("acme", 0.1, 80)] * 3, named("~acme", 0.8, 80))
    in_passing = (named("acme", 0.3, 80), named("~acme", 0.84, 20))
    items = [replace(scored(number), mentions=said) for number, said in ((1, mostly_good), (2, in_passing))]
    with database.write() as connection:
        writes.write_articles(connection, [counted(item) for item in items])
        entities.write_mentions(connection, items)
        entities.merge_entity(connection, "~acme", "acme", Decision(at=NOON, by="ann", why="one firm"))
        behind = reads.read_stories(connection, Series(entity="acme"), SHORT, 10)
    assert [(story.id, story.toward) for story in behind] == [
        (article(2).id, Shares(0.3, 0.15, 0.55)),
        (article(1).id, Shares(0.275, 0.15, 0.575)),
    ]
    for item, story in zip(reversed(items), behind, strict=True):
        ((_, bad),) = about(item.mentions, SurgeRules(), {"~acme": "acme"})
        assert story.toward is not None
        assert (story.toward.sentiment == "negative") is bad


def test_merges_that_follow_one_another_are_followed_to_the_end(database: Database) -> None:
    items = [toward(1, "acme", 0.7), toward(2, "~acme mining", 0.8), toward(3, "~acme mining corp", 0.75)]
    items.append(replace(scored(4), mentions=(named("~acme mining corp", 0.81, 80), named("acme", 0.2, 80))))
    with database.write() as connection:
        writes.write_articles(connection, [counted(item) for item in items])
        entities.write_mentions(connection, items)
        for part, whole in (("~acme mining corp", "~acme mining"), ("~acme mining", "acme")):
            entities.merge_entity(connection, part, whole, entities.Decision(by="ann", at=TICK))
    assert shown(database, seen(Series(entity="acme"))) == [article(number).id for number in (4, 2, 3, 1)]
    assert shown(database, seen(Series(entity="~acme mining"))) == [article(number).id for number in (4, 2, 3)]


def test_what_was_too_doubtful_to_count_as_negative_is_no_evidence(database: Database) -> None:
    doubtful = [in_doubt(number) for number in (2, 3)]
    with database.write() as connection:
        writes.write_articles(connection, [counted(scored(1)), counted(doubtful[0])])
        writes.write_articles(connection, [counted(doubtful[1])], abstain_below=0.4)
        writes.write_articles(connection, [counted(scored(4))], abstain_below=0.95)
    for series in (ALL, BANKS):
        assert shown(database, seen(series)) == [article(1).id, article(3).id]
    with database.read() as connection:
        evidence = read_evidence(connection, seen(ALL), TICK, 10)
        behind = reads.read_stories(connection, ALL, SHORT, 10)
    assert evidence.sources == (("wire", 2),)
    assert len(behind) == 4
    assert {story.id for story in behind if story.in_doubt} == {article(2).id, article(4).id}
    assert {story.toward for story in behind} == {None}


@pytest.mark.parametrize(("abstain_below", "counts"), [(None, 1), (0.4, 2), (0.95, 0)])
def test_evidence_holds_as_many_stories_as_were_counted_as_negative(
    database: Database, abstain_below: float | None, counts: int
) -> None:
    rules = SurgeRules()
    titled = replace(in_doubt(2), article=article(2, title="Ore mill burns down"))
    with database.write() as connection:
        count_tick(connection, SurgeCore(rules), TICK, [scored(1), titled], rules, abstain_below, {})
        (total,) = reads.read_totals(connection, SHORT, [ALL])
    assert total.counts.negatives == len(shown(database, seen(ALL))) == counts


def in_doubt(number: int) -> ScoredArticle:
    return replace(scored(number, negative=0.45), sentiment="negative", neutral=0.3, positive=0.25)


def test_a_text_that_names_many_companies_is_evidence_for_the_most_relevant_of_them(database: Database) -> None:
    names = ["zenith", *(f"other {number}" for number in range(5)), "acme", "brill"]
    item = replace(
        scored(1), mentions=tuple(named(name, 0.8, 90 if name == "zenith" else 50) for name in reversed(names))
    )
    with database.write() as connection:
        writes.write_articles(connection, [counted(item)])
        entities.write_mentions(connection, [item])
    counts = [entity for entity, _ in about(item.mentions, SurgeRules(), {})]
    assert [name for name in names if shown(database, seen(Series(entity=name)))] == sorted(counts, key=names.index)
    assert len(counts) == 6


def test_two_names_of_a_merged_company_take_one_place_among_the_most_relevant(database: Database) -> None:
    names = ["acme", "~acme", "other 1", "other 2", "other 3", "other 4", "last"]
    item = replace(scored(1), mentions=tuple(named(name, 0.8, 90 - place) for place, name in enumerate(names)))
    with database.write() as connection:
        writes.write_articles(connection, [counted(item)])
        entities.write_mentions(connection, [item])
        entities.merge_entity(connection, "~acme", "acme", Decision(at=NOON, by="ann", why="one firm"))
    assert "last" in dict(about(item.mentions, SurgeRules(), {"~acme": "acme"}))
    assert all(shown(database, seen(Series(entity=name))) for name in names if name != "~acme")


def test_terms_are_those_of_the_window_and_not_of_the_weeks_before(database: Database) -> None:
    titles = ["Lender fails as deposits flee", "Run on deposits at lender", "Lender halts payouts on deposits"]
    now = [scored(number, title=title) for number, title in enumerate(titles)]
    before = [
        scored(
            10 + number,
            title=f"Lender {number} warns of losses",
            published_at=NOON - (number + 1) * HOUR,
            first_seen_at=NOON - (number + 1) * HOUR,
        )
        for number in range(20)
    ]
    with database.write() as connection:
        writes.write_articles(connection, [counted(item) for item in now + before])
    with database.read() as connection:
        assert read_evidence(connection, seen(), TICK, 3).terms == ("deposits",)
