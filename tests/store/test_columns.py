from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, select

from monitor.store.columns import Instant, PlainText, from_micros, to_micros

ZONES = st.builds(timezone, st.timedeltas(min_value=timedelta(hours=-14), max_value=timedelta(hours=14)))
# Some days from the ends of time, which a zone could step over; bare, as hypothesis adds the zone.
FIRST = datetime(1, 1, 3, tzinfo=UTC).replace(tzinfo=None)
LAST = datetime(9999, 12, 29, tzinfo=UTC).replace(tzinfo=None)
INSTANTS = st.datetimes(min_value=FIRST, max_value=LAST, timezones=ZONES)

TABLE = Table(
    "moments", MetaData(), Column("id", Integer, primary_key=True), Column("at", Instant), Column("said", PlainText)
)


@given(INSTANTS)
def test_an_instant_comes_back_exactly_and_in_utc(moment: datetime) -> None:
    back = from_micros(to_micros(moment))
    assert back == moment
    assert back.tzinfo is UTC


@given(st.lists(INSTANTS, min_size=2, max_size=2))
def test_stored_instants_sort_as_instants_do(pair: list[datetime]) -> None:
    earlier, later = sorted(pair)
    assert to_micros(earlier) <= to_micros(later)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        to_micros(datetime(2024, 5, 1))  # noqa: DTZ001 - the point of the test


@given(st.none() | INSTANTS, st.text(st.characters(exclude_categories=["Cs"])))
def test_a_table_gives_back_what_it_was_given(moment: datetime | None, said: str) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        TABLE.create(connection)
        connection.execute(TABLE.insert(), {"id": 1, "at": moment, "said": said})
        row = connection.execute(select(TABLE)).one()
        assert row.at == moment
        assert row.said == said.replace("\x00", "\ufffd")
    engine.dispose()
