"""What validates stays unknown to what trains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.labels import Labels
from monitor.errors import InputError
from monitor.learning.data.corpus import Corpus, Counts
from monitor.learning.data.examples import Example, LabelledMention
from monitor.learning.data.groups import near_duplicate_groups
from monitor.learning.data.splitting import Split, labels_of, require_trainable, split_by_file, split_corpus

STORY = "the regional bank said on friday that it would sell its loan book to raise capital"
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def _corpus(texts: list[str], days: list[int] | None = None, groups: list[str] | None = None) -> Corpus:
    times = [DAY + timedelta(days=day) for day in days] if days else [None] * len(texts)
    examples = [Example(text, sentiment=place % 2) for place, text in enumerate(texts)]
    return Corpus(examples, list(times), groups or [], Counts(rows=len(texts), texts=len(texts)))


def _texts(count: int) -> list[str]:
    return [f"company {number} reports a result of {number} million in quarter {number}" for number in range(count)]


@given(st.lists(st.integers(0, 40), min_size=10, max_size=60), st.floats(0.05, 0.6))
def test_by_time_nothing_that_validates_is_older_than_what_trains(days: list[int], share: float) -> None:
    corpus = _corpus([f"{number}" for number in range(len(days))], days)
    if len(set(days)) == 1:
        with pytest.raises(InputError, match="same time"):
            split_corpus(corpus, "time", share, 1)
        return
    split = split_corpus(corpus, "time", share, 1)
    day_of = dict(zip(corpus.examples, days, strict=True))
    assert max(day_of[example] for example in split.training) < min(day_of[example] for example in split.validation)
    assert len(split.training) + len(split.validation) == len(days)


def test_by_time_a_newer_wording_of_an_old_story_does_not_validate() -> None:
    texts = [STORY, *_texts(18), STORY + " today"]
    split = split_corpus(_corpus(texts, list(range(20))), "time", 0.2, 1)
    assert split.dropped == 1
    assert STORY + " today" not in [example.text for example in split.validation]


@given(st.integers(0, 20))
def test_by_group_near_duplicates_stay_together(seed: int) -> None:
    texts = [*_texts(12), STORY, STORY + " today", STORY.upper() + "!"]
    split = split_corpus(_corpus(texts), "group", 0.3, seed)
    groups = dict(zip(texts, near_duplicate_groups(texts).tolist(), strict=True))
    sides = [{groups[example.text] for example in side} for side in (split.training, split.validation)]
    assert not sides[0] & sides[1]


def test_by_group_the_files_own_groups_come_first() -> None:
    texts, groups = _texts(12), [f"story {number // 3}" for number in range(12)]
    split = split_corpus(_corpus(texts, groups=groups), "group", 0.25, 1)
    group_of = dict(zip(texts, groups, strict=True))
    sides = [{group_of[example.text] for example in side} for side in (split.training, split.validation)]
    assert not sides[0] & sides[1]
    assert len(split.validation) == 3


@given(st.integers(0, 20))
def test_by_group_neither_the_files_own_groups_nor_near_duplicates_are_parted(seed: int) -> None:
    texts = [*_texts(12), STORY, STORY + " today", STORY.upper() + "!"]
    groups = [f"story {number // 3}" for number in range(12)] + ["story 0", "story 1", "of its own"]
    split = split_corpus(_corpus(texts, groups=groups), "group", 0.3, seed)
    for numbers in (groups, near_duplicate_groups(texts).tolist()):
        group_of = dict(zip(texts, numbers, strict=True))
        sides = [{group_of[example.text] for example in side} for side in (split.training, split.validation)]
        assert not sides[0] & sides[1]


def test_too_few_texts_are_not_split() -> None:
    with pytest.raises(InputError, match="there are 3 different texts, too few"):
        split_corpus(_corpus(_texts(3)), "group", 0.1, 1)
    with pytest.raises(InputError, match="none is left to train"):
        split_corpus(_corpus(_texts(12), groups=["one"] * 12), "group", 0.1, 1)


def test_a_validation_file_takes_its_texts_out_of_training() -> None:
    split = split_by_file(
        Corpus.of([Example("Oil falls", topic=6), Example("Gold rises", topic=10)]),
        Corpus.of([Example("OIL falls.", topic=6)]),
    )
    assert split == Split([Example("Gold rises", topic=10)], [Example("OIL falls.", topic=6)], 1)


def test_a_validation_file_takes_other_wordings_of_its_texts_out_of_training_too() -> None:
    kept = [Example(text, topic=10) for text in _texts(3)]
    repeated = [Example(STORY + " today", topic=7), Example("Today " + STORY, topic=7)]
    held_out = [Example(STORY, topic=7)]
    assert split_by_file(Corpus.of([*repeated, *kept]), Corpus.of(held_out)) == Split(kept, held_out, 2)


def test_a_validation_file_takes_the_rest_of_its_groups_out_of_training() -> None:
    texts = _texts(8)
    training = _corpus(texts[:6], groups=["a", "a", "b", "b", "c", "c"])
    split = split_by_file(training, _corpus(texts[6:], groups=["a", "c"]))
    assert split == Split(training.examples[2:4], _corpus(texts[6:]).examples, 4)


def test_texts_without_a_group_are_of_none() -> None:
    texts = _texts(20)
    assert (
        split_by_file(_corpus(texts[:10], groups=[""] * 10), _corpus(texts[10:], groups=["a"] + [""] * 9)).dropped == 0
    )
    split = split_corpus(_corpus(texts, list(range(20)), [""] * 20), "time", 0.2, 1)
    assert (len(split.validation), split.dropped) == (4, 0)
    split = split_corpus(_corpus(texts, groups=["a", *[""] * 18, "a"]), "group", 0.2, 1)
    assert len(split.validation) in (4, 5)


def test_by_time_a_newer_text_of_a_group_that_trains_does_not_validate() -> None:
    groups = [*(f"story {number % 7}" for number in range(18)), "new", "story 0"]
    split = split_corpus(_corpus(_texts(20), list(range(20)), groups), "time", 0.2, 1)
    assert [example.text for example in split.validation] == [_texts(20)[18]]
    assert split.dropped == 3


def test_labels_of_entities_are_on_the_mentions() -> None:
    example = Example("Acme waits", mentions=(LabelledMention(0, 4, 1), LabelledMention(5, 10)))
    assert labels_of([example], "entity") == [1]
    assert labels_of([example], "sentiment") == []


@pytest.mark.parametrize(
    ("training", "validation", "complaint"),
    [
        ([Example("a", topic=6)], [Example("b", topic=6)], "only the label 'Energy | Oil'"),
        ([Example("a", sentiment=1)], [Example("b", topic=6)], "no label at all"),
        ([Example("a", topic=6), Example("c", topic=1)], [Example("b", sentiment=1)], "none with a topic label"),
    ],
)
def test_what_cannot_be_learnt_or_judged_is_refused(
    training: list[Example], validation: list[Example], complaint: str
) -> None:
    with pytest.raises(InputError, match="(?s)" + complaint.replace("|", r"\|")) as caught:
        require_trainable(Split(training, validation), ["topic"], Labels())
    assert caught.value.remedy
