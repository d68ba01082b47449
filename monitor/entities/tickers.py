"""Companies named by a ticker: cashtags (`$AAPL`), Reuters codes (`<AAPL.O>`), an exchange and a symbol (`NYSE: F`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from monitor.entities.entity import Entity

_EXCHANGES: Final = {
    "NYSE": "", "NASDAQ": "", "NYSEAMERICAN": "", "AMEX": "", "OTC": "", "OTCMKTS": "", "NASDAQGS": "",
    "LON": ".L", "LSE": ".L", "FRA": ".DE", "ETR": ".DE", "XETRA": ".DE", "EPA": ".PA", "AMS": ".AS", "BME": ".MC",
    "BIT": ".MI", "SWX": ".SW", "SIX": ".SW", "STO": ".ST", "TYO": ".T", "TSE": ".T", "EBR": ".BR", "HEL": ".HE",
    "HKG": ".HK", "HKEX": ".HK", "SEHK": ".HK", "KRX": ".KS", "ASX": ".AX",
}  # fmt: skip
"""Names of exchanges, with the suffix that Yahoo gives their tickers."""

_REUTERS: Final = {"O": "", "N": "", "OQ": "", "K": "", "A": "", "S": ".SW", "VX": ".SW", "F": ".DE"}
"""Reuters' suffixes where they differ from Yahoo's."""

_NO_EXCHANGES: Final = ("stock", "symbol", "ticker")
"""What stands before a ticker and a colon as well."""

_MARK: Final = re.compile(r"[$<:]")
_CASHTAG: Final = re.compile(r"(?<![\w$])\$([A-Za-z]{1,5}(?:[.-][A-Za-z])?)(?![\w$])")
_REUTERS_CODE: Final = re.compile(r"<([A-Za-z0-9-]{1,10}?)\.([A-Z]{1,2})>")
_UNITS: Final = frozenset("kKmMbB")
"""What stands for thousands, millions and billions of dollars in tables and notes."""

_BEFORE_UNIT: Final = re.compile(r"\b[Ii]n $")
_WITH_EXCHANGE: Final = re.compile(r"\b([A-Z]{3,12})\s?:\s?([A-Z0-9]{1,6}(?:[.-][A-Z])?)\b")
_IN_BRACKETS: Final = re.compile(
    r"[\s,]{0,2}[(<\[]\s?(?:([A-Za-z]{3,12})\s?:\s?)?\$?([A-Z0-9]{1,6}(?:[.-][A-Z]{1,2})?)\s?[)>\]]"
)

_LONGEST: Final = 30
"""Characters of a symbol with its exchange and the brackets."""


def is_symbol_of_name(text: str, start: int, end: int) -> bool:
    """Whether a stretch of a text lies within a symbol in brackets that stands behind a word with a capital.

    >>> is_symbol_of_name("Acme (NASDAQ: ACME) sinks", 14, 18), is_symbol_of_name("The lender (ACME) sinks", 12, 16)
    (True, False)
    """
    for found in _IN_BRACKETS.finditer(text, max(0, start - _LONGEST), end + _LONGEST):
        if found.start() <= start and end <= found.end():
            before = text[max(0, found.start() - 2 * _LONGEST) : found.start()].split()[-1:]
            return bool(before) and before[0][0].isupper()
    return False


class Tickers:
    """Finds entities by their tickers."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        """Indexes their tickers; of two with one ticker the later has it, as lists of one's own come last."""
        self._by_symbol: dict[str, str] = {}
        for entity in entities:
            for ticker in entity.tickers:
                # American share classes are written with a dot or with a hyphen.
                for symbol in {ticker.upper(), ticker.upper().replace("-", ".")}:
                    self._by_symbol[symbol] = entity.id

    def entity_of(self, symbol: str) -> str | None:
        """Id of the entity of a ticker, in Yahoo's form or in Reuters'; None where none has it."""
        found = self._by_symbol.get(symbol)
        if found is None and "." in symbol:
            root, _, suffix = symbol.rpartition(".")
            found = self._by_symbol.get(root + _REUTERS.get(suffix, f".{suffix}"))
        return found

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start, end and id of each entity that a text names by an explicit ticker.

        A number of dollars is no cashtag, nor are thousands, millions or billions of them; a ticker that no entity has
        is left out.
        """
        if _MARK.search(text) is None:
            return
        for match in _CASHTAG.finditer(text):
            found = self._by_symbol.get(match[1].upper().replace("-", "."))
            if found and not _is_unit(text, match):
                yield match.start(), match.end(), found
        for match in _REUTERS_CODE.finditer(text):
            if found := self.entity_of(f"{match[1].upper()}.{match[2]}"):
                yield match.start(), match.end(), found
        for match in _WITH_EXCHANGE.finditer(text):
            if (found := self._listed(match[1], match[2])) and not _is_article(text, match):
                yield match.start(), match.end(), found

    def after(self, text: str, place: int) -> str | None:
        """Id of the entity whose ticker stands in brackets at a place; empty where the ticker is no known one's.

        None where no ticker stands there.
        """
        match = _IN_BRACKETS.match(text, place)
        if match is None:
            return None
        named = match[1] is not None and match[1].lower() not in _NO_EXCHANGES
        return (self._listed(match[1].upper(), match[2]) if named else self.entity_of(match[2])) or ""

    def _listed(self, exchange: str, symbol: str) -> str | None:
        """Id of the entity of a symbol on an exchange; None where there is none, or the exchange is unknown."""
        suffix = _EXCHANGES.get(exchange)
        return None if suffix is None else self._by_symbol.get(symbol + suffix)

    def bare(self) -> Iterator[tuple[str, str]]:
        """Symbols of four letters or more that are used on their own in America, with their entities."""
        for symbol, entity in self._by_symbol.items():
            if 4 <= len(symbol) <= 5 and symbol.isalpha() and not (len(symbol) == 5 and symbol[-1] in "FY"):
                yield symbol, entity


def _is_article(text: str, listed: re.Match[str]) -> bool:
    """Whether what looks like a symbol begins a sentence: NYSE: A record day."""
    return listed[2] == "A" and text[listed.end() : listed.end() + 1] == " "


def _is_unit(text: str, cashtag: re.Match[str]) -> bool:
    """Whether what looks like a cashtag says how many dollars a figure counts: $m, ($M), in $B."""
    symbol, (start, end) = cashtag[1], cashtag.span()
    if symbol not in _UNITS:
        return False
    bracketed = text[start - 1 : start] == "(" and text[end : end + 1] == ")"
    return symbol in ("k", "m") or bracketed or _BEFORE_UNIT.search(text, max(0, start - 4), start) is not None
