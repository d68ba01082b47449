"""Companies in real headlines of the news, each with the sentiment toward it, as one reader judged it.

headline_sentiments.csv holds 275 companies in some 210 headlines, drawn at random from those of December 2017 to March
2019 and labelled by what the news means for the company before any model was asked. No model learns from them. A
headline is known by a fingerprint of its words: its text stays in the data folder.
"""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Final

from benchmarks.surges.prepared import HEADLINES, read_rows
from monitor.classify.labels import SENTIMENTS
from monitor.classify.text import normalise_text, prepare_text
from monitor.errors import InputError
from monitor.learning.data.examples import Example, LabelledMention

LABELS: Final = Path(__file__).parent / "headline_sentiments.csv"
NAME: Final = "headlines entity"
"""Of the set, as figures name it."""


def fingerprint_of(text: str) -> str:
    """By what a prepared headline is known: 16 hexadecimal digits."""
    return hashlib.sha256(normalise_text(text).encode()).hexdigest()[:16]


def read_headline_sentiments(data_folder: Path, labels: Path = LABELS) -> list[Example]:
    """One example for each labelled headline, in the order of the labels.

    Args:
        data_folder: Holds the headlines.
        labels: Of which headlines, and where in each.

    Raises:
        InputError: The headlines are missing, or do not hold one that is labelled.
    """
    path = data_folder / HEADLINES
    texts = (prepare_text(row["headline"]) for row in read_rows(path))
    known = {fingerprint_of(text): text for text in texts}
    marked = defaultdict[str, list[LabelledMention]](list)
    for row in _rows(labels):
        mention = LabelledMention(int(row["start"]), int(row["end"]), SENTIMENTS.index(row["sentiment"]))
        marked[row["headline"]].append(mention)
    if missing := [headline for headline in marked if headline not in known]:
        raise InputError(
            f"{path}: {len(missing)} labelled headlines are not in it.", "Use the file as it was published."
        )
    return [Example(known[headline], mentions=tuple(mentions)) for headline, mentions in marked.items()]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
