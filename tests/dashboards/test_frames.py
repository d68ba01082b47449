"""From counts to the tables that charts draw."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.frames import FLOOR, Picture, milliseconds, picture
from dashboards.ranges import BY_NAME, MOST_POINTS, RANGES, Range
from monitor.clock import MINUTE
from monitor.store.rows import ClosedCount
from monitor.surges.series import ALL
from monitor.surges.windows import Window, WindowCounts
from tests.alerts.builders import alert

TICK = datetime(2026, 3, 12, 14, 33, 20, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def counts_of(stories: dict[datetime, tuple[int, int]]) -> pd.DataFrame:
    rows = [(pd.Timestamp(start), seen, negative) for start, (seen, negative) in stories.items()]
    return pd.DataFrame(rows, columns=["start", "stories", "negatives"])


def block(
    start: datetime, length: timedelta, stories: int, negatives: int, band: tuple[float, float, float] | None
) -> ClosedCount:
    expected, low, high = band or (None, None, None)
    window = Window(start, start + length)
    return ClosedCount(
        series=ALL, window=window, counts=WindowCounts(stories, negatives), expected_share=expected, low=low, high=high
    )


def drawn(choice: Range, stories: dict[datetime, tuple[int, int]], *closed: ClosedCount, enough: int = 6) -> Picture:
    first = closed[0].window.start if closed else None
    return picture(choice, choice.reach(TICK, first), counts_of(stories), closed, [], enough=enough)


@given(
    st.dictionaries(
        st.integers(0, 419),
        st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: (max(pair), min(pair))),
        max_size=80,
    )
)
def test_a_point_tells_the_sums_of_the_window_before_it(minutes: dict[int, tuple[int, int]]) -> None:
    choice = BY_NAME["6 h"]
    reach = choice.reach(TICK, None)
    first = reach.start - choice.window
    stories = {first + n * MINUTE: pair for n, pair in minutes.items()}
    points = picture(choice, reach, counts_of(stories), [], [], enough=6).points
    assert points["end"].iloc[-1] == milliseconds(reach.end)
    for start, end, seen, negative in points[["start", "end", "stories", "negatives"]].to_numpy().tolist():
        inside = [pair for at, pair in stories.items() if start <= milliseconds(at) < end]
        assert (seen, negative) == (sum(a for a, _ in inside), sum(b for _, b in inside))


def test_points_stay_where_they_are_while_time_goes_on() -> None:
    choice = BY_NAME["1 d"]
    before = set(drawn(choice, {}).points["t"][:-1])
    later = picture(choice, choice.reach(TICK + 10 * MINUTE, None), counts_of({}), [], [], enough=6).points
    assert len(before - set(later["t"])) <= 1


def test_a_window_with_few_stories_is_faint_and_one_with_none_has_no_share() -> None:
    noon = datetime(2026, 3, 12, 12, tzinfo=UTC)
    points = drawn(BY_NAME["6 h"], {noon: (3, 3), noon + 100 * MINUTE: (10, 4)}).points.set_index("end")
    few, none, many = (milliseconds(noon + n * MINUTE) for n in (30, 90, 120))
    assert pd.isna(points["share"][few])
    assert points["faint"][few] == 1.0
    assert pd.isna(points["share"][none])
    assert pd.isna(points["faint"][none])
    assert points["seen"][none] == "no stories"
    assert points["share"][many] == pytest.approx(0.4)


def test_the_band_is_that_of_each_block_and_goes_on_after_the_last() -> None:
    ten = datetime(2026, 3, 12, 10, tzinfo=UTC)
    first, second = block(ten, HOUR, 20, 3, (0.15, 0.05, 0.3)), block(ten + 2 * HOUR, HOUR, 20, 3, (0.16, 0.06, 0.31))
    band = drawn(BY_NAME["6 h"], {}, first, second).band
    hours = [ten, ten + HOUR, ten + HOUR, ten + 2 * HOUR, TICK.replace(minute=34, second=0)]
    assert list(band["t"]) == list(map(milliseconds, hours))
    assert list(band["high"])[:2] == [0.3, 0.3], "a step is seen only where it ends as it began"
    assert pd.isna(band["low"][2]), "nothing is known of the hour without a row"
    assert list(band["high"])[3:] == [0.31, 0.31]


def test_a_day_without_stories_is_drawn_as_one() -> None:
    start = datetime(2026, 2, 20, tzinfo=UTC)
    closed = [block(start + n * DAY, DAY, 50, 10, (0.2, 0.1, 0.3)) for n in (0, 1, 7)]
    for choice in (BY_NAME["1 m"], BY_NAME["all"]):
        shown = drawn(choice, {start + 8 * DAY: (30, 15)}, *closed)
        points = shown.points[shown.points["start"] >= milliseconds(start)]
        assert list(points["start"]) == [milliseconds(start + n * DAY) for n in range(9)]
        assert list(points["stories"]) == [50, 50, 0, 0, 0, 0, 0, 50, 30]
        assert points["share"].isna().tolist() == [n in range(2, 7) for n in range(9)]
        assert list(points["volume"])[2] == FLOOR
        band = shown.band[shown.band["t"] >= milliseconds(start)]
        days = [start + n * DAY for n in (0, 1, 2, 2, 3, 4, 5, 6, 7)]
        assert list(band["t"])[:9] == list(map(milliseconds, days))
        assert list(band["low"].notna())[:10] == [True, True, True, *[False] * 5, True, True], (
            "each known day has an end"
        )


def test_a_month_begins_with_the_days_before_the_first_story() -> None:
    points = drawn(BY_NAME["1 m"], {}, block(datetime(2026, 3, 11, tzinfo=UTC), DAY, 50, 10, None)).points
    assert len(points) == 29
    assert list(points["stories"])[-2:] == [0, 50]


def test_a_share_between_two_that_are_not_known_is_a_point_for_a_line_would_not_show_it() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    closed = [block(start + n * DAY, DAY, 50, 10, (0.2, 0.1, 0.3)) for n in (0, 2, 3, 5)]
    lone = drawn(BY_NAME["all"], {}, *closed).points["lone"]
    assert lone.notna().tolist() == [True, False, False, False, False, True]


def test_the_band_of_days_under_an_hourly_chart_goes_on_through_the_open_day_and_says_what_it_is_of() -> None:
    today = datetime(2026, 3, 12, tzinfo=UTC)
    for name in ("6 h", "1 d"):
        shown = drawn(BY_NAME[name], {today + 13 * HOUR: (9, 8)}, block(today - DAY, DAY, 20, 3, (0.2, 0.1, 0.3)))
        assert list(shown.band["t"])[-1] == int(shown.edges["t"].max())
        assert list(shown.band["high"])[-1] == 0.3
        assert list(shown.points["usual"])[-1] == "20% (10% to 30%), range of a whole day"


def test_the_tooltip_says_what_is_usual_or_that_it_is_not_known() -> None:
    ten = datetime(2026, 3, 12, 10, tzinfo=UTC)
    points = drawn(BY_NAME["6 h"], {}, block(ten, HOUR, 20, 3, (0.15, 0.05, 0.3))).points.set_index("end")
    assert points["usual"][milliseconds(ten - 30 * MINUTE)] == "not known yet"
    assert points["usual"][milliseconds(ten + 30 * MINUTE)] == "15% (5% to 30%)"


def test_days_that_have_closed_are_followed_by_the_open_one() -> None:
    start = datetime(2026, 3, 10, tzinfo=UTC)
    closed = [block(start + n * DAY, DAY, 50, 10, (0.2, 0.1, 0.3)) for n in range(2)]
    points = drawn(BY_NAME["all"], {start + DAY: (50, 10), start + 2 * DAY: (30, 15)}, *closed).points
    assert list(points["share"]) == [0.2, 0.2, 0.5]
    assert points["end"].iloc[-1] == milliseconds(start + 3 * DAY)


@given(st.integers(1, 3 * MOST_POINTS))
def test_many_years_are_merged_without_losing_a_story(days: int) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    closed = [block(start + n * DAY, DAY, 10, 1, (0.2, 0.1, 0.3) if n % 2 else None) for n in range(days)]
    choice = BY_NAME["all"]
    points = picture(choice, Window(start, start + days * DAY), counts_of({}), closed, [], enough=6).points
    assert len(points) <= MOST_POINTS
    assert points["stories"].sum() == 10 * days


@pytest.mark.parametrize("choice", RANGES, ids=lambda choice: choice.name)
def test_the_grain_divides_step_and_window(choice: Range) -> None:
    assert choice.step % choice.grain == choice.window % choice.grain == timedelta(0)
    assert choice.span is None or choice.span / choice.step <= MOST_POINTS


def test_an_alert_is_cut_to_what_the_chart_covers() -> None:
    choice = BY_NAME["6 h"]
    reach = choice.reach(TICK, None)
    open_long, gone = alert(at=reach.start - 3 * HOUR), alert(at=reach.end + HOUR)
    found = picture(choice, reach, counts_of({}), [], [open_long, gone], enough=6).spans
    assert [(row.start, row.end) for row in found.itertuples()] == [
        (milliseconds(reach.start), milliseconds(reach.end))
    ]


def test_volume_stands_in_its_strip_below_zero() -> None:
    noon = datetime(2026, 3, 12, 12, tzinfo=UTC)
    shown = drawn(BY_NAME["6 h"], {noon: (1234, 3)})
    assert shown.points["volume"].between(FLOOR, 0, inclusive="left").all()
    assert shown.labels["label"][0] == "volume, at most 1,234 stories"
