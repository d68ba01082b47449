"""The index finds what tells a story again, nothing else, and answers the same after it was rebuilt."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.classify.embeddings import quantise
from monitor.ingest.shingles import shingles_of, similarities
from monitor.surges.contradictions import contradict, facts
from monitor.surges.figures import STRONG, figures_of, matched
from monitor.surges.marks import FULL_WEIGHT, NAT, marks_of
from monitor.surges.near_duplicates import (
    CANDIDATES,
    FIGURE_KINDS,
    FIGURE_WEIGHT,
    LEAST_LOOKED_UP,
    NEWEST_OF_WORD,
    RARE_STORIES,
    RARITY_WEIGHT,
    WORDS_LOOKED_UP,
    Alikeness,
    Fingerprint,
    NearDuplicates,
)

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


MANY_WORDS = [
    *WORDS,
    *(f"{start}{end}" for start in ("ash", "birch", "cedar", "elm", "fir") for end in ("ford", "wick")),
]


def told_by_looking_at_all(stories: list[tuple[str, Fingerprint]], asked: Fingerprint) -> list[str]:
    """What `tellings` promises, without an index: every story is looked at for every mark."""
    marks, marks_of_stories = marks_of(asked.text), [marks_of(told.text) for _, told in stories]
    holders = {mark: [place for place, theirs in enumerate(marks_of_stories) if mark in theirs] for mark in marks}
    held = sorted((len(holders[mark]), mark) for mark in marks if holders[mark] and marks[mark] >= LEAST_LOOKED_UP)
    looked_up = [mark for _, mark in held[:WORDS_LOOKED_UP]]
    shared = Counter(place for mark in looked_up for place in holders[mark][-NEWEST_OF_WORD:])
    rare = {place for mark in looked_up if len(holders[mark]) <= RARE_STORIES for place in holders[mark]}
    found = [place for place, count in shared.items() if count > 1 or place in rare]
    found = sorted(sorted(found, key=lambda place: (-shared[place], -place))[:CANDIDATES])

    def likeness(place: int) -> float:
        told = stories[place][1]
        one, other = (np.frombuffer(each.embedding, dtype=np.int8).astype(int).tolist() for each in (asked, told))
        product = (
            sum(a * b for a, b in zip(one, other, strict=True)) if asked.model_version == told.model_version else 0
        )
        cosine = product / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other)) if product else 0.0
        weight = 0
        for mark in marks.keys() & marks_of_stories[place].keys():
            weight += marks[mark]
            if marks[mark] >= FULL_WEIGHT and len(holders[mark]) < RARE_STORIES:
                weight += round(NAT * RARITY_WEIGHT * math.log(RARE_STORIES / len(holders[mark])))
        mine, theirs = figures_of(asked.text), figures_of(told.text)
        figures = sum(kind in mine and kind in theirs and matched(kind, mine[kind], theirs[kind]) for kind in STRONG)
        of_figures = ALIKENESS.per_nat * FIGURE_WEIGHT * min(FIGURE_KINDS, figures)
        return cosine + ALIKENESS.per_nat * (weight / NAT) + of_figures

    def is_alike(place: int) -> bool:
        jaccard = similarities(asked.shingles, [stories[place][1].shingles])[0]
        return bool(likeness(place) >= ALIKENESS.likeness or jaccard >= ALIKENESS.jaccard)

    ranked = sorted((place for place in found if is_alike(place)), key=lambda place: (-likeness(place), place))
    mine = facts(asked.text)
    return [stories[place][0] for place in ranked if contradict(facts(stories[place][1].text), mine) is None]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 200), st.integers(0, 200), st.sampled_from([WORDS, MANY_WORDS]))
def test_the_index_answers_as_a_look_at_all_stories(seed: int, limit: int, stories: int, words: list[str]) -> None:
    chance = random.Random(seed)
    index = NearDuplicates(limit, ALIKENESS)
    kept: list[tuple[str, Fingerprint]] = []
    for number in range(stories):
        text = " ".join(chance.choices(words, k=chance.randint(1, 14)))
        asked = told(text, chance.uniform(0, 2), chance.choice(["one", "one", "two"]), shingled=chance.random() < 0.5)
        if number % 4 == 0:
            assert list(index.tellings(asked)) == told_by_looking_at_all(kept, asked)
        kept.append((str(number), asked))
        index.add(*kept[-1])
        if chance.random() < 0.1:
            index.drop_oldest()
        kept = kept[-len(index) :] if len(index) else []
