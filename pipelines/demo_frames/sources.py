"""The invented news sources: what they report, how they write, and how exactly they date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pipelines.dice import Dice


@dataclass(frozen=True)
class Source:
    """A news source.

    Attributes:
        name: As items carry it.
        host: Of its pages, below the reserved domain `.example`.
        topics: How often it reports on a topic, by index; topics not named weigh `other`.
        other: The weight of all other topics.
        zone_hours: Offset from UTC that it writes its times in.
        gives_id: Whether its items carry an id of their own.
    """

    name: str
    host: str
    topics: dict[int, float]
    other: float
    zone_hours: int = 0
    gives_id: bool = False


SOURCES: dict[str, Source] = {
    "W": Source("Kestrel Wire", "kestrelwire.example", {9: 0.5, 18: 0.2}, 5.0, gives_id=True),
    "T": Source("Halyard Business TV", "halyardtv.example", {15: 2.5, 16: 2.0, 14: 2.0, 9: 1.5, 18: 0.3}, 1.2, -5),
    "N": Source("The Harbour Chronicle", "harbourchronicle.example", {9: 6.0, 16: 2.5, 12: 1.5, 19: 0.2}, 1.2),
    "L": Source("Ledger & Loan", "ledgerandloan.example", {7: 4.0, 3: 4.0, 1: 1.0, 11: 1.0}, 0.0, gives_id=True),
    "R": Source("National Reserve", "nationalreserve.example", {}, 0.0, gives_id=True),
    "B": Source("Tickertape Tavern", "tickertapetavern.example", {18: 8.0, 19: 3.0, 0: 2.0, 4: 1.0, 5: 1.0}, 0.0, -5),
    "P": Source("Bulletin Circuit", "bulletincircuit.example", {}, 0.0, gives_id=True),
    "C": Source("Pit & Pipeline", "pitandpipeline.example", {6: 4.0, 10: 5.0}, 0.0, 1),
    "F": Source("Flashline", "flashline.example", {14: 2.0, 1: 1.5, 6: 1.5, 8: 2.0, 15: 1.0, 10: 1.0, 16: 1.0}, 0.2),
    "G": Source("Capitol Docket", "capitoldocket.example", {16: 5.0, 12: 4.0}, 0.0),
}  # fmt: skip
_SMALL = frozenset(["a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])


def source_for(topic: int, dice: Dice) -> str:
    """The letter of a source that reports on the topic."""
    return dice.weighted({letter: source.topics.get(topic, source.other) for letter, source in SOURCES.items()})


def title_case(title: str) -> str:
    """As press releases write: every word but the small ones begins with a capital.

    >>> title_case("Brightfen Systems to present at the forum")
    'Brightfen Systems to Present at the Forum'
    """
    words = title.split(" ")
    return " ".join(w if n and w in _SMALL else w[:1].upper() + w[1:] for n, w in enumerate(words))


def styled(title: str, letter: str, tickers: list[str], dice: Dice) -> str:
    """The headline as the source writes it."""
    if letter == "B" and tickers and "$" + tickers[0] not in title and dice.unit() < 0.85:
        return f"${tickers[0]} - {title}"
    if letter == "P":
        return title_case(title)
    if letter == "F" and len(title) < 76 and dice.unit() < 0.5:
        return title.upper()
    if letter == "T" and dice.unit() < 0.1 and not title.startswith(("Watch", "Breaking", "Video")):
        return f"Watch: {title}"
    return title


def dated(letter: str, published: datetime, dice: Dice) -> str:
    """The publication time as the source gives it: with its own offset, or (the broadsheet, at times) the day alone."""
    if letter == "N" and dice.unit() < 0.3:
        return published.date().isoformat()
    zone = timezone(timedelta(hours=SOURCES[letter].zone_hours))
    return published.astimezone(zone).isoformat().replace("+00:00", "Z")


def page_address(letter: str, title: str, published: datetime, mark: str) -> str:
    """The address of an item's page; `mark` makes it the item's own."""
    slug = "-".join(re.findall(r"[a-z0-9]+", title.lower())[:5]) or "news"
    return f"https://{SOURCES[letter].host}/{published:%Y/%m/%d}/{slug}-{mark}"
