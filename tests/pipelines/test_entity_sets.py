"""The public entity sets, read from small files written in their formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.learning.data.examples import Example
from pipelines.entity_sets import FINENTITY, SENTFIN, occurrences, read_finentity, read_sentfin, split_test

HEADLINES = """\
id,title,entity,label
1,Acme slides while Acme Life gains,Acme,negative
1,Acme slides while Acme Life gains,Acme Life,positive
2,Tin &amp; zinc steady,zinc,neutral
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with both sets."""
    (tmp_path / "sentfin").mkdir()
    (tmp_path / SENTFIN).write_text(HEADLINES)
    content = "See https://example.org/x  Borealis fell. Borealis &amp; Co rose."
    second = content.index("Borealis", content.index("fell"))
    notes = [{"start": second, "end": second + 8, "label": "Positive", "value": "Borealis"}]
    (tmp_path / "finentity").mkdir()
    (tmp_path / FINENTITY).write_text(json.dumps([{"content": content, "annotations": notes}]))
    return tmp_path


def test_a_headline_has_its_entities_where_they_stand_the_longest_first(data: Path) -> None:
    first, second = read_sentfin(data)
    named = [(first.text[mention.start : mention.end], mention.sentiment) for mention in first.mentions or ()]
    assert named == [("Acme", 0), ("Acme Life", 2)]
    assert second.text == "Tin & zinc steady"
    assert [(mention.start, mention.end) for mention in second.mentions or ()] == [(6, 10)]


def test_a_span_of_the_raw_paragraph_is_found_in_the_prepared_one(data: Path) -> None:
    (example,) = read_finentity(data)
    (mention,) = example.mentions or ()
    assert example.text == "See Borealis fell. Borealis & Co rose."
    assert (mention.start, mention.sentiment) == (example.text.index("Borealis &"), 2)


def test_names_are_found_as_whole_words_first() -> None:
    assert occurrences("Gapless gap at GAP", "Gap") == [(8, 11), (15, 18)]
    assert occurrences("Midcaps rise", "midcap") == [(0, 6)]
    assert occurrences("Oil falls", "Gold") == []


def test_a_tenth_is_held_out_whatever_the_order() -> None:
    examples = [Example(f"Company {number} reports") for number in range(2000)]
    training, test = split_test(examples)
    assert 150 < len(test) < 250
    assert len(training) + len(test) == 2000
    assert split_test(reversed(examples))[1] == test[::-1]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="sentfin_entity_train"):
        read_sentfin(tmp_path)
