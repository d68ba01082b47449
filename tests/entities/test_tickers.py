"""Companies named by a ticker."""

from __future__ import annotations

import pytest

from monitor.entities.entity import Entity
from monitor.entities.tickers import Tickers

TICKERS = Tickers(
    [
        Entity(id="alder", name="Alder", tickers=("ALDR",)),
        Entity(id="birch", name="Birch", tickers=("BRC.L", "B")),
        Entity(id="cedar", name="Cedar", tickers=("CDR-B",)),
        Entity(id="dogwood", name="Dogwood", tickers=("M", "K")),
        Entity(id="elm", name="Elm", tickers=("BRC",)),
        Entity(id="ebony", name="Ebony", tickers=("A",)),
        Entity(id="fir", name="Fir", tickers=("LATE",)),
        Entity(id="gorse", name="Gorse", tickers=("LATE",)),
    ]
)


def named(text: str) -> list[tuple[str, str]]:
    return [(text[start:end], entity) for start, end, entity in TICKERS.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("long $ALDR and $b into the print", [("$ALDR", "alder"), ("$b", "birch")]),
        ("Alder <ALDR.O> and Birch <BRC.L> fell", [("<ALDR.O>", "alder"), ("<BRC.L>", "birch")]),
        ("Birch (LON: BRC) and Alder (NASDAQ:ALDR)", [("LON: BRC", "birch"), ("NASDAQ:ALDR", "alder")]),
        ("$CDR.B up", [("$CDR.B", "cedar")]),
        ("$LATE is of the later one", [("$LATE", "gorse")]),
        ("$M rises on earnings", [("$M", "dogwood")]),
        ("$F, $M and $K rise", [("$M", "dogwood"), ("$K", "dogwood")]),
        ("Net sales ($M) fell to 120 from 140", []),
        ("Revenue ($m) 2023 and $m 2022", []),
        ("All figures in $k, costs in $B and $K", [("$K", "dogwood")]),
        ("it costs $5 or $B2 or US$B", []),
        ("$ZZZZ is nobody's", []),
        ("a ratio of ALDR: 7", []),
        ("NOTICE: ALDR", []),
        ("NYSE: A record day", []),
        ("NYSE: A BAD DAY", []),
        ("Ebony (NYSE: A) and NYSE: A, at last NYSE: A", [("NYSE: A", "ebony")] * 3),
    ],
)
def test_explicit_tickers_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert named(text) == expected


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        (" (ALDR) rose", "alder"),
        (", [ALDR.N] rose", "alder"),
        (" (NYSE: B) rose", "birch"),
        (" (LON: BRC) rose", "birch"),
        (" (Nasdaq: BRC) rose", "elm"),
        (" (EPA: BRC) rose", ""),
        (" (TSXV: BRC) rose", ""),
        (" (Ticker: BRC) rose", "elm"),
        (" (ZZZ) rose", ""),
        (" rose (ALDR)", None),
    ],
)
def test_a_ticker_in_brackets_behind_a_name(rest: str, expected: str | None) -> None:
    assert TICKERS.after("Alder" + rest, 5) == expected


def test_only_long_american_symbols_stand_alone() -> None:
    assert dict(TICKERS.bare()) == {"ALDR": "alder", "LATE": "gorse"}
