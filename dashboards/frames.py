"""From the store's rows to the tables that charts draw. Pure; times are epoch milliseconds, as browsers count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from dashboards.ranges import MOST_POINTS, Range
from monitor.alerts.alert import Alert
from monitor.clock import EPOCH, floor_to
from monitor.store.rows import ClosedCount
from monitor.surges.windows import Window, WindowCounts

_MILLISECOND = timedelta(milliseconds=1)

FLOOR: Final = -0.34
"""Where the volume's strip begins, on the axis of shares."""
_STRIP = 0.22
GOES_ON: Final = 4
"""For so many blocks after the last closed one its band is shown on."""

POINT_COLUMNS: Final = (
    "t",
    "start",
    "end",
    "share",
    "faint",
    "lone",
    "stories",
    "negatives",
    "floor",
    "volume",
    "when",
    "seen",
    "usual",
)
BAND_COLUMNS: Final = ("t", "expected", "low", "high")
SPAN_COLUMNS: Final = ("start", "end", "bottom", "top", "state", "told")


@dataclass(frozen=True)
class Picture:
    """All that one chart draws.

    Attributes:
        points: One row a window: its `start` and `end` (ms), `t` where it is drawn, `share` of negatives in [0, 1]
            (null where there are too few stories), `faint` the share where there are too few, `lone` the share where
            both neighbours have none, `stories`, `negatives`, `floor` and `volume` (where the volume's strip begins,
            and how high it stands), three texts for the tooltip.
        band: Steps: from `t` (ms) on, what was `expected`, and the `low` and `high` end of it; null where nothing was.
        spans: Alerts: `start` and `end` (ms), `state`, and a text for the tooltip.
        edges: Two rows, `t`: from when to when the chart reaches.
        labels: One row: what the full height of the volume's strip means.
        blocks: Whether the windows are disjoint blocks, drawn in their middle; sliding ones are drawn at their end.
    """

    points: pd.DataFrame
    band: pd.DataFrame
    spans: pd.DataFrame
    edges: pd.DataFrame
    labels: pd.DataFrame
    blocks: bool


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds of a UTC-aware instant."""
    return (moment - EPOCH) // _MILLISECOND


def from_milliseconds(number: float) -> datetime:
    """The inverse of `milliseconds`."""
    return EPOCH + timedelta(milliseconds=round(number))


def percent(share: float | None) -> str:
    """A share as people read it.

    >>> percent(0.637), percent(None)
    ('64%', 'unknown')
    """
    return "unknown" if share is None or np.isnan(share) else f"{100 * share:.0f}%"


def picture(
    choice: Range,
    reach: Window,
    counts: pd.DataFrame,
    closed: Sequence[ClosedCount],
    alerts: Iterable[Alert],
    *,
    enough: int,
) -> Picture:
    """What the chart of one series shows.

    Args:
        choice: The range chosen.
        reach: What it covers; see `Range.reach`.
        counts: Of the series, as `read_timeline` gives them, in buckets of `choice.grain`: for sliding windows from
            `choice.window` before `reach` on; else those that have not closed yet.
        closed: Its closed blocks, oldest first: of `choice.window`, or where windows slide of the length whose band
            fits best. A block without any story has none.
        alerts: On the series.
        enough: A window with fewer stories is shown faintly: nothing is concluded from it.
    """
    if choice.slides:
        sums = _sliding(choice, reach, counts)
    else:
        closed = _merged(_filled(reach, closed, choice.window), MOST_POINTS)
        sums = _blocks(counts, closed, choice.window)
    band = _band(reach, closed)
    longer = closed[-1].window.length if choice.slides and closed else choice.window
    points = _points(sums, band, enough, longer if longer > choice.window else None)
    return Picture(points, band, spans(alerts, reach), _edges(reach), _labels(points, reach), not choice.slides)


def spans(alerts: Iterable[Alert], reach: Window) -> pd.DataFrame:
    """Alerts as stretches of time, cut to what the chart covers; columns `SPAN_COLUMNS`."""
    rows = []
    for alert in alerts:
        end = alert.resolved_at or reach.end
        if end < reach.start or alert.opened_at > reach.end:
            continue
        told = f"Alert, {alert.state.value}: from {alert.opened_at:%d %b %H:%M}" + (
            f" to {alert.resolved_at:%d %b %H:%M}" if alert.resolved_at else ", still open"
        )
        start = max(alert.opened_at, reach.start)
        rows.append((milliseconds(start), milliseconds(min(end, reach.end)), FLOOR, 1.0, alert.state.value, told))
    return pd.DataFrame(rows, columns=list(SPAN_COLUMNS))


def _cells(counts: pd.DataFrame) -> list[tuple[int, int, int]]:
    """Start (ms), stories and negatives of each bucket."""
    rows = zip(counts["start"], counts["stories"], counts["negatives"], strict=True)
    return [(milliseconds(start.to_pydatetime()), int(seen), int(negative)) for start, seen, negative in rows]


def _sliding(choice: Range, reach: Window, counts: pd.DataFrame) -> pd.DataFrame:
    """One row for each step, and one for the end: the sums of the window that ends there."""
    first = reach.start - choice.window
    cells = (reach.end - first) // choice.grain
    base, grain = milliseconds(first), choice.grain // _MILLISECOND
    stories, negatives = np.zeros(cells + 1, dtype=np.int64), np.zeros(cells + 1, dtype=np.int64)
    for start, seen, negative in _cells(counts):
        place = (start - base) // grain
        if 0 <= place < cells:
            stories[place + 1] += seen
            negatives[place + 1] += negative
    stories, negatives = stories.cumsum(), negatives.cumsum()
    width, stride = choice.window // choice.grain, choice.step // choice.grain
    # Points stand on multiples of the step since the epoch, so that they stay where they are while time goes on.
    offset = (-(base // grain)) % stride
    ends = np.unique(np.append(np.arange(offset, cells + 1, stride), cells))
    ends = ends[ends >= width]
    return pd.DataFrame(
        {
            "t": base + ends * grain,
            "start": base + (ends - width) * grain,
            "end": base + ends * grain,
            "stories": stories[ends] - stories[ends - width],
            "negatives": negatives[ends] - negatives[ends - width],
        }
    )


def _blocks(counts: pd.DataFrame, closed: Sequence[ClosedCount], length: timedelta) -> pd.DataFrame:
    """One row for each closed block, then one for each that is still open."""
    rows = [
        (milliseconds(block.window.start), milliseconds(block.window.end), block.counts.stories, block.counts.negatives)
        for block in closed
    ]
    known = rows[-1][1] if rows else 0
    for start, seen, negative in _cells(counts):
        if start >= known:
            rows.append((start, start + length // _MILLISECOND, seen, negative))
    table = pd.DataFrame(rows, columns=["start", "end", "stories", "negatives"])
    return table.assign(t=(table["start"] + table["end"]) // 2)


def _filled(reach: Window, closed: Sequence[ClosedCount], length: timedelta) -> Sequence[ClosedCount]:
    """The blocks from the start of the chart to the last closed one; those without any story hold none."""
    if not closed:
        return closed
    known = {block.window.start: block for block in closed}
    start, series = min(floor_to(reach.start, length), closed[0].window.start), closed[0].series
    starts = (start + n * length for n in range((closed[-1].window.end - start) // length))
    return [
        known.get(start)
        or ClosedCount(
            series=series,
            window=Window(start, start + length),
            counts=WindowCounts(),
            expected_share=None,
            low=None,
            high=None,
        )
        for start in starts
    ]


def _merged(closed: Sequence[ClosedCount], most: int) -> Sequence[ClosedCount]:
    """Neighbouring blocks put together so that no more than `most` remain; their bands are averaged."""
    size = -(-len(closed) // most) if closed else 1
    if size == 1:
        return closed
    return [_one(closed[i : i + size]) for i in range(0, len(closed), size)]


def _one(blocks: Sequence[ClosedCount]) -> ClosedCount:
    known = [block for block in blocks if block.low is not None]

    def mean(values: Iterable[float | None]) -> float | None:
        return float(np.mean([value for value in values if value is not None])) if known else None

    return ClosedCount(
        series=blocks[0].series,
        window=Window(blocks[0].window.start, blocks[-1].window.end),
        counts=sum((block.counts for block in blocks), WindowCounts()),
        expected_share=mean(block.expected_share for block in known),
        low=mean(block.low for block in known),
        high=mean(block.high for block in known),
    )


def _band(reach: Window, closed: Sequence[ClosedCount]) -> pd.DataFrame:
    """The expected band as steps; after the last closed block it goes on as it was: nothing newer was learnt."""
    rows: list[tuple[int, float | None, float | None, float | None]] = []
    last: ClosedCount | None = None
    shown = [block for block in closed if block.window.end > reach.start]
    shown = shown or [block for block in closed[-1:] if _goes_on_until(block) > reach.start]
    for block in shown:
        apart = last is not None and block.window.start > last.window.end
        if last is not None and last.low is not None and (apart or block.low is None):
            rows.append(_step(last.window.end, last))  # a step is seen only where it ends as it began
        if last is not None and apart:
            rows.append((milliseconds(last.window.end), None, None, None))
        rows.append(_step(max(block.window.start, reach.start), block))
        last = block
    if last is not None:
        rows.append(_step(max(min(reach.end, _goes_on_until(last)), last.window.start), last))
    return pd.DataFrame(rows, columns=list(BAND_COLUMNS)).astype(dict.fromkeys(BAND_COLUMNS[1:], "float64"))


def _goes_on_until(last: ClosedCount) -> datetime:
    # A block without any story has no row; what was expected before it is the best that is known, for a while.
    return last.window.end + GOES_ON * last.window.length


def _step(at: datetime, block: ClosedCount) -> tuple[int, float | None, float | None, float | None]:
    return milliseconds(at), block.expected_share, block.low, block.high


def _points(sums: pd.DataFrame, band: pd.DataFrame, enough: int, longer: timedelta | None) -> pd.DataFrame:
    """The rows of the points; `longer` is the length of the band's blocks, where those are longer than the windows."""
    if sums.empty:
        return pd.DataFrame(columns=list(POINT_COLUMNS))
    table = sums.copy()
    raw = table["negatives"] / table["stories"].where(table["stories"] > 0)
    judged = table["stories"] >= enough
    table["share"], table["faint"] = raw.where(judged), raw.where(~judged)
    beside = table["share"].shift(1).notna() | table["share"].shift(-1).notna()
    table["lone"] = table["share"].where(~beside)
    table["floor"] = FLOOR
    table["volume"] = FLOOR + _STRIP * table["stories"] / max(1, int(table["stories"].max()))
    table["when"] = [_between(start, end) for start, end in zip(table["start"], table["end"], strict=True)]
    table["seen"] = [_seen(*pair) for pair in zip(table["stories"], table["negatives"], strict=True)]
    places = np.searchsorted(band["t"].to_numpy(), table["t"].to_numpy(), side="left") - 1
    told = [_usual(*step, longer) for step in zip(band["expected"], band["low"], band["high"], strict=True)]
    table["usual"] = [told[place] if place >= 0 else _usual(np.nan, np.nan, np.nan, longer) for place in places]
    return table[list(POINT_COLUMNS)]


def _seen(stories: int, negatives: int) -> str:
    return f"{negatives} of {stories} ({percent(negatives / stories)})" if stories else "no stories"


def _usual(expected: float, low: float, high: float, longer: timedelta | None) -> str:
    if np.isnan(low):
        return "not known yet"
    hours = (longer or timedelta(0)) // timedelta(hours=1)
    of = f", range of {'a whole day' if hours == 24 else f'{hours} hours'}" if longer else ""
    return f"{percent(expected)} ({percent(low)} to {percent(high)}){of}"


def _between(start: int, end: int) -> str:
    first, last = from_milliseconds(start), from_milliseconds(end)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%d %b %H:%M}"
    return f"{first:%d %b %Y %H:%M} to {until} UTC"


def _edges(reach: Window) -> pd.DataFrame:
    return pd.DataFrame({"t": [milliseconds(reach.start), milliseconds(reach.end)], "zero": [0.0, 0.0]})


def _labels(points: pd.DataFrame, reach: Window) -> pd.DataFrame:
    most = int(points["stories"].max()) if len(points) else 0
    label = f"volume, at most {most:,} {'story' if most == 1 else 'stories'}"
    return pd.DataFrame({"t": [milliseconds(reach.start)], "y": [FLOOR + _STRIP], "label": [label]})
