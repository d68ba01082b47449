"""The index finds what tells a story again, nothing else, and answers the same after it was rebuilt."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.classify.embeddings import quantise
from monitor.ingest.shingles import shingles_of
from monitor.surges.near_duplicates import CANDIDATES, NEWEST_OF_WORD, Alikeness, Fingerprint, NearDuplicates

TEXT = "Talgrave Ferries drops its bid for Northern Wagonways"
ALIKENESS = Alikeness(likeness=1.2, per_nat=0.04, jaccard=0.6)


def vector(angle: float = 0.0, width: int = 64) -> bytes:
    """A unit vector at an angle to the first axis, in radians."""
    row = np.zeros((1, width), dtype=np.float32)
    row[0, 0], row[0, 1] = np.cos(angle), np.sin(angle)
    return quantise(row)[0]


def told(text: str, angle: float = 0.0, model: str = "one", *, shingled: bool = False) -> Fingerprint:
    return Fingerprint(
        text=text, embedding=vector(angle), model_version=model, shingles=shingles_of(text) if shingled else b""
    )


def index_of(*fingerprints: Fingerprint, limit: int = 100) -> NearDuplicates:
    index = NearDuplicates(limit, ALIKENESS)
    for number, fingerprint in enumerate(fingerprints):
        index.add(f"s{number}", fingerprint)
    return index


def test_a_rewrite_is_found_by_a_name_and_its_meaning() -> None:
    index = index_of(told("Kelp farms expand off Norway", 0.1), told(TEXT))
    assert index.find(told("Pursuit of Northern Wagonways abandoned by Talgrave", 0.3)) == "s1"


@pytest.mark.parametrize(
    "other",
    [
        told("Pursuit abandoned by its rival for lack of money", 0.0),  # no word in common
        told("Talgrave opens a canteen", 1.4),  # one name in common, another meaning
        told("Talgrave Ferries launches its bid for Northern Wagonways", 0.0),  # the opposite
        told("", 0.0),
    ],
)
def test_what_tells_another_story_is_not_found(other: Fingerprint) -> None:
    assert index_of(told(TEXT)).find(other) is None


def test_embeddings_of_two_models_are_not_compared() -> None:
    rewrite = "Pursuit of Northern Wagonways abandoned by Talgrave"
    assert index_of(told(TEXT)).find(told(rewrite, model="two")) is None
    assert index_of(told(TEXT, model="two")).find(told(rewrite, model="two")) == "s0"


def test_the_same_words_are_found_without_any_embedding() -> None:
    copy = f"{TEXT} after four months"
    bare = Fingerprint(text=copy, shingles=shingles_of(copy))
    assert index_of(told(TEXT, shingled=True)).find(bare) == "s0"
    assert index_of(told("Northern Wagonways hires cooks", shingled=True)).find(bare) is None


def test_the_most_alike_story_is_taken_and_of_equals_the_oldest() -> None:
    near, nearer = told(TEXT, 0.5), told(TEXT, 0.1)
    assert index_of(near, nearer, nearer).find(told(TEXT)) == "s1"


def test_where_the_most_alike_contradicts_the_next_is_taken() -> None:
    index = index_of(told("Talgrave Ferries launches its bid for Northern Wagonways", 0.0), told(TEXT, 0.6))
    assert index.find(told(TEXT)) == "s1"


def test_beyond_its_limit_the_oldest_are_forgotten() -> None:
    index = NearDuplicates(3, ALIKENESS)
    texts = [TEXT, "Kelp farms expand", "Tin mines reopen", "Quarry owners merge"]
    gone = [index.add(str(number), told(text, number)) for number, text in enumerate(texts)]
    assert gone == [[], [], [], ["0"]]
    assert index.find(told(TEXT)) is None
    assert index.oldest == "1"
    assert len(index) == 3


def test_copies_are_found_among_many_stories_with_the_same_words() -> None:
    many = [told(f"Talgrave Ferries sails route {number}", 1.5) for number in range(3 * (NEWEST_OF_WORD + CANDIDATES))]
    assert index_of(*many, told(TEXT), limit=10_000).find(told(TEXT, 0.2)) == f"s{len(many)}"


WORDS = [
    "talgrave",
    "wagonway",
    "ferries",
    "kelpfarm",
    "quarry",
    "tin",
    "bid",
    "rises",
    "falls",
    "12%",
    "14%",
    "Norway",
]


def random_fingerprint(chance: random.Random) -> Fingerprint:
    text = " ".join(chance.choices(WORDS, k=chance.randint(1, 8)))
    return told(text, chance.uniform(0, 2), chance.choice(["one", "one", "two"]), shingled=chance.random() < 0.5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.integers(0, 60))
def test_an_index_rebuilt_from_its_stories_answers_as_the_one_that_died(seed: int, limit: int, stories: int) -> None:
    chance = random.Random(seed)
    lived = NearDuplicates(limit, ALIKENESS)
    kept: list[tuple[str, Fingerprint]] = []
    for number in range(stories):
        kept.append((str(number), random_fingerprint(chance)))
        lived.add(*kept[-1])
        if chance.random() < 0.1:
            lived.drop_oldest()
            kept = kept[-len(lived) :] if len(lived) else []
    rebuilt = NearDuplicates(limit, ALIKENESS)
    for story in kept[-len(lived) :] if len(lived) else []:
        rebuilt.add(*story)
    for _ in range(20):
        asked = random_fingerprint(chance)
        assert list(rebuilt.tellings(asked)) == list(lived.tellings(asked))
