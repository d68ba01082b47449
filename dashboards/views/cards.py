"""An alert as a card: what is wrong, how much, how unlikely, by which stories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dashboards import words
from dashboards.markup import Html, bar, join, link, tag, text
from monitor.alerts.alert import Alert, AlertState
from monitor.alerts.wording import duration, likelihood, moment
from monitor.surges.evidence import Evidence, Story


def alert_card(alert: Alert, name: str, evidence: Evidence, tick: datetime) -> Html:
    """The card of one alert.

    Args:
        alert: Which.
        name: What its series is called.
        evidence: What is behind it.
        tick: Time of the stream.
    """
    surge = alert.peak if alert.state is AlertState.RESOLVED else alert.latest
    share = surge.counts.negatives / surge.counts.stories if surge.counts.stories else None
    return tag(
        "article",
        _top(alert, tick),
        tag("h3", text(name), Html(": "), text(words.observed(surge, tick))),
        bar(share, surge.low, surge.high, surge.expected_share, above=share is not None and share > surge.high),
        tag("p", text(f"{words.shares(surge)}. {likelihood(surge)}"), kind="sm-odds"),
        *_eased(alert, tick),
        *_apart(evidence),
        *([story_list(evidence.stories, tick)] if evidence.stories else []),
        kind=f"sm-card {alert.state.value}",
        data_alert=alert.id,
    )


def state_sign(state: AlertState) -> Html:
    """The state as a sign and a word: never by colour alone."""
    sign, name, meaning = words.STATES[state]
    return tag("span", text(f"{sign} {name}"), kind=f"sm-state {state.value}", title=meaning)


def story_list(stories: Sequence[Story], tick: datetime) -> Html:
    """Stories with source and time, each linked to its article."""
    return tag(
        "ul",
        *(
            tag(
                "li",
                link(story.url, story.title),
                Html(" "),
                tag(
                    "small",
                    text(story.source, 60),
                    Html(" · "),
                    text(moment(story.event_time)),
                    Html(" · "),
                    text(words.ago(story.event_time, tick)),
                ),
            )
            for story in stories
        ),
        kind="sm-stories",
    )


def _top(alert: Alert, tick: datetime) -> Html:
    pieces = [state_sign(alert.state), tag("span", text(f"since {moment(alert.opened_at)}"))]
    if alert.state is AlertState.RESOLVED:
        ended = alert.calm_since or alert.resolved_at or alert.changed_at
        pieces = [state_sign(alert.state), tag("span", text(f"from {moment(alert.opened_at)}"))]
        pieces.append(tag("span", text(f"lasted {duration(ended - alert.opened_at)}")))
    else:
        pieces.append(tag("span", text(f"on for {duration(tick - alert.opened_at)}")))
    return tag("div", *pieces, kind="sm-top")


def _eased(alert: Alert, tick: datetime) -> list[Html]:
    """For an alert past its peak: what the peak was."""
    if alert.state is AlertState.RESOLVED or alert.peak.tick == alert.latest.tick:
        return []
    calm = f" Calm since {moment(alert.calm_since)}." if alert.calm_since else ""
    worst = tag("p", text(f"At its worst: {words.observed(alert.peak, tick)}.{calm}"), kind="sm-odds")
    return [worst]


def _apart(evidence: Evidence) -> list[Html]:
    """The words that set the stories apart, and who tells them."""
    told = words.apart(evidence)
    return [tag("p", text(told), kind="sm-odds")] if told else []


def nothing_card(title: str, *sentences: str) -> Html:
    """A card that says that there is nothing, and why, or what will appear."""
    return tag(
        "div",
        tag("h3", text(title)),
        *(tag("p", text(sentence), kind="sm-note") for sentence in sentences),
        kind="sm-quiet",
    )


def heading(title: str, note: str = "") -> Html:
    """A title, and under it a line that explains."""
    return join(
        [tag("h2", text(title), kind="sm-title"), *([tag("p", text(note, 600), kind="sm-note")] if note else [])]
    )
