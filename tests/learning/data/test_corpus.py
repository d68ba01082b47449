"""What becomes of the rows of labelled files."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.labels import SENTIMENTS, Labels
from monitor.classify.text import normalise_text
from monitor.errors import InputError
from monitor.learning.data.corpus import Columns, Corpus, read_corpus
from monitor.learning.data.examples import Example, LabelledMention

ENTITY = Columns(text="text", entity="who", entity_sentiment="view")


def _file(folder: Path, *rows: tuple[str, ...], header: tuple[str, ...] = ("text", "who", "view")) -> Path:
    path = folder / "set.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def _read(path: Path, columns: Columns = ENTITY, *, all_entities: bool = False) -> Corpus:
    return read_corpus([path], columns, {}, labels=Labels(), all_entities=all_entities)


def test_the_rows_of_a_text_become_its_mentions(tmp_path: Path) -> None:
    path = _file(
        tmp_path, ("Acme beats Acme Steel", "Acme", "positive"), ("ACME beats Acme Steel!", "Acme Steel", "negative")
    )
    corpus = _read(path, all_entities=True)
    mentions = (LabelledMention(0, 4, 2), LabelledMention(11, 21, 0))
    assert corpus.examples == [Example("Acme beats Acme Steel", mentions=mentions, tagged=True)]
    assert corpus.counts.rows == 2
    assert corpus.counts.texts == 1


def test_only_whole_sets_of_entities_say_that_the_rest_is_none(tmp_path: Path) -> None:
    path = _file(tmp_path, ("Acme beats it", "Acme", "positive"), ("Acme beats it", "Initech", "negative"))
    assert not _read(path, all_entities=True).examples[0].tagged
    assert not _read(path).examples[0].tagged
    assert _read(path).counts.entities_not_found == 1


def test_an_entity_is_not_found_inside_another_word(tmp_path: Path) -> None:
    corpus = _read(_file(tmp_path, ("Yields rise 5 bps", "BP", "neutral"), ("BP rises", "BP", "positive")))
    assert corpus.examples == [Example("BP rises", mentions=(LabelledMention(0, 2, 2),))]
    assert corpus.counts.entities_not_found == 1


@pytest.mark.parametrize("name", ["Gro\u00df & Co", "\u0130\u015fbank"])
def test_an_entity_is_looked_for_as_it_is_written(tmp_path: Path, name: str) -> None:
    corpus = _read(_file(tmp_path, (f"{name} rises", name, "positive")))
    assert corpus.examples == [Example(f"{name} rises", mentions=(LabelledMention(0, len(name), 2),))]


def test_texts_that_differ_in_a_sign_are_different_texts(tmp_path: Path) -> None:
    path = _file(tmp_path, ("TSLA +8%", "positive"), ("TSLA -8%", "negative"), header=("text", "view"))
    corpus = _read(path, Columns(text="text", sentiment="view"))
    assert [example.sentiment for example in corpus.examples] == [2, 0]
    assert corpus.counts.conflicts == 0


def test_the_majority_decides_about_an_entity_too(tmp_path: Path) -> None:
    rows = [("Acme waits", "Acme", view) for view in ("positive", "negative", "negative")]
    corpus = _read(_file(tmp_path, *rows))
    assert corpus.examples[0].mentions == (LabelledMention(0, 4, 0),)
    assert corpus.counts.conflicts == 1


def test_an_empty_label_is_unknown_where_another_task_has_one(tmp_path: Path) -> None:
    columns = Columns(text="text", topic="about", sentiment="view", time="day", group="story")
    header = ("text", "about", "view", "day", "story")
    path = _file(
        tmp_path,
        ("Oil falls", "Energy | Oil", "", "2026-03-04", "a"),
        ("Gold waits", "", "neutral", "2026-03-05", "b"),
        ("oil falls", "", "negative", "2026-03-01", "c"),
        ("!!!", "", "negative", "2026-03-01", "c"),
        header=header,
    )
    corpus = _read(path, columns)
    assert corpus.examples == [Example("Oil falls", topic=6, sentiment=0), Example("Gold waits", sentiment=1)]
    assert corpus.times == [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)]
    assert corpus.groups == ["a", "b"]
    assert corpus.counts.unreadable == 1
    assert any("hold no letter" in sentence for sentence in corpus.counts.sentences())


def test_a_blank_cell_is_no_group(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    cells = ('""', '"  "', "null", "7")
    path.write_text(
        "".join(
            f'{{"text": "Story {place}", "view": "neutral", "story": {cell}}}\n' for place, cell in enumerate(cells)
        ),
        encoding="utf-8",
    )
    corpus = _read(path, Columns(text="text", sentiment="view", group="story"))
    assert corpus.groups == ["", "", "", "7"]


def test_an_entity_needs_its_sentiment(tmp_path: Path) -> None:
    path = _file(tmp_path, ("Acme waits", "", "neutral"))
    with pytest.raises(InputError, match="row 1: the entity is empty"):
        _read(path)
    with pytest.raises(InputError, match="without its sentiment"):
        _read(path, Columns(text="text", entity="who"))


TEXTS = st.sampled_from(["Oil falls", "oil FALLS!", "Gold rises", "gold rises https://example.com/a", "Euro", "?!"])


@given(st.lists(st.tuples(TEXTS, st.sampled_from(SENTIMENTS)), min_size=1, max_size=30))
def test_every_text_is_one_example_with_its_most_frequent_label(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = _file(tmp_path_factory.mktemp("corpus"), *rows, header=("text", "view"))
    corpus = _read(path, Columns(text="text", sentiment="view"))
    votes: dict[str, list[int]] = {}
    for text, name in rows:
        if key := normalise_text(text):
            votes.setdefault(key, []).append(SENTIMENTS.index(name))
    assert [normalise_text(example.text) for example in corpus.examples] == list(votes)
    for example, cast in zip(corpus.examples, votes.values(), strict=True):
        assert example.sentiment is not None
        assert cast.count(example.sentiment) == max(map(cast.count, cast))
    assert corpus.counts.conflicts == sum(len(set(cast)) > 1 for cast in votes.values())
