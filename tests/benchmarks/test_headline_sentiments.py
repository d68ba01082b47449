"""Labels of real headlines, read beside headlines written for the test."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from benchmarks.headline_sentiments import LABELS, fingerprint_of, read_headline_sentiments
from benchmarks.surges.prepared import HEADLINES
from monitor.classify.labels import SENTIMENTS
from monitor.errors import InputError

TEXT = "Acme fined as Borealis gains"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two headlines."""
    (tmp_path / HEADLINES).parent.mkdir()
    with gzip.open(tmp_path / HEADLINES, "wt", encoding="utf-8") as file:
        file.write(f"time,source,headline,description\n2018-01-01,Wire,{TEXT} ,\n2018-01-02,Wire,Nothing happens,\n")
    return tmp_path


def _labels(folder: Path, headline: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(f"headline,start,end,sentiment\n{headline},0,4,negative\n{headline},14,22,positive\n")
    return path


def test_a_label_is_put_where_its_headline_names_the_company(data: Path) -> None:
    (example,) = read_headline_sentiments(data, _labels(data, fingerprint_of(TEXT)))
    named = [(example.text[one.start : one.end], one.sentiment) for one in example.mentions or ()]
    assert named == [("Acme", 0), ("Borealis", 2)]


def test_headlines_that_are_missing_are_said_to_be(data: Path) -> None:
    with pytest.raises(InputError, match="1 labelled headlines are not in it"):
        read_headline_sentiments(data, _labels(data, "0123456789abcdef"))
    with pytest.raises(InputError, match="cannot be read"):
        read_headline_sentiments(data / "elsewhere")


def test_the_labels_are_whole() -> None:
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    places = {(row["headline"], row["start"]) for row in rows}
    assert len(places) == len(rows) > 250
    assert all(len(bytes.fromhex(row["headline"])) == 8 for row in rows)
    assert all(0 <= int(row["start"]) < int(row["end"]) for row in rows)
    assert {row["sentiment"] for row in rows} == set(SENTIMENTS)
