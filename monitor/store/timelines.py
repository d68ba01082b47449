"""The volume and the negative share of a series over time, with the band that its past lets expect; for charts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from monitor.clock import MINUTE, floor_to
from monitor.store import schema
from monitor.store.columns import from_micros
from monitor.store.rows import ClosedCount
from monitor.surges.series import Series
from monitor.surges.windows import Window, WindowCounts

if TYPE_CHECKING:
    import pandas as pd

BUCKET_LIMIT: Final = 5_000
"""Most points of one timeline: more than any chart can show."""

_DAY = timedelta(days=1)


def read_timeline(
    connection: Connection, series: Series, span: Window, bucket: timedelta, *, window: timedelta | None = None
) -> pd.DataFrame:
    """The counts of a series in equal buckets, and the expected band.

    Args:
        connection: In any transaction.
        series: Which.
        span: From its start, rounded down to a bucket, to its end.
        bucket: Whole minutes, counted from the epoch.
        window: Length of the windows that the buckets are added up to; None: each bucket is one. Windows of a day or
            more take in stories known by date only, as they are judged.

    Returns:
        One row for each bucket with the columns `start` (UTC), `stories`, `negatives` (whole numbers), `share` (in
        [0, 1], missing where there is no story), `expected_share`, `low`, `high` (in [0, 1]): those of the closed
        window around the bucket, of the longest length that is no longer than the bucket, or else of the shortest;
        missing where none is.

    Raises:
        ValueError: `bucket` is not of whole minutes, or there would be more than `BUCKET_LIMIT` of them.
    """
    import pandas as pd

    if bucket < MINUTE or bucket % MINUTE:
        raise ValueError(f"A bucket is of whole minutes, not of {bucket}.")
    first = floor_to(span.start, bucket)
    starts = [first + n * bucket for n in range(-((first - span.end) // bucket))]
    if len(starts) > BUCKET_LIMIT:
        raise ValueError(f"{len(starts)} buckets are more than the {BUCKET_LIMIT} that a timeline may have.")
    with_dated = (window or bucket) >= _DAY
    counts = _read_buckets(connection, series, Window(first, span.end), bucket, with_dated=with_dated)
    length = band_length(connection, series, bucket)
    bands = {
        closed.window.start: closed
        for closed in read_windows(connection, series, length, Window(first - length, span.end))
    }
    rows = []
    for start in starts:
        stories, negatives = counts.get(start, (0, 0))
        band = bands.get(floor_to(start, length))
        expected = (band.expected_share, band.low, band.high) if band else (None, None, None)
        rows.append((start, stories, negatives, negatives / stories if stories else None, *expected))
    frame = pd.DataFrame(rows, columns=["start", "stories", "negatives", "share", "expected_share", "low", "high"])
    return frame.astype(dict.fromkeys(("share", "expected_share", "low", "high"), "float64"))


def read_windows(connection: Connection, series: Series, length: timedelta, span: Window) -> list[ClosedCount]:
    """The closed windows of one length that start in a span, oldest first; of too many, the newest `BUCKET_LIMIT`."""
    table = schema.window_counts
    query = select(table).where(
        table.c.series == series.key,
        table.c.window_seconds == length // timedelta(seconds=1),
        table.c.start >= span.start,
        table.c.start < span.end,
    )
    rows = list(connection.execute(query.order_by(table.c.start.desc()).limit(BUCKET_LIMIT)))
    return [
        ClosedCount(
            series=series,
            window=Window(row.start, row.start + length),
            counts=WindowCounts(row.stories, row.negatives),
            expected_share=row.expected_share,
            low=row.low,
            high=row.high,
        )
        for row in reversed(rows)
    ]


def _read_buckets(
    connection: Connection, series: Series, span: Window, bucket: timedelta, *, with_dated: bool
) -> dict[datetime, tuple[int, int]]:
    table = schema.minute_counts
    minute = type_coerce(table.c.minute, BigInteger)
    start = (minute - minute % (bucket // timedelta(microseconds=1))).label("bucket")
    query = (
        select(
            start,
            func.sum(table.c.timed_stories + table.c.dated_stories if with_dated else table.c.timed_stories),
            func.sum(table.c.timed_negatives + table.c.dated_negatives if with_dated else table.c.timed_negatives),
        )
        .where(table.c.series == series.key, table.c.minute >= span.start, table.c.minute < span.end)
        .group_by(start)
    )
    return {
        from_micros(micros): (int(stories), int(negatives)) for micros, stories, negatives in connection.execute(query)
    }


def band_length(connection: Connection, series: Series, bucket: timedelta) -> timedelta:
    """The length of closed windows whose band fits a bucket best: the longest no longer than it, or else the shortest.

    All news and topics have closed windows of an hour and of a day, companies of a day alone.
    """
    table = schema.window_counts
    lengths: list[int] = []
    smallest = select(func.min(table.c.window_seconds)).where(table.c.series == series.key)
    seconds = connection.execute(smallest).scalar()
    while seconds is not None:
        lengths.append(seconds)
        seconds = connection.execute(smallest.where(table.c.window_seconds > seconds)).scalar()
    fitting = [length for length in lengths if length <= bucket // timedelta(seconds=1)]
    return timedelta(seconds=max(fitting, default=min(lengths, default=60)))
