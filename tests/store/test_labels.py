"""Labels in the store: corrections, conflicts, totals, and what many authors agree on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import text, update

from monitor.classify.labels import SENTIMENTS, TOPICS, Labels
from monitor.classify.text import normalise_text
from monitor.errors import StoreError
from monitor.learning.data.examples import Example, LabelledMention
from monitor.learning.data.known import known_texts
from monitor.learning.data.label import Label, agree
from monitor.learning.data.label_statistics import known_labels, label_statistics
from monitor.store import labels as stored
from monitor.store import schema
from monitor.store.database import Database
from monitor.store.labels import LabelsWritten

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG = "a word and " * 370  # more than PostgreSQL can index


def label(text: str = "Oil falls 3%", said: str = "negative", **changes: Any) -> Label:
    fields: dict[str, Any] = {"text": text, "task": "sentiment", "label": said, "author": "ann", "created_at": NOON}
    return Label(**fields | changes)


def write(database: Database, *given: Label) -> LabelsWritten:
    with database.write() as connection:
        return stored.write_labels(connection, given)


def read(database: Database, **wanted: Any) -> list[Label]:
    with database.read() as connection:
        return list(stored.read_labels(connection, **wanted))


def test_a_label_comes_back_as_it_went_in(database: Database) -> None:
    full = label(
        LONG,
        "positive",
        task="entity",
        entity="Ångström & Co",
        article_id="a1",
        model_said="neutral",
        model_version="fast-1",
        source="import",
    )
    assert write(database, full) == LabelsWritten(1, 0, 0)
    assert read(database) == read(database, task="entity") == read(database, article_id="a1") == [full]
    assert read(database, task="topic") == read(database, article_id="a2") == []


def test_a_later_label_of_the_same_author_takes_the_place_of_the_earlier_one(database: Database) -> None:
    write(database, label())
    correction = label("OIL falls: 3! https://t.co/x", "neutral", created_at=NOON + HOUR)
    assert write(database, correction) == LabelsWritten(0, 1, 0)
    assert read(database) == [correction]
    assert write(database, label(created_at=NOON)) == LabelsWritten(0, 0, 1)
    assert read(database) == [correction]


def test_the_same_label_again_changes_nothing_not_even_the_time(database: Database) -> None:
    write(database, label())
    assert write(database, label(created_at=NOON + HOUR)) == LabelsWritten(0, 0, 1)
    assert read(database) == [label()]


def test_of_several_for_the_same_the_last_one_counts(database: Database) -> None:
    assert write(database, label(), label(said="neutral"), label(said="positive")) == LabelsWritten(1, 0, 2)
    assert read(database) == [label(said="positive")]
    assert write(database) == LabelsWritten(0, 0, 0)


def test_authors_tasks_and_entities_do_not_touch_one_another(database: Database) -> None:
    given = [
        label(),
        label(author="ben"),
        label(task="topic", said="Energy | Oil"),
        label(task="entity", entity="Shell"),
        label(task="entity", entity="BP", said="positive"),
    ]
    assert write(database, *given) == LabelsWritten(5, 0, 0)
    assert len(read(database)) == 5


def test_text_with_a_nul_is_kept_on_either_database_and_found_again(database: Database) -> None:
    odd = label("Oil\x00 falls", task="entity", entity="O\x00il", author="a\x00")
    assert write(database, odd) == LabelsWritten(1, 0, 0)
    assert write(database, odd) == LabelsWritten(0, 0, 1)


@pytest.mark.parametrize("wrong", [{"task": "mood"}, {"entity": "Shell"}, {"task": "entity"}, {"source": "rumour"}])
def test_what_cannot_be_is_refused(database: Database, wrong: dict[str, Any]) -> None:
    with pytest.raises(StoreError):
        write(database, label(**wrong))


def test_many_labels_are_written_at_once(database: Database) -> None:
    given = [label(f"Story {number}") for number in range(4_500)]
    assert write(database, *given) == LabelsWritten(4_500, 0, 0)
    assert write(database, *given) == LabelsWritten(0, 0, 4_500)


def test_conflicts_are_texts_on_which_authors_differ_newest_first(database: Database) -> None:
    old = [label("Old"), label("Old", "neutral", author="ben")]
    new = [label("New", created_at=NOON + HOUR), label("New", "positive", author="ben"), label("New", author="cid")]
    write(database, *old, *new, label("Agreed"), label("Agreed", author="ben"))
    with database.read() as connection:
        assert stored.count_conflicts(connection) == {"sentiment": 2}
        assert stored.read_conflicts(connection, 1) == new
        assert stored.read_conflicts(connection, 9) == [*new, *old]
        assert stored.count_texts(connection) == 3


def test_of_an_entity_that_is_written_in_two_ways_authors_differ_all_the_same(database: Database) -> None:
    apple = {"text": "Apple slides as Ölwerk gains", "task": "entity"}
    ann, ben = label(entity="Ölwerk", **apple), label(entity="ÖLWERK", said="positive", author="ben", **apple)
    other = label(entity="Apple", said="neutral", author="cid", **apple)
    write(database, ann, ben, other)
    with database.read() as connection:
        assert stored.count_conflicts(connection) == {"entity": 1}
        assert sorted(stored.read_conflicts(connection, 9), key=lambda one: one.author) == [ann, ben]


def test_an_author_who_wrote_an_entity_in_two_ways_contradicts_nobody(database: Database) -> None:
    apple = {"text": "Apple slides", "task": "entity"}
    write(database, label(entity="Apple", **apple), label(entity="APPLE", said="positive", **apple))
    with database.read() as connection:
        assert stored.count_conflicts(connection) == {}
        assert stored.read_conflicts(connection, 9) == []


def test_statistics_tell_who_differs_from_the_model(database: Database) -> None:
    assert label_statistics(database).newest_at is None
    write(
        database,
        label("A", model_said="negative", model_version="fast-1"),
        label("B", model_said="neutral", model_version="fast-1", created_at=NOON + HOUR),
        label("C", "positive", author="ben"),
        label("A", "IPO", task="topic", author="ben", model_said="Markets", model_version="fast-1"),
    )
    statistics = label_statistics(database)
    assert (statistics.labels, statistics.texts, statistics.newest_at) == (4, 3, NOON + HOUR)
    assert list(statistics.tasks) == ["topic", "sentiment"]
    sentiment = statistics.tasks["sentiment"]
    assert sentiment.by_label == {"negative": 2, "positive": 1}
    assert sentiment.by_author == {"ann": 2, "ben": 1}
    assert (sentiment.total, sentiment.asked, sentiment.differing, sentiment.conflicts) == (3, 2, 1, 0)
    assert statistics.tasks["topic"].differing == 1
    with database.read() as connection:
        (total,) = stored.count_labels(connection, since=NOON + HOUR)
    assert (total.label, total.count, total.differing) == ("negative", 1, 1)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(SENTIMENTS), st.integers(0, 5)),
        min_size=1,
        unique_by=lambda given: given[0],
    )
)
def test_the_majority_wins_and_the_newest_among_equals(given: list[tuple[str, str, int]]) -> None:
    labels = [label(said=said, author=author, created_at=NOON + hour * HOUR) for author, said, hour in given]
    (agreed,) = agree(labels)
    votes = {name: sum(said == name for _, said, _ in given) for name in SENTIMENTS}
    newest = {name: max((hour for _, said, hour in given if said == name), default=-1) for name in SENTIMENTS}
    assert (agreed.votes, agreed.authors) == (votes[agreed.label], len(given))
    assert (votes[agreed.label], newest[agreed.label]) == max((votes[name], newest[name]) for name in SENTIMENTS)


def test_examples_join_what_is_agreed_of_a_text(database: Database) -> None:
    text = "Shell sues Shell Energy, says BP"
    write(
        database,
        label(text),
        label(text, "neutral", author="ben", created_at=NOON + HOUR),
        label(text, "negative", author="cid"),
        label(text, "Legal | Regulation", task="topic"),
        label(text, "positive", task="entity", entity="shell"),
        label(text, "negative", task="entity", entity="Shell Energy"),
        label(text, "negative", task="entity", entity="Chevron"),
        label("Of a topic that nobody knows", "Weather", task="topic"),
        label("Not named in these words", "neutral", task="entity", entity="BP"),
    )
    with database.read() as connection:
        agreed = list(agree(stored.read_labels(connection)))
    (known,) = known_texts(agreed, Labels())
    assert (known.labels, known.agreed_at) == (4, NOON)
    assert known.example == Example(
        text,
        topic=TOPICS.index("Legal | Regulation"),
        sentiment=0,
        mentions=(LabelledMention(0, 5, 2), LabelledMention(11, 23, 0)),
    )
    extended = [known.example for known in known_texts(agreed, Labels(added=("Weather",)))]
    assert Example("Of a topic that nobody knows", topic=len(TOPICS)) in extended


def test_labels_that_may_be_given_are_the_codes_and_the_new_ones(database: Database) -> None:
    assert known_labels(database) == Labels()
    assert known_labels(database, ("Weather", "IPO")) == Labels(added=("Weather",))


def test_labels_of_texts_that_differ_in_a_sign_do_not_touch_one_another(database: Database) -> None:
    up, down = label("$AAPL +5% premarket", "positive"), label("$AAPL -5% premarket")
    assert write(database, up, down) == LabelsWritten(2, 0, 0)
    assert {(one.text, one.label) for one in read(database)} == {(up.text, "positive"), (down.text, "negative")}


def test_labels_of_an_older_store_can_still_be_corrected(url: str) -> None:
    """Its keys knew no signs."""
    old = [label("$AAPL -5% premarket"), label("Oil falls"), label("Oil\x00 -3.5%", author="ben")]
    with Database.open(url) as database:
        write(database, *old)
        with database.write() as connection:
            for given in old:
                key = sha256(normalise_text(given.text).encode()).hexdigest()
                connection.execute(
                    update(schema.labels).where(schema.labels.c.text_key == given.text_key).values(text_key=key)
                )
            connection.execute(text("DROP INDEX ix_articles_in_doubt"))  # of a later revision
            connection.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    with Database.open(url) as database:
        later = [structs.replace(given, label="neutral", created_at=NOON + HOUR) for given in old]
        assert write(database, *later) == LabelsWritten(0, 3, 0)
        assert {given.label for given in read(database)} == {"neutral"}


def test_who_confirms_an_old_label_makes_it_no_newer() -> None:
    given = [label(), label(author="ben", created_at=NOON + HOUR)]
    (agreed,) = agree(given)
    assert (agreed.votes, agreed.agreed_at) == (2, NOON)
    (agreed,) = agree([*given, label(said="neutral", author="cid", created_at=NOON + 2 * HOUR)])
    assert (agreed.label, agreed.agreed_at) == ("negative", NOON)


def test_what_is_agreed_is_as_new_as_the_vote_that_turned_it() -> None:
    said = ("negative", "neutral", "neutral", "negative", "negative", "negative")
    given = [label(said=one, author=f"a{place}", created_at=NOON + place * HOUR) for place, one in enumerate(said)]
    found = [next(agree(given[:count])) for count in range(1, 7)]
    assert [(agreed.label, agreed.agreed_at) for agreed in found] == [
        ("negative", NOON),
        ("neutral", NOON + HOUR),
        ("neutral", NOON + HOUR),
        ("negative", NOON + 3 * HOUR),
        ("negative", NOON + 3 * HOUR),
        ("negative", NOON + 3 * HOUR),
    ]


def test_an_entity_is_the_same_in_any_case_and_an_author_is_heard_once(database: Database) -> None:
    about: dict[str, Any] = {"text": "Wells Fargo fined again, shares drop", "task": "entity"}
    write(
        database,
        label(said="positive", entity="Wells Fargo", author="zoe", **about),
        label(said="negative", entity="wells fargo", author="zoe", created_at=NOON + HOUR, **about),
        label(said="positive", entity="Wells Fargo", author="ada", **about),
        label(said="negative", entity="Wells Fargo", author="ben", **about),
        label(said="neutral", entity="shares", author="ben", **about),
    )
    agreed = {one.entity: one for one in agree(read(database))}
    assert set(agreed) == {"Wells Fargo", "shares"}
    toward = agreed["Wells Fargo"]
    assert (toward.label, toward.votes, toward.authors) == ("negative", 2, 3)
