"""The inverted index knows the marks of live stories, all of them and no others."""

from __future__ import annotations

import random
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.surges.postings import Posting, Postings, places_of, sharing

LEAST = 150
COMMON = {"the": 100, "to": 50}


def random_marks(chance: random.Random, kinds: int) -> dict[str, int]:
    marks = {f"m{chance.randrange(kinds)}": chance.choice([150, 400]) for _ in range(chance.randint(1, 8))}
    return marks | {mark: weight for mark, weight in COMMON.items() if chance.random() < 0.5}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 120), st.integers(1, 60), st.integers(1, 300))
def test_it_holds_the_marks_of_the_live_stories_and_what_they_share(
    seed: int, live: int, kinds: int, stories: int
) -> None:
    chance = random.Random(seed)
    postings = Postings(LEAST)
    kept: deque[tuple[int, dict[str, int], tuple[Posting, ...]]] = deque()
    for number in range(stories):
        marks = random_marks(chance, kinds)
        kept.append((number, marks, postings.add(number, marks)))
        while len(kept) > live:
            postings.drop(kept.popleft()[2])
    assert len(postings) == len({mark for _, marks, _ in kept for mark in marks})
    for mark in {mark for _, marks, _ in kept for mark in marks}:
        posting = postings.get(mark)
        assert posting is not None
        assert posting.count == sum(mark in marks for _, marks, _ in kept)
        holders = [number for number, marks, _ in kept if marks.get(mark, 0) >= LEAST]
        assert sharing([posting], newest=1_000, rare=1_000, most=1_000) == holders
    asked = random_marks(chance, kinds)
    known = {mark: posting.place for mark in asked if (posting := postings.get(mark)) is not None}
    if known:
        stories_places = [places_of(each) for _, _, each in kept]
        shared = postings.shared(list(known.values()), [asked[mark] for mark in known], stories_places)
        assert shared == [sum(asked[mark] for mark in asked.keys() & marks.keys()) for _, marks, _ in kept]


def test_a_mark_that_no_story_has_any_more_is_forgotten() -> None:
    postings = Postings(LEAST)
    story = postings.add(0, {"kelp": 400, "the": 100})
    postings.add(1, {"the": 100})
    postings.drop(story)
    assert postings.get("kelp") is None
    assert len(postings) == 1
