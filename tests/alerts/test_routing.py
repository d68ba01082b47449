from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from monitor.alerts.routing import Matcher, Receiver, Route, check_routes, labels_of, route
from monitor.errors import SettingsError
from monitor.settings import load_settings
from monitor.surges.series import ALL, Series
from tests.alerts.builders import alert

EVERYONE = ("console", "desk", "archive")
BOEING = alert(series=Series(entity="Boeing", topic="Legal"))


def test_without_routes_every_receiver_is_told() -> None:
    routing = route(alert(), (), EVERYONE)
    assert routing.receivers == EVERYONE
    assert routing.reason == "No route matches, so every receiver is told."


def test_the_first_route_that_matches_decides() -> None:
    routes = (
        Route(matchers=('topic="Energy"',), receivers=("console",)),
        Route(matchers=('topic="Financials"',), receivers=("desk",)),
        Route(receivers=("archive",)),
    )
    routing = route(alert(), routes, EVERYONE)
    assert routing.receivers == ("desk",)
    assert routing.reason == 'Matched by route 2 (topic="Financials").'


def test_a_route_that_continues_adds_to_the_next_one() -> None:
    routes = (
        Route.model_validate({"receivers": ["desk", "desk"], "continue": True}),
        Route(receivers=("archive", "desk")),
    )
    routing = route(alert(), routes, EVERYONE)
    assert routing.receivers == ("desk", "archive")
    assert routing.reason == "Matched by route 1 (every alert) and route 2 (every alert)."


def test_a_route_to_nobody_tells_nobody() -> None:
    assert route(alert(), (Route(receivers=()),), EVERYONE).receivers == ()


def test_an_alert_that_no_route_matches_goes_to_every_receiver() -> None:
    assert route(alert(), (Route(matchers=("kind=entity",), receivers=()),), EVERYONE).receivers == EVERYONE


def test_all_matchers_of_a_route_must_hold() -> None:
    both = Route(matchers=('entity=~"Boe.*"', 'topic!="Legal"'), receivers=())
    assert route(BOEING, (both,), EVERYONE).receivers == EVERYONE


@pytest.mark.parametrize(
    ("matcher", "matches"),
    [
        ('entity="Boeing"', True),
        ("entity=Boeing", True),
        ('entity="Boe"', False),
        ('entity=~"Boe"', False),
        ('entity=~"Boe.*|Airbus"', True),
        ('entity!~"Boe.*"', False),
        ('topic != "Legal"', False),
        ("kind=entity_topic", True),
        ('series="entity=Boeing,topic=Legal"', True),
        ('negative_percent=~"[6-9][0-9]|100"', True),
        ("negative_percent=64", True),
    ],
)
def test_matchers_mean_what_they_mean_to_alertmanager(matcher: str, matches: bool) -> None:
    assert Matcher.parse(matcher).matches(labels_of(BOEING)) is matches


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        (ALL, "all"),
        (Series(topic="IPO"), "topic"),
        (Series(entity="A"), "entity"),
        (Series("A", "IPO"), "entity_topic"),
    ],
)
def test_the_kind_of_a_series_is_a_label(series: Series, kind: str) -> None:
    assert labels_of(alert(series=series))["kind"] == kind


@given(st.text())
def test_a_value_in_quotes_matches_itself_alone(value: str) -> None:
    matcher = Matcher.parse(f'entity="{value}"')
    assert matcher.matches({"entity": value})
    assert not matcher.matches({"entity": value + "x"})


@pytest.mark.parametrize(
    ("matcher", "says"),
    [
        ("Financials", "is not a matcher"),
        ("sector=Banks", "names the label sector"),
        ('topic=~"("', "not valid"),
        ('entity="Boeing', "is not a matcher"),
        ('entity=Boeing"', "is not a matcher"),
        ('entity="', "is not a matcher"),
    ],
)
def test_a_bad_matcher_is_refused_with_what_is_wrong(matcher: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Route(matchers=(matcher,), receivers=())


def test_a_webhook_needs_a_url_and_a_console_has_none() -> None:
    with pytest.raises(ValidationError, match="a webhook needs a url"):
        Receiver(name="desk", kind="webhook")
    with pytest.raises(ValidationError, match="a webhook needs a url"):
        Receiver.model_validate({"name": "console", "kind": "console", "url": "https://example.org"})


@pytest.mark.parametrize(
    "url",
    [
        "chat.example/hooks/T0KEN",
        "ftp://chat.example/T0KEN",
        "htps://chat.example/T0KEN",
        "file:///etc/T0KEN",
        "https:///T0KEN",
        "https://",
        "http://[::1/T0KEN",
        "https://chat.example:0/T0KEN",
        "https://chat.example:99999/T0KEN",
        " https://chat.example/T0KEN",
    ],
)
def test_a_url_to_which_nothing_can_be_posted_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(SettingsError, match=r"alerts\.receivers\.0\.url: a webhook posts to") as caught:
        load_settings(alerts={"receivers": [{"name": "desk", "kind": "webhook", "url": url}]})
    assert "T0KEN" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://chat.example/a?b=c", "HTTP://localhost:1/", "http://me:it@[::1]:65535/"])
def test_a_url_of_the_web_is_taken_as_it_is(url: str) -> None:
    assert Receiver(name="desk", kind="webhook", url=SecretStr(url)).url.get_secret_value() == url


def test_a_receiver_shows_neither_its_url_nor_its_secret() -> None:
    receiver = Receiver.model_validate(
        {"name": "desk", "kind": "webhook", "url": "https://example.org/T0KEN", "secret": "hush"}
    )
    assert "T0KEN" not in repr(receiver)
    assert "hush" not in repr(receiver)


def test_routes_and_receivers_that_do_not_fit_are_refused() -> None:
    console = Receiver(name="console", kind="console")
    check_routes((Route(receivers=("console",)),), (console,))
    with pytest.raises(SettingsError, match="route 1 names desk, which is no receiver"):
        check_routes((Route(receivers=("desk",)),), (console,))
    with pytest.raises(SettingsError, match="console stands more than once"):
        check_routes((), (console, console))
