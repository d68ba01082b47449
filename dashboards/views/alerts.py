"""The history of alerts, and all about one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import streamlit as st

from dashboards import choices, words
from dashboards.charts import palette, series_chart
from dashboards.desk import Desk, live, theme
from dashboards.desk import show as put
from dashboards.markup import Html, table, tag, text
from dashboards.ranges import BY_NAME, Range
from dashboards.readings import ALERT_LIMIT
from dashboards.views.cards import alert_card, heading, nothing_card, state_sign
from dashboards.views.stories import ROWS_EXPLAINED, story_table
from monitor.alerts.alert import Alert, AlertState
from monitor.alerts.wording import duration, moment
from monitor.clock import ceil_to, floor_to
from monitor.store.rows import AlertChange, OutboxEntry
from monitor.surges.series import Kind, Series
from monitor.surges.windows import Window

_STORIES = 5
_STATES = {name: state for state, (_, name, _) in words.STATES.items()}
_ALERT, _STATE, _SERIES = "alert", "alert-states", "alert-series"
"""Names of what a reader can choose here; links from other pages give the first."""
_ANY = ""
_ASIDE = timedelta(hours=12)
_DELIVERY = {"pending": "to be sent", "delivered": "delivered", "dead": "given up"}


def show(desk: Desk) -> None:
    """Draws the page."""
    choices.recall(_ALERT, _STATE, _SERIES)
    live(desk, partial(_page, desk))


def _page(desk: Desk) -> None:
    tick = desk.tick()
    names = words.names(desk.readings.alerted())
    states, series = _filters(names)
    alerts = desk.readings.alerts(states, series)
    reading, missing = _reading(desk, alerts)
    kept = desk.readings.number_of_alerts()
    if missing:
        put(nothing_card("No such alert", f"There is no alert {missing}; past ones are deleted as the retention says."))
    if tick is None or not kept:
        put(nothing_card("No alerts", "Alerts that were opened, and what became of them, will be listed here."))
        return
    if alerts:
        put(heading("History", f"The latest {ALERT_LIMIT} at most, the newest first."))
        put(_history(alerts, names, tick))
    else:
        put(nothing_card("No alert matches", f"None of the {kept:,} alerts that are kept is of this state and series."))
    chosen = _choose(alerts if reading is None or reading in alerts else [*alerts, reading], reading, names)
    if chosen is not None:
        _detail(desk, chosen, words.name_of(chosen.series, names), tick)


def _filters(names: Mapping[str, str]) -> tuple[tuple[AlertState, ...] | None, Series | None]:
    """What the list is cut down to; who chooses that gets another list, and reads the newest alert on it."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        choices.offer(_STATE, [name for name in choices.chosen(_STATE) or () if name in _STATES])
        picked = st.pills(
            "State",
            list(_STATES),
            selection_mode="multi",
            key=_STATE,
            on_change=choices.keep,
            args=(_STATE, _ALERT),
        )
    (asked,) = (choices.chosen(_SERIES) or [_ANY])[:1]
    with right:
        choices.offer(_SERIES, asked)
        key = st.selectbox(
            "Series",
            list(dict.fromkeys([_ANY, *names, asked])),
            format_func=lambda key: names.get(key, key) or "Any series",
            key=_SERIES,
            on_change=choices.keep,
            args=(_SERIES, _ALERT),
        )
    return (tuple(_STATES[name] for name in picked) or None), Series.parse(key) if key else None


def _reading(desk: Desk, alerts: Sequence[Alert]) -> tuple[Alert | None, str]:
    """The alert that is being read: named by the address or chosen, else the one that is shown, else the newest.

    It stays when its state, the list or the newest alert changes. Where there is none of the id that was asked for,
    there is None, and that id.
    """
    asked = choices.chosen(_ALERT)
    shown = asked[0] if asked else st.session_state.get(_ALERT)
    found = desk.readings.alert(shown) if shown else None
    if found is None and asked:
        return None, asked[0]
    return found or next(iter(alerts), None), ""


def _history(alerts: Sequence[Alert], names: Mapping[str, str], tick: datetime) -> Html:
    rows = []
    for alert in alerts:
        ended = alert.calm_since or alert.resolved_at
        lasted = duration((ended or tick) - alert.opened_at) + ("" if ended else " so far")
        rows.append(
            (
                state_sign(alert.state),
                text(words.name_of(alert.series, names)),
                text(moment(alert.opened_at)),
                text(lasted),
                text(words.observed(alert.peak, tick)),
            )
        )
    return table(("State", "Series", "Opened", "Lasted", "At its worst"), rows)


def _choose(alerts: Sequence[Alert], reading: Alert | None, names: Mapping[str, str]) -> Alert | None:
    """The alert whose detail is shown."""
    by_id = {alert.id: alert for alert in alerts}
    # A label holds nothing that changes: by it Streamlit knows an option again.
    labels = _labels(alerts, names)
    choices.offer(_ALERT, reading.id if reading else None)
    chosen = st.selectbox(
        "Alert",
        list(by_id),
        format_func=lambda each: labels.get(each, each),
        key=_ALERT,
        placeholder="Choose an alert",
        on_change=choices.keep,
        args=(_ALERT,),
    )
    return by_id.get(chosen or "")


def _labels(alerts: Sequence[Alert], names: Mapping[str, str]) -> dict[str, str]:
    """By id; of two that are alike, which a merge of companies can bring about, each has its id, too."""
    told = {each.id: f"{words.name_of(each.series, names)}, opened {moment(each.opened_at)}" for each in alerts}
    often = Counter(told.values())
    return {key: label if often[label] == 1 else f"{label} ({key[:8]})" for key, label in told.items()}


def _detail(desk: Desk, alert: Alert, name: str, tick: datetime) -> None:
    with st.container(key=f"detail-{alert.id}"):
        put(alert_card(alert, name, desk.readings.evidence(alert, _STORIES), tick))
    choice, reach = _reach(alert, tick)
    told = f"the {words.span_words(choice.window)} before each point" if choice.slides else "each day"
    put(heading("Around it", f"Negative share of {name} in {told}; UTC."))
    picture = desk.readings.picture(choice, alert.series, tick, desk.enough, reach)
    chart = series_chart(picture, palette(theme()))
    st.vega_lite_chart(None, chart, key=f"alert-chart-{alert.id}-{choice.name}", width="stretch")
    left, right = st.columns(2)
    with left:
        put(heading("Its life"))
        put(_life(desk.readings.transitions(alert.id)))
    with right:
        put(heading("Notifications"))
        put(_deliveries(alert, desk.readings.deliveries(alert.id), desk.clock()))
    put(
        heading(
            f"Stories {words.between(alert.peak.window)}",
            f"The window of its peak, the most negative first; {ROWS_EXPLAINED}",
        )
    )
    stories = desk.readings.stories(alert.series, alert.peak.window, alert.peak.tick)
    put(story_table(stories, tick) if stories else nothing_card("No stories are kept of this window"))


def _reach(alert: Alert, tick: datetime) -> tuple[Range, Window]:
    """The alert with some time on both sides, as finely as its length allows."""
    end = min(tick, (alert.resolved_at or tick) + _ASIDE)
    start = alert.opened_at - _ASIDE
    length = end - start
    name = "1 d" if length <= timedelta(days=3) else "1 w" if length <= timedelta(days=14) else "1 m"
    choice = BY_NAME[name]
    return choice, Window(floor_to(start, choice.grain), ceil_to(end, choice.grain))


def _life(changes: Sequence[AlertChange]) -> Html:
    rows = []
    for change in changes:
        before = text(f"{words.STATES[change.before][1]} → ") if change.before else text("")
        rows.append(
            (
                tag("span", text(moment(change.at)), kind="nowrap"),
                tag("span", before, Html(" "), state_sign(change.after)),
                text(change.why),
            )
        )
    return table(("Time", "State", "Why"), rows)


def _deliveries(alert: Alert, entries: Sequence[OutboxEntry], now: datetime) -> Html:
    if not entries:
        part = alert.series.kind is Kind.ENTITY_TOPIC
        why = " Who was told of the company is not told of its topics while its own alert is on." if part else ""
        return tag("p", text(f"Nobody was told.{why}"), kind="sm-note")
    rows = []
    for entry in entries:
        status = tag(
            "span", text(_DELIVERY.get(entry.status, entry.status)), kind="sm-bad" if entry.status == "dead" else ""
        )
        if entry.delivered_at is not None:
            fate = text(f"{moment(entry.delivered_at)}, {words.ago(entry.delivered_at, now)}")
        elif entry.status == "pending":
            fate = text(f"next attempt {moment(entry.next_attempt_at)}. {entry.last_error or ''}")
        else:
            fate = text(entry.last_error or "")
        rows.append(
            (text(entry.notification.receiver), text(entry.notification.kind), status, text(entry.attempts), fate)
        )
    return table(("Receiver", "Told", "Delivery", "Attempts", "When, or what went wrong"), rows)
