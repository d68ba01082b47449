"""Which headlines are copies of one another, and which only look alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.surges.headlines import headline_key, lead_of, normalised
from monitor.surges.stories import StoryHead, StoryIndex
from tests.surges.tables import at

LONG = "Harbor Trust shares fall as depositors withdraw savings over weekend"


@pytest.mark.parametrize(
    "copy",
    [
        LONG.upper(),
        f"{LONG}!",
        f"RT @newsdesk: {LONG}",
        f"RT @a: RT @b: {LONG}",
        f"{LONG} https://t.co/abc123",
        f"$HRBT $XLF - {LONG}",
        f"{LONG} - Daily Planet",
        f"{LONG} | Reuters",
        f"{LONG} \u2014 The Morning Post",
        f"(Reuters) - {LONG}",
        f"  {LONG.replace(' ', '  ')} ",
        f"{LONG}\u2026",
    ],
)
def test_copies_of_a_headline_have_its_key(copy: str) -> None:
    assert headline_key(copy) == headline_key(LONG)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$ACME: Bank cuts to hold", "$EMCA: Bank cuts to hold"),
        ("Acme shares -3.5% after results", "Acme shares +3.5% after results"),
        ("Acme profit up 3.5%", "Acme profit up 35%"),
        ("Oil falls 3% - Gold Rises", "Oil falls 3% - Gold Falls"),
        ("Acme to buy smaller rival for cash - analysts", "Acme to buy smaller rival for cash"),
        ("Acme cuts jobs", "Acme cuts jobs in Ohio"),
    ],
)
def test_different_stories_keep_different_keys(one: str, other: str) -> None:
    assert headline_key(one) != headline_key(other)


@given(st.text(max_size=200))
def test_any_text_has_a_key_that_its_normal_form_shares(title: str) -> None:
    key = headline_key(title)
    assert len(key) in (0, 32)
    assert key == headline_key(title.strip() + " ")
    assert normalised(title) == normalised(title)


def head(number: int) -> StoryHead:
    return StoryHead(
        story_id=f"s{number}", key=f"k{number}", members=1, novelty=100, topic="", negative=False, dated=False,
        event_time=at(minutes=number), first_seen_at=at(minutes=number), entered_at=at(minutes=number),
        expires_at=at(minutes=number) + timedelta(days=3),
    )  # fmt: skip


@pytest.mark.parametrize("read", [headline_key, lead_of])
@pytest.mark.parametrize("mark", [" - ", ": ", " | "])
@pytest.mark.parametrize("word", ["A", "a", "A'", "Aa.", " A", " - ", "$A ", "RT @a "])
def test_a_headline_of_any_length_is_read_at_once(read: Callable[[str], str], mark: str, word: str) -> None:
    """What tries every way to split a long word would be at this for days."""
    assert read(f"Shares of some five companies fall{mark}{word * 4_000}!")


def test_stories_end_with_their_horizon_and_not_before() -> None:
    index = StoryIndex((head(2), head(1)), limit=10)
    assert index.expire(at(days=3)) == []
    assert [h.story_id for h in index.expire(at(days=3, minutes=1))] == ["s1"]
    assert index.find("k1") is None
    assert index.find("k2") == head(2)


def test_beyond_its_limit_the_index_lets_the_oldest_go() -> None:
    index = StoryIndex(tuple(head(i) for i in range(5)), limit=3)
    assert [h.story_id for h in index.expire(at(minutes=5))] == ["s0", "s1"]


def test_headlines_of_which_nothing_is_left_match_nothing() -> None:
    index = StoryIndex((), limit=3)
    assert headline_key("...") == headline_key("https://example.org") == ""
    assert index.find("") is None


def test_what_enters_together_is_no_copy_when_it_happened_at_another_time() -> None:
    index = StoryIndex((head(0),), limit=3, horizon=timedelta(days=3))
    assert index.find("k0", event_time=at(days=3)) == head(0)
    for moment in (at(days=3, minutes=1), at(days=-3, minutes=-1)):
        assert index.find("k0", event_time=moment) is None
        assert index.find("", head(0).fingerprint, moment) is None
