"""What sources call a publication time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.articles import Precision
from monitor.ingest.east_asian_dates import east_asian_to_iso
from monitor.ingest.times import Reading, parse_published, read_time

NEW_YORK = ZoneInfo("America/New_York")
SHANGHAI = ZoneInfo("Asia/Shanghai")
FRAGMENTS = st.sampled_from(
    ["2024", "-05-06", "T", " ", "09:30", ":15", "Z", "+02:00", "+99:99", "EST", "May", "Mon,", "6", "31", "/", "am",
     ".", "-", "12", "AD", "1e9", "٢", "W19", "年", "月", "日", "下午", "点半", "星期一", "GMT", "+08:00"]
)  # fmt: skip
NOON = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)


@given(st.text() | st.lists(FRAGMENTS, max_size=8).map("".join))
@example("2024-05-06 10:00:00 +99:99")
@example("0001-01-01T00:00:00+05:00")
@example("9999-12-31T23:59:59-14:00")
@example("9" * 100)
@example("2024-05-06 " + "9" * 29 + "h")
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
        ("06.05.2024 12:00", NOON, Precision.MINUTE),
        ("6 May 2024 – 12:00", NOON, Precision.MINUTE),
        ("Mon, 06 May 2024 20:00:00 GMT+0800", NOON, Precision.SECOND),
        ("2024-05-06 20:00:00 GMT+08:00", NOON, Precision.SECOND),
        ("2024-05-06 20:00:00 +0800 CST", NOON, Precision.SECOND),
        ("Mon, 06 May 2024 13:00:00 BST", NOON, Precision.SECOND),
    ],
)
def test_times_of_usual_forms_are_read(text: str, expected: datetime, precision: Precision) -> None:
    assert parse_published(text, UTC) == (expected, precision)


@pytest.mark.parametrize("text", ["2024-05-06", "20240506", "2024-W19-1", "May 6, 2024", "6 May 2024", "05/06/2024"])
def test_a_date_in_any_form_is_a_day_and_not_its_midnight(text: str) -> None:
    assert parse_published(text, UTC) == (datetime(2024, 5, 6, tzinfo=UTC), Precision.DAY)


@pytest.mark.parametrize(
    ("text", "month_first", "day_first"),
    [
        ("05/06/2024", "2024-05-06", "2024-06-05"),
        ("5-6-2024 09:30", "2024-05-06 09:30", "2024-06-05 09:30"),
        ("6/5/24 9:30 am", "2024-06-05 09:30", "2024-05-06 09:30"),
        ("13/5/2024", "2024-05-13", "2024-05-13"),
        ("5/13/2024", "2024-05-13", "2024-05-13"),
        ("06.05.2024", "2024-05-06", "2024-05-06"),
        ("2024-05-06", "2024-05-06", "2024-05-06"),
        ("2024/05/06", "2024-05-06", "2024-05-06"),
        ("Mon, 05/06/2024 - 09:30", "2024-05-06 09:30", "2024-06-05 09:30"),
    ],
)
def test_which_number_is_the_day_may_be_known(text: str, month_first: str, day_first: str) -> None:
    for known, wanted in ((False, month_first), (True, day_first)):
        reading = read_time(text, UTC, day_first=known)
        assert reading is not None
        assert (reading.at.isoformat(" "), reading.day_first) == (f"{datetime.fromisoformat(wanted)}+00:00", None)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("5/6/2024 12:00", datetime(2024, 6, 5, 12, tzinfo=UTC)), ("5/5/2024", None), ("13/5/2024", None),
        ("Mon, 05/06/2024 - 12:00", None), ("Monday 6/5/2024", None), ("May 6, 2024", None),
        ("Sat, 5/6/2024 12:00", datetime(2024, 6, 5, 12, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_where_nothing_says_which_number_is_the_day_both_are_told(text: str, other: datetime | None) -> None:
    reading = read_time(text, UTC)
    assert reading is not None
    assert reading.day_first == other
    assert reading.at.month == 5


@pytest.mark.parametrize("text", ["12", "10:30", "2024", "May 2024", "Monday 9:30", "6 May", "2024-05"])
def test_what_does_not_say_the_whole_date_is_no_time_and_today_fills_no_gap(text: str) -> None:
    assert parse_published(text, UTC) is None


@pytest.mark.parametrize("text", ["Thu Sep 25 10:36:28 BRST 2003", "2024-05-06 09:30 XYZ"])
def test_a_zone_that_nobody_knows_is_not_taken_for_the_sources_own(text: str) -> None:
    assert parse_published(text, UTC) is None


@pytest.mark.parametrize("text", ["", "soon", "1989-12-31", "2100-01-01", "2024-02-30", "2024-05-06T25:00"])
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


@pytest.mark.parametrize(
    ("text", "expected", "precision"),
    [
        ("2024年5月6日 20:00", NOON, Precision.MINUTE),
        ("2024年05月06日20时00分00秒", NOON, Precision.SECOND),
        ("2024年5月6日 星期一 晚上8点", NOON, Precision.MINUTE),
        ("2024年5月5日 晚上12:30", NOON.replace(day=5, hour=16, minute=30), Precision.MINUTE),
        ("2024年5月6日 中午12点", NOON.replace(hour=4), Precision.MINUTE),
        ("2024-05-06 下午8:00", NOON, Precision.MINUTE),
        ("２０２４年５月６日 ２０：００", NOON, Precision.MINUTE),
        ("2024年5月6日 12:00 UTC", NOON, Precision.MINUTE),
        ("2024年5月6日 北京时间20:00", NOON, Precision.MINUTE),
        ("2024年5月6日 日本時間 21:00", NOON, Precision.MINUTE),
        ("2024年5月6日凌晨12点半", NOON - timedelta(hours=19.5), Precision.MINUTE),
        ("2024년 5월 6일 오후 8시 00분", NOON, Precision.MINUTE),
        ("2024年5月6日(月)", NOON - timedelta(hours=20), Precision.DAY),
        ("2024. 5. 6. (월)", NOON - timedelta(hours=20), Precision.DAY),
    ],
)
def test_east_asian_forms_are_read_in_the_sources_zone(text: str, expected: datetime, precision: Precision) -> None:
    assert parse_published(text, SHANGHAI) == (expected, precision)


@pytest.mark.parametrize(
    "text",
    [
        "5月6日 10:30",
        "2024年5月",
        "2024年2月30日",
        "2024年5月6日 25:00",
        "2024年5月6日 来源:晚报",
        "三天前",
        "今天 10:30",
    ],
)
def test_east_asian_forms_that_leave_out_a_part_or_say_more_are_no_time(text: str) -> None:
    assert parse_published(text, SHANGHAI) is None


@given(st.datetimes(datetime(1991, 1, 1), datetime(2099, 1, 1)), st.booleans())  # noqa: DTZ001 - wall clock meant
def test_a_chinese_time_is_read_back(moment: datetime, afternoon: bool) -> None:
    moment = moment.replace(microsecond=0)
    hour = f"下午{moment.hour - 12}" if afternoon and moment.hour > 12 else str(moment.hour)
    text = f"{moment.year}年{moment.month}月{moment.day}日 {hour}:{moment:%M:%S}"
    assert parse_published(text, UTC) == (moment.replace(tzinfo=UTC), Precision.SECOND)


@given(st.text(alphabet="0123456789年月日时分秒点半:-/. 上下午星期一+Z", max_size=30))
def test_no_east_asian_text_raises_anything_else_than_a_fault_of_value(text: str) -> None:
    try:
        assert isinstance(east_asian_to_iso(text), str)
    except ValueError:
        assert any(character.isdigit() for character in text)


def test_cst_is_chinas_in_china_and_chicagos_elsewhere() -> None:
    text = "Mon May 06 12:00:00 CST 2024"
    assert parse_published(text, SHANGHAI) == (NOON - timedelta(hours=8), Precision.SECOND)
    assert parse_published(text, NEW_YORK) == (NOON + timedelta(hours=6), Precision.SECOND)


@pytest.mark.parametrize(
    ("value", "assumed"),
    [
        ("2024-05-06 12:00", True), ("2024-05-06", True), (date(2024, 5, 6), True), ("2024年5月6日 12:00", True),
        ("2024-05-06 12:00Z", False), ("2024-05-06 12:00 EST", False), ("2024年5月6日 北京时间12:00", False),
        (NOON, False),
    ],
)  # fmt: skip
def test_whether_a_zone_was_named_is_told(value: object, assumed: bool) -> None:
    reading = read_time(value, SHANGHAI)
    assert reading is not None
    assert reading.zone_assumed is assumed


@given(
    st.datetimes(datetime(1991, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001 - zone drawn beside
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_what_mail_programs_write_is_read_back(moment: datetime, zone: timezone) -> None:
    moment = moment.replace(microsecond=0, tzinfo=zone)
    assert parse_published(format_datetime(moment), NEW_YORK) == (moment.astimezone(UTC), Precision.SECOND)


@pytest.mark.parametrize(
    "said",
    [1_714_996_800, 1_714_996_800.0, 1_714_996_800_000, 1_714_996_800_000_000, 1_714_996_800_000_000_000,
     "1714996800", " 1714996800000 ", "1714996800000000000"],
)  # fmt: skip
def test_a_number_is_seconds_since_1970_or_thousandths_of_them(said: object) -> None:
    assert read_time(said, SHANGHAI) == Reading(NOON, Precision.SECOND, False)


@pytest.mark.parametrize("said", ["2024050612", "2024123123", " 2024050600 ", 2024050612, 2024050612.0])
def test_a_day_and_an_hour_in_digits_are_no_seconds(said: object) -> None:
    assert read_time(said, UTC) is None


@pytest.mark.parametrize("said", [True, 0, 20240506, 7.5, float("nan"), float("inf"), 10**30, "20240506", "7"])
def test_what_cannot_be_seconds_since_1970_is_none(said: object) -> None:
    found = read_time(said, UTC)
    assert found is None or (said == "20240506" and found.precision is Precision.DAY)
