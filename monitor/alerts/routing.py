"""Which receivers an alert goes to: matchers on its labels, as in Prometheus Alertmanager.

Labels of an alert: `kind` (all, topic, entity, entity_topic), `series` (its key), `topic` and `entity` (empty where
they do not apply), and `negative_percent` (share of negative stories in the window when it fired, 0 to 100). A source
that got worse has `kind` (source), `source` (its name) and `verdict` (what it is now).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from monitor.alerts.alert import Alert
from monitor.errors import SettingsError
from monitor.surges.series import Series

LABELS = ("kind", "series", "topic", "entity", "negative_percent", "source", "verdict")
"""The labels that matchers may name; one that something does not have counts as empty."""

_MATCHER = re.compile(
    r'\s*(?P<label>\w+)\s*(?P<operator>=~|!~|!=|=)\s*(?:"(?P<quoted>.*)"|(?P<bare>[^"]*?))\s*', re.DOTALL
)


class Matcher(msgspec.Struct, frozen=True):
    """A condition on one label, with Alertmanager's operators; a regular expression must match the whole value."""

    label: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Matcher:
        """Reads Alertmanager's notation.

        >>> Matcher.parse('topic="Financials"')
        Matcher(label='topic', operator='=', value='Financials')
        >>> Matcher.parse("entity =~ Boe.*").matches({"entity": "Boeing"})
        True

        Raises:
            ValueError: It is not a matcher, names an unknown label, or its regular expression is not valid.
        """
        found = _MATCHER.fullmatch(text)
        if found is None:
            raise ValueError(f'{text!r} is not a matcher such as topic="Financials" (operators: = != =~ !~)')
        label, operator, value = found["label"], found["operator"], found["quoted"] or found["bare"] or ""
        if label not in LABELS:
            raise ValueError(f"{text!r} names the label {label}; there are {', '.join(LABELS)}")
        if operator in ("=~", "!~"):
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"{text!r} holds a regular expression that is not valid: {error}") from error
        return cls(label, operator, value)

    def matches(self, labels: dict[str, str]) -> bool:
        """Whether the labels meet the condition; a label that is absent counts as empty."""
        actual = labels.get(self.label, "")
        same = re.fullmatch(self.value, actual) is not None if "~" in self.operator else actual == self.value
        return same is not self.operator.startswith("!")


def _is_matcher(text: str) -> str:
    Matcher.parse(text)
    return text


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # no address in brackets, or no port
        return False
    # Blanks are looked for in the text, because those around it are not in its parts.
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and not re.search(r"\s", text)


class Receiver(BaseModel):
    """Somebody who is told, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Name that routes refer to; must be unique.")
    kind: Literal["console", "webhook"] = Field(description="`console` writes to standard error, `webhook` posts JSON.")
    url: SecretStr = Field(
        default=SecretStr(""), description="Where a webhook posts to; `https`, or `http` on this machine."
    )
    secret: SecretStr = Field(
        default=SecretStr(""), description="Signs a webhook's posts by HMAC-SHA256; empty: not signed."
    )
    allow_private: bool = Field(
        default=False, description="Lets a webhook post to private addresses, there also by `http`."
    )
    timeout_seconds: float = Field(
        default=10.0, gt=0, le=60, description="How long a webhook may take to connect, and again to answer."
    )
    send_resolved: bool = Field(
        default=True, description="Whether it is told when an alert that it was told of is over."
    )

    @field_validator("url")
    @classmethod
    def _can_be_posted_to(cls, url: SecretStr) -> SecretStr:
        if (given := url.get_secret_value()) and not _is_web_address(given):
            raise ValueError("a webhook posts to https://host or http://host, and a port is 1 to 65535")
        return url

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Receiver:
        if (self.kind == "webhook") != bool(self.url.get_secret_value()):
            raise ValueError("a webhook needs a url, and only a webhook has one")
        return self


class Route(BaseModel):
    """Alerts that meet all matchers go to these receivers; the first matching route decides, unless it continues."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    matchers: tuple[Annotated[str, AfterValidator(_is_matcher)], ...] = Field(
        default=(),
        description='Conditions such as `topic="Financials"` or `entity=~"Boe.*"`, all of which must hold.',
    )
    receivers: tuple[str, ...] = Field(description="Names of the receivers; an empty list tells nobody.")
    continues: bool = Field(default=False, alias="continue", description="Whether later routes are looked at too.")

    @field_validator("receivers")
    @classmethod
    def _once_each(cls, receivers: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(receivers))

    @cached_property
    def parsed(self) -> tuple[Matcher, ...]:
        """The matchers, read."""
        return tuple(Matcher.parse(text) for text in self.matchers)


class Routing(msgspec.Struct, frozen=True):
    """Who is told of an alert, and why.

    Attributes:
        receivers: Names, each once.
        reason: One sentence for a person.
    """

    receivers: tuple[str, ...]
    reason: str


def labels_of(alert: Alert) -> dict[str, str]:
    """The labels that matchers see."""
    series, counts = alert.series, alert.latest.counts
    percent = round(100 * counts.negatives / counts.stories) if counts.stories else 0
    return {
        "kind": kind_of(series),
        "series": series.key,
        "topic": series.topic,
        "entity": series.entity,
        "negative_percent": str(percent),
    }


def kind_of(series: Series) -> str:
    """One of all, topic, entity, entity_topic."""
    return "_".join(name for name, value in (("entity", series.entity), ("topic", series.topic)) if value) or "all"


def route(alert: Alert, routes: Sequence[Route], receivers: Iterable[str]) -> Routing:
    """Decides who is told of an alert.

    Args:
        alert: As it fires.
        routes: In order.
        receivers: Names of all receivers: an alert that no route matches goes to every one, so that none is lost.
    """
    return route_labels(labels_of(alert), routes, receivers)


def route_labels(labels: dict[str, str], routes: Sequence[Route], receivers: Iterable[str]) -> Routing:
    """Decides who is told of something that has these labels; see `route`."""
    told: dict[str, None] = {}
    matched: list[str] = []
    for position, candidate in enumerate(routes, start=1):
        if all(matcher.matches(labels) for matcher in candidate.parsed):
            matched.append(f"route {position} ({', '.join(candidate.matchers) or 'every alert'})")
            told.update(dict.fromkeys(candidate.receivers))
            if not candidate.continues:
                break
    if not matched:
        return Routing(tuple(dict.fromkeys(receivers)), "No route matches, so every receiver is told.")
    return Routing(tuple(told), f"Matched by {' and '.join(matched)}.")


def check_routes(routes: Sequence[Route], receivers: Sequence[Receiver]) -> None:
    """Checks that receivers have names of their own and that routes name only receivers that exist.

    Raises:
        SettingsError: They do not; says which.
    """
    names = [receiver.name for receiver in receivers]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(
            f"alerts.receivers: {', '.join(repeated)} stands more than once.", "Give each a name of its own."
        )
    for position, candidate in enumerate(routes, start=1):
        if unknown := [name for name in candidate.receivers if name not in names]:
            raise SettingsError(
                f"alerts.routes: route {position} names {', '.join(unknown)}, which is no receiver.",
                f"There are: {', '.join(names) or 'none'}.",
            )
