"""Do surges of negative tweets go with falls of prices?

    python -m benchmarks.surges --prices [--data DIR] [--cache DIR] [--json]

Tweets of stocknet, scored by the shipped model, are counted by ticker and trading day (prices_panel.py); a fall is a
ticker-day with a return of -5% or worse. Every detector ranks the ticker-days with a negative tweet by its scores; its
alerts at a budget of N a day are the N x days most alarming ones, over all tickers, wherever they lie. (So a detector
may spend its budget on bad days; equal scores are drawn by lot. Ten a day are more than there are such ticker-days, so
there all detectors are equal: it is what alerting of everything comes to.) All are judged from the same day on, which
leaves the first 28 trading days to learn from. Flexible Farrington needs three years before that and is left out.

An alert is right if it opens on the trading day of its ticker's fall, the one before or the one after: before, because
trouble may be talked of first; after, because a fall is talked of, and many a tweet comes after the close. As that
counts echoes as finds, figures for the day of the fall and the day before it alone stand beside. Prices move for other
reasons than tweets, and many falls have next to no tweets here: `reachable` says how many have a negative one in time.
`chance` is the precision of alerts thrown by lot at ticker-days with a negative tweet.

The last line is one JSON object: `falls, reachable, ticker_days, chance, detectors` (by name and budget).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.data import WHERE_DATA_IS, find_data
from benchmarks.surges.detectors import our_detector, peers
from benchmarks.surges.farrington import FarringtonFlexible
from benchmarks.surges.prepared import CACHE, read_rows, sentiments
from benchmarks.surges.prices_panel import Panel, Return, Tweet, panel_of
from benchmarks.surges.protocol import BoolArray, Detector, FloatArray, scores_of
from monitor.classify.choosing import open_engine
from monitor.classify.openvino_engine import SHIPPED_MODEL
from monitor.errors import MonitorError

BUDGETS: Final = (1, 3, 10)
"""Alerts a trading day, over all tickers, on average."""
YOUNG: Final = 28
"""Trading days at the start on which nobody is judged."""

_SEED = 2014
_TWEETS, _PRICES = Path("stocknet/tweets_to_2015_03.csv.gz"), Path("stocknet/prices_to_2015_03.csv.gz")


@dataclass(frozen=True)
class Judged:
    """A detector at a budget. Precision is of alerts, recall of falls, each in [0, 1]; NaN-free, 0 of nothing.

    Attributes:
        alerts: Fewer than the budget allows where the detector finds no more.
        precision: Alerts with a fall of their ticker within one trading day.
        recall: Falls with an alert within one trading day.
        precision_before: Alerts with a fall on the same or the next trading day.
        recall_before: Falls with an alert on the same trading day or the one before.
    """

    alerts: int
    precision: float
    recall: float
    precision_before: float
    recall_before: float


def strongest(scores: FloatArray, allowed: BoolArray, number: int) -> BoolArray:
    """Where the `number` smallest scores stand, [series, periods]; NaN never, equal ones by lot.

    Args:
        scores: The smaller, the more alarming.
        allowed: Where an alert may stand.
        number: How many at most.
    """
    places = np.flatnonzero(allowed & ~np.isnan(scores))
    places = np.random.default_rng(_SEED).permutation(places)
    chosen = places[np.argsort(scores.ravel()[places], kind="stable")[:number]]
    found = np.zeros(scores.size, dtype=np.bool_)
    found[chosen] = True
    return found.reshape(scores.shape)


def widened(marks: BoolArray, before: int, after: int) -> BoolArray:
    """Marks that also cover so many periods before and after each one.

    >>> widened(np.array([[False, False, True, False]]), before=1, after=0)
    array([[False,  True,  True, False]])
    """
    found = marks.copy()
    for step in range(1, before + 1):
        found[:, :-step] |= marks[:, step:]
    for step in range(1, after + 1):
        found[:, step:] |= marks[:, :-step]
    return found


def judge(alerts: BoolArray, falls: BoolArray) -> Judged:
    """Precision and recall of alerts [series, periods] against falls of the same shape."""

    def share(marks: BoolArray, within: BoolArray) -> float:
        return round(float((marks & within).sum()) / max(1, int(marks.sum())), 4)

    return Judged(
        alerts=int(alerts.sum()),
        precision=share(alerts, widened(falls, 1, 1)),
        recall=share(falls, widened(alerts, 1, 1)),
        precision_before=share(alerts, widened(falls, 1, 0)),
        recall_before=share(falls, widened(alerts, 0, 1)),
    )


def compare(panel: Panel, detectors: Sequence[Detector]) -> dict[str, Any]:
    """Every detector at every budget, on the days after the young ones."""
    judged = np.zeros(panel.falls.shape, dtype=np.bool_)
    judged[:, YOUNG:] = True
    # What lies a day outside cannot be matched fairly, so falls are judged on the same days as alerts.
    falls, negative = panel.falls & judged, panel.counts.negatives > 0
    days = max(0, len(panel.days) - YOUNG)
    found: dict[str, Any] = {}
    for detector in detectors:
        scores = scores_of(detector, panel.counts, judged & negative)
        found[detector.name] = {
            str(budget): asdict(judge(strongest(scores, judged & negative, budget * days), falls)) for budget in BUDGETS
        }
    return {
        "falls": int(falls.sum()),
        "reachable": int((falls & widened(negative & judged, 1, 1)).sum()),
        "ticker_days": int(judged.sum()),
        "chance": round(float((widened(falls, 1, 1) & judged & negative).sum()) / max(1, (judged & negative).sum()), 4),
        "detectors": found,
    }


def read_panel(data: Path, cache: Path) -> Panel:
    """Tweets and prices of stocknet, scored by the shipped model.

    Raises:
        MonitorError: They cannot be read, or the model cannot be loaded.
    """
    rows, prices = read_rows(data / _TWEETS), read_rows(data / _PRICES)
    engine = open_engine(SHIPPED_MODEL, device="cpu")
    probabilities = sentiments([row["text"] for row in rows], engine, cache, lambda line: print(line, file=sys.stderr))
    negative = (probabilities.argmax(axis=1) == 0) & (probabilities[:, 0] >= engine.abstain_below)
    tweets = [
        Tweet(row["ticker"], datetime.fromisoformat(row["created_at"]), row["text"], bool(bad))
        for row, bad in zip(rows, negative, strict=True)
    ]
    returns = [Return(row["ticker"], date.fromisoformat(row["date"]), float(row["adj_return"])) for row in prices]
    return panel_of(tweets, returns)


def detectors() -> list[Detector]:
    """Ours, where it is there, and everyone who needs no three years."""
    ours = our_detector()
    others = [one for one in peers() if not isinstance(one, FarringtonFlexible)]
    return [*([ours] if ours is not None else []), *others]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from a command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.surges --prices", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--data", type=Path, help=f"folder of the data sets; {WHERE_DATA_IS}")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of what was scored (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON only; the last line is one object")
    options = parser.parse_args(arguments)
    try:
        panel = read_panel(options.data or find_data("stocknet"), options.cache)
    except MonitorError as error:
        print(f"surges: {error}", file=sys.stderr)
        return 2
    result = compare(panel, detectors())
    if options.json:
        print(json.dumps(result))
    else:
        _print(result)
    return 0


def _print(result: dict[str, Any]) -> None:
    print(
        f"{result['falls']} falls ({result['reachable']} with a negative tweet within a day), "
        f"{result['ticker_days']} ticker-days; by chance {result['chance']:.4f} of alerts are right"
    )
    header = "  ".join(f"{f'{budget} a day':>25}" for budget in BUDGETS)
    print(f"{'precision / recall':<27} {header}\n{'(same day or before)':<27}")
    for name, by_budget in result["detectors"].items():
        cells = (
            f"{one['precision']:.3f}/{one['recall']:.3f} ({one['precision_before']:.3f}/{one['recall_before']:.3f})"
            for one in (by_budget[str(budget)] for budget in BUDGETS)
        )
        print(f"{name:<27} " + "  ".join(f"{cell:>25}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
