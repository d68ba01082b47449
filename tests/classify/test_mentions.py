"""Spans of characters to token tags and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.classify.mentions import Mention, Span, tags_of, token_spans, tokens_within


@st.composite
def tokenised(draw: st.DrawFn) -> tuple[list[Span], list[Span]]:
    """Offsets of words between two marks, and spans of whole words that do not touch."""
    lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=20))
    offsets, place = [(0, 0)], 0
    for length in lengths:
        offsets.append((place, place + length))
        place += length + 1
    offsets.append((0, 0))
    spans, word = list[Span](), 1
    while word <= len(lengths):
        count = draw(st.integers(0, 3))
        last = min(word + count, len(lengths) + 1)
        if count:
            spans.append((offsets[word][0], offsets[last - 1][1]))
        word = last + draw(st.integers(1, 3))
    return offsets, spans


@given(tokenised())
def test_what_was_tagged_is_found_again(case: tuple[list[Span], list[Span]]) -> None:
    offsets, spans = case
    found = token_spans(tags_of(offsets, spans), offsets)
    assert [(offsets[first][0], offsets[last - 1][1]) for first, last in found] == spans


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=30))
def test_any_tags_give_ordered_spans_of_real_tokens(tokens: list[tuple[int, bool]]) -> None:
    offsets = [(2 * place, 2 * place + (1 if real else 0)) for place, (_, real) in enumerate(tokens)]
    end = 0
    for first, last in token_spans([tag for tag, _ in tokens], offsets):
        assert end <= first < last
        assert all(tokens[place][0] and tokens[place][1] for place in range(first, last))
        end = last


def test_two_mentions_side_by_side_are_two() -> None:
    offsets = [(0, 4), (5, 9)]
    assert token_spans([1, 1], offsets) == [(0, 1), (1, 2)]


def test_tokens_of_a_stretch_are_those_that_touch_it() -> None:
    assert tokens_within([(0, 0), (0, 4), (4, 6), (7, 9)], (3, 7)) == [1, 2]


def test_a_mention_says_its_likeliest_sentiment() -> None:
    mention = Mention(start=0, end=4, text="Acme", confidence=0.9, negative=0.2, neutral=0.3, positive=0.5)
    assert mention.sentiment == "positive"
