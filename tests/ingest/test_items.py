"""From delivered items to articles and dead letters."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.articles import Article
from monitor.broker.codec import decode_article, encode
from monitor.errors import InputError
from monitor.ingest.items import (
    MAX_POSITION_CHARACTERS,
    MAX_SOURCE_CHARACTERS,
    ColumnMap,
    Item,
    ItemReader,
    time_zone,
)
from monitor.records import MAX_REASON_CHARACTERS, DeadLetter
from tests.ingest.rows import JSON_VALUES, READER, SEEN, item

NAMES = st.sampled_from(["title", "description", "published", "source", "id", "url", "seen"]) | st.text(max_size=3)


@settings(max_examples=300)
@given(st.none() | st.dictionaries(NAMES, JSON_VALUES, max_size=8), st.binary(max_size=200))
def test_every_item_is_one_record_that_survives_the_wire(fields: dict[str, object] | None, original: bytes) -> None:
    record = READER.read(Item("f#1", fields, original, "" if fields is not None else "it is broken"), SEEN)
    assert decode_article(encode(record)) == record
    if isinstance(record, Article):
        assert record.event_time <= record.first_seen_at == SEEN
        assert (record.published_at is None) == (record.published_precision is None)
        assert record.title or record.body
        assert "\x00" not in record.title + record.body + record.source + record.url
    else:
        assert isinstance(record, DeadLetter)
        assert record.reason.startswith("f#1: ")
        assert (record.source, record.original) == ("wire", original)
        assert record.position.startswith("f#1-")


@given(st.dictionaries(NAMES, JSON_VALUES, max_size=8), st.text(max_size=5), st.text(max_size=5))
def test_an_articles_id_does_not_depend_on_where_or_when_it_was_delivered(
    fields: dict[str, object], here: str, there: str
) -> None:
    one, other = (
        READER.read(Item(here, fields, b""), SEEN),
        READER.read(Item(there, fields, b""), SEEN.replace(hour=13)),
    )
    assert type(one) is type(other)
    if isinstance(one, Article) and isinstance(other, Article):
        assert one.id == other.id


def ids(*items: Item) -> list[str]:
    records = [READER.read(delivered, SEEN) for delivered in items]
    return [record.id for record in records if isinstance(record, Article)]


def test_an_id_makes_the_article_before_the_url_and_the_url_before_the_text() -> None:
    by_id = ids(item(title="a", id="7", url="u"), item(title="b", id="7", url="v"), item(title="a", id="8", url="u"))
    assert by_id[0] == by_id[1] != by_id[2]
    by_url = ids(item(title="a", url="u"), item(title="b", url="u"), item(title="a", url="v"))
    assert by_url[0] == by_url[1] != by_url[2]
    by_text = ids(item(title="a"), item(title=" a "), item(title="b"), item(title="a", published="2024-05-06"))
    assert by_text[0] == by_text[1]
    assert len(set(by_text)) == 3


def test_copies_of_an_address_are_one_article_whether_it_is_an_id_or_a_link() -> None:
    page, copy = "https://paper.example/mill", "http://m.paper.example/mill/?utm_source=feed#3"
    assert len(set(ids(item(title="a", url=page), item(title="b", url=copy), item(title="c", id=copy)))) == 1


def test_who_wrote_and_what_it_answers_stand_on_the_article_and_spoil_none() -> None:
    record = READER.read(item(title="Sell now", author=" Ada\nReed ", parent=7, language="en"), SEEN)
    assert isinstance(record, Article)
    assert (record.author, record.parent, record.title) == ("Ada Reed", "7", "Sell now")
    odd = READER.read(item(title="Sell now", author={"name": "Ada"}, parent=[1], language=2.5), SEEN)
    assert isinstance(odd, Article)
    assert (odd.author, odd.parent) == ("", "")


def test_half_a_surrogate_pair_is_no_character() -> None:
    record = READER.read(Item("1", {"title": "Mill \ud83d closes"}, b""), SEEN)
    assert isinstance(record, Article)
    assert decode_article(encode(record)) == record


def test_equal_ids_of_two_publishers_are_two_articles() -> None:
    one, other = ids(item(title="a", id="7", source="x"), item(title="a", id="7", source="y"))
    assert one != other


def test_a_number_serves_as_an_id_and_not_as_a_headline() -> None:
    assert ids(item(title="a", id=7)) == ids(item(title="a", id="7"))
    assert isinstance(READER.read(item(title=7), SEEN), DeadLetter)


def test_what_is_missing_takes_its_default() -> None:
    record = READER.read(item(title="Oil prices fall"), SEEN)
    assert isinstance(record, Article)
    assert (record.source, record.body, record.url, record.published_at) == ("wire", "", "", None)
    assert record.event_time == SEEN


def test_a_body_alone_is_an_article_and_neither_is_a_dead_letter() -> None:
    assert isinstance(READER.read(item(description="Oil prices fall"), SEEN), Article)
    refused = READER.read(item(title=" \n\x00", description=""), SEEN)
    assert isinstance(refused, DeadLetter)
    assert refused.reason == "1: neither 'title' nor 'description' holds text."


def test_too_large_an_item_is_refused_with_the_start_of_its_bytes() -> None:
    reader = ItemReader(name="wire", columns=ColumnMap(), zone=UTC, max_item_bytes=1_000)
    assert isinstance(reader.read(Item("1", {"title": "a"}, b"x" * 1_000), SEEN), Article)
    refused = reader.read(Item("1", {"title": "a"}, b"x" * 1_001), SEEN)
    assert isinstance(refused, DeadLetter)
    assert "larger than 1,000 bytes" in refused.reason
    large = reader.read(Item("1", {"title": "a"}, b"x" * 100_000), SEEN)
    assert isinstance(large, DeadLetter)
    assert len(large.original) == 65_536


def test_a_publisher_with_a_name_too_long_for_a_key_is_refused() -> None:
    assert isinstance(READER.read(item(title="a", source="s" * MAX_SOURCE_CHARACTERS), SEEN), Article)
    refused = READER.read(item(title="a", source="s" * (MAX_SOURCE_CHARACTERS + 1)), SEEN)
    assert isinstance(refused, DeadLetter)
    assert refused.source == "wire"


def test_a_position_too_long_for_a_key_has_a_short_one_that_is_the_same_each_time() -> None:
    whole = READER.read(Item("p" * MAX_POSITION_CHARACTERS, {"title": "a"}, b""), SEEN)
    assert whole.position == "p" * MAX_POSITION_CHARACTERS
    endless = "https://paper.example/" + "p" * 500_000
    read = [READER.read(Item(endless, {"title": title}, b""), SEEN) for title in ("a", "b", "")]
    assert [type(record) for record in read] == [Article, Article, DeadLetter]
    assert len({record.position for record in read[:2]}) == 1
    assert all(len(record.position) <= MAX_POSITION_CHARACTERS for record in read)
    assert READER.read(Item(endless + "q", {"title": "a"}, b""), SEEN).position != read[0].position


def test_a_long_reason_keeps_its_beginning_and_its_end() -> None:
    refused = READER.read(Item("1", None, b"", f"'https://{'p' * 500_000}' is too long an address"), SEEN)
    assert isinstance(refused, DeadLetter)
    assert len(refused.reason) < MAX_REASON_CHARACTERS + 10
    assert refused.reason.startswith("1: 'https://ppp")
    assert refused.reason.endswith("ppp' is too long an address.")


def test_an_item_that_nobody_foresaw_is_a_dead_letter_that_names_it() -> None:
    # Python writes no number of so many digits.
    refused = READER.read(Item("f#7", {"title": "a", "id": 10**5_000}, b"{...}"), SEEN)
    assert isinstance(refused, DeadLetter)
    assert refused.reason.startswith("f#7: it cannot be read, by a fault of ours (ValueError: Exceeds the limit")
    assert (refused.position.startswith("f#7-"), refused.original) == (True, b"{...}")


def test_accents_written_as_signs_of_their_own_are_the_letters_that_everybody_else_writes() -> None:
    title, body = "Société Générale falls", "Crédit Agricole too"
    read = [
        READER.read(item(title=unicodedata.normalize(form, title), description=unicodedata.normalize(form, body)), SEEN)
        for form in ("NFC", "NFD")
    ]
    assert [(record.title, record.body) for record in read if isinstance(record, Article)] == 2 * [(title, body)]
    assert read[0] == read[1]


def test_nul_bytes_become_spaces_so_that_every_database_finds_the_item_again() -> None:
    record = READER.read(item(title="Oil\x00falls", source="wire\x00s"), SEEN)
    assert isinstance(record, Article)
    assert (record.title, record.source) == ("Oil falls", "wire s")


def test_the_recorded_first_sight_is_read_from_its_column() -> None:
    assert READER.seen(item(title="a", seen="2024-05-06T09:00:00Z")) == datetime(2024, 5, 6, 9, tzinfo=UTC)
    assert READER.seen(item(title="a", seen="?")) is None
    assert READER.seen(Item("1", None, b"", "broken")) is None


def test_time_zones_are_named_by_iana() -> None:
    assert time_zone("America/New_York") == ZoneInfo("America/New_York")
    for name in ("Atlantis/Capital", "", "/etc/passwd", "../x", "a\x00b"):
        with pytest.raises(InputError, match="time zone"):
            time_zone(name)


def test_what_is_refused_at_the_same_place_of_a_new_file_is_another() -> None:
    faulty = [Item("a.jsonl@0", None, original, "it is no JSON object") for original in (b"one", b"two", b"one")]
    first, second, again = (READER.read(one, SEEN) for one in faulty)
    assert first == again
    assert first.position != second.position
    assert all(record.position.startswith("a.jsonl@0-") for record in (first, second))


def test_a_position_is_as_every_store_keeps_it() -> None:
    assert READER.read(Item("a\x00b", {"title": "a"}, b""), SEEN).position == "a\ufffdb"


def test_an_id_that_a_column_with_gaps_made_a_fraction_is_the_number_that_it_was() -> None:
    whole, as_float = ids(item(title="a", id=7), item(title="b", id=7.0))
    assert whole == as_float
    assert isinstance(READER.read(item(title="a", id=7.5), SEEN), DeadLetter)
