"""The two public sets whose labels are about companies: SEntFiN (headlines) and FinEntity (paragraphs with spans)."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from monitor.classify.labels import SENTIMENTS
from monitor.classify.mentions import Span
from monitor.classify.text import normalise_text, prepare_text
from monitor.errors import InputError
from monitor.learning.data.examples import Example, LabelledMention, find_entity, is_free

SENTFIN = "sentfin/sentfin_entity_train.csv"
FINENTITY = "finentity/FinEntity.json"
TEST_SHARE = 10
"""One text of so many is held out for good, by the hash of its words."""


def is_test(text: str) -> bool:
    """Whether a text of these sets belongs to the tenth that is only ever judged on."""
    return hashlib.sha256(normalise_text(text).encode()).digest()[0] * TEST_SHARE < 256


def read_sentfin(data_folder: Path) -> list[Example]:
    """One example per headline of SEntFiN; an entity string is located at its first whole-word occurrence.

    Raises:
        InputError: The file is missing.
    """
    by_title: dict[str, dict[str, int]] = defaultdict(dict)
    with _opened(data_folder / SENTFIN) as file:
        for row in csv.DictReader(file):
            by_title[prepare_text(row["title"])][prepare_text(row["entity"])] = SENTIMENTS.index(row["label"])
    return [_headline(title, entities) for title, entities in by_title.items()]


def read_finentity(data_folder: Path) -> list[Example]:
    """One example per paragraph of FinEntity.

    Raises:
        InputError: The file is missing.
    """
    with _opened(data_folder / FINENTITY) as file:
        paragraphs = json.load(file)
    return [_paragraph(row["content"], row["annotations"]) for row in paragraphs]


def split_test(examples: Iterable[Example]) -> tuple[list[Example], list[Example]]:
    """The examples to train on and the tenth that is only ever judged on."""
    training, test = list[Example](), list[Example]()
    for example in examples:
        (test if is_test(example.text) else training).append(example)
    return training, test


def occurrences(text: str, name: str) -> list[Span]:
    """Where a name stands in a text as whole words, whatever its case; anywhere, if nowhere as whole words.

    SEntFiN names "midcap" where a headline has "Midcaps"; in a user's file it would be a mistake.
    """
    anywhere = (match.span() for match in re.finditer(re.escape(name), text, re.IGNORECASE))
    return find_entity(text, name) or list(anywhere)


def _headline(title: str, entities: dict[str, int]) -> Example:
    taken = list[LabelledMention]()
    for name in sorted(entities, key=len, reverse=True):  # the longest first: "SBI Life" before "SBI"
        spans = [span for span in occurrences(title, name) if is_free(span, taken)]
        if name and spans:
            taken.append(LabelledMention(*spans[0], entities[name]))
    return Example(title, mentions=tuple(sorted(taken, key=lambda mention: mention.start)), tagged=True)


def _paragraph(content: str, annotations: list[dict[str, object]]) -> Example:
    """Spans are those of the raw text; the k-th occurrence of a name there is the k-th in the prepared text."""
    text = prepare_text(content)
    taken = list[LabelledMention]()
    for note in sorted(annotations, key=lambda note: int(str(note["start"]))):
        raw = content[int(str(note["start"])) : int(str(note["end"]))]
        name = prepare_text(raw)
        before = content[: int(str(note["start"]))].count(raw)
        spans = [match.span() for match in re.finditer(re.escape(name), text)] if name else []
        if before < len(spans) and is_free(spans[before], taken):
            taken.append(LabelledMention(*spans[before], SENTIMENTS.index(str(note["label"]).lower())))
    return Example(text, mentions=tuple(taken), tagged=True)


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}.", "Name the folder of the data sets.") from error
