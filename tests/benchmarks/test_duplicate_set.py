"""The written near-duplicate set is what it says, and the ways of grouping it are judged fairly."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from benchmarks.duplicates import HARD, OTHERS, STORIES, chained, pair_figures
from monitor.classify.labels import TOPICS
from monitor.classify.text import normalise_text, prepare_text
from monitor.classify.topic_descriptions import TOPIC_DESCRIPTIONS
from monitor.ingest.language import detect_language
from monitor.learning.data.stories import StoryText, read_stories
from pipelines.stories.learning import LEARN

COPIES = {"wire_edit", "rewrite", "numbers", "added_lead", "truncated"}


@pytest.fixture(scope="module", params=[STORIES, OTHERS, HARD, LEARN], ids=lambda path: path.stem)
def rows(request: pytest.FixtureRequest) -> list[StoryText]:
    return read_stories(request.param)


@pytest.fixture(scope="module")
def originals(rows: list[StoryText]) -> dict[str, StoryText]:
    return {row.story: row for row in rows if row.kind == "original"}


def _of_split(*splits: str) -> list[StoryText]:
    return [row for path in (STORIES, OTHERS, HARD, LEARN) for row in read_stories(path) if row.split in splits]


ORDINARY = [("tune", "test"), ("develop", "fresh")]
"""Splits of the writers who were not asked for hard stories."""


@pytest.mark.parametrize("splits", ORDINARY)
def test_there_are_as_many_stories_and_look_alikes_as_promised(splits: tuple[str, str]) -> None:
    kinds = Counter(row.kind for row in _of_split(*splits))
    assert set(kinds) == COPIES | {"original", "lookalike"}
    assert kinds["original"] >= 300
    assert kinds["lookalike"] >= 150
    assert min(kinds[kind] for kind in COPIES) >= 50


@pytest.mark.parametrize("splits", ORDINARY)
def test_each_story_has_one_original_and_one_to_five_copies_of_different_kinds(splits: tuple[str, str]) -> None:
    kinds: dict[str, list[str]] = defaultdict(list)
    for row in _of_split(*splits):
        if row.kind != "lookalike":
            kinds[row.story].append(row.kind)
    for found in kinds.values():
        assert found[0] == "original"
        assert 2 <= len(found) <= 6
        assert len(set(found)) == len(found)


def test_each_hard_story_has_two_rewrites_and_two_look_alikes_or_more() -> None:
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for row in _of_split("learn", "hard"):
        kinds[row.resembles or row.story][row.kind] += 1
    assert len(kinds) == 780
    for found in kinds.values():
        assert (found["original"], found["rewrite"]) == (1, 2)
        assert found["lookalike"] >= 2
        assert set(found) <= COPIES | {"original", "lookalike"}


def test_a_story_lies_in_one_split(rows: list[StoryText]) -> None:
    splits: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        splits[row.story].add(row.split)
        splits[row.resembles or row.story].add(row.split)
    assert all(len(found) == 1 for found in splits.values())


@pytest.mark.parametrize(("third", "rest"), [("tune", "test"), ("fresh", "develop"), ("hard", "learn")])
def test_a_third_of_the_stories_is_of_its_own(third: str, rest: str) -> None:
    splits = Counter(row.split for row in _of_split(third, rest) if row.kind == "original")
    assert splits[third] == splits.total() // 3


def test_what_is_learnt_from_judges_nothing() -> None:
    assert {row.split for row in read_stories(LEARN)} == {"develop", "learn"}
    judged = {row.story for path in (STORIES, OTHERS, HARD) for row in read_stories(path)}
    assert not judged & {row.story for row in read_stories(LEARN)}


def test_the_writers_told_no_story_twice_in_the_same_words() -> None:
    by_file = [{normalise_text(row.text) for row in read_stories(path)} for path in (STORIES, OTHERS, HARD, LEARN)]
    assert len(set.union(*by_file)) == sum(map(len, by_file))


def test_a_look_alike_is_a_story_of_its_own_that_differs_from_what_it_resembles(
    rows: list[StoryText], originals: dict[str, StoryText]
) -> None:
    alikes = [row for row in rows if row.kind == "lookalike"]
    assert len({row.story for row in alikes}) == len(alikes)
    for row in alikes:
        assert row.story not in originals
        assert normalise_text(row.text) != normalise_text(originals[row.resembles].text)
    assert not any(row.resembles for row in rows if row.kind != "lookalike")


def test_no_text_comes_twice_and_all_are_short_english_lines(rows: list[StoryText]) -> None:
    assert len({row.text for row in rows}) == len(rows)
    by_key: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        by_key[normalise_text(row.text)].add(row.story)
        assert 15 < len(row.text) < 400
        assert row.text == " ".join(row.text.split())
        assert detect_language(prepare_text(row.text)) == "en", row.text
    assert all(len(stories) == 1 for stories in by_key.values())


def test_rewrites_and_look_alikes_are_no_mould(rows: list[StoryText]) -> None:
    for kind in ("rewrite", "lookalike", "original"):
        starts = Counter(" ".join(row.text.split()[:3]) for row in rows if row.kind == kind)
        assert starts.most_common(1)[0][1] <= 6, starts.most_common(1)


def test_pairs_are_counted_within_groups() -> None:
    perfect = pair_figures([0, 0, 1, 1, 1], "aabbb")
    assert (perfect.precision, perfect.recall, perfect.f1) == (1.0, 1.0, 1.0)
    merged = pair_figures([0, 0, 1, 1], "aaaa")
    assert merged.recall == 1.0
    assert merged.precision == pytest.approx(2 / 6, abs=1e-4)
    assert pair_figures([0, 0], "ab").f1 == 0.0


def test_a_text_joins_the_story_whose_first_text_is_most_alike_and_never_its_members() -> None:
    alike = np.array([[1, 0.9, 0.4], [0.9, 1, 0.9], [0.4, 0.9, 1]], dtype=np.float32)
    assert chained(alike, 0.8) == [0, 0, 2]
    assert chained(alike, 0.3) == [0, 0, 0]


def test_each_topic_has_a_description_of_its_own() -> None:
    assert tuple(TOPIC_DESCRIPTIONS) == TOPICS
    assert len(set(TOPIC_DESCRIPTIONS.values())) == len(TOPICS)
