"""Real headlines that cannot be one story, however alike: those that came more than two weeks apart."""

from __future__ import annotations

import csv
import gzip
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.data import find_data
from benchmarks.embedders import Embed
from monitor.classify.embeddings import quantise
from monitor.classify.text import prepare_text
from monitor.ingest.shingles import shingles_of
from monitor.surges.headlines import lead_of
from monitor.surges.near_duplicates import Alikeness, Fingerprint, NearDuplicates

APART = timedelta(days=15)
_SPACED_FIGURE = re.compile(r"(?<=\d) ([.,]) (?=\d)")


@dataclass(frozen=True)
class Unrelated:
    """Headlines with their days, newest last."""

    days: list[date]
    fingerprints: list[Fingerprint]

    def joined_share(self, alikeness: Alikeness, asked: int = 300) -> float:
        """The share of some headlines that would join a story of another fortnight, all others being live."""
        index = NearDuplicates(len(self.days), alikeness)
        for number, fingerprint in enumerate(self.fingerprints):
            index.add(str(number), fingerprint)
        chosen = random.Random(0).sample(range(len(self.days)), min(asked, len(self.days)))
        return sum(self._joins(index, number) for number in chosen) / len(chosen)

    def _joins(self, index: NearDuplicates, number: int) -> bool:
        found = index.tellings(self.fingerprints[number])
        return any(abs(self.days[int(story)] - self.days[number]) > APART for story in found)


def read_unrelated(embed: Embed, data: Path | None, count: int) -> Unrelated:
    """The last so many headlines of the set `news_headlines`.

    Raises:
        InputError: It is not there.
    """
    folder = data or find_data("news_headlines")
    with gzip.open(folder / "news_headlines" / "headlines_to_2019_03.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[-count:]
    texts = [prepare_text(_mended(row["headline"])) for row in rows]
    return Unrelated([date.fromisoformat(row["time"][:10]) for row in rows], fingerprints_of(texts, embed))


def fingerprints_of(texts: Sequence[str], embed: Embed) -> list[Fingerprint]:
    """As the surge stage is given them."""
    embeddings = quantise(embed(texts))
    return [
        Fingerprint(text=lead_of(text), shingles=shingles_of(text), embedding=embedding, model_version="one")
        for text, embedding in zip(texts, embeddings, strict=True)
    ]


def _mended(headline: str) -> str:
    """The headline as its publisher wrote it: the set has spaces around full stops and commas."""
    mended = _SPACED_FIGURE.sub(r"\1", headline).replace("U . S .", "U.S.")
    return mended.replace(" ,", ",").replace(" :", ":").replace(" '", "'")
