"""The history of alerts, and all about one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import streamlit as st

from dashboards import words
from dashboards.charts import palette, series_chart
from dashboards.desk import Desk, live, theme
from dashboards.desk import show as put
from dashboards.markup import Html, table, tag, text
from dashboards.ranges import BY_NAME, Range
from dashboards.readings import ALERT_LIMIT
from dashboards.views.cards import alert_card, heading, nothing_card, state_sign
from dashboards.views.stories import story_table
from monitor.alerts.alert import Alert, AlertState
from monitor.alerts.wording import duration, moment
from monitor.clock import ceil_to, floor_to
from monitor.store.rows import AlertChange, OutboxEntry
from monitor.surges.series import Kind, Series
from monitor.surges.windows import Window

_STORIES = 5
_STATES = {name: state for state, (_, name, _) in words.STATES.items()}
_ANY = "Any series"
_ASIDE = timedelta(hours=12)
_DELIVERY = {"pending": "to be sent", "delivered": "delivered", "dead": "given up"}


def show(desk: Desk) -> None:
    """Draws the page."""
    live(desk, partial(_page, desk))


def _page(desk: Desk) -> None:
    tick = desk.tick()
    asked = st.query_params.get("alert")
    states, series = _filters(desk)
    alerts = desk.readings.alerts(states, series)
    wanted = desk.readings.alert(asked) if asked else None
    if tick is None or not (alerts or wanted):
        put(nothing_card("No alerts", "Alerts that were opened, and what became of them, will be listed here."))
        return
    put(heading("History", f"The latest {ALERT_LIMIT} at most, the newest first."))
    put(_history(alerts, tick))
    chosen = _choose(alerts, wanted)
    if chosen is not None:
        _detail(desk, chosen, tick)


def _filters(desk: Desk) -> tuple[tuple[AlertState, ...] | None, Series | None]:
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        picked = st.pills("State", list(_STATES), selection_mode="multi", key="alert-states")
    known = {series.title: series for series in desk.readings.alerted()}
    with right:
        title = st.selectbox("Series", [_ANY, *known], key="alert-series")
    return (tuple(_STATES[name] for name in picked) or None), known.get(title)


def _history(alerts: Sequence[Alert], tick: datetime) -> Html:
    rows = []
    for alert in alerts:
        ended = alert.calm_since or alert.resolved_at
        lasted = duration((ended or tick) - alert.opened_at) + ("" if ended else " so far")
        rows.append(
            (
                state_sign(alert.state),
                text(alert.series.title),
                text(moment(alert.opened_at)),
                text(lasted),
                text(words.observed(alert.peak, tick)),
            )
        )
    return table(("State", "Series", "Opened", "Lasted", "At its worst"), rows)


def _choose(alerts: Sequence[Alert], wanted: Alert | None) -> Alert | None:
    """The alert whose detail is shown: chosen here, else named by the address, else the newest."""
    by_id = {alert.id: alert for alert in alerts}
    if wanted is not None:
        by_id.setdefault(wanted.id, wanted)
        if st.session_state.get("alert-asked") != wanted.id:
            st.session_state["alert-asked"] = st.session_state["alert-chosen"] = wanted.id
    if st.session_state.get("alert-chosen") not in by_id:
        st.session_state["alert-chosen"] = next(iter(by_id), None)
    chosen = st.selectbox("Alert", list(by_id), format_func=lambda each: _label(by_id[each]), key="alert-chosen")
    return by_id.get(chosen)


def _label(alert: Alert) -> str:
    sign, name, _ = words.STATES[alert.state]
    return f"{sign} {alert.series.title}, opened {moment(alert.opened_at)} ({name.lower()})"


def _detail(desk: Desk, alert: Alert, tick: datetime) -> None:
    with st.container(key=f"detail-{alert.id}"):
        put(alert_card(alert, desk.readings.evidence(alert, _STORIES), tick))
    choice, reach = _reach(alert, tick)
    told = f"the {words.span_words(choice.window)} before each point" if choice.slides else "each day"
    put(heading("Around it", f"Negative share of {alert.series.title} in {told}; UTC."))
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
    put(heading(f"Stories {words.between(alert.peak.window)}", "The window of its peak; the most negative first."))
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
        why = " Who was told of the company is not told of its topics besides." if part else ""
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
