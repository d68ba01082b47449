"""Text preparation: one function, a fixed point, safe for any input."""

from __future__ import annotations

import sys
import unicodedata
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.text import MAX_CHARACTERS, normalise_text, prepare_text, statement_key

PIECES = st.sampled_from(
    [
        "&amp;",
        "&",
        "amp;",
        "lt;",
        "&lt;",
        "<b>",
        "</p>",
        "<!-- x -->",
        "http",
        "https://",
        "://",
        "www.",
        "t.co/",
        "ab",
        " ",
    ]
)
MESSY = st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join))


@pytest.mark.parametrize(
    ("title", "body", "expected"),
    [
        ("Shares fall  https://example.com/a?b=c", "", "Shares fall"),
        ("Read www.example.com/now today", "", "Read today"),
        ("Chart pic.twitter.com/abc here", "", "Chart here"),
        ("AT&amp;T buys M&amp;amp;A firm", "", "AT&T buys M&A firm"),
        ("Bank\tsays\n\nno", "", "Bank says no"),
        ("Bank says no", "Shares fell.", "Bank says no. Shares fell."),
        ("Will it hold?", "Perhaps.", "Will it hold? Perhaps."),
        ("", "Only a body.", "Only a body."),
        ("Only a title", "", "Only a title"),
        ("One", "<p>Two <a href='https://example.com'>three</a></p>", "One. Two three"),
        ("P/E < 5 and yield > 3", "", "P/E < 5 and yield > 3"),
        ("$ABC +3.2% (pre)", "", "$ABC +3.2% (pre)"),
        ("cost.co/ is no short link", "", "cost.co/ is no short link"),
        ("https://example.com/only", "", ""),
    ],
)
def test_prepared_text_is_what_a_reader_would_keep(title: str, body: str, expected: str) -> None:
    assert prepare_text(title, body) == expected


@given(MESSY, MESSY)
def test_preparing_twice_changes_nothing(title: str, body: str) -> None:
    once = prepare_text(title, body)
    assert prepare_text(once) == once


@given(MESSY, MESSY)
def test_prepared_text_is_bounded_and_single_spaced_and_encodable(title: str, body: str) -> None:
    prepared = prepare_text(title, body)
    assert len(prepared) <= MAX_CHARACTERS
    assert prepared == " ".join(prepared.split())
    prepared.encode("utf-8")


@given(MESSY)
def test_no_link_survives(text: str) -> None:
    assert "https://" not in prepare_text(text).lower()


def test_a_lone_surrogate_is_replaced() -> None:
    assert prepare_text("bad \ud800 half") == "bad \ufffd half"


def test_a_huge_nest_of_entities_ends() -> None:
    assert prepare_text("&" + "amp;" * 1_000_000)


@pytest.mark.parametrize(
    "markup",
    [
        '<figure><img src="a.jpg" srcset="' + "https://example.com/a.jpg 100w, " * 200 + '"></figure>',
        "<!--" + "tracked\n" * 1_000 + "-->",
        "<style>"
        + ".box > p {margin: 0}\n" * 400
        + "</style><SCRIPT src='x'>"
        + "if (a < b) c();" * 400
        + "</script >",
        "<p>" * 3_000 + "\n" * 4_000,
    ],
)
def test_markup_does_not_crowd_out_what_follows(markup: str) -> None:
    prepared = prepare_text("Plant update", f"{markup}<p>Boeing halts its line.</p>")
    assert prepared == "Plant update. Boeing halts its line."


def test_a_comment_that_begins_within_a_script_hides_no_story() -> None:
    page = (
        "<p>Intro.</p><script>var a='<!--';</script><p>Boeing halts its line.</p>"
        "<!-- " + "ad " * 2_000 + "--><p>Tail.</p>"
    )
    assert prepare_text(page) == "Intro. Boeing halts its line. Tail."


def test_a_tag_that_the_cut_leaves_open_goes() -> None:
    cut = "<p>Boeing halts its line.</p><img srcset='" + "a.jpg 100w, " * 10_000
    assert prepare_text(cut) == "Boeing halts its line."


def test_a_long_text_is_cut_after_its_words_and_keeps_what_is_no_markup() -> None:
    words = "profit < loss, 5 > 3; "
    prepared = prepare_text(words * 1_000)
    assert prepared == (words * 1_000)[:MAX_CHARACTERS].rstrip()
    assert prepare_text(prepared) == prepared


@pytest.mark.parametrize(
    "unit", ["<!--", "<script>", "<style ", "<a ", "-->\n<!--", "</script><script>", "&amp;lt;p&amp;gt;"]
)
def test_hostile_markup_takes_no_time_to_speak_of(unit: str) -> None:
    began = process_time()
    prepare_text(unit * 50_000)
    assert process_time() - began < 2


def test_texts_that_differ_in_links_case_and_punctuation_share_a_key() -> None:
    assert normalise_text("Oil FALLS, 3%! https://example.com/a") == normalise_text("oil falls 3%")
    assert normalise_text("Oil falls") != normalise_text("Oil rises")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$AAPL +5% premarket", "$AAPL -5% premarket"),
        ("EPS est. $0.8", "EPS est. -$0.8"),
        ("EPS est. $0.8", "EPS est. $-0.8"),
        ("Rates up 3.5 points", "Rates up 3 5 points"),
        ("Rates up .5 points", "Rates up 5 points"),
        ("Oil (-3%)", "Oil (3%)"),
        ("Oil \u20113%", "Oil 3%"),
        ("Oil \ufe633%", "Oil 3%"),
        ("Oil \uff0d3%", "Oil 3%"),
        ("Oil \uff0b3%", "Oil -3%"),
        ("Brent -US$3", "Brent US$3"),
        ("EBIT -EUR5m", "EBIT EUR5m"),
    ],
)
def test_a_sign_and_a_decimal_point_make_another_statement(one: str, other: str) -> None:
    assert statement_key(one) != statement_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Oil FALLS, 3%! https://example.com/a", "oil falls 3"),
        ("Oil \u22123%", "oil -3%"),
        ("Brent -US$3", "brent \uff0dus$3"),
        ("Boeing -B737 order", "Boeing B737 order"),
        ("Profit up 3.", "profit up 3"),
        ("Covid-19: 5-6 cases", "covid 19 5 6 cases"),
        ("Oil - 3 things to know", "Oil: 3 things to know"),
        ("He waits ...5 minutes", "He waits 5 minutes"),
    ],
)
def test_other_marks_make_no_other_statement(one: str, other: str) -> None:
    assert statement_key(one) == statement_key(other)


def test_a_sign_before_any_currency_makes_another_statement() -> None:
    currencies = [sign for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(sign) == "Sc"]
    assert len(currencies) > 60
    for sign in currencies:
        assert statement_key(f"Profit of -{sign}300") != statement_key(f"Profit of {sign}300")


@given(MESSY, MESSY)
def test_the_same_statement_has_the_same_words(one: str, other: str) -> None:
    assert bool(statement_key(one)) == bool(normalise_text(one))
    if statement_key(one) == statement_key(other):
        assert normalise_text(one) == normalise_text(other)
