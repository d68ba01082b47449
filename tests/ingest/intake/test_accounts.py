"""The ledger of a fetch: every item in one column, and columns that must add up."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article, TimeCase
from monitor.ingest.intake.accounts import FATES, Accounts, Fate, fate_of
from monitor.ingest.items import Item
from monitor.records import DeadLetter

SEEN = datetime(2024, 5, 6, 9, 0, tzinfo=UTC)
ARTICLE = Article(id="a", source="wire", position="1", title="Harrow Bank opens a branch", first_seen_at=SEEN)
LETTER = DeadLetter(stage="ingest", reason="r", source="wire", position="1", seen_at=SEEN)
READ, UNREAD = Item("1", {"title": 7}, b"{}"), Item("1", None, b"{", "it is cut off")


@given(st.lists(st.sampled_from(FATES)))
def test_each_item_stands_in_one_column_and_all_are_there(fates: list[Fate]) -> None:
    accounts = Accounts.of(fates)
    assert accounts.fetched == len(fates)
    assert all(accounts.of_fate(fate) == fates.count(fate) for fate in FATES)
    assert accounts.odd + accounts.recognised == accounts.fetched


@given(st.lists(st.sampled_from(FATES)), st.lists(st.sampled_from(FATES)))
def test_accounts_of_two_fetches_are_those_of_both_together(first: list[Fate], second: list[Fate]) -> None:
    assert Accounts.of(first) + Accounts.of(second) == Accounts.of(first + second)


@pytest.mark.parametrize(
    "columns", [{"fetched": 2, "new": 1}, {"fetched": 0, "new": 1}, {"fetched": 0, "new": 1, "refused": -1}]
)
def test_columns_that_do_not_add_up_are_refused(columns: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="the columns say"):
        Accounts(**columns)


def test_accounts_that_were_tampered_with_are_not_read_back() -> None:
    written = msgspec.json.encode(Accounts(fetched=1, new=1)).replace(b'"fetched":1', b'"fetched":2')
    with pytest.raises(msgspec.ValidationError, match="the columns say"):
        msgspec.json.decode(written, type=Accounts)


@pytest.mark.parametrize(
    ("record", "item", "known", "too_large", "fate"),
    [
        (ARTICLE, READ, False, False, Fate.NEW),
        (ARTICLE, READ, True, False, Fate.DUPLICATE),
        (msgspec.structs.replace(ARTICLE, language="zh"), READ, False, False, Fate.NEW),
        (msgspec.structs.replace(ARTICLE, time_case=TimeCase.TOO_OLD), READ, False, False, Fate.TOO_OLD),
        # It was news when it was seen first, and is still listed: seen before, whatever its age is by now.
        (msgspec.structs.replace(ARTICLE, time_case=TimeCase.TOO_OLD), READ, True, False, Fate.DUPLICATE),
        (LETTER, UNREAD, False, False, Fate.NOT_PARSED),
        (LETTER, UNREAD, True, True, Fate.NOT_PARSED),
        (LETTER, READ, False, True, Fate.TOO_LARGE),
        (LETTER, READ, True, False, Fate.REFUSED),
    ],
)
def test_the_column_follows_from_what_the_item_is(
    record: Article | DeadLetter, item: Item, known: bool, too_large: bool, fate: Fate
) -> None:
    assert fate_of(item, record, known=known, too_large=too_large) is fate
