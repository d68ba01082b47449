"""A recorded file in the order in which its items would have come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article, TimeCase
from monitor.ingest.items import Item, ItemReader
from monitor.ingest.recording import Recording
from tests.ingest.rows import READER, item

TIMES = st.sampled_from(
    ["", "?", "2024-05-06", "2024-05-05", "2024-05-06T09:30:00Z", "2024-05-06T09:30:59Z", "2024-05-06T23:00:00Z",
     "2024-05-07T10:00", "9999-12-31", "1970-01-01"]
)  # fmt: skip
ROWS = st.fixed_dictionaries({"title": st.sampled_from(["a", "b", ""])}, optional={"published": TIMES, "seen": TIMES})


def items_of(*rows: dict[str, Any]) -> list[Item]:
    return [item(str(number), **row) for number, row in enumerate(rows)]


def order(*rows: dict[str, Any]) -> list[tuple[str, str]]:
    arrivals = Recording(items_of(*rows), READER).arrivals()
    return [(arrival.item.position, f"{arrival.at:%d %H:%M}") for arrival in arrivals]


@given(st.lists(ROWS, max_size=12), st.integers(0, 12))
def test_every_item_arrives_once_and_the_clock_never_goes_back(rows: list[dict[str, Any]], start: int) -> None:
    recording = Recording(items_of(*rows), READER)
    arrivals = list(recording.arrivals())
    assert sorted(int(arrival.item.position) for arrival in arrivals) == list(range(len(rows)))
    assert all(one.at <= other.at for one, other in pairwise(arrivals))
    assert all(arrival.at >= datetime(1990, 1, 1, tzinfo=UTC) for arrival in arrivals)
    assert list(recording.arrivals(start)) == arrivals[start:]
    assert len(recording) == len(rows)
    for arrival in arrivals:
        record = recording.read(arrival)
        if isinstance(record, Article):
            assert record.first_seen_at == arrival.at
            assert record.event_time <= arrival.at


def test_items_come_when_they_were_published_whatever_their_place_in_the_file() -> None:
    rows = [{"title": "a", "published": f"2024-05-06T{hour}:00:00Z"} for hour in ("11", "09", "10")]
    assert order(*rows) == [("1", "06 09:00"), ("2", "06 10:00"), ("0", "06 11:00")]


def test_a_date_arrives_at_the_end_of_its_day_after_that_days_timed_items() -> None:
    rows = [{"title": "a", "published": "2024-05-06"}, {"title": "b", "published": "2024-05-06T23:00:00Z"}]
    assert order(*rows) == [("1", "06 23:00"), ("0", "06 23:59")]


def test_an_item_without_a_time_comes_with_the_one_before_it_in_the_file() -> None:
    rows = [
        {"title": "first of all, undated"},
        {"title": "late", "published": "2024-05-06T12:00:00Z"},
        {"title": "undated"},
        {"title": "early", "published": "2024-05-06T09:00:00Z"},
        {"title": ""},
    ]
    early = [("0", "06 09:00"), ("3", "06 09:00"), ("4", "06 09:00")]
    assert order(*rows) == [*early, ("1", "06 12:00"), ("2", "06 12:00")]


def test_a_recorded_first_sight_wins_and_makes_late_items_late() -> None:
    rows = [
        {"title": "late", "published": "2024-05-06T09:00:00Z", "seen": "2024-05-06T12:00:00Z"},
        {"title": "prompt", "published": "2024-05-06T10:00:00Z", "seen": "2024-05-06T10:00:01Z"},
        {"title": "early", "published": "2024-05-06T11:00:00Z", "seen": "2024-05-06T10:30:00Z"},
    ]
    assert order(*rows) == [("1", "06 10:00"), ("2", "06 10:30"), ("0", "06 12:00")]
    recording = Recording(items_of(*rows), READER)
    records = [recording.read(arrival) for arrival in recording.arrivals()]
    lags = [record.first_seen_at - record.event_time for record in records if isinstance(record, Article)]
    assert lags == [timedelta(seconds=1), timedelta(0), timedelta(hours=3)]


def test_the_other_dates_of_a_publisher_tell_which_number_is_the_day() -> None:
    rows = [
        {"title": "a", "published": "05/12/2024", "source": "London"},
        {"title": "b", "published": "13/12/2024 10:00", "source": "London"},
        {"title": "c", "published": "05/12/2024", "source": "New York"},
        {"title": "d", "published": "12/13/2024", "source": "New York"},
        {"title": "e", "published": "05/12/2024", "source": "nowhere"},
        {"title": "f", "published": "05/12/2024", "source": "everywhere"},
        {"title": "g", "published": "13/12/2024", "source": "everywhere"},
        {"title": "h", "published": "12/13/2024", "source": "everywhere"},
    ]

    def told(reader: ItemReader) -> dict[str, tuple[str, TimeCase]]:
        recording = Recording(items_of(*rows), reader)
        read = [recording.read(arrival) for arrival in recording.arrivals()]
        return {one.title: (f"{one.event_time:%d %b}", one.time_case) for one in read if isinstance(one, Article)}

    dates = told(READER)
    assert dates["a"] == ("05 Dec", TimeCase.DAY)
    assert dates["c"] == ("12 May", TimeCase.DAY)
    assert dates["e"] == dates["f"] == ("12 May", TimeCase.ORDER_ASSUMED)
    set_so = told(msgspec.structs.replace(READER, day_first=True))
    assert [set_so[title] for title in "acef"] == [("05 Dec", TimeCase.DAY)] * 4


def test_a_recording_without_any_time_still_has_a_clock() -> None:
    assert order({"title": "a"}, {"title": "b"}) == [("0", "01 00:00"), ("1", "01 00:00")]


def test_a_recording_knows_that_none_of_the_times_that_it_holds_can_be_read() -> None:
    assert Recording(items_of({"title": "a", "published": "soon"}, {"title": "b"}), READER).is_unreadable_in_time
    for rows in (
        [{"title": "a"}], [{"title": "a", "published": " "}],
        [{"title": "a", "published": "soon", "seen": "2024-05-06"}],
        [{"title": "a", "published": "soon"}, {"title": "b", "published": 1_714_996_800}],
    ):  # fmt: skip
        assert not Recording(items_of(*rows), READER).is_unreadable_in_time
