"""Tables to charts. Pure: nothing here knows the store or the page.

A chart's specification never depends on the data in it, its time span included (that comes from the rows of `edges`):
so a page that renews itself exchanges data in a chart that stays, instead of drawing a new one.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import altair as alt

from dashboards.frames import FLOOR, Picture

PICKED: Final = "picked"
"""Name of the selection: the window of the point that was clicked."""

DOMAIN: Final = (FLOOR, 1.0)
"""Of the vertical axis: shares above zero, the volume's strip below."""

_TIME_LABEL = (
    "utchours(datum.value) + utcminutes(datum.value) ? utcFormat(datum.value, '%H:%M') : "
    "utcdayofyear(datum.value) == 1 ? utcFormat(datum.value, '%Y') : utcFormat(datum.value, '%d %b')"
)
"""Hours of the day, days, or at the turn of a year the year; all UTC."""


@dataclass(frozen=True)
class Palette:
    """Colours for one background, told apart by the colour-blind too (blue, vermilion and grey after Okabe and Ito)."""

    background: str
    line: str
    usual: str
    alert: str
    volume: str


LIGHT: Final = Palette("#ffffff", "#0072b2", "#5d6b78", "#c44e00", "#8a98a5")
DARK: Final = Palette("#11161c", "#56b4e9", "#9aa7b3", "#ff8a3d", "#5f6d7a")


def palette(theme: str | None) -> Palette:
    """The colours for a theme: `dark`, or anything else for light."""
    return DARK if theme == "dark" else LIGHT


def series_chart(picture: Picture, colours: Palette, *, compact: bool = False) -> dict[str, Any]:
    """Negative share with its expected band and the alerts on it; in a strip below zero, the volume.

    Args:
        picture: What to draw.
        colours: See `palette`.
        compact: One of many.

    Returns:
        A Vega-Lite specification with its tables under `datasets`, and with one selection, `PICKED`: the fields
        `start` and `end` (ms) of the window that was clicked.
    """
    tables = {
        "points": picture.points,
        "band": picture.band,
        "spans": picture.spans,
        "edges": picture.edges,
        "labels": picture.labels,
    }
    return {**copy.deepcopy(_specification(colours, compact, picture.blocks)), "datasets": tables}


@cache
def _specification(colours: Palette, compact: bool, blocks: bool) -> dict[str, Any]:
    """Made once for all charts of a kind: to make and check it takes a hundred times longer than to fill it."""
    hover = alt.selection_point(
        name="hover", fields=["t"], nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    picked = alt.selection_point(
        name=PICKED, fields=["start", "end"], nearest=True, on="click", toggle=False, empty=False
    )
    chart = (
        alt.layer(
            *_frame_layers(colours, compact=compact),
            *_volume_layers(colours, compact=compact, blocks=blocks),
            *_alert_layers(colours),
            *_band_layers(colours),
            *_share_layers(colours, hover, picked, compact=compact),
        )
        .properties(height=150 if compact else 340)
        .configure_view(strokeOpacity=0)
        .configure_axis(domainOpacity=0.4, labelFontSize=10 if compact else 12)
    )
    made: dict[str, Any] = chart.to_dict()
    return made


def _table(name: str) -> alt.Chart:
    return alt.Chart(alt.NamedData(name=name))


def _time() -> alt.X:
    return alt.X("t:T", scale=alt.Scale(type="utc"))


def _share(field: str) -> alt.Y:
    return alt.Y(field, type="quantitative", scale=alt.Scale(domain=list(DOMAIN)))


def _frame_layers(colours: Palette, *, compact: bool) -> list[alt.Chart]:
    """The axes; an invisible mark makes the time axis reach from the first to the last row of `edges`."""
    time = alt.Axis(
        title=None,
        labelExpr=_TIME_LABEL,
        labelOverlap="greedy",
        tickCount=3 if compact else 9,
        grid=False,
        labelFlush=True,
    )
    share = alt.Axis(
        title=None,
        format=".0%",
        values=[0, 0.5, 1] if compact else [0, 0.25, 0.5, 0.75, 1],
        gridOpacity=0.35,
        domain=False,
        ticks=False,
        minExtent=38,
        maxExtent=38,
    )
    base = _table("edges")
    scale = alt.Scale(domain=list(DOMAIN))
    return [
        base.mark_rule(opacity=0).encode(
            x=alt.X("t:T", scale=alt.Scale(type="utc"), axis=time), y=alt.Y("zero:Q", scale=scale, axis=share)
        ),
        base.mark_line(color=colours.usual, strokeWidth=1, opacity=0.5).encode(x=_time(), y=_share("zero")),
    ]


def _alert_layers(colours: Palette) -> list[alt.Chart]:
    base = _table("spans").encode(
        x=alt.X("start:T", scale=alt.Scale(type="utc")),
        y=_share("bottom"),
        y2="top:Q",
        tooltip=[alt.Tooltip("told:N", title=" ")],
    )
    return [
        base.mark_rect(color=colours.alert, opacity=0.16).encode(x2="end:T"),
        base.mark_rule(color=colours.alert, strokeWidth=2),
    ]


def _band_layers(colours: Palette) -> list[alt.Chart]:
    base = _table("band").encode(x=_time())
    return [
        base.mark_area(color=colours.usual, opacity=0.22, interpolate="step-after").encode(
            y=_share("low"), y2="high:Q"
        ),
        base.mark_line(color=colours.usual, strokeDash=[4, 3], strokeWidth=1.2, interpolate="step-after").encode(
            y=_share("expected")
        ),
    ]


def _share_layers(colours: Palette, hover: alt.Parameter, picked: alt.Parameter, *, compact: bool) -> list[alt.Chart]:
    base = _table("points").encode(x=_time())
    tooltip = [
        alt.Tooltip("when:N", title="window"),
        alt.Tooltip("seen:N", title="negative"),
        alt.Tooltip("usual:N", title="usual"),
    ]
    shown = alt.condition(hover, alt.value(0.9), alt.value(0))
    return [
        base.mark_line(color=colours.line, strokeWidth=1.6 if compact else 2.2).encode(y=_share("share")),
        base.mark_point(color=colours.line, filled=True, size=14, opacity=0.35).encode(y=_share("faint")),
        base.mark_point(color=colours.line, filled=True, size=18, opacity=1).encode(y=_share("lone")),
        base.mark_rule(color=colours.usual, strokeWidth=1)
        .encode(opacity=shown, tooltip=tooltip)
        .add_params(hover, picked),
        base.mark_rule(color=colours.line, strokeWidth=2).transform_filter(picked).encode(tooltip=tooltip),
    ]


def _volume_layers(colours: Palette, *, compact: bool, blocks: bool) -> list[alt.Chart]:
    """Stories a window, as a share of the most in this chart, which is written beside it."""
    area = (
        _table("points")
        .mark_area(color=colours.volume, opacity=0.55, interpolate="step" if blocks else "step-before")
        .encode(x=_time(), y=_share("floor"), y2="volume:Q")
    )
    label = (
        _table("labels")
        .mark_text(align="left", baseline="bottom", dx=2, color=colours.usual, fontSize=11)
        .encode(x=_time(), y=_share("y"), text="label:N")
    )
    return [area] if compact else [area, label]
