"""Charts: the same specification whatever the data, colours that all can tell apart."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from dashboards.charts import DARK, DOMAIN, LIGHT, PICKED, Palette, palette, series_chart
from dashboards.frames import Picture, picture
from dashboards.ranges import BY_NAME
from tests.alerts.builders import alert

TICK = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)


def shown(tick: datetime, stories: int, name: str = "1 d") -> Picture:
    choice = BY_NAME[name]
    start = pd.Timestamp(tick - timedelta(hours=2))
    counts = pd.DataFrame({"start": [start], "stories": [stories], "negatives": [stories // 2]})
    return picture(
        choice, choice.reach(tick, None), counts, [], [alert(at=tick - timedelta(hours=3))] if stories else [], enough=6
    )


def specification(chart: dict[str, Any]) -> str:
    return json.dumps({key: value for key, value in chart.items() if key != "datasets"}, sort_keys=True)


@pytest.mark.parametrize("compact", [False, True])
def test_new_data_and_later_times_leave_the_specification_as_it_is(compact: bool) -> None:
    first = series_chart(shown(TICK, 0), LIGHT, compact=compact)
    later = series_chart(shown(TICK + timedelta(days=400), 5000, "1 w"), LIGHT, compact=compact)
    assert specification(first) == specification(later)


def test_a_chart_given_away_does_not_share_its_parts() -> None:
    first = series_chart(shown(TICK, 3), LIGHT)
    first["layer"].clear()
    assert series_chart(shown(TICK, 3), LIGHT)["layer"]


def test_the_share_axis_reaches_from_0_to_100_percent_always() -> None:
    chart = series_chart(shown(TICK, 9), LIGHT)
    vertical = [layer["encoding"]["y"] for layer in chart["layer"] if "y" in layer["encoding"]]
    domains = {tuple(channel["scale"]["domain"]) for channel in vertical}
    assert domains == {DOMAIN}
    assert DOMAIN[1] == 1.0


def test_every_table_that_a_layer_names_is_there_and_no_text_is_in_the_specification() -> None:
    chart = series_chart(shown(TICK, 9), LIGHT)
    named = {layer["data"]["name"] for layer in chart["layer"]}
    assert named == set(chart["datasets"])
    for layer in chart["layer"]:
        columns = set(chart["datasets"][layer["data"]["name"]].columns)
        used = {
            channel["field"]
            for channel in layer["encoding"].values()
            if isinstance(channel, dict) and "field" in channel
        }
        assert used <= columns


def test_times_are_utc_everywhere() -> None:
    chart = series_chart(shown(TICK, 9), LIGHT)
    assert {layer["encoding"]["x"]["scale"]["type"] for layer in chart["layer"]} == {"utc"}


def test_a_click_gives_the_window_of_the_point() -> None:
    params = {param["name"]: param for param in series_chart(shown(TICK, 9), LIGHT)["params"]}
    assert params[PICKED]["select"]["fields"] == ["start", "end"]


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_every_colour_stands_out_from_its_background(colours: Palette) -> None:
    for field in fields(colours):
        # WCAG 2.2, 1.4.11: 3 to 1 for what must be seen; volume is an area that a number accompanies.
        least = 2.0 if field.name == "volume" else 1.0 if field.name == "background" else 3.0
        assert _contrast(getattr(colours, field.name), colours.background) >= least, field.name


def test_an_unknown_theme_is_light() -> None:
    assert palette(None) == palette("light") == LIGHT
    assert palette("dark") == DARK


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
