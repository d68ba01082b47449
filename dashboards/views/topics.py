"""Negative share and volume of topics and companies over time, and the stories behind a point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import streamlit as st

from dashboards import choices, words
from dashboards.charts import PICKED, palette, series_chart
from dashboards.desk import Desk, live, theme
from dashboards.desk import show as put
from dashboards.frames import from_milliseconds
from dashboards.ranges import BY_NAME, DEFAULT, RANGES, Range
from dashboards.readings import STORY_LIMIT
from dashboards.views.cards import heading, nothing_card
from dashboards.views.stories import ROWS_EXPLAINED, story_table
from monitor.classify.labels import TOPICS
from monitor.clock import floor_to
from monitor.surges.series import ALL, Kind, Series
from monitor.surges.windows import Window

_LARGE = 3
"""Up to so many series are shown large, more as small multiples."""
_COLUMNS = 4
_MOST = 24
"""Up to so many series can be chosen: each is asked for anew at every renewal."""

Named = tuple[Series, str]
"""A series and what it is called here."""
Picked = tuple[Series, str, Window]
"""What was clicked: a window of a series, which is called so."""


_TOPICS, _EVERY, _RANGE = "topics", "every-topic", "range"
"""Names of what a reader can choose here."""


def show(desk: Desk) -> None:
    """Draws the page."""
    choices.recall(_TOPICS, _EVERY, _RANGE)
    live(desk, partial(_page, desk))


def _page(desk: Desk) -> None:
    tick = desk.tick()
    topics, companies = (desk.readings.topics(tick), desk.readings.companies(tick)) if tick else ([], [])
    shown, choice = _choose(topics, companies)
    if tick is None:
        put(
            nothing_card(
                "Nothing has arrived yet",
                "This page will show the negative share and the volume of topics and companies, what their past lets "
                "expect, the alerts on it, and the stories behind any point that you click.",
            )
        )
        return
    put(heading(_title(shown), _explained(choice, desk.enough)))
    picked = _large(desk, shown, choice, tick) if len(shown) <= _LARGE else _small(desk, shown, choice, tick)
    _stories(desk, picked, choice, tick)


def _choose(topics: Sequence[Series], companies: Sequence[Series]) -> tuple[list[Named], Range]:
    own = [Series(topic=topic) for topic in TOPICS]
    known = [ALL, *own, *(topic for topic in topics if topic not in own)]
    asked = choices.chosen(_TOPICS)
    # A company that was chosen stays, though others have become busier since.
    kept = [
        series for key in asked or () if (series := Series.parse(key)).key == key and series.kind is not Kind.COVARIATE
    ][:_MOST]
    by_key = {series.key: series for series in (*known, *companies, *kept)}
    names = words.names(by_key.values())
    left, middle, right = st.columns([6, 2, 4], vertical_alignment="bottom")
    with middle:
        choices.offer(_EVERY, choices.chosen(_EVERY) == [str(True)])
        every = st.toggle(
            "Every topic",
            key=_EVERY,
            help="All news and each topic, side by side",
            on_change=choices.keep,
            args=(_EVERY,),
        )
    with left:
        choices.offer(_TOPICS, [ALL.key] if asked is None else [series.key for series in kept])
        picked = st.multiselect(
            "Topics and companies",
            list(by_key),
            format_func=lambda key: names.get(key, key),
            key=_TOPICS,
            max_selections=_MOST,
            disabled=every,
            placeholder="All news",
            on_change=choices.keep,
            args=(_TOPICS,),
        )
    with right:
        (name,) = [each for each in choices.chosen(_RANGE) or () if each in BY_NAME][:1] or [DEFAULT]
        choices.offer(_RANGE, name)
        span = st.segmented_control(
            "How far back, by the stream's time",
            [choice.name for choice in RANGES],
            key=_RANGE,
            required=True,
            on_change=choices.keep,
            args=(_RANGE,),
        )
    shown = known if every else [by_key[key] for key in picked] or [ALL]
    return [(series, names[series.key]) for series in shown], BY_NAME[span or DEFAULT]


def _title(shown: Sequence[Named]) -> str:
    return ", ".join(name for _, name in shown) if len(shown) <= _LARGE else f"{len(shown)} series"


def _explained(choice: Range, enough: int) -> str:
    told = f"of the {words.span_words(choice.window)} before each point" if choice.slides else "of each day"
    return (
        f"Negative share {told}, volume below it. Grey: expected share and range. Orange: alerts. "
        f"Faint points: fewer than {enough} stories. Times are UTC. Click a point for its stories."
    )


def _large(desk: Desk, shown: Sequence[Named], choice: Range, tick: datetime) -> Picked | None:
    found = None
    for series, name in shown:
        if len(shown) > 1:
            st.text(name)
        found = _chart(desk, series, name, choice, tick, compact=False) or found
    return found


def _small(desk: Desk, shown: Sequence[Named], choice: Range, tick: datetime) -> Picked | None:
    found = None
    for row in range(0, len(shown), _COLUMNS):
        for column, (series, name) in zip(st.columns(_COLUMNS), shown[row : row + _COLUMNS], strict=False):
            with column:
                st.text(name)
                found = _chart(desk, series, name, choice, tick, compact=True) or found
    return found


def _chart(desk: Desk, series: Series, name: str, choice: Range, tick: datetime, *, compact: bool) -> Picked | None:
    picture = desk.readings.picture(choice, series, tick, desk.enough)
    key = f"chart-{series.key}-{choice.name}-{'small' if compact else 'large'}"
    event: Any = st.vega_lite_chart(
        None,
        series_chart(picture, palette(theme()), compact=compact),
        key=key,
        width="stretch",
        on_select="rerun",
        selection_mode=PICKED,
    )
    points = event.selection.get(PICKED) or []
    clicked = (points[0]["start"], points[0]["end"]) if points and "end" in points[0] else None
    if clicked != st.session_state.get(f"was-{key}"):
        # The last click wins among several charts, each of which keeps a selection of its own.
        st.session_state[f"was-{key}"] = clicked
        st.session_state["picked"] = (key, clicked) if clicked else None
    chart, window = st.session_state.get("picked") or (None, None)
    return (series, name, Window(*map(from_milliseconds, window))) if chart == key and window else None


def _stories(desk: Desk, picked: Picked | None, choice: Range, tick: datetime) -> None:
    if picked is None:
        put(heading("Stories", "Click a point of a chart to see the stories behind it."))
        return
    series, name, window = picked
    # A window that has not ended yet still fills; one that has changes only when something comes late.
    freshness = choice.freshness(tick) if window.end >= tick else floor_to(tick, choice.window)
    stories = desk.readings.stories(series, window, freshness)
    order = f"The {STORY_LIMIT} most negative ones" if len(stories) == STORY_LIMIT else "The most negative first"
    put(heading(f"{name}: stories {words.between(window)}", f"{order}; {ROWS_EXPLAINED}"))
    put(story_table(stories, tick) if stories else nothing_card("No stories in this window"))
