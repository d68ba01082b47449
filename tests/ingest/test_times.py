"""What sources call a publication time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.articles import Precision
from monitor.ingest.times import parse_published

NEW_YORK = ZoneInfo("America/New_York")
FRAGMENTS = st.sampled_from(
    ["2024", "-05-06", "T", " ", "09:30", ":15", "Z", "+02:00", "+99:99", "EST", "May", "Mon,", "6", "31", "/", "am",
     ".", "-", "12", "AD", "1e9", "٢", "W19"]
)  # fmt: skip
NOON = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)


@given(st.text() | st.lists(FRAGMENTS, max_size=8).map("".join))
@example("2024-05-06 10:00:00 +99:99")
@example("0001-01-01T00:00:00+05:00")
@example("9999-12-31T23:59:59-14:00")
@example("9" * 100)
def test_no_text_raises_and_what_is_read_is_a_possible_instant(text: str) -> None:
    read = parse_published(text, NEW_YORK)
    if read is not None:
        assert datetime(1990, 1, 1, tzinfo=UTC) <= read[0] < datetime(2100, 1, 1, tzinfo=UTC)
        assert read[0].tzinfo is UTC


@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.dates() | st.datetimes()
    | st.datetimes(timezones=st.timezones()) | st.lists(st.text())
)  # fmt: skip
def test_any_value_gives_a_utc_time_or_none(value: object) -> None:
    found = parse_published(value, NEW_YORK)
    assert found is None or found[0].utcoffset() == timedelta(0)


@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30), timezones=st.timezones()).map(  # noqa: DTZ001 - zone given beside
        lambda moment: moment.replace(microsecond=0)
    )
)
def test_what_python_writes_as_iso_is_read_to_the_second(moment: datetime) -> None:
    if moment.utcoffset() is not None and moment.utcoffset() % timedelta(minutes=1) == timedelta(0):  # type: ignore[operator]  # checked beside
        assert parse_published(moment.isoformat(), UTC) == (moment.astimezone(UTC), Precision.SECOND)


@pytest.mark.parametrize(
    ("text", "expected", "precision"),
    [
        ("2024-05-06T12:00:00Z", NOON, Precision.SECOND),
        ("2024-05-06T12:00:00.5+00:00", NOON + timedelta(seconds=0.5), Precision.SECOND),
        ("20240506T120000Z", NOON, Precision.SECOND),
        ("2024-05-06 14:00+02:00", NOON, Precision.MINUTE),
        ("Mon, 06 May 2024 12:00:00 GMT", NOON, Precision.SECOND),
        ("Mon, 06 May 2024 07:00:00 EST", NOON, Precision.SECOND),
        ("Mon, 06 May 2024 08:00:00 -0400", NOON, Precision.SECOND),
        ("May 6, 2024 8:00 AM ET", NOON, Precision.MINUTE),
        ("May 6, 2024 12:00 pm", NOON, Precision.MINUTE),
        (" 5/6/2024 12:00 ", NOON, Precision.MINUTE),
    ],
)
def test_times_of_usual_forms_are_read(text: str, expected: datetime, precision: Precision) -> None:
    assert parse_published(text, UTC) == (expected, precision)


@pytest.mark.parametrize("text", ["2024-05-06", "20240506", "2024-W19-1", "May 6, 2024", "6 May 2024", "05/06/2024"])
def test_a_date_in_any_form_is_a_day_and_not_its_midnight(text: str) -> None:
    assert parse_published(text, UTC) == (datetime(2024, 5, 6, tzinfo=UTC), Precision.DAY)


@pytest.mark.parametrize("text", ["12", "10:30", "2024", "May 2024", "Monday 9:30", "6 May", "2024-05"])
def test_what_does_not_say_the_whole_date_is_no_time_and_today_fills_no_gap(text: str) -> None:
    assert parse_published(text, UTC) is None


@pytest.mark.parametrize("text", ["Thu Sep 25 10:36:28 BRST 2003", "2024-05-06 09:30 XYZ"])
def test_a_zone_that_nobody_knows_is_not_taken_for_the_sources_own(text: str) -> None:
    assert parse_published(text, UTC) is None


@pytest.mark.parametrize(
    "text", ["", "soon", "1989-12-31", "2100-01-01", "1715000000", "2024-02-30", "2024-05-06T25:00"]
)
def test_impossible_times_are_none(text: str) -> None:
    assert parse_published(text, UTC) is None


def test_times_without_a_zone_are_of_the_sources_zone() -> None:
    assert parse_published("2024-05-06 08:00:00", NEW_YORK) == (NOON, Precision.SECOND)
    assert parse_published(datetime(2024, 5, 6, 8, 0), NEW_YORK) == (NOON, Precision.SECOND)  # noqa: DTZ001 - meant
    assert parse_published(date(2024, 5, 6), NEW_YORK) == (datetime(2024, 5, 6, 4, 0, tzinfo=UTC), Precision.DAY)


def test_an_instant_with_nanoseconds_becomes_a_plain_one() -> None:
    read = parse_published(pd.Timestamp("2024-05-06T12:00:00.000000001Z"), UTC)
    assert read is not None
    assert type(read[0]) is datetime
    assert read[0] == NOON


def test_a_very_long_text_is_no_time_and_costs_no_time() -> None:
    assert parse_published("2024-05-06 " + "1 " * 500_000, UTC) is None
