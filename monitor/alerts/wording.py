"""What an alert says, in words for a person woken by it and in JSON for a program.

Titles and addresses of stories come from outside. They are cleaned here, once for every channel: control and invisible
characters are taken out and lengths limited, so that no headline can forge a line, colour a terminal or hide text.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec

from monitor.alerts.alert import Alert, AlertState, Notification, NotificationKind
from monitor.alerts.routing import kind_of
from monitor.surges.evidence import Evidence, Story
from monitor.surges.surge import Statistic, Surge
from monitor.surges.windows import Window

PAYLOAD_VERSION: Final = 1
"""Version of `Payload`; a change of meaning raises it, a new field does not."""

_LONGEST = 300
_NAME, _WORD = 100, 40
_SOURCES = 3
_ADDRESS = re.compile(r"https?://[^\s<>\"']{1,2000}")
_UNITS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one verdict.

    Attributes:
        assessed_at: When, in stream time, UTC.
        window_start: Start of the window that was judged, UTC, inclusive.
        window_end: End of it, exclusive.
        stories: Stories in it.
        negatives: Negative ones among them.
        expected_share: Negative share that the past lets expect, in [0, 1].
        expected_low: Lower end of the expected band of the share, in [0, 1].
        expected_high: Upper end of it.
        p_value: Probability of what the statistic saw if nothing had changed, in one such window, in [0, 1].
        statistic: share, volume, build or attention: too high a share, too many negative stories, days that add up, or
            many stories of any kind.
        expected_count: Negative stories that the statistic expected; of attention, stories.
        adjusted_p: On how many days, of those on which nothing happens anywhere, anything watched stands out as much;
            a share in [0, 1].
        building_since: UTC; since when the evidence has added up day by day, null where it has not.
    """

    assessed_at: datetime
    window_start: datetime
    window_end: datetime
    stories: int
    negatives: int
    expected_share: float
    expected_low: float
    expected_high: float
    p_value: float
    statistic: Statistic
    expected_count: float
    adjusted_p: float
    building_since: datetime | None


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook receives: one JSON object.

    Attributes:
        version: Of this schema.
        id: Of the notification; a repeat has the same one.
        kind: `firing` where the alert is on, `resolved` when it is over.
        receiver: Name of the receiver in the settings.
        title: One line.
        text: Some lines: what, since when, how unlikely, which stories.
        alert_id: The same in `firing` and `resolved`.
        series: What the alert is about: `all`, `topic=...`, `entity=...` or `entity=...,topic=...`.
        series_kind: all, topic, entity or entity_topic.
        topic: Empty where the series has none.
        entity: Empty where the series has none.
        why: One sentence: what brought the alert into this state.
        fired_at: UTC; stream time.
        calm_since: UTC; null while the surge is on.
        resolved_at: UTC; null until then.
        latest: The latest assessment.
        peak: The least likely assessment so far.
        stories: The most negative stories of the window, at most five.
        terms: Words that set the window's negative stories apart from what is usual in the series.
        sources: Who published them, the most first, at most ten.
    """

    version: Literal[1] = PAYLOAD_VERSION
    id: str
    kind: NotificationKind
    receiver: str
    title: str
    text: str
    alert_id: str
    series: str
    series_kind: str
    topic: str
    entity: str
    why: str
    fired_at: datetime | None
    calm_since: datetime | None
    resolved_at: datetime | None
    latest: Assessment
    peak: Assessment
    stories: tuple[Story, ...]
    terms: tuple[str, ...]
    sources: tuple[str, ...]


def payload(notification: Notification) -> Payload:
    """The notification as the object that webhooks post."""
    alert = notification.alert
    return Payload(
        id=notification.id,
        kind=notification.kind,
        receiver=notification.receiver,
        title=title(notification),
        text=text(notification),
        alert_id=alert.id,
        series=clean(alert.series.key),
        series_kind=kind_of(alert.series),
        topic=clean(alert.series.topic),
        entity=clean(alert.series.entity),
        why=notification.why,
        fired_at=alert.fired_at,
        calm_since=alert.calm_since,
        resolved_at=alert.resolved_at,
        latest=_assessment(alert.latest),
        peak=_assessment(alert.peak),
        stories=tuple(_cleaned(story) for story in notification.evidence.stories),
        terms=tuple(clean(term, _WORD) for term in notification.evidence.terms),
        sources=tuple(clean(source, _NAME) for source, _ in notification.evidence.sources),
    )


def title(notification: Notification) -> str:
    """One line that says what happened, readable without its context.

    Such as `Financials: negative news surging, 14 of 22 stories in the last hour, usually 4`.
    """
    alert = notification.alert
    if notification.kind != "resolved":
        return headline(alert)
    lasted = duration(_lasted(alert))
    return f"{clean(alert.series.title)}: negative news back to usual after {lasted}; at its worst {_worst(alert)}"


def headline(alert: Alert) -> str:
    """One line that says what an open alert is about: by its latest assessment, or by its peak if it recedes."""
    if alert.state is AlertState.RECEDING:  # what is calm is not assessed again: the latest may be hours old
        calm = moment(alert.calm_since or alert.changed_at)
        return f"{clean(alert.series.title)}: negative news receding, calm since {calm}; at its worst {_worst(alert)}"
    surge = alert.latest
    seen = f"{_count(surge)} in the last {_span_words(surge.window)}"
    return f"{clean(alert.series.title)}: negative news surging, {seen}, usually {usual(surge)}"


def text(notification: Notification) -> str:
    """The whole message, some lines of plain text: the title, a paragraph, the stories."""
    over = notification.kind == "resolved"
    lines = [title(notification), "", _over(notification.alert) if over else _on(notification.alert)]
    if notification.evidence.stories:
        lines += ["", *_apart(notification.evidence)]
        lines += ["Most negative stories at the peak:" if over else "Most negative stories:"]
        for story in map(_cleaned, notification.evidence.stories):
            lines.append(f"- {story.title or '(no title)'} ({story.source}, {moment(story.event_time)})")
            lines += [f"  {story.url}"] if story.url else []
    return "\n".join(lines)


def _apart(evidence: Evidence) -> list[str]:
    """What sets the stories apart, and how many tell them: one source alone is weaker evidence than several."""
    terms = ", ".join(clean(term, _WORD) for term in evidence.terms)
    sources, most = [clean(source, _NAME) for source, _ in evidence.sources], _SOURCES
    told = f"{', '.join(sources[:most])}{f' and {len(sources) - most} more' if len(sources) > most else ''}"
    number = "one source" if len(sources) == 1 else f"{len(sources)} sources"
    lines = [f"What sets them apart: {terms}."] if terms else []
    return [*lines, f"Told by {number}: {told}."] if sources else lines


def usual(surge: Surge) -> str:
    """How many negative stories the past lets expect, as the statistic reckons that found the surge.

    Attention reckons stories: of those that came, the usual share.
    """
    reckoned = 0.0 if surge.statistic is Statistic.ATTENTION else surge.expected_count
    number = reckoned or surge.expected_share * surge.counts.stories
    return f"{number:.0f}" if number >= 1 else "less than 1"


def likelihood(surge: Surge) -> str:
    """How unlikely it is: a sentence on the window, and one on all that is watched."""
    if surge.p_value >= 1:
        return "It does not stand out at present."
    chance = odds(surge.p_value)
    if surge.statistic is Statistic.VOLUME:
        unlikely = f"the chance of so much news, and so much of it bad, would be {chance}"
        said = f"Even allowing for more attention than usual, {unlikely}."
    elif surge.statistic is Statistic.BUILD:
        since = f" since {moment(surge.building_since)}" if surge.building_since else ""
        said = f"What has added up day by day{since} has a chance of {chance} if nothing had changed."
    elif surge.statistic is Statistic.ATTENTION:
        unlikely = f"the chance of so many stories, negative or not, in one such window would be {chance}"
        said = f"If nothing had changed, {unlikely}."
    else:
        said = f"If nothing had changed, the chance of at least so many in one such window would be {chance}."
    if surge.adjusted_p >= 1:
        return said
    return f"{said} Over all that is watched, chance alone does as much on {odds(surge.adjusted_p)} days."


def odds(p_value: float) -> str:
    """A probability as a person says it.

    >>> odds(3.2e-7), odds(0.013), odds(0.0)
    ('1 in 3.1 million', '1 in 77', 'less than 1 in 1,000 trillion')
    """
    if p_value < 1e-15:
        return "less than 1 in 1,000 trillion"
    against = 1 / p_value
    for size, name in _UNITS:
        if against >= 0.9995 * size:
            return f"1 in {_two_figures(against / size)} {name}"
    return f"1 in {_two_figures(against)}"


def moment(at: datetime) -> str:
    """An instant to the minute, such as `2023-03-10 14:30 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def duration(span: timedelta) -> str:
    """A length of time in its two largest units.

    >>> duration(timedelta(hours=5, minutes=20)), duration(timedelta(days=2, hours=1, minutes=5))
    ('5 h 20 min', '2 d 1 h')
    """
    minutes = int(span.total_seconds()) // 60
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    while parts and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "less than a minute"


def ahead_of_now(ahead: timedelta) -> str:
    """What it means that stream time lies so far in the future."""
    return f"{duration(ahead)} ahead of now: a clock was wrong, and nothing is counted until then"


def clean(outside: str, longest: int = _LONGEST) -> str:
    r"""Text from outside as one safe line: no control, format, private or unassigned characters, at most so long.

    >>> clean("Bank \x1b[31mfails\n\u202eagain ")
    'Bank [31mfails again'
    """
    spaced = " ".join("".join(_visible(character) for character in outside).split())
    return spaced if len(spaced) <= longest else spaced[: longest - 1].rstrip() + "…"


def _visible(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character).startswith("C") else character


def _on(alert: Alert) -> str:
    surge = alert.latest
    share = _percent(surge.counts.negatives / surge.counts.stories) if surge.counts.stories else "0%"
    return (
        f"Since {moment(alert.opened_at)}, {clean(alert.series.title)} has been more negative than its past explains. "
        f"{_between(surge.window)}, {_count(surge)} were negative: {share}, where {_band(surge)} is expected. "
        f"{likelihood(surge)} "
        "While it lasts no further message is sent, even if it eases and returns."
    )


def _over(alert: Alert) -> str:
    peak = alert.peak
    started, calm = alert.opened_at, alert.calm_since or alert.changed_at
    return (
        f"The surge lasted {duration(_lasted(alert))}, from {moment(started)} to {moment(calm)}, "
        f"and has stayed away for {duration((alert.resolved_at or alert.changed_at) - calm)} since. "
        f"Its peak: {_between(peak.window, inside=True)}, {_count(peak)} were negative, "
        f"where {_band(peak)} is expected. "
        f"{likelihood(peak)} "
        "What comes now is a new alert."
    )


def _lasted(alert: Alert) -> timedelta:
    return (alert.calm_since or alert.changed_at) - alert.opened_at


def _worst(alert: Alert) -> str:
    return f"{_count(alert.peak)} in {_one(_span_words(alert.peak.window))}"


def _count(surge: Surge) -> str:
    counts = surge.counts
    return f"{counts.negatives} of {counts.stories} {'story' if counts.stories == 1 else 'stories'}"


def _band(surge: Surge) -> str:
    return f"{_percent(surge.low)} to {_percent(surge.high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _between(window: Window, *, inside: bool = False) -> str:
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{'from' if inside else 'From'} {start:%Y-%m-%d %H:%M} to {until} UTC"


def _span_words(window: Window) -> str:
    minutes = int(window.length.total_seconds()) // 60
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            count = minutes // size
            return name if count == 1 else f"{count} {name}s"
    return f"{minutes} minutes"


def _one(span: str) -> str:
    return span if span[0].isdigit() else f"{'an' if span == 'hour' else 'a'} {span}"


def _two_figures(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0") if number < 9.95 else f"{float(f'{number:.2g}'):,.0f}"


def _assessment(surge: Surge) -> Assessment:
    return Assessment(
        assessed_at=surge.tick,
        window_start=surge.window.start,
        window_end=surge.window.end,
        stories=surge.counts.stories,
        negatives=surge.counts.negatives,
        expected_share=surge.expected_share,
        expected_low=surge.low,
        expected_high=surge.high,
        p_value=surge.p_value,
        statistic=surge.statistic,
        expected_count=surge.expected_count,
        adjusted_p=surge.adjusted_p,
        building_since=surge.building_since,
    )


def _cleaned(story: Story) -> Story:
    return msgspec.structs.replace(
        story,
        title=clean(story.title),
        source=clean(story.source, _NAME),
        url=story.url if _ADDRESS.fullmatch(story.url) and clean(story.url, 3000) == story.url else "",
    )
