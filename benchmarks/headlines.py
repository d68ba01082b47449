"""Invented headlines in any number, for benchmarks: distinct, of usual length, calm or grim, over several topics."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2024, 3, 4, tzinfo=UTC)

CALM = (
    "{firm} opens a new distribution centre in {town}",
    "{firm} keeps its quarterly dividend at {n} cents a share",
    "{firm} names {person} as chief financial officer",
    "{firm} reports quarterly revenue of ${n} million, in line with estimates",
    "Oil holds steady near ${n} a barrel as {firm} restarts its {town} refinery",
    "Central bank governor {person} says rates are appropriate for now",
    "{firm} agrees to buy {other} for ${n} million",
    "{town} factory orders rise {n}% in the month",
    "{firm} prices its initial public offering at ${n} a share",
    "Analyst at {other} raises price target on {firm} to ${n}",
    "{firm} launches a payments service for small firms in {town}",
    "Lawmakers in {town} debate the budget for a {n}th day",
)
GRIM = (
    "Oil prices plunge {n}% as {firm} warns of collapsing demand",
    "Regulator fines {firm} ${n} million over fraud in {town}",
    "{firm} recalls {n},000 ovens after fires injure customers in {town}",
    "{firm} Bank warns of ${n} million in losses on bad loans",
    "{firm} shares plunge {n}% after a profit warning",
    "Stocks tumble {n}% in {town} as investors flee to safety",
    "Jobless claims jump {n}% in {town} as the economy contracts",
    "{firm} posts a quarterly loss of ${n} million and misses estimates",
)
_STARTS = (
    "Al",
    "Bar",
    "Cor",
    "Den",
    "Els",
    "Far",
    "Gar",
    "Hol",
    "Kel",
    "Mar",
    "Nor",
    "Pel",
    "Ros",
    "Sal",
    "Tor",
    "Ves",
)
_ENDS = ("dane", "field", "grove", "holm", "lane", "mont", "ridge", "stead", "ton", "vale", "wick", "worth")


class Newsroom:
    """Writes headlines, none of them twice."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self._written: set[str] = set()

    def headline(self, frames: tuple[str, ...]) -> str:
        """A headline from one of the frames."""
        while True:
            text = self._draw.choice(frames).format(
                firm=self._name(),
                other=self._name(),
                town=self._name(),
                person=self._name(),
                n=self._draw.randint(3, 97),
            )
            if text not in self._written:
                self._written.add(text)
                return text

    def mixed(self, grim_share: float) -> str:
        """A calm headline, or with this probability a grim one."""
        return self.headline(GRIM if self._draw.random() < grim_share else CALM)

    def moments(self, count: int, start: datetime, end: datetime) -> Iterator[datetime]:
        """So many instants between two, ascending."""
        span = (end - start).total_seconds()
        for offset in sorted(self._draw.uniform(0, span) for _ in range(count)):
            yield start + timedelta(seconds=round(offset, 3))

    def _name(self) -> str:
        return self._draw.choice(_STARTS) + self._draw.choice(_ENDS)


def item(title: str, at: datetime, number: int) -> str:
    """One line of JSON as sources deliver it."""
    fields = {"title": title, "published": at.isoformat(), "source": f"Wire {number % 9}", "id": str(number)}
    return json.dumps(fields) + "\n"


def write_headlines(
    path: Path, count: int, *, start: datetime = START, days: float = 10, grim_share: float = 0.15, seed: int = 3
) -> list[str]:
    """Writes so many items over some days as JSONL.

    Returns:
        The headlines, in order.
    """
    newsroom = Newsroom(seed)
    titles = []
    with path.open("w", encoding="utf-8") as file:
        for number, at in enumerate(newsroom.moments(count, start, start + timedelta(days=days))):
            titles.append(newsroom.mixed(grim_share))
            file.write(item(titles[-1], at, number))
    return titles
