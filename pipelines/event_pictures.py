"""A picture of each alert of a backtest: the share with its expected band, the volume, and when the surge was on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from monitor.clock import floor_to
from monitor.store import counting
from monitor.store.database import Database
from monitor.store.timelines import read_timeline
from monitor.surges.series import Series
from monitor.surges.session import STAGE
from monitor.surges.windows import Window
from pipelines.backtest import AlertLine

if TYPE_CHECKING:
    import pandas as pd

_DAY: Final = timedelta(days=1)
_BEFORE, _AFTER = 28 * _DAY, 7 * _DAY
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")


def draw_alerts(store: str, lines: Sequence[AlertLine], folder: Path) -> list[Path]:
    """Draws every alert: `DATE-SERIES.png`, four weeks before it to one after.

    Args:
        store: URL of the backtest's results.
        lines: The alerts in it.
        folder: Of the pictures; created.

    Raises:
        ModuleNotFoundError: matplotlib is not installed (extra: train).
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with Database.open(store) as database, database.read() as connection:
        progress = counting.read_progress(connection, STAGE)
        for line in lines:
            series = Series.parse(line.series)
            last = progress.tick if progress else line.opened
            end = min(floor_to(line.closed or line.opened, _DAY) + _AFTER, floor_to(last, _DAY) + _DAY)
            span = Window(floor_to(line.opened, _DAY) - _BEFORE, end)
            frame = read_timeline(connection, series, span, _DAY)
            name = _UNSAFE.sub("-", f"{line.opened:%Y-%m-%d}-{line.series}").strip("-")
            drawn.append(folder / f"{name}.png")
            _draw(frame, series, line, last, drawn[-1])
    return drawn


def _draw(frame: pd.DataFrame, series: Series, line: AlertLine, last: datetime, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    days = frame["start"]
    upper.fill_between(days, 100 * frame["low"], 100 * frame["high"], step="mid", color="0.88", label="expected")
    upper.plot(days, 100 * frame["expected_share"], color="0.6", drawstyle="steps-mid")
    upper.plot(days, 100 * frame["share"], color="tab:blue", marker="o", markersize=3, label="negative")
    lower.bar(days, frame["stories"], color="0.8", label="stories")
    lower.bar(days, frame["negatives"], color="tab:red", label="negative ones")
    for axes in (upper, lower):
        axes.axvspan(line.opened, line.closed or last, color="tab:orange", alpha=0.3, label="alert")
        axes.legend(loc="upper left", fontsize=8)
    upper.set_ylim(0, 100)
    upper.set_ylabel("negative, %")
    lower.set_ylabel("stories a day")
    figure.suptitle(
        f"{series.title}, {line.opened:%Y-%m-%d %H:%M} UTC: {line.k} of {line.n} negative in {line.window} min, "
        f"{line.expected:.1f} expected",
        fontsize=11,
    )
    figure.autofmt_xdate()
    figure.savefig(path, dpi=110)
