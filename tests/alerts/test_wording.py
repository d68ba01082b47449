from __future__ import annotations

import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.alert import AlertState, NotificationKind
from monitor.alerts.messages import payload_schema
from monitor.alerts.wording import clean, headline, likelihood, odds, payload, text, title, usual
from monitor.surges.series import Series
from monitor.surges.surge import Reason, Statistic
from tests.alerts.builders import HOUR, START, alert, notification, story, surge

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "notification.json"


def test_the_title_of_a_firing_alert_stands_alone() -> None:
    expected = "Financials: negative news surging, 14 of 22 stories in the last hour, usually 4"
    assert title(notification()) == expected


def test_the_title_of_a_resolved_alert_says_how_long_and_how_bad() -> None:
    assert title(notification("resolved")) == (
        "Financials: negative news back to usual after 5 h; at its worst 14 of 22 stories in an hour"
    )


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(minutes=15), "15 minutes"),
        (timedelta(hours=6), "6 hours"),
        (timedelta(days=1), "day"),
        (timedelta(minutes=90), "90 minutes"),
    ],
)
def test_the_window_is_named_in_its_largest_whole_unit(length: timedelta, words: str) -> None:
    about = msgspec.structs.replace(alert(), latest=surge(length=length))
    assert f"in the last {words}, usually" in title(notification(of=about))


def test_a_firing_message_says_since_when_what_was_expected_how_unlikely_and_shows_stories() -> None:
    assert text(notification(stories=(story(),))).splitlines() == [
        "Financials: negative news surging, 14 of 22 stories in the last hour, usually 4",
        "",
        "Since 2023-03-10 09:00 UTC, Financials has been more negative than its past explains. "
        "From 2023-03-10 08:00 to 09:00 UTC, 14 of 22 stories were negative: 64%, where 5% to 36% is expected. "
        "If nothing had changed, the chance of at least so many in one such window would be 1 in 3.1 million. "
        "While it lasts no further message is sent, even if it eases and returns.",
        "",
        "Most negative stories:",
        "- Bank shares plunge as depositors flee (wire, 2023-03-10 08:55 UTC)",
        "  https://example.org/a",
    ]


def test_a_resolved_message_says_how_long_it_lasted_and_the_peak() -> None:
    assert text(notification("resolved")).splitlines()[2:] == [
        "The surge lasted 5 h, from 2023-03-10 09:00 UTC to 2023-03-10 14:00 UTC, and has stayed away for 6 h since. "
        "Its peak: from 2023-03-10 08:00 to 09:00 UTC, 14 of 22 stories were negative, where 5% to 36% is expected. "
        "If nothing had changed, the chance of at least so many in one such window would be 1 in 3.1 million. "
        "What comes now is a new alert."
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"statistic": Statistic.VOLUME, "expected_count": 0.3},
            "Even allowing for more attention than usual, the chance of so much news, and so much of it bad, would be "
            "1 in 3.1 million.",
        ),
        (
            {"statistic": Statistic.BUILD, "building_since": START - 72 * HOUR},
            "What has added up day by day since 2023-03-07 09:00 UTC has a chance of 1 in 3.1 million "
            "if nothing had changed.",
        ),
        (
            {"adjusted_p": 1 / 430},
            "in one such window would be 1 in 3.1 million. "
            "Over all that is watched, chance alone does as much on 1 in 430 days.",
        ),
    ],
)
def test_a_message_says_by_what_it_stands_out_and_how_seldom_anything_watched_does(
    changes: dict[str, Any], words: str
) -> None:
    about = msgspec.structs.replace(alert(), latest=msgspec.structs.replace(surge(), **changes))
    assert words in text(notification(of=about))


def test_of_what_is_calm_no_chance_is_told() -> None:
    about = msgspec.structs.replace(alert(), latest=surge(Reason.ORDINARY, p_value=1.0))
    said = text(notification(of=about))
    assert "It does not stand out at present." in said
    assert "1 in 1" not in said


def test_what_is_usual_is_what_the_statistic_expected() -> None:
    rare = msgspec.structs.replace(surge(), statistic=Statistic.VOLUME, expected_count=0.3)
    about = msgspec.structs.replace(alert(series=Series(entity="~patisserie-valerie")), latest=rare)
    assert title(notification(of=about)) == (
        "Patisserie Valerie: negative news surging, 14 of 22 stories in the last hour, usually less than 1"
    )


def test_of_attention_which_expects_stories_the_usual_negative_ones_go_by_their_share() -> None:
    drawn = msgspec.structs.replace(surge(), statistic=Statistic.ATTENTION, expected_count=1.0)
    assert usual(drawn) == usual(surge()) == "4"
    assert "the chance of so many stories, negative or not, in one such window would be" in likelihood(drawn)


def test_the_headline_of_an_alert_that_recedes_says_since_when_and_how_bad_it_was() -> None:
    calm = surge(Reason.ORDINARY, at=START + 5 * HOUR, p_value=1.0, counts=(9, 1))
    receding = msgspec.structs.replace(
        alert(), state=AlertState.RECEDING, latest=calm, calm_since=START + 5 * HOUR, peak=surge()
    )
    assert headline(receding) == (
        "Financials: negative news receding, calm since 2023-03-10 14:00 UTC; at its worst 14 of 22 stories in an hour"
    )


def test_a_message_says_what_sets_the_stories_apart_and_who_tells_them() -> None:
    sources = (("wire", 4), ("paper", 2), ("blog", 1), ("forum", 1))
    lines = text(notification(stories=(story(),), terms=("deposits", "run"), sources=sources)).splitlines()
    assert lines[4:7] == [
        "What sets them apart: deposits, run.",
        "Told by 4 sources: wire, paper, blog and 1 more.",
        "Most negative stories:",
    ]
    alone = text(notification(stories=(story(),), sources=(("wire", 1),)))
    assert "Told by one source: wire." in alone


def test_a_series_without_topic_or_entity_is_called_all_news() -> None:
    assert title(notification(of=alert(series=Series()))).startswith("All news: negative news surging")


@pytest.mark.parametrize(
    ("p_value", "words"),
    [
        (1.0, "1 in 1"),
        (0.5, "1 in 2"),
        (0.001, "1 in 1,000"),
        (1.0004e-6, "1 in 1 million"),
        (4e-8, "1 in 25 million"),
        (1e-9, "1 in 1 billion"),
        (2e-14, "1 in 50 trillion"),
        (1e-300, "less than 1 in 1,000 trillion"),
        (0.0, "less than 1 in 1,000 trillion"),
    ],
)
def test_odds_are_said_in_two_figures(p_value: float, words: str) -> None:
    assert odds(p_value) == words


@given(st.text(), st.text(), st.text())
def test_no_text_from_outside_forges_a_line_or_hides_one(headline: str, source: str, address: str) -> None:
    told = msgspec.structs.replace(story(headline, url=address), source=source)
    about = alert(series=Series(entity=headline))
    lines = text(notification(of=about, stories=(told,))).split("\n")
    assert len(lines) in (6, 7)
    assert not any(unicodedata.category(character).startswith("C") for line in lines for character in line)


def test_a_long_headline_is_cut() -> None:
    assert clean("x" * 1000) == "x" * 299 + "…"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "https://a.example/\u202egpj", "//a.example"]
)
def test_an_address_that_is_not_a_plain_web_one_is_left_out(url: str) -> None:
    message = notification(stories=(story(url=url),))
    assert payload(message).stories[0].url == ""
    assert url not in text(message)


@pytest.mark.parametrize("kind", get_args(NotificationKind))
def test_the_payload_is_valid_by_its_published_schema(kind: NotificationKind) -> None:
    message = notification(kind, stories=(story(), story("Another \x00 one", url="")))
    posted = msgspec.json.decode(msgspec.json.encode(payload(message)))
    jsonschema.validate(posted, payload_schema(), jsonschema.Draft202012Validator)
    assert (posted["version"], posted["kind"], posted["series_kind"]) == (1, kind, "topic")
    assert (posted["latest"]["stories"], posted["latest"]["negatives"]) == (22, 14)


def test_the_published_schema_is_that_of_the_code() -> None:
    assert msgspec.json.decode(SCHEMA.read_bytes()) == payload_schema()
