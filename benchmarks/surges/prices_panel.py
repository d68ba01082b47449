"""Tweets counted by ticker and trading day, beside the returns of these days.

A trading day here runs from one close of New York to the next, weekends and holidays included, as its return does: a
tweet after the close counts with the day whose close it can still move.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from benchmarks.surges.protocol import BoolArray, Counts
from monitor.errors import InputError
from monitor.surges.headlines import headline_key

FALL: Final = -0.05
"""Return of a day, from close to close, from which on down it is a fall."""

_CLOSE = time(16, tzinfo=ZoneInfo("America/New_York"))
_DAY = timedelta(days=1)
_ANY_MONDAY = datetime(2014, 1, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Tweet:
    """A tweet about one ticker; one that names two stands twice.

    Attributes:
        ticker: Whom it is about.
        at: UTC-aware.
        text: As written.
        negative: Whether it counts as negative.
    """

    ticker: str
    at: datetime
    text: str
    negative: bool


@dataclass(frozen=True)
class Panel:
    """Series by ticker.

    Attributes:
        tickers: [series].
        days: Trading days, [periods].
        counts: Distinct texts by trading day. Its periods stand for trading days and are counted as days one after
            another, as detectors know no exchange: a week of theirs is seven trading days.
        falls: Where the return was a fall, [series, periods].
    """

    tickers: tuple[str, ...]
    days: tuple[date, ...]
    counts: Counts
    falls: BoolArray


@dataclass(frozen=True)
class Return:
    """The change of a ticker's adjusted close from one trading day to the next."""

    ticker: str
    day: date
    value: float


def panel_of(tweets: Iterable[Tweet], returns: Sequence[Return]) -> Panel:
    """Counts tweets on the trading days of the returns; a text counts once a ticker and day.

    Days without any tweet are gaps of the recording and are left out.

    Raises:
        InputError: No tweet lies within the trading days.
    """
    calendar = sorted({one.day for one in returns})
    closes = [datetime.combine(day, _CLOSE) for day in calendar]
    counted: dict[tuple[str, int], dict[str, bool]] = defaultdict(dict)
    for tweet in sorted(tweets, key=lambda one: (one.at, one.ticker, one.text)):
        place = bisect_left(closes, tweet.at)
        if place < len(calendar):
            counted[tweet.ticker, place].setdefault(headline_key(tweet.text), tweet.negative)
    if not counted:
        raise InputError("No tweet lies within the days of the prices.")
    recorded = sorted({place for _, place in counted})
    days, tickers = [calendar[place] for place in recorded], sorted({one.ticker for one in returns})
    places = {day: number for number, day in enumerate(days)}
    rows = {ticker: number for number, ticker in enumerate(tickers)}
    stories = np.zeros((len(tickers), len(days)), dtype=np.int64)
    negatives, falls = stories.copy(), np.zeros(stories.shape, dtype=np.bool_)
    for (ticker, place), texts in counted.items():
        if ticker in rows:
            stories[rows[ticker], places[calendar[place]]] = len(texts)
            negatives[rows[ticker], places[calendar[place]]] = sum(texts.values())
    for one in returns:
        if one.day in places:
            falls[rows[one.ticker], places[one.day]] = one.value <= FALL
    counts = Counts(stories, negatives, stories.sum(axis=0), _DAY, _ANY_MONDAY)
    return Panel(tuple(tickers), tuple(days), counts, falls)
