"""The first glance: what is surging, how all news stands, how each topic stands."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import streamlit as st

from dashboards import words
from dashboards.charts import palette, series_chart
from dashboards.desk import Desk, live, theme
from dashboards.desk import show as put
from dashboards.frames import percent
from dashboards.markup import Html, bar, tag, text
from dashboards.ranges import BY_NAME, DEFAULT
from dashboards.readings import DAY
from dashboards.views.cards import alert_card, heading, nothing_card
from monitor.clock import MINUTE, ceil_to, floor_to
from monitor.store.rows import ClosedCount, SeriesTotal
from monitor.surges.series import ALL
from monitor.surges.windows import Window

_CARDS = 12
_STORIES = 4


def show(desk: Desk) -> None:
    """Draws the page."""
    live(desk, partial(_page, desk))


def _page(desk: Desk) -> None:
    tick = desk.tick()
    if tick is None:
        put(
            nothing_card(
                "Nothing has arrived yet",
                "As soon as articles are counted, surges of negative news appear here, the most urgent first, and "
                "below them the negative share of all news and of every topic.",
                "A topic is judged once its own past is long enough: some 30 stories over two days.",
            )
        )
        return
    _alerts(desk, tick)
    put(
        heading(
            "All news, last day",
            "Negative share of the hour before each point. Grey: what its past lets expect. Orange: an alert.",
        )
    )
    chart = series_chart(desk.readings.picture(BY_NAME[DEFAULT], ALL, tick, desk.enough), palette(theme()))
    st.vega_lite_chart(None, chart, key="now-chart", width="stretch")
    _topics(desk, tick)


def _alerts(desk: Desk, tick: datetime) -> None:
    alerts = words.most_urgent_first(desk.readings.open_alerts())
    names = words.names(desk.readings.alerted())
    if not alerts:
        last = desk.readings.last_ended()
        told = words.last_surge(last, words.name_of(last.series, names), tick) if last else ""
        put(nothing_card("Nothing is surging", f"Last surge: {told}" if last else "There has been no surge so far."))
        return
    for alert in alerts[:_CARDS]:
        with st.container(key=f"card-{alert.id}", gap="small"):
            name = words.name_of(alert.series, names)
            put(alert_card(alert, name, desk.readings.evidence(alert, _STORIES), tick))
            if "alerts" in desk.pages:
                st.page_link(
                    desk.pages["alerts"],
                    label="Its life, evidence and notifications",
                    icon=":material/arrow_forward:",
                    query_params={"alert": alert.id},
                )
    if len(alerts) > _CARDS:
        put(tag("p", text(f"{len(alerts) - _CARDS} more alerts are open; see Alerts."), kind="sm-note"))


def _topics(desk: Desk, tick: datetime) -> None:
    freshness = floor_to(tick, MINUTE)
    end = ceil_to(tick, MINUTE)
    totals = desk.readings.topic_totals(Window(end - DAY, end), freshness)
    put(
        heading(
            "Topics, last 24 hours",
            "Negative share, with the range that is usual for a day. The furthest above it come first; "
            f"those of fewer than {desk.enough} stories last.",
        )
    )
    if not totals:
        put(nothing_card("No stories in the last 24 hours of the stream"))
        return
    known = [(total, desk.readings.expectation(total.series, DAY, floor_to(tick, DAY))) for total in totals]
    known.sort(key=lambda pair: _place(pair[0], pair[1], desk.enough))
    put(tag("div", *(_topic(total, usual, desk.enough) for total, usual in known), kind="sm-topics"))


def _place(total: SeriesTotal, usual: ClosedCount | None, enough: int) -> tuple[bool, float, int, str]:
    """Sorts topics: by how far the share lies above the band, those of which nothing is concluded at the end."""
    share = total.counts.negatives / max(1, total.counts.stories)
    # Below zero inside the band, lowest where nothing is known.
    excess = share - usual.high if usual is not None and usual.high is not None else -1.0
    return total.counts.stories < enough, -excess, -total.counts.stories, total.series.topic


def _topic(total: SeriesTotal, usual: ClosedCount | None, enough: int) -> Html:
    counts = total.counts
    share = counts.negatives / counts.stories if counts.stories else None
    low, high, expected = (usual.low, usual.high, usual.expected_share) if usual else (None, None, None)
    above = share is not None and high is not None and share > high and counts.stories >= enough
    told = f"{counts.negatives} of {counts.stories}"
    meaning = f"{total.series.topic}: {told} stories negative; usual {percent(low)} to {percent(high)}"
    return tag(
        "div",
        tag("span", text(total.series.topic), kind="sm-name"),
        bar(share, low, high, expected, above=above),
        tag("span", text(("▲ " if above else "") + percent(share)), kind="sm-share"),
        tag("small", text(told)),
        kind="sm-topic above" if above else "sm-topic",
        title=meaning,
    )
