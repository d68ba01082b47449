"""The rule of event time, case by case, as it is visible on an article."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import Article, Precision, TimeCase, event_time
from monitor.ingest.items import ColumnMap, ItemReader
from monitor.ingest.timing import Timing, timing_of
from tests.ingest.rows import item

SEEN = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
HORIZON = timedelta(days=30)
SHANGHAI = ZoneInfo("Asia/Shanghai")
MOMENTS = st.datetimes(
    datetime(1989, 1, 1),  # noqa: DTZ001 - zones drawn beside
    datetime(2101, 1, 1),  # noqa: DTZ001 - likewise
    timezones=st.sampled_from([None, UTC]),
)
TIMES = (
    st.none()
    | st.text(max_size=20)
    | MOMENTS.flatmap(lambda at: st.sampled_from([at, at.isoformat(), at.date(), at.date().isoformat()]))
)


def timing(published: object = None, updated: object = None, seen: datetime = SEEN) -> Timing:
    return timing_of(published, updated, zone=SHANGHAI, first_seen_at=seen, horizon=HORIZON)


@pytest.mark.parametrize(
    ("published", "updated", "case", "counts_at"),
    [
        ("2024-05-06T09:00:00Z", "", "published", SEEN.replace(hour=9)),
        ("2024-05-06T09:00:00Z", "2024-05-06T09:00:40Z", "published", SEEN.replace(hour=9)),
        ("2024-05-06T09:00:00Z", "2024-05-06T08:00:00Z", "published", SEEN.replace(hour=9)),
        ("2024-05-06T09:00:00Z", "2024-05-06T11:00:00Z", "edited", SEEN.replace(hour=9)),
        (None, "2024-05-06T11:00:00Z", "edited", SEEN.replace(hour=11)),
        ("last week", "2024-05-06T11:00:00Z", "edited", SEEN.replace(hour=11)),
        ("2024-05-06 17:00:00", None, "zone_assumed", SEEN.replace(hour=9)),
        ("2024年5月6日 17:00", None, "zone_assumed", SEEN.replace(hour=9)),
        ("2024-05-05", None, "day", datetime(2024, 5, 5, 15, 59, 59, 999_999, tzinfo=UTC)),
        ("2024-05-06", None, "day", SEEN),
        (None, None, "missing", SEEN),
        ("  ", "", "missing", SEEN),
        ("soon", None, "unreadable", SEEN),
        (None, "soon", "unreadable", SEEN),
        (["2024"], None, "unreadable", SEEN),
        ("2024-05-06T12:00:01Z", None, "future", SEEN),
        ("2024-05-08", None, "future", SEEN),
        ("05/06/2024 17:00", None, "order_assumed", SEEN.replace(hour=9)),
        ("06/05/2024 17:00", None, "order_assumed", SEEN.replace(hour=9)),
        ("07/05/2024", None, "future", SEEN),
        ("05/04/2024", "05/04/2024 17:00", "order_assumed", datetime(2024, 5, 4, 15, 59, 59, 999_999, tzinfo=UTC)),
        ("01/02/2024", None, "too_old", datetime(2024, 2, 1, 15, 59, 59, 999_999, tzinfo=UTC)),
        ("07/08/2024 10:00", None, "future", SEEN),
        ("25/04/2024 17:00", None, "zone_assumed", datetime(2024, 4, 25, 9, tzinfo=UTC)),
        ("2093-05-06T12:00:00Z", "2024-05-06T11:00:00Z", "future", SEEN),
        ("2024-04-06T12:00:00Z", None, "published", datetime(2024, 4, 6, 12, tzinfo=UTC)),
        ("2024-04-06T11:59:59Z", None, "too_old", datetime(2024, 4, 6, 11, 59, 59, tzinfo=UTC)),
        ("1996-05-06T09:00:00Z", "2024-05-06T11:00:00Z", "too_old", datetime(1996, 5, 6, 9, tzinfo=UTC)),
        ("2024-01-01", None, "too_old", datetime(2024, 1, 1, 15, 59, 59, 999_999, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_each_case_of_the_rule(published: object, updated: object, case: str, counts_at: datetime) -> None:
    found = timing(published, updated)
    assert found.time_case == case
    assert event_time(found.published_at, found.published_precision, SEEN) == counts_at


def test_without_a_horizon_nothing_is_too_old_so_that_a_recording_is_replayed_whole() -> None:
    found = timing_of("1996-05-06T09:00:00Z", None, zone=UTC, first_seen_at=SEEN)
    assert found.time_case is TimeCase.PUBLISHED


@pytest.mark.parametrize("day", range(1, 13))
def test_news_of_the_day_is_read_as_such_whichever_number_comes_first(day: int) -> None:
    seen = datetime(2026, 12, day, 12, tzinfo=UTC)
    for form in ("%d/%m/%Y 11:00", "%m/%d/%Y 11:00"):
        found = timing_of(seen.strftime(form), None, zone=UTC, first_seen_at=seen, horizon=HORIZON)
        assert found.published_at == seen - timedelta(hours=1)
        assert found.time_case == ("order_assumed" if day < 12 else "zone_assumed")


@given(TIMES, TIMES)
def test_the_case_says_what_the_times_are(published: object, updated: object) -> None:
    found = timing(published, updated)
    counts_at = event_time(found.published_at, found.published_precision, SEEN)
    nothing_known = found.time_case in (TimeCase.MISSING, TimeCase.UNREADABLE)
    assert nothing_known == (found.published_at is None) == (found.published_precision is None)
    assert (found.time_case is TimeCase.FUTURE) == (found.published_at is not None and found.published_at > SEEN)
    if not nothing_known and found.time_case is not TimeCase.FUTURE:
        assert (found.time_case is TimeCase.TOO_OLD) == (SEEN - counts_at > HORIZON)
    if found.time_case is TimeCase.DAY:
        assert found.published_precision is Precision.DAY
    if found.time_case is TimeCase.EDITED:
        assert found.updated_at is not None
    assert counts_at <= SEEN


@given(TIMES, TIMES, TIMES)
def test_an_edit_never_moves_what_was_published(published: object, before: object, after: object) -> None:
    one, other = timing(published, before), timing(published, after)
    if timing(published).published_at is not None:
        assert one.published_at == other.published_at


def test_an_article_shows_its_case_and_the_edit() -> None:
    reader = ItemReader(name="wire", columns=ColumnMap(), zone=UTC, horizon=HORIZON)
    article = reader.read(
        item(title="Bank fails", published="2024-05-06T09:00:00Z", updated="2024-05-06T11:00:00Z"), SEEN
    )
    assert isinstance(article, Article)
    assert (article.time_case, article.updated_at) == (TimeCase.EDITED, SEEN.replace(hour=11))
    assert article.event_time == SEEN.replace(hour=9)
    old = reader.read(item(title="Bank founded", published="1996-05-06T09:00:00Z"), SEEN)
    assert isinstance(old, Article)
    assert old.time_case is TimeCase.TOO_OLD
