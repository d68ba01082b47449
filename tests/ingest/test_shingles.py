"""Signatures of texts: equal for equal words, alike for alike ones, and the same on every machine."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.ingest.shingles import BODY_CHARACTERS, PLACES, shingles_of, similarities

WORDS = [f"word{number}" for number in range(400)]


def jaccard(one: list[str], other: list[str]) -> float:
    first, second = ({tuple(words[i : i + 3]) for i in range(len(words) - 2)} for words in (one, other))
    return len(first & second) / len(first | second)


def test_a_signature_is_the_same_on_every_machine_and_for_ever() -> None:
    # Signatures lie in the store and in Kafka: another value here is another format.
    known = [
        "839f2b7cd7924e2e4e2ff470c2d37b5f72a46a073a7c12e319e05dcb44145c10",
        "f7831c8cfb257ed5249ca3cb816e2aa9dcb00822b29a5a727f0d387d487d3a8a",
    ]
    assert shingles_of("Harbor Trust sells its ferry business").hex() == "".join(known)


@pytest.mark.parametrize(
    "copy",
    [
        "HARBOR TRUST SELLS ITS FERRY BUSINESS!",
        "Harbor Trust sells its ferry business https://example.org/a",
        " harbor, trust: sells its ferry; business",
    ],
)
def test_case_punctuation_and_links_do_not_matter(copy: str) -> None:
    assert shingles_of(copy) == shingles_of("Harbor Trust sells its ferry business")


@pytest.mark.parametrize("nothing", ["", " ", "...", "https://example.org/only"])
def test_what_has_no_words_has_no_signature_and_is_like_nothing(nothing: str) -> None:
    assert shingles_of(nothing) == b""
    assert similarities(b"", [b"", shingles_of("a b c")]).tolist() == [0.0, 0.0]
    assert similarities(shingles_of("a b c"), [b""]).tolist() == [0.0]


def test_of_a_body_only_the_lead_is_signed() -> None:
    lead = " ".join(random.Random(1).choices(WORDS, k=BODY_CHARACTERS // 4))[:BODY_CHARACTERS]
    assert shingles_of("A headline", lead + " and then some") == shingles_of("A headline", lead + " or something else")


@given(st.integers(0, 2**32), st.integers(0, 40))
def test_the_estimate_is_near_the_true_similarity(seed: int, kept: int) -> None:
    chance = random.Random(seed)
    one = chance.sample(WORDS, 40)
    other = one[:kept] + chance.sample(WORDS, 40 - kept)
    estimate = similarities(shingles_of(" ".join(one)), [shingles_of(" ".join(other))])[0]
    assert estimate == pytest.approx(jaccard(one, other), abs=6 * 0.5 / PLACES**0.5)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_has_a_signature_of_one_length_that_is_like_itself(title: str, body: str) -> None:
    signature = shingles_of(title, body)
    assert len(signature) in (0, PLACES)
    assert not signature or similarities(signature, [signature]).tolist() == [1.0]
